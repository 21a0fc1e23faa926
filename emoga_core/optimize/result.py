"""What the optimiser tells while it runs, and what it hands back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from emoga_core.avatars import EmotionState


@dataclass(frozen=True)
class OptimizeProgress:
    """Where a run stands.

    Attributes:
        step, steps: done and in all. loss: mean of the last step's pictures. seconds_left: estimated.
    """

    step: int
    steps: int
    loss: float
    seconds_left: float


@dataclass(frozen=True)
class OptimizeResult:
    """An optimised emotion.

    Attributes:
        state: the emotion, at its calibrated strength (not added to the avatar).
        weights: of every target, estimated times given, mean 1.
        amplitudes: of every target, how strongly it shows the emotion; 1 = as the state at full strength.
        losses: mean loss of every step.
        report: JSON object: settings, milliseconds per step, strength before calibration.
    """

    state: EmotionState
    weights: tuple[float, ...]
    amplitudes: tuple[float, ...]
    losses: tuple[float, ...]
    report: dict[str, Any]
