"""What can go wrong while pictures are edited."""

from emoga_core.errors import EmogaError


class EditError(EmogaError):
    """An edit that cannot be done, or an editor's result that cannot be used."""


class EditCancelled(EmogaError):
    """The edit was stopped on request; nothing was changed."""
