"""Masks from the user's folder: label maps, grey pictures, and what is wrong with others."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from emoga_core.edit.errors import EditError
from emoga_core.edit.user_masks import LABELS, mask_from_labels, read_masks
from emoga_core.edit.views import make_views, view_angles

SIZE = 64


@pytest.fixture(scope="module")
def views(kofi):
    return make_views(kofi, [kofi.rest_frame()], view_angles(2), SIZE)


def write(folder, views, picture):
    for view in views:
        cv2.imwrite(str(folder / f"{view.name}.png"), picture)


def label_map() -> np.ndarray:
    labels = np.zeros((SIZE, SIZE), np.uint8)
    labels[4:20, 8:56] = LABELS.index("hair")
    labels[20:60, 12:52] = LABELS.index("skin")
    labels[30:34, 18:26] = LABELS.index("left eye")
    labels[46:48, 26:38] = LABELS.index("upper lip")
    labels[48:50, 26:38] = LABELS.index("mouth")
    labels[50:52, 26:38] = LABELS.index("lower lip")
    labels[56:64, 20:44] = LABELS.index("neck")
    return labels


def test_every_class_of_a_label_map_is_white_or_black_as_masks_define_it():
    row = np.arange(len(LABELS))[None]
    white = {LABELS[k] for k in np.flatnonzero(mask_from_labels(row, soft=False)[0])}
    assert white == {"skin", "left brow", "right brow", "nose", "mouth", "upper lip", "lower lip"}


def test_label_maps_become_soft_in_front_and_hard_elsewhere(tmp_path, views):
    write(tmp_path, views, label_map())
    front, other = read_masks(tmp_path, views)
    assert set(other.unique().tolist()) == {0.0, 1.0}
    assert other[31, 20] == 0 and front[31, 20] == 1  # the eye
    assert other[10, 30] == front[10, 30] == 0 and other[60, 30] == 0  # hair, neck
    assert other[40, 30] == front[40, 30] == other[48, 30] == 1  # skin, mouth


def test_grey_masks_are_taken_as_they_are(tmp_path, views):
    grey = np.linspace(0, 255, SIZE * SIZE).reshape(SIZE, SIZE).astype(np.uint8)
    (tmp_path / "masks").mkdir()
    write(tmp_path / "masks", views, grey)
    for mask in read_masks(tmp_path, views):
        assert torch.allclose(mask, torch.from_numpy(grey.astype(np.float32) / 255))


def test_missing_masks_are_named(tmp_path, views):
    write(tmp_path, views[:1], label_map())
    with pytest.raises(EditError, match=r"1 of 2 masks are missing \(f000_c01.png\)"):
        read_masks(tmp_path, views)
    with pytest.raises(EditError, match="no such folder"):
        read_masks(tmp_path / "nowhere", views)


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (np.zeros((32, 48), np.uint8), "48x32 pixels, its view 64x64"),
        (np.dstack([label_map() * 10, label_map(), label_map()]), "colour picture is no mask"),
        ((label_map() > 0).astype(np.uint8), "0 and 255"),
        (np.zeros((SIZE, SIZE), np.uint8), "all masks are black"),
    ],
    ids=["size", "colour", "zero-one", "black"],
)
def test_unusable_masks_say_why(tmp_path, views, picture, message):
    write(tmp_path, views, picture)
    with pytest.raises(EditError, match=message):
        read_masks(tmp_path, views)


def test_a_damaged_mask_names_its_file(tmp_path, views):
    write(tmp_path, views, label_map())
    (tmp_path / f"{views[1].name}.png").write_bytes(b"no picture")
    with pytest.raises(EditError, match=r"f000_c01.png: not a picture"):
        read_masks(tmp_path, views)
