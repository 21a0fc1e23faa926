"""Evaluation with known truth: how well emotions are recovered from edits that have gone wrong."""

from emoga_core.evaluate.corruption import LEVELS, Corruption, composite, corrupt, plan
from emoga_core.evaluate.errors import EvaluateError, EvaluateInterrupted

__all__ = [
    "LEVELS",
    "Corruption",
    "EvaluateError",
    "EvaluateInterrupted",
    "composite",
    "corrupt",
    "plan",
]
