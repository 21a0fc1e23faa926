"""Catmull-Clark against values worked out by hand."""

from __future__ import annotations

import numpy as np

from emoga_core.captures.studio.subdivision import SparseMap, catmull_clark

CUBE = np.array([[x, y, z] for x in (-1.0, 1) for y in (-1.0, 1) for z in (-1.0, 1)])
QUADS = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])
UV = np.zeros((6, 4, 2))


def test_a_cube_becomes_what_the_rules_say() -> None:
    step = catmull_clark(QUADS, UV, 8)
    fine = step.points(CUBE)
    assert len(fine) == 8 + 12 + 6 and step.quads.shape == (24, 4)
    # Corner: (F + 2R + (n-3)P)/n with n = 3, F = 1/3, R = 2/3 per axis.
    np.testing.assert_allclose(np.abs(fine[:8]), 5 / 9, atol=1e-12)
    np.testing.assert_allclose(np.sort(np.abs(fine[8:20]), 1), np.tile([0, 0.75, 0.75], (12, 1)), atol=1e-12)
    np.testing.assert_allclose(np.sort(np.abs(fine[20:]), 1), np.tile([0, 0, 1.0], (6, 1)), atol=1e-12)


def test_a_boundary_is_a_cubic_spline() -> None:
    grid = np.array([[x, y, 0.0] for y in range(2) for x in range(3)])
    grid[1, 1] = -1.0  # a bent lower border
    step = catmull_clark(np.array([[0, 1, 4, 3], [1, 2, 5, 4]]), np.zeros((2, 4, 2)), 6)
    fine = step.points(grid)
    np.testing.assert_allclose(fine[1], grid[0] / 8 + 3 * grid[1] / 4 + grid[2] / 8)


def test_weights_sum_to_one_and_isolated_vertices_stay() -> None:
    step = catmull_clark(QUADS, UV, 9)
    rows, _, weights = step.points.entries()
    np.testing.assert_allclose(np.bincount(rows, weights), 1)
    lonely = np.concatenate([CUBE, [[5.0, 6, 7]]])
    np.testing.assert_allclose(step.points(lonely)[8], [5, 6, 7])


def test_uv_is_bilinear() -> None:
    uv = np.array([[[0, 0], [1, 0], [1, 1], [0, 1]]], float)
    step = catmull_clark(np.array([[0, 1, 2, 3]]), uv, 4)
    np.testing.assert_allclose(step.quad_uv[0], [[0, 0], [0.5, 0], [0.5, 0.5], [0, 0.5]])


def test_sparse_map_adds_duplicates() -> None:
    m = SparseMap.from_entries(np.array([1, 0, 1]), np.array([0, 1, 0]), np.array([1.0, 2.0, 3.0]), 3)
    np.testing.assert_allclose(m(np.array([[10.0], [100.0]])), [[200], [40], [0]])
