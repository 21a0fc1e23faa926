"""Pictures edited elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from emoga_core.captures.images import write_png
from emoga_core.edit.editors import make_editor
from emoga_core.edit.editors.base import EditRequest
from emoga_core.edit.errors import EditCancelled, EditError

Make = Callable[..., EditRequest]


@pytest.fixture
def edited(tmp_path: Path, make_request: Make) -> tuple[Path, list[EditRequest]]:
    """Three views, and a folder with a darker picture of each."""
    requests = [make_request(name=f"f000_c{index:02d}", seed=index) for index in range(3)]
    for request in requests:
        write_png(tmp_path / f"{request.name}.png", request.image * 0.5)
    return tmp_path, requests


def test_matches_by_name(edited: tuple[Path, list[EditRequest]]) -> None:
    folder, requests = edited
    (folder / "f000_c01.png").rename(folder / "F000_C01.PNG")  # as some tools write names
    write_png(folder / "f000_c02.png", requests[2].image * 0.25)
    pictures = make_editor("folder", folder=folder).edit(list(reversed(requests)))
    for picture, request, scale in zip(pictures, reversed(requests), (0.25, 0.5, 0.5), strict=True):
        inside, outside = request.mask == 1, request.mask == 0
        assert np.abs(picture[inside] - request.image[inside] * scale).max() <= 0.51 / 255
        assert np.array_equal(picture[outside], request.image[outside])


def test_jpeg_and_transparency(edited: tuple[Path, list[EditRequest]]) -> None:
    folder, requests = edited
    for name in ("f000_c00", "f000_c01"):
        (folder / f"{name}.png").unlink()
    cv2.imwrite(str(folder / "f000_c00.jpeg"), np.full((64, 64, 3), (0, 0, 255), np.uint8))
    clear = np.zeros((64, 64, 4), np.float32)
    write_png(folder / "f000_c01.png", clear)
    red, white, _ = make_editor("folder", folder=folder).edit(requests)
    inside = requests[0].mask == 1
    assert np.abs(red[inside] - (1, 0, 0)).max() < 0.02
    assert np.array_equal(white[inside], np.ones_like(white[inside]))


def test_missing_pictures_are_listed(edited: tuple[Path, list[EditRequest]], make_request: Make) -> None:
    folder, requests = edited
    more = [make_request(name=f"f009_c{index:02d}") for index in range(9)]
    with pytest.raises(EditError, match=r"no picture for f009_c00, f009_c01, f009_c02, f009_c03 and 5 more"):
        make_editor("folder", folder=folder).edit([*requests, *more])


def test_other_sizes_are_listed(edited: tuple[Path, list[EditRequest]]) -> None:
    folder, requests = edited
    write_png(folder / "f000_c01.png", np.zeros((32, 48, 3), np.float32))
    with pytest.raises(EditError, match=r"another size.*f000_c01 \(48 x 32, its view 64 x 64\)"):
        make_editor("folder", folder=folder).edit(requests)


@pytest.mark.parametrize("damage", ["empty", "cut", "text"])
def test_unreadable_pictures_are_listed(edited: tuple[Path, list[EditRequest]], damage: str) -> None:
    folder, requests = edited
    path = folder / "f000_c01.png"
    whole = path.read_bytes()
    path.write_bytes({"empty": b"", "cut": whole[: len(whole) // 2], "text": b"not a picture"}[damage])
    with pytest.raises(EditError, match="cannot read the pictures of f000_c01"):
        make_editor("folder", folder=folder).edit(requests)


def test_two_pictures_for_one_view(edited: tuple[Path, list[EditRequest]]) -> None:
    folder, requests = edited
    cv2.imwrite(str(folder / "f000_c00.jpg"), np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(EditError, match="more than one picture for f000_c00"):
        make_editor("folder", folder=folder).edit(requests)


def test_untouched_exports_are_noticed(edited: tuple[Path, list[EditRequest]]) -> None:
    folder, requests = edited
    for request in requests:
        write_png(folder / f"{request.name}.png", request.image)
    with pytest.raises(EditError, match="edit them first"):
        make_editor("folder", folder=folder).edit(requests)


def test_needs_a_folder_and_names(tmp_path: Path, make_request: Make) -> None:
    with pytest.raises(EditError, match="needs the folder"):
        make_editor("folder")
    with pytest.raises(EditError, match="there is no folder"):
        make_editor("folder", folder=tmp_path / "absent")
    with pytest.raises(EditError, match="takes no model"):
        make_editor("folder", folder=tmp_path, model="x/y")
    with pytest.raises(EditError, match="has no name"):
        make_editor("folder", folder=tmp_path).edit([make_request(name="")])


def test_says_which_knobs_it_ignores(tmp_path: Path, make_request: Make) -> None:
    editor = make_editor("folder", folder=tmp_path)
    assert len(editor.unsupported(make_request(negative="x", text_guidance=3.0, strength=0.5))) == 4


def test_cancels(edited: tuple[Path, list[EditRequest]]) -> None:
    folder, requests = edited
    with pytest.raises(EditCancelled):
        make_editor("folder", folder=folder).edit(requests, stop=lambda: True)
