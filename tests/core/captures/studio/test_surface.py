"""The fine surface: linear in the cage, complete, the right size."""

from __future__ import annotations

import numpy as np

from emoga_core.captures.studio.cage import bundled_cage
from emoga_core.captures.studio.parts import Part
from emoga_core.captures.studio.surface import bundled_surface


def test_surface_reproduces_its_rest_pose() -> None:
    surface, cage = bundled_surface(), bundled_cage()
    np.testing.assert_allclose(surface.points(cage.canonical), surface.canonical, atol=1e-9)


def test_surface_is_affine_in_the_cage() -> None:
    surface, cage = bundled_surface(), bundled_cage()
    rng = np.random.default_rng(0)
    a, b = (cage.canonical + rng.normal(0, 0.01, cage.canonical.shape) for _ in range(2))
    np.testing.assert_allclose(
        surface.points(0.3 * a + 0.7 * b), 0.3 * surface.points(a) + 0.7 * surface.points(b), atol=1e-12
    )
    shift = np.array([0.1, -0.2, 0.3])
    np.testing.assert_allclose(surface.points(a + shift), surface.points(a) + shift, atol=1e-9)


def test_every_part_is_there_and_faces_outwards() -> None:
    surface = bundled_surface()
    for part in Part:
        assert (surface.parts == part).sum() > 500
    corners = surface.canonical[surface.triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    for part in (Part.LEFT_EYE, Part.RIGHT_EYE):
        rows = surface.parts == part
        centre = surface.eye_centre * ([1, 1, 1] if part == Part.LEFT_EYE else [-1, 1, 1])
        assert ((corners[rows].mean(1) - centre) * normal[rows]).sum(1).min() > -1e-12


def test_eyeballs_have_their_size() -> None:
    surface = bundled_surface()
    assert 0.011 < surface.eye_radius < 0.016
    ball = surface.canonical[surface.bound[0].rows]
    distance = np.linalg.norm(ball - surface.eye_centre, axis=1)
    assert abs(distance.min() - surface.eye_radius) < 1e-4
    assert 1.03 < distance.max() / surface.eye_radius < 1.08
