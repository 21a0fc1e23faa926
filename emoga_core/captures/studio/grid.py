"""Nearest neighbours on a uniform grid, for point sets of some ten thousand."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit


class PointGrid(NamedTuple):
    """Points sorted into cubes of side `cell`; cube c holds points order[first[c] : first[c + 1]]."""

    points: np.ndarray
    low: np.ndarray
    cell: float
    shape: np.ndarray
    first: np.ndarray
    order: np.ndarray


def build_grid(points: np.ndarray, cell: float) -> PointGrid:
    """Sorts (n, 3) points into cubes of side `cell` (m)."""
    points = np.ascontiguousarray(points, np.float64)
    low = points.min(0)
    index = np.floor((points - low) / cell).astype(np.int64)
    shape = index.max(0) + 1
    flat = (index[:, 0] * shape[1] + index[:, 1]) * shape[2] + index[:, 2]
    order = np.argsort(flat, kind="stable")
    first = np.searchsorted(flat[order], np.arange(int(np.prod(shape)) + 1))
    return PointGrid(points, low, float(cell), shape, first.astype(np.int64), order.astype(np.int64))


@njit(cache=True)
def nearest(grid: PointGrid, queries: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """(distance, index) of the point nearest to each (m, 3) query; inf and -1 beyond `reach` (m)."""
    distance, index = np.full(len(queries), np.inf), np.full(len(queries), -1)
    rings = int(np.ceil(reach / grid.cell))
    for q in range(len(queries)):
        cx = int(np.floor((queries[q, 0] - grid.low[0]) / grid.cell))
        cy = int(np.floor((queries[q, 1] - grid.low[1]) / grid.cell))
        cz = int(np.floor((queries[q, 2] - grid.low[2]) / grid.cell))
        best, found = reach * reach, -1
        for ring in range(rings + 1):
            if found >= 0 and ((ring - 1) * grid.cell) ** 2 > best:
                break
            for i in range(max(0, cx - ring), min(grid.shape[0] - 1, cx + ring) + 1):
                for j in range(max(0, cy - ring), min(grid.shape[1] - 1, cy + ring) + 1):
                    for k in range(max(0, cz - ring), min(grid.shape[2] - 1, cz + ring) + 1):
                        if max(abs(i - cx), abs(j - cy), abs(k - cz)) != ring:
                            continue
                        cube = (i * grid.shape[1] + j) * grid.shape[2] + k
                        for s in range(grid.first[cube], grid.first[cube + 1]):
                            p = grid.order[s]
                            d = 0.0
                            for axis in range(3):
                                d += (grid.points[p, axis] - queries[q, axis]) ** 2
                            if d < best:
                                best, found = d, p
        if found >= 0:
            distance[q], index[q] = np.sqrt(best), found
    return distance, index


@njit(cache=True)
def count_within(grid: PointGrid, queries: np.ndarray, radius: float) -> np.ndarray:
    """(m,) number of points within `radius` of each query."""
    out = np.zeros(len(queries))
    rings = int(np.ceil(radius / grid.cell))
    for q in range(len(queries)):
        cx = int(np.floor((queries[q, 0] - grid.low[0]) / grid.cell))
        cy = int(np.floor((queries[q, 1] - grid.low[1]) / grid.cell))
        cz = int(np.floor((queries[q, 2] - grid.low[2]) / grid.cell))
        for i in range(max(0, cx - rings), min(grid.shape[0] - 1, cx + rings) + 1):
            for j in range(max(0, cy - rings), min(grid.shape[1] - 1, cy + rings) + 1):
                for k in range(max(0, cz - rings), min(grid.shape[2] - 1, cz + rings) + 1):
                    cube = (i * grid.shape[1] + j) * grid.shape[2] + k
                    for s in range(grid.first[cube], grid.first[cube + 1]):
                        d = 0.0
                        for axis in range(3):
                            d += (grid.points[grid.order[s], axis] - queries[q, axis]) ** 2
                        if d < radius * radius:
                            out[q] += 1
    return out
