"""The flow is exact on surfaces whose motion is known, and knows what was hidden."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from emoga_core.edit.guided.flow import dense_flow, solid_triangles, surface_kinds
from emoga_core.heads import REGION_NAMES
from emoga_core.render import Cameras

SIZE = 96


@pytest.fixture(scope="module")
def camera() -> Cameras:
    return Cameras.look_at((0.0, 0.0, 1.0), width=SIZE, height=SIZE, vertical_fov=0.4)


def square(side: float, z: float = 0.0, cells: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    """A flat grid facing the camera."""
    ticks = torch.linspace(-side / 2, side / 2, cells + 1)
    y, x = torch.meshgrid(ticks, ticks, indexing="ij")
    points = torch.stack([x, y, torch.full_like(x, z)], -1).reshape(-1, 3)
    n, triangles = cells + 1, []
    for i in range(cells):
        for j in range(cells):
            a = i * n + j
            triangles += [(a, a + 1, a + n + 1), (a, a + n + 1, a + n)]
    return points, torch.tensor(triangles)


def test_a_surface_at_rest_shows_every_pixel_where_it_was(camera):
    points, triangles = square(0.2)
    flow = dense_flow(points, points, triangles, camera)
    columns, rows = np.meshgrid(np.arange(SIZE) + 0.5, np.arange(SIZE) + 0.5)
    np.testing.assert_allclose(flow.source, np.stack([columns, rows], -1), atol=1e-3)
    assert flow.visible.sum() == flow.target.mask.sum() > 1000


def test_a_turned_scaled_and_shifted_surface_is_followed_exactly(camera):
    """The expected place comes from the camera alone: the ray's point on the plane, moved back."""
    points, triangles = square(0.24)
    turn = torch.linalg.matrix_exp(torch.tensor([[0.0, -0.3, 0.2], [0.3, 0.0, -0.1], [-0.2, 0.1, 0.0]]))
    shift = torch.tensor([0.01, -0.006, 0.02])
    target = points @ turn.T * 0.9 + shift
    flow = dense_flow(points, target, triangles, camera)
    rows, columns = np.nonzero(flow.visible)
    pixels = torch.tensor(np.stack([columns + 0.5, rows + 0.5, np.ones(len(rows))], 1))
    rotation, offset = camera.world_to_camera[0, :3, :3].double(), camera.world_to_camera[0, :3, 3].double()
    rays = (pixels @ torch.linalg.inv(camera.intrinsics[0].double()).T) @ rotation
    normal, on_plane = (turn.double() @ torch.tensor([0, 0, 1.0]).double()), shift.double()
    centre = -rotation.T @ offset
    reach = ((on_plane - centre) @ normal) / (rays @ normal)
    before = ((centre + reach[:, None] * rays - shift.double()) / 0.9) @ turn.double()
    expected = camera.to(torch.float64).project(before)[0][0].numpy()
    assert np.abs(flow.source[rows, columns] - expected).max() < 2e-3
    assert len(rows) > 2000


def test_carrying_a_picture_moves_it_by_the_flow(camera):
    points, triangles = square(0.3)
    pixels = float(camera.intrinsics[0, 0, 0])  # at 1 m
    target = points + torch.tensor([5 / pixels, 0.0, 0.0])
    flow = dense_flow(points, target, triangles, camera)
    picture = np.random.default_rng(0).random((SIZE, SIZE, 3)).astype(np.float32)
    carried = flow.carry(picture)
    sign = 1 if camera.project(target)[0][0, 0, 0] > camera.project(points)[0][0, 0, 0] else -1
    seen = flow.visible & np.roll(flow.visible, -5 * sign, 1)
    error = np.abs(carried - np.roll(picture, 5 * sign, 1))[seen]
    assert seen.sum() > 1000 and error.max() < 2e-3


def test_what_was_behind_something_is_not_visible(camera):
    """A small plate slides off a large one: the part that it uncovers shows in no picture."""
    large, faces = square(0.3)
    small, small_faces = square(0.08, z=0.02)
    present = torch.cat([large, small])
    target = torch.cat([large, small + torch.tensor([0.06, 0.0, 0.0])])
    triangles = torch.cat([faces, small_faces + len(large)])
    flow = dense_flow(present, target, triangles, camera)
    behind = camera.project(torch.tensor([[-0.02, 0.0, 0.0]]))[0][0, 0].int()
    free = camera.project(torch.tensor([[-0.09, 0.09, 0.0]]))[0][0, 0].int()
    assert not flow.visible[behind[1] - 2 : behind[1] + 3, behind[0] - 2 : behind[0] + 3].any()
    assert flow.visible[free[1], free[0]]


def test_surfaces_of_another_kind_lend_no_colours(camera):
    """Nearly touching, as lips and teeth do: depth cannot tell them apart, their labels do."""
    front, faces = square(0.1, z=0.001)
    back, back_faces = square(0.2)
    present, triangles = torch.cat([front, back]), torch.cat([faces, back_faces + len(front)])
    target = torch.cat([front + torch.tensor([0.0, 0.5, 0.0]), back])
    kinds = torch.cat([torch.zeros(len(front)), torch.ones(len(back))]).long()
    middle = SIZE // 2
    assert not dense_flow(present, target, triangles, camera, kinds).visible[middle, middle]
    assert dense_flow(present, target, triangles, camera).visible[middle, middle]


def test_kinds_and_lashes_of_the_bundled_head(kofi):
    kinds = surface_kinds(kofi.head)
    region = kofi.head.regions
    assert (kinds[region == REGION_NAMES.index("face")] == 0).all()
    assert len({int(kinds[region == REGION_NAMES.index(n)].unique()) for n in (
        "left_eyeball", "right_eyeball", "tongue", "upper_teeth", "lower_teeth", "lips"
    )}) == 6  # fmt: skip
    lashes = region == REGION_NAMES.index("lashes")
    assert lashes.any() and not lashes[solid_triangles(kofi.head)].any()
