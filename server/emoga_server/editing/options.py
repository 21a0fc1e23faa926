"""How a server edits: what the operator chose for everybody."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from emoga_core.edit.editors.registry import DEFAULT_EDITOR, editor_info
from emoga_core.edit.errors import EditError
from emoga_core.emote import MAX_FRAMES, MAX_VIEWS, SIZES
from emoga_server.editing.edit_job import Placement


@dataclass(frozen=True)
class EditOptions:
    """The server's choices for edits whose order does not say otherwise.

    Attributes:
        editor: its name. model: hub id or folder of its weights. folder: pictures of the `folder` editor.
        views, frames: how many cameras times moments; None: the program's choice. size: pixels, likewise.
        steps: of the optimiser, likewise.
        placement: where the editor's weights are held.
        head: file of the head, for avatars that do not stand on the bundled one.
        warm: whether a worker gets ready as soon as the server is up.
        queued: edits that may wait or run; per_client: of one client.
    """

    editor: str = DEFAULT_EDITOR
    model: str | None = None
    folder: Path | None = None
    views: int | None = None
    frames: int | None = None
    size: int | None = None
    steps: int | None = None
    placement: Placement = field(default_factory=Placement)
    head: Path | None = None
    warm: bool = False
    queued: int = 8
    per_client: int = 3

    def __post_init__(self) -> None:
        editor_info(self.editor)
        for what, value, low, high in (
            ("--edit-views", self.views, 1, MAX_VIEWS),
            ("--edit-frames", self.frames, 1, MAX_FRAMES),
            ("--edit-size", self.size, *SIZES),
            ("--edit-steps", self.steps, 1, 100_000),
        ):
            if value is not None and not low <= value <= high:
                raise EditError(f"{what} {value}: choose {low} to {high}")
