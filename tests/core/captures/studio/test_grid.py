"""The point grid against brute force."""

from __future__ import annotations

import numpy as np

from emoga_core.captures.studio.grid import build_grid, count_within, nearest


def test_nearest_and_count_match_brute_force() -> None:
    rng = np.random.default_rng(0)
    points, queries = rng.uniform(0, 0.1, (400, 3)), rng.uniform(-0.02, 0.12, (200, 3))
    grid = build_grid(points, 0.01)
    apart = np.linalg.norm(queries[:, None] - points, axis=2)
    distance, index = nearest(grid, queries, 0.03)
    within = apart.min(1) < 0.03
    np.testing.assert_array_equal(index >= 0, within)
    np.testing.assert_array_equal(index[within], apart.argmin(1)[within])
    np.testing.assert_allclose(distance[within], apart.min(1)[within])
    np.testing.assert_array_equal(count_within(grid, queries, 0.015), (apart < 0.015).sum(1))
