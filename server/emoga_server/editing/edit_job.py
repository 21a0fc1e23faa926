"""What a worker is asked to do about emotions; picklable, and light until it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from emoga_server.handover import Handover
from emoga_server.jobs import Report


@dataclass(frozen=True)
class Placement:
    """Where and how an editor's weights are held, as `make_editor` takes it.

    Attributes:
        device: None: the best there is. dtype: None: the device's usual one. offload: "none", "model" or
            "sequential": ever less memory, ever slower.
    """

    device: str | None = None
    dtype: str | None = None
    offload: str = "none"


@dataclass(frozen=True)
class EditJob:
    """Makes an emotion from words and saves it into a bundle.

    Attributes:
        bundle: folder of the avatar. head: file of its head; None: the bundled one.
        request: fields of `EmotionRequest`, as far as they are given.
        placement: of the editor.
    """

    bundle: str
    request: dict[str, Any] = field(default_factory=dict)
    head: str | None = None
    placement: Placement = Placement()

    def run(self, report: Report) -> Finished:
        """Tells of `Step`s, `Picture`s and `Preview`s on the way."""
        from emoga_server.editing.work import edit

        return edit(self, report)


@dataclass(frozen=True)
class WarmJob:
    """Gets a worker ready for edits of an avatar, so that the first one starts at once."""

    bundle: str
    head: str | None = None
    placement: Placement = Placement()

    def run(self, report: Report) -> None:
        """Loads what an edit needs, and makes one of the smallest kind that nobody sees."""
        from emoga_server.editing.work import warm_up

        warm_up(self, report)


@dataclass(frozen=True)
class Step:
    """How far an edit is. `done` of `total` counts pictures, or steps of the optimiser."""

    stage: str
    done: int
    total: int
    progress: float
    loss: float | None = None
    seconds_left: float | None = None


@dataclass(frozen=True)
class Picture:
    """One edited picture: JPEG bytes in `files`, arrays "before" and "after"."""

    index: int
    count: int
    name: str
    width: int
    height: int
    files: Handover


@dataclass(frozen=True)
class Preview:
    """The emotion as it stands: the delta blob in `blob`, array "delta"."""

    blob: Handover
    valence: float
    arousal: float


@dataclass(frozen=True)
class Finished:
    """The emotion as it was saved, and wishes that could not be honoured, in words."""

    preview: Preview
    prompt: str
    editor: str
    notes: tuple[str, ...] = ()
