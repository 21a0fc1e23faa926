"""Pictures: silhouettes follow the parameters, colours are sane, emotions change texture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from emoga_core.captures import read_capture
from emoga_core.captures.studio import emotion_offset
from emoga_core.captures.studio.cameras import camera_rig, studio_camera
from emoga_core.captures.studio.renderer import render_view
from emoga_core.captures.studio.sitter import Parameters, Sitter
from emoga_core.captures.studio.synth import HEAD_FILL, framing
from emoga_core.heads import bundled_head
from emoga_core.render.cameras import Cameras
from emoga_core.render.mesh_raster import rasterize_mesh


def shot_of(kofi: Sitter, size: int, **changes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    centre, height = framing(kofi)
    camera = studio_camera(0, 0, centre, size, height)
    return render_view(kofi, kofi.shoot(Parameters.neutral()._replace(**changes)), camera, samples=1)


def test_parameters_pose_the_mesh_onto_the_rendered_silhouette(tiny_capture: Path) -> None:
    capture, head = read_capture(tiny_capture), bundled_head()
    p = capture.parameters_for(head)
    for frame in capture.frames:
        t = frame.timestep
        tracked = (
            p.identity[None],
            p.expression[t : t + 1],
            p.joint_rotations[t : t + 1],
            p.translation[t : t + 1],
        )
        vertices = head.pose(*(torch.from_numpy(np.asarray(a)) for a in tracked))[0].numpy()
        camera = frame.camera
        w2c, k = (torch.from_numpy(a[None]).float() for a in (camera.world_to_camera, camera.intrinsics))
        raster = rasterize_mesh(
            torch.from_numpy(vertices), head.triangles, Cameras(w2c, k, camera.width, camera.height)
        )
        mesh = np.asarray(raster.triangle_ids)[0] >= 0
        mask = frame.mask()
        assert mask is not None
        # From under the nose to the chin the silhouette is bare skin: it must be the mesh's.
        x = vertices @ camera.world_to_camera[:3, :3].T + camera.world_to_camera[:3, 3]
        screen = x @ camera.intrinsics.T
        top, bottom = (screen[head_rows(n), 1] / screen[head_rows(n), 2] for n in ("nose", "chin"))
        rows = slice(int(top.mean()) + 2, int(bottom.mean()))
        drawn, wanted = mask[rows] > 0.5, mesh[rows]
        assert len(drawn) >= 10
        assert (drawn ^ wanted).sum() < 0.02 * wanted.sum()
        assert (np.roll(drawn, 2, 1) ^ wanted).sum() > 0.04 * wanted.sum()


def head_rows(name: str) -> np.ndarray:
    """Vertices near a landmark: 8 = chin, 33 = under the nose."""
    head = bundled_head()
    number = {"chin": 8, "nose": 33}[name]
    return head.triangles[head.landmark_triangles[number]].numpy()


def test_the_head_fills_the_picture(kofi: Sitter) -> None:
    assert HEAD_FILL >= 0.6
    _, matte = shot_of(kofi, 96)
    filled = np.flatnonzero((matte > 0.5).any(1))
    assert 2 <= filled[0] <= 14 and filled[-1] > 85
    assert matte[:, 0].max() == 0 and matte[:, -1].max() == 0
    assert 0.25 < matte.mean() < 0.6


def test_colours_are_finite_premultiplied_and_not_grey(kofi: Sitter) -> None:
    rgb, matte = shot_of(kofi, 96)
    assert rgb.dtype == np.float32 and np.isfinite(rgb).all() and rgb.min() >= 0
    assert (rgb.max(2) <= matte + 1e-5).all()
    cheek = rgb[50:60, 40:56].reshape(-1, 3).mean(0)
    assert cheek[0] > 1.25 * cheek[2]


def test_translation_moves_the_picture(kofi: Sitter) -> None:
    _, height = framing(kofi)
    pixel = height / 96
    _, still = shot_of(kofi, 96)
    _, moved = shot_of(kofi, 96, translation=np.array([3 * pixel, 0, 0]))
    centre = [float((m * np.arange(96)).sum() / m.sum()) for m in (still, moved)]
    assert abs(centre[1] - centre[0] - 3) < 0.25


def test_emotions_change_texture_beyond_geometry(kofi: Sitter) -> None:
    shot = kofi.shoot(Parameters.neutral()._replace(expression=emotion_offset({"angry": 1.0})))
    calm = kofi.shoot(Parameters.neutral())
    centre, height = framing(kofi)
    camera = studio_camera(0, 0, centre, 192, height)
    angry, _ = render_view(kofi, shot, camera, samples=1)
    unpainted, _ = render_view(kofi, replace_wrinkles(shot, calm), camera, samples=1)
    assert np.abs(angry - unpainted).max() > 0.1
    assert np.abs(angry - unpainted).mean() > 1e-3


def replace_wrinkles(shot, other):
    from dataclasses import replace

    return replace(shot, wrinkles=other.wrinkles)


def test_rig_spans_the_arc_and_looks_at_the_head() -> None:
    centre = np.array([0.0, 0.02, 0.0])
    cameras = camera_rig(16, centre, 64, 0.35)
    yaw = [np.degrees(np.arctan2(*(c.center - centre)[[0, 2]])) for c in cameras]
    rise = [np.degrees(np.arcsin((c.center - centre)[1] / 1.15)) for c in cameras]
    assert abs(yaw[-1] - yaw[0] - 93) < 1e-6 and all(np.diff(yaw) > 0)
    assert max(rise) <= 16 and min(rise) >= -16 and max(rise) - min(rise) > 24 and abs(rise[8]) < 4
    for camera in cameras:
        place = camera.world_to_camera[:3, :3] @ centre + camera.world_to_camera[:3, 3]
        np.testing.assert_allclose(place, [0, 0, 1.15], atol=1e-9)
    assert len(camera_rig(1, centre, 64, 0.35)) == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_subjects_render(seed: int) -> None:
    from emoga_core.captures.studio.subjects import subject_of_seed
    from emoga_core.captures.studio.synth import make_sitter

    sitter = make_sitter(subject_of_seed(seed))
    rgb, matte = shot_of(sitter, 64)
    assert np.isfinite(rgb).all() and 0.2 < matte.mean() < 0.65
