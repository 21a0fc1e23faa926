"""Angles, weights, framing and the pictures themselves."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from emoga_core.avatars import MotionFrame, render_avatar
from emoga_core.edit.errors import EditCancelled, EditError
from emoga_core.edit.framing import face_cameras
from emoga_core.edit.masks import edit_mask
from emoga_core.edit.views import make_views, view_angles, view_weights
from emoga_core.heads import landmarks

SIZE = 128


@pytest.fixture(scope="module")
def views(kofi):
    frames = [kofi.rest_frame(), kofi.motions["talk"].frame(40)]
    return make_views(kofi, frames, view_angles(3), SIZE)


@pytest.mark.parametrize("count", range(1, 33))
def test_angles_begin_in_front_and_stay_within_55_degrees(count):
    angles = view_angles(count)
    assert len(angles) == count == len(set(angles)) and angles[0] == (0.0, 0.0)
    off = [math.degrees(math.acos(math.cos(a) * math.cos(e))) for a, e in angles]
    assert max(off) < 55
    assert count < 5 or (max(off) > 40 and abs(sum(a for a, _ in angles)) < math.radians(60))


@pytest.mark.parametrize("count", [0, 33])
def test_impossible_numbers_of_views_are_refused(count):
    with pytest.raises(EditError, match="1 to 32"):
        view_angles(count)


def test_weights_are_those_of_the_method():
    for count in (3, 5, 10, 16):
        weights = view_weights(view_angles(count))
        assert weights[0] == 1.0 and weights.count(0.2) == 1 and set(weights[1:]) <= {0.4, 0.2, 1.0}
    assert view_weights(view_angles(10))[-1] == 0.2  # its last one is the most oblique
    assert view_weights(view_angles(2)) == [1.0, 0.4]


def test_views_carry_what_the_avatar_draws_and_their_masks(kofi, views):
    assert [view.name for view in views] == [f"f{f:03d}_c{c:02d}" for f in (0, 1) for c in (0, 1, 2)]
    for view in views:
        assert view.image.shape == (SIZE, SIZE, 3) and view.mask.shape == view.skin.shape == (SIZE, SIZE)
        again = render_avatar(kofi, view.camera, None, view.frame)[0]
        assert torch.allclose(view.image, again, atol=1e-5)
        kind = "soft" if view.frontal else "hard"
        assert torch.equal(view.mask, edit_mask(kofi, view.frame, view.camera, kind=kind))
        assert view.frontal == (view.view_id == 0)


def test_the_head_fills_most_of_the_height_and_leaves_room_below_the_chin(views):
    for view in views:
        rows = (view.image.amin(-1) < 0.9).any(1).nonzero()[:, 0]
        masked = (view.mask > 0.5).any(1).nonzero()[:, 0]
        top, chin = int(rows[0]) / SIZE, int(masked[-1]) / SIZE
        assert 0.01 < top < 0.12 and 0.8 < chin < 0.95


def test_cameras_follow_the_head(kofi):
    angles = [(0.0, 0.0), (0.6, 0.1)]
    rest = kofi.rest_frame()
    rotations = torch.zeros(5, 3)
    rotations[0], rotations[1] = torch.tensor([0.1, 0.7, 0.2]), torch.tensor([-0.1, 0.2, 0.1])
    turned = MotionFrame(torch.zeros(52), rotations, torch.tensor([0.3, -0.2, 0.1]))
    pixels = []
    for frame in (rest, turned):
        cameras = face_cameras(kofi, frame, angles, 256)
        pixels.append(cameras.project(landmarks(kofi.head, kofi.pose(frame))[17:])[0])
    assert float((pixels[0] - pixels[1]).abs().max()) < 1.0


def test_positive_azimuth_shows_the_left_side_and_positive_elevation_looks_from_above(kofi):
    cameras = face_cameras(kofi, kofi.rest_frame(), [(0.5, 0.0), (0.0, 0.3)], 256)
    eyes = torch.linalg.inv(cameras.world_to_camera)[:, :3, 3]
    assert eyes[0, 0] > 0.3 and eyes[1, 1] > eyes[0, 1] + 0.2


def test_progress_counts_views_and_stop_is_asked_before_every_frame(kofi):
    frames, seen = [kofi.rest_frame()] * 3, []
    with pytest.raises(EditCancelled):
        make_views(
            kofi, frames, view_angles(1), 32,
            progress=lambda done, total: seen.append((done, total)), stop=lambda: len(seen) == 2,
        )  # fmt: skip
    assert seen == [(1, 3), (2, 3)]


def test_reach_widens_the_masks(kofi, views):
    expression = torch.zeros(52)
    expression[kofi.head.expression_names.index("jawOpen")] = 0.7
    wide = make_views(kofi, [views[0].frame], view_angles(3), SIZE, reach=(expression, torch.zeros(3)))
    for view, wider in zip(views, wide, strict=False):
        assert float(wider.mask.sum()) > float(view.mask.sum()) * 1.01
        assert torch.equal(wider.image, view.image)


def test_nonsense_is_refused(kofi, views):
    with pytest.raises(EditError, match="no views"):
        make_views(kofi, [], view_angles(1), 64)
    with pytest.raises(EditError, match="16 to 4096"):
        make_views(kofi, [views[0].frame], view_angles(1), 8)


def test_heads_without_labels_or_arkit_actions_have_views_too(tiny_avatar):
    view = make_views(tiny_avatar, [tiny_avatar.rest_frame()], view_angles(1), 64)[0]
    assert float(view.mask.max()) == 1.0 and bool(view.image.isfinite().all())
    assert dataclasses.asdict(view.frame)["translation"].shape == (3,)
