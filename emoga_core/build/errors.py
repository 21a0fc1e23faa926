"""Errors of the build."""

from emoga_core.errors import EmogaError


class BuildError(EmogaError):
    """A build cannot start, continue or finish; says why and what to do."""


class BuildInterrupted(EmogaError):
    """The user stopped the build; its checkpoint is on disk."""
