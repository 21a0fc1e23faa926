"""Pictures for the optimiser: crops, resolutions, mattes, and what is held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from emoga_core.build import BuildError
from emoga_core.build.pictures import hold_out, load_shots, silhouette_box
from emoga_core.captures import CaptureError, read_capture


def test_crops_show_the_same_pixels_through_their_own_cameras(ball_capture: Path) -> None:
    capture = read_capture(ball_capture)
    shot = load_shots(capture.frames[:1])[0]
    top, bottom, left, right = shot.box
    crop = shot.levels[1]
    assert np.array_equal(crop.pixels, shot.full.pixels[top:bottom, left:right])
    assert (crop.camera.height, crop.camera.width) == crop.pixels.shape[:2]
    point = torch.tensor([[0.01, 0.02, 0.08]])
    whole, _ = shot.full.camera.project(point)
    cropped, _ = crop.camera.project(point)
    halved, _ = shot.levels[2].camera.project(point)
    assert torch.allclose(cropped[0], whole[0] - torch.tensor([left, top]), atol=1e-4)
    assert torch.allclose(halved * 2, cropped, atol=1e-4)
    assert (shot.full.pixels[shot.matte == 0] == 255).all()
    outside = shot.matte.copy()
    outside[top:bottom, left:right] = 0
    assert not (outside > 2).any()


def test_scaling_keeps_what_the_camera_sees(ball_capture: Path) -> None:
    capture = read_capture(ball_capture)
    large, small = load_shots(capture.frames[:1])[0], load_shots(capture.frames[:1], size=24)[0]
    assert small.full.pixels.shape == (24, 24, 3)
    point = torch.tensor([[0.01, 0.02, 0.08]])
    assert torch.allclose(
        small.full.camera.project(point)[0] * 2, large.full.camera.project(point)[0], atol=1e-4
    )


def test_empty_matte_keeps_the_picture() -> None:
    assert silhouette_box(np.zeros((31, 20), np.float32)) == (0, 30, 0, 20)


def test_hold_out_by_number(ball_capture: Path) -> None:
    capture = read_capture(ball_capture)
    parts = hold_out(capture, cameras=(1,), timesteps=(4, 5))
    assert {f.camera_index for f in parts.train} == {0, 2, 3, 4} and {f.timestep for f in parts.train} == {
        0,
        1,
        2,
        3,
    }
    assert {name: len(group) for name, group in parts.groups.items()} == {
        "cameras": 4,
        "frames": 8,
        "cameras and frames": 2,
    }
    assert len(parts.train) + len(parts.held_out) == len(capture.frames)


def test_hold_out_by_the_captures_own_splits(ball_capture: Path) -> None:
    capture = read_capture(ball_capture)
    parts = hold_out(capture)
    assert parts.train == capture.split("train")
    assert parts.groups == {"val": capture.split("val"), "test": capture.split("test")}


def test_unknown_numbers_and_nothing_left(ball_capture: Path) -> None:
    capture = read_capture(ball_capture)
    with pytest.raises(BuildError, match="cannot hold out camera 9"):
        hold_out(capture, cameras=(9,))
    with pytest.raises(BuildError, match="no picture is left"):
        hold_out(capture, timesteps=range(6))


def test_missing_and_damaged_pictures_are_named(ball_capture: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(ball_capture, copy)
    capture = read_capture(copy)
    victim = capture.frames[3].image_path
    victim.write_bytes(victim.read_bytes()[:50])
    with pytest.raises(CaptureError, match=victim.name):
        load_shots(capture.frames)
