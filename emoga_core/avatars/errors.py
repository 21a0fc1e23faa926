"""What can be wrong with an avatar."""

from emoga_core.errors import EmogaError


class AvatarError(EmogaError):
    """An avatar, one of its states or its file cannot be used; the message says which and what to do."""
