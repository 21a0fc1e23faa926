"""Errors of the server that users see."""

from __future__ import annotations

from emoga_core.errors import EmogaError


class ServerError(EmogaError):
    """The server cannot start or cannot do what was asked; the message is one line for the user."""
