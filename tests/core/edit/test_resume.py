"""Finished pictures outlive a stopped edit."""

from pathlib import Path

import numpy as np
import pytest

from emoga_core.edit.editors.base import Capabilities, CheckedEditor, EditRequest
from emoga_core.edit.errors import EditCancelled
from emoga_core.edit.resume import edit_resumably


class Darken(CheckedEditor):
    """Halves the brightness, and counts how often it was asked."""

    name = "darken"
    capabilities = Capabilities()

    def __init__(self) -> None:
        self.drawn: list[str] = []

    def draw(self, request, step):
        self.drawn.append(request.name)
        step(1, 1)
        return request.image * 0.5


def wishes(prompt="darker", count=4):
    random = np.random.default_rng(0)
    mask = np.ones((16, 16), np.float32)
    pictures = random.random((count, 16, 16, 3), np.float32)
    return [EditRequest(p, mask, prompt, name=f"v{k}") for k, p in enumerate(pictures)]


def test_goes_on_where_it_stopped(tmp_path: Path):
    editor, seen = Darken(), []
    with pytest.raises(EditCancelled):
        edit_resumably(editor, wishes(), tmp_path, stop=lambda: len(editor.drawn) >= 2)
    first = list(editor.drawn)
    pictures = edit_resumably(editor, wishes(), tmp_path, progress=lambda p: seen.append((p.index, p.count)))
    assert editor.drawn[len(first) :] and set(editor.drawn[len(first) :]) < {"v0", "v1", "v2", "v3"}
    assert {index for index, _ in seen} == {0, 1, 2, 3} and {count for _, count in seen} == {4}
    for picture, wish in zip(pictures, wishes(), strict=True):
        assert np.array_equal(picture, np.float32(0.5) * wish.image)


def test_other_wishes_are_edited_anew(tmp_path: Path):
    editor = Darken()
    edit_resumably(editor, wishes(), tmp_path)
    edit_resumably(editor, wishes(), tmp_path)
    assert len(editor.drawn) == 4
    edit_resumably(editor, wishes("darker, please"), tmp_path)
    edit_resumably(editor, wishes(), tmp_path, model="another")
    assert len(editor.drawn) == 12


def test_a_damaged_picture_is_edited_again(tmp_path: Path):
    editor = Darken()
    good = edit_resumably(editor, wishes(), tmp_path)
    broken = sorted(tmp_path.iterdir())[0]
    broken.write_bytes(broken.read_bytes()[:40])
    again = edit_resumably(editor, wishes(), tmp_path)
    assert len(editor.drawn) == 5
    assert all(np.array_equal(a, b) for a, b in zip(good, again, strict=True))
