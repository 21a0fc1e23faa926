"""What can go wrong while an emotion is optimised."""

from __future__ import annotations

from emoga_core.errors import EmogaError


class OptimizeError(EmogaError):
    """The targets or options cannot be used, or the optimisation diverged."""


class OptimizeCancelled(OptimizeError):
    """Stopped on request; the avatar is as it was."""
