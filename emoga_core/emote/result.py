"""What the making of an emotion tells while it goes on, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emoga_core.avatars import EmotionState
    from emoga_core.edit.editors.base import Picture
    from emoga_core.edit.prompts import PromptReading
    from emoga_core.edit.views import EditView


@dataclass(frozen=True)
class EmoteProgress:
    """Where the making of an emotion stands.

    Attributes:
        stage: "views", "editing", "skin tone", "optimising" or "done".
        done, total: of the stage: pictures, or optimiser steps.
        progress: of the whole, 0..1. loss: of the last step. seconds_left: of the whole, where known.
        picture: (number, view's name, before, after) of a picture just edited, float32 (H, W, 3).
    """

    stage: str
    done: int
    total: int
    progress: float
    loss: float | None = None
    seconds_left: float | None = None
    picture: tuple[int, str, Picture, Picture] | None = None


@dataclass(frozen=True)
class EmotionResult:
    """A new emotion and what it was made from.

    Attributes:
        state: not yet added to the avatar.
        reading: what the prompt was understood to say.
        views: the pictures before; edits: after editing and harmonising, (H, W, 3) each.
        notes: wishes that could not be honoured, in words.
        report: JSON object: seconds of every stage, weights and amplitudes of the pictures, losses.
    """

    state: EmotionState
    reading: PromptReading
    views: list[EditView]
    edits: list[Picture]
    notes: list[str] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)
