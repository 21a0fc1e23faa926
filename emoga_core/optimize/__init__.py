"""Emotion optimiser: edited pictures of an avatar -> an emotion state that explains them."""

from emoga_core.optimize.errors import OptimizeCancelled, OptimizeError
from emoga_core.optimize.optimizer import EmotionOptimizer
from emoga_core.optimize.options import METHODS, OptimizeOptions
from emoga_core.optimize.result import OptimizeProgress, OptimizeResult
from emoga_core.optimize.run import optimize_emotion
from emoga_core.optimize.target import Target, check_targets

__all__ = [
    "METHODS",
    "EmotionOptimizer",
    "OptimizeCancelled",
    "OptimizeError",
    "OptimizeOptions",
    "OptimizeProgress",
    "OptimizeResult",
    "Target",
    "check_targets",
    "optimize_emotion",
]
