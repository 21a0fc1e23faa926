"""What can be wrong with a capture."""

from emoga_core.errors import EmogaError


class CaptureError(EmogaError):
    """A capture's folder, or one of its files, cannot be used; the message names the file and the remedy."""
