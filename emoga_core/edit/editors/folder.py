"""Pictures that any other tool has edited, taken from a folder by the names of their views."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from emoga_core.captures.images import read_png
from emoga_core.edit.editors.base import Capabilities, CheckedEditor, EditorOptions, EditRequest, Step
from emoga_core.edit.editors.registry import EditorInfo
from emoga_core.edit.errors import EditError
from emoga_core.errors import EmogaError

SUFFIXES = (".png", ".jpg", ".jpeg")
_SHOWN = 4


class FolderEditor(CheckedEditor):
    """Reads NAME.png (or .jpg, .jpeg) for the view NAME; transparency is composited over white."""

    name = "folder"
    capabilities = Capabilities(licence="that of your pictures")

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise EditError(f"there is no folder {folder}; export views, edit them, and name that folder")
        self.folder = folder

    @classmethod
    def make(cls, info: EditorInfo, options: EditorOptions) -> Self:
        """See `make_editor`: needs `folder`, and nothing else."""
        if options.model is not None:
            raise EditError(f"the editor {info.name!r} takes no model; leave it out")
        if options.folder is None:
            raise EditError(f"the editor {info.name!r} needs the folder in which the edited pictures are")
        return cls(Path(options.folder))

    def prepare(self, requests: Sequence[EditRequest]) -> None:
        """Looks at every picture first, so that all that is wrong is said at once.

        Raises:
            EditError: views without a picture, or with several; pictures that cannot be read or have another
                size than their view; or nothing edited at all.
        """
        files = self._files()
        names = [request.name for request in requests]
        if not all(names):
            raise EditError("the folder editor matches pictures by the names of the views; one has no name")
        self._complain(
            "no picture for",
            [name for name in names if name.lower() not in files],
            "give each a NAME.png or .jpg",
        )
        several = [name for name in names if len(files[name.lower()]) > 1]
        self._complain("more than one picture for", several, "leave one for each")
        unreadable, sized, unchanged = [], [], []
        for request in requests:
            try:
                picture = read_png(files[request.name.lower()][0])
            except EmogaError:
                unreadable.append(request.name)
                continue
            if picture.shape != request.image.shape:
                found, wanted = _size(picture), _size(request.image)
                sized.append(f"{request.name} ({found}, its view {wanted})")
            elif np.abs(picture - request.image).max() <= 1 / 255:
                unchanged.append(request.name)
        self._complain("cannot read the pictures of", unreadable, "save them again as PNG or JPEG")
        self._complain("another size than the view:", sized, "keep the size of the export")
        if requests and len(unchanged) == len(requests):
            raise EditError(f"{self.folder}: the pictures are still the views as exported; edit them first")

    def draw(self, request: EditRequest, step: Step) -> NDArray[np.floating]:
        """Reads one picture."""
        picture = read_png(self._files()[request.name.lower()][0])
        step(1, 1)
        return picture

    def _files(self) -> dict[str, list[Path]]:
        """Pictures by lower-case name without suffix."""
        found: dict[str, list[Path]] = defaultdict(list)
        for path in sorted(self.folder.iterdir()):
            if path.suffix.lower() in SUFFIXES and path.is_file():
                found[path.stem.lower()].append(path)
        return found

    def _complain(self, what: str, names: Sequence[str], advice: str) -> None:
        if names:
            shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if names[_SHOWN:] else "")
            raise EditError(f"{self.folder}: {what} {shown}; {advice}")


def _size(picture: NDArray[np.float32]) -> str:
    return f"{picture.shape[1]} x {picture.shape[0]}"
