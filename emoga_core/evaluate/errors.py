"""What can go wrong while an evaluation runs."""

from __future__ import annotations

from emoga_core.errors import EmogaError


class EvaluateError(EmogaError):
    """An evaluation cannot be run as asked."""


class EvaluateInterrupted(EvaluateError):
    """Stopped on request; what was finished is kept, and the same command continues."""
