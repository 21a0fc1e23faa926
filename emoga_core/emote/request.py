"""What is asked for, and how it shall be made. Needs no PyTorch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from emoga_core.avatars.names import check_name
from emoga_core.edit.editors.registry import DEFAULT_EDITOR, editor_info
from emoga_core.edit.errors import EditError

MAX_INTENSITY = 1.5
MAX_VIEWS, MAX_FRAMES = 16, 32
SIZES = (64, 2048)
"""Least and most pixels of a picture's side."""
METHODS = ("emoga", "thesis")
TONES = ("consensus", "neutral", "off")


@dataclass(frozen=True)
class EmotionRequest:
    """What is asked for, and how it shall be made.

    Attributes:
        prompt: in words.
        name: of the state; None: made from the prompt. An old state of that name is replaced.
        editor: see `emoga_core.edit.editors`; model: other weights for it; folder: pictures for `folder`.
        intensity: 0 < x <= 1.5; 1 is what the words say.
        negative: what must not appear.
        views, frames: how many cameras times moments are edited.
        size: pixels of the square pictures; None: 256, or 512 for diffusion editors.
        motion: the avatar's motion that the moments come from; None: chosen.
        method: of `OptimizeOptions`; steps: of the optimiser, None = its own.
        tone: what the skin's colour is harmonised to: "consensus" of the edits, "neutral", "off".
        masks: folder of masks that replace those of the mesh.
        text_guidance, image_guidance, strength, editor_steps: the editor's knobs; None: its own.
        seed: of everything random.
    """

    prompt: str
    name: str | None = None
    editor: str = DEFAULT_EDITOR
    model: str | None = None
    folder: Path | None = None
    intensity: float = 1.0
    negative: str = ""
    views: int = 5
    frames: int = 4
    size: int | None = None
    motion: str | None = None
    method: str = "emoga"
    steps: int | None = None
    tone: str = "consensus"
    masks: Path | None = None
    text_guidance: float | None = None
    image_guidance: float | None = None
    strength: float | None = None
    editor_steps: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        editor_info(self.editor)
        if self.name is not None:
            check_name(self.name)
        if not (math.isfinite(self.intensity) and 0 < self.intensity <= MAX_INTENSITY):
            raise EditError(f"intensity {self.intensity:g}: give a number above 0, up to {MAX_INTENSITY:g}")
        for what, value, most in (("views", self.views, MAX_VIEWS), ("frames", self.frames, MAX_FRAMES)):
            if not 1 <= value <= most:
                raise EditError(f"{value} {what}: give 1 to {most}")
        if self.size is not None and not SIZES[0] <= self.size <= SIZES[1]:
            raise EditError(f"size {self.size}: give {SIZES[0]} to {SIZES[1]} pixels")
        for what, value, known in (("method", self.method, METHODS), ("tone", self.tone, TONES)):
            if value not in known:
                raise EditError(f"{what} {value!r} is unknown; choose from: {', '.join(known)}")
        if not 0 <= self.seed < 2**32:
            raise EditError(f"seed {self.seed}: give a number from 0 to 4294967295")
        if self.editor == "folder" and self.folder is None:
            raise EditError("editor folder: say where the edited pictures are (--folder DIR)")
