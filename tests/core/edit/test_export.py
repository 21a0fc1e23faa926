"""Exported views: what is in the folder, who may overwrite what, and the way back through `folder`."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
import torch

from emoga_core.captures.images import read_mask, read_png, write_png
from emoga_core.edit.editors import make_editor
from emoga_core.edit.editors.base import EditRequest
from emoga_core.edit.errors import EditError
from emoga_core.edit.export import export_views, mask_overlay, mask_preview, mask_sheet
from emoga_core.edit.user_masks import read_masks
from emoga_core.edit.views import make_views, view_angles


@pytest.fixture(scope="module")
def views(kofi):
    return make_views(kofi, [kofi.rest_frame(), kofi.motions["talk"].frame(30)], view_angles(2), 48)


@pytest.fixture
def exported(tmp_path, views):
    export_views(views, tmp_path / "out", "a tired smile", "no teeth", settings={"seed": 3})
    return tmp_path / "out"


def test_pictures_masks_and_manifest_are_written(exported, views):
    manifest = json.loads((exported / "prompts.json").read_text())
    assert manifest["prompt"] == "a tired smile" and manifest["negative"] == "no teeth"
    assert manifest["settings"] == {"seed": 3}
    assert [entry["name"] for entry in manifest["views"]] == [view.name for view in views]
    for entry, view in zip(manifest["views"], views, strict=True):
        assert np.abs(read_png(exported / entry["image"]) - view.image.numpy()).max() <= 0.51 / 255
        assert np.abs(read_mask(exported / entry["mask"]) - view.mask.numpy()).max() <= 0.51 / 255
        assert entry["width"] == entry["height"] == 48 and entry["frontal"] == view.frontal
        assert torch.allclose(torch.tensor(entry["intrinsics"]), view.camera.intrinsics[0])
    assert sorted(os.listdir(exported)) == sorted(
        [*(f"{view.name}.png" for view in views), "masks", "prompts.json"]
    )


def test_exported_masks_read_back_as_user_masks(exported, views):
    for mask, view in zip(read_masks(exported / "masks", views), views, strict=True):
        assert float((mask - view.mask).abs().max()) <= 0.51 / 255


def test_pictures_edited_elsewhere_come_back_through_the_folder_editor(exported, views, tmp_path):
    edited = tmp_path / "edited"
    edited.mkdir()
    for view in views:
        write_png(edited / f"{view.name}.png", 1 - read_png(exported / f"{view.name}.png"))
    requests = [
        EditRequest(view.image.numpy(), view.mask.numpy(), "a tired smile", name=view.name) for view in views
    ]
    results = make_editor("folder", folder=edited).edit(requests)
    for result, view in zip(results, views, strict=True):
        mask, image = view.mask.numpy(), view.image.numpy()
        assert np.array_equal(result[mask == 0], image[mask == 0])
        assert np.abs(result - (1 - image))[mask == 1].max() < 1.1 / 255


def test_an_interrupted_export_is_completed_and_nothing_else_is_written(exported, views):
    kept, lost = exported / "f000_c00.png", exported / "masks" / "f001_c01.png"
    os.utime(kept, (1, 1))
    lost.unlink()
    export_views(views, exported, "a tired smile", "no teeth")
    assert lost.exists() and kept.stat().st_mtime == 1


def test_an_export_replaces_its_own_files(exported, views, kofi):
    others = make_views(kofi, [kofi.motions["talk"].frame(70)], view_angles(2), 48)
    export_views(others, exported, "angry")
    assert np.abs(read_png(exported / "f000_c01.png") - others[1].image.numpy()).max() <= 0.51 / 255
    assert json.loads((exported / "prompts.json").read_text())["prompt"] == "angry"
    export_views(views, exported, "again")  # f001 was written two exports ago: still ours
    assert read_png(exported / "f001_c00.png").shape == (48, 48, 3)


def test_pictures_edited_in_place_are_never_overwritten(exported, views):
    mine = exported / "f001_c00.png"
    write_png(mine, np.zeros((48, 48, 3)))
    before = {path: path.read_bytes() for path in exported.rglob("*.png")}
    with pytest.raises(EditError, match=r"f001_c00.png: was changed since it was exported"):
        export_views(views, exported, "other words")
    assert {path: path.read_bytes() for path in exported.rglob("*.png")} == before


def test_files_of_others_are_in_the_way(tmp_path, views):
    (tmp_path / "f000_c00.png").write_bytes(b"a holiday")
    with pytest.raises(EditError, match="is not ours"):
        export_views(views, tmp_path, "happy")
    (tmp_path / "f000_c00.png").unlink()
    for content in ("{}", "[]", "words", '{"format": "emoga-views", "written": {"a": 1}}'):
        (tmp_path / "prompts.json").write_text(content)
        with pytest.raises(EditError, match="was not written by an export"):
            export_views(views, tmp_path, "happy")
        assert (tmp_path / "prompts.json").read_text() == content


def test_impossible_places_and_values_are_refused(tmp_path, views):
    (tmp_path / "file").write_text("")
    with pytest.raises(EditError, match="cannot be written"):
        export_views(views, tmp_path / "file", "happy")
    with pytest.raises(EditError, match="cannot be written"):
        mask_preview(views, tmp_path / "nowhere" / "masks.png")
    with pytest.raises(EditError, match="JSON"):
        export_views(views, tmp_path / "new", "happy", settings={"x": object()})
    with pytest.raises(EditError, match="no views"):
        export_views([], tmp_path, "happy")


def test_overlay_tints_what_may_change_and_greys_the_rest():
    image = np.full((20, 20, 3), (0.6, 0.5, 0.4), np.float32)
    mask = np.zeros((20, 20), np.float32)
    mask[:, :10] = 1
    picture = mask_overlay(image, mask)
    assert picture[5, 2, 0] > picture[5, 2, 1] + 0.15 and np.ptp(picture[5, 2]) > 0.1
    assert np.ptp(picture[5, 15]) < 1e-6


def test_preview_shows_every_view(tmp_path, views):
    sheet = mask_sheet(views)
    assert sheet.shape[0] > 2 * 48 and sheet.shape[1] > 2 * 48
    mask_preview(views, tmp_path / "masks.png")
    assert np.abs(read_png(tmp_path / "masks.png") - sheet).max() <= 0.51 / 255
