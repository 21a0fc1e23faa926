"""From a multi-view capture to an avatar: start, optimisation, growing, scoring; and emotion states."""

from emoga_core.build.build import BuildProgress, BuildResult, build_avatar
from emoga_core.build.errors import BuildError, BuildInterrupted
from emoga_core.build.face_mask import face_mask
from emoga_core.build.options import BuildOptions, Recipe
from emoga_core.build.report import BuildReport, ShotScore
from emoga_core.build.state import StateFit, StateOptions, StateProgress, StateScores, fit_state

__all__ = [
    "BuildError",
    "BuildInterrupted",
    "BuildOptions",
    "BuildProgress",
    "BuildReport",
    "BuildResult",
    "Recipe",
    "ShotScore",
    "StateFit",
    "StateOptions",
    "StateProgress",
    "StateScores",
    "build_avatar",
    "face_mask",
    "fit_state",
]
