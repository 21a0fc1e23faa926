"""Errors of prompts."""

from __future__ import annotations

from emoga_core.edit.errors import EditError


class PromptError(EditError):
    """A prompt that cannot be read at all: empty, too long, or with control characters."""
