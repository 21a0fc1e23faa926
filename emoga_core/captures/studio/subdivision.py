"""Catmull-Clark subdivision as a sparse linear map, so that a smooth surface follows its cage exactly.

Catmull and Clark, "Recursively generated B-spline surfaces on arbitrary topological meshes" (1978);
boundaries are
cubic B-spline curves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit


@njit(cache=True)
def _gather(indptr: np.ndarray, indices: np.ndarray, weights: np.ndarray, points: np.ndarray) -> np.ndarray:
    out = np.zeros((len(indptr) - 1, points.shape[1]), points.dtype)
    for row in range(len(out)):
        for k in range(indptr[row], indptr[row + 1]):
            for axis in range(points.shape[1]):
                out[row, axis] += weights[k] * points[indices[k], axis]
    return out


@dataclass(frozen=True)
class SparseMap:
    """Rows of weights over input points: out[r] = sum_k weights[k] points[indices[k]], k in
    indptr[r]:indptr[r+1]."""

    indptr: np.ndarray
    indices: np.ndarray
    weights: np.ndarray

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Maps (V, C) points to (rows, C)."""
        return _gather(self.indptr, self.indices, self.weights, np.ascontiguousarray(points, np.float64))

    @property
    def rows(self) -> int:
        """Number of output points."""
        return len(self.indptr) - 1

    @staticmethod
    def from_entries(rows: np.ndarray, columns: np.ndarray, weights: np.ndarray, count: int) -> SparseMap:
        """From unordered (row, column, weight) entries; duplicates add up."""
        width = int(columns.max()) + 1
        key, place = np.unique(rows.astype(np.int64) * width + columns, return_inverse=True)
        total = np.bincount(place.ravel(), weights)
        indptr = np.searchsorted(key // width, np.arange(count + 1))
        return SparseMap(indptr.astype(np.int64), (key % width).astype(np.int64), total)

    def entries(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(rows, columns, weights) of all entries."""
        return np.repeat(np.arange(self.rows), np.diff(self.indptr)), self.indices, self.weights


@dataclass(frozen=True)
class Subdivision:
    """One step: `points` maps V cage vertices to the finer vertices (the first V are the moved cage
    vertices)."""

    points: SparseMap
    quads: np.ndarray
    """(4Q, 4) quads over the finer vertices; quad q of the cage becomes quads 4q .. 4q+3."""
    quad_uv: np.ndarray
    """(4Q, 4, 2) texture coordinates per corner (bilinear)."""


def catmull_clark(quads: np.ndarray, quad_uv: np.ndarray, count: int) -> Subdivision:
    """One subdivision step of quads (Q, 4) over `count` vertices, with per-corner uv (Q, 4, 2)."""
    edges = np.sort(np.stack([quads, np.roll(quads, -1, 1)], -1).reshape(-1, 2), 1)
    unique, place = np.unique(edges, axis=0, return_inverse=True)
    place = place.reshape(len(quads), 4)
    used = np.bincount(place.ravel(), minlength=len(unique))
    boundary = used == 1
    rows, columns, weights = (
        np.concatenate(parts)
        for parts in zip(
            _vertex_points(quads, unique, boundary, count),
            _edge_points(quads, unique, place, used, count),
            _face_points(quads, count + len(unique)),
            strict=True,
        )
    )
    total = count + len(unique) + len(quads)
    face = np.arange(len(quads)) + count + len(unique)
    edge = place + count
    finer = np.stack([np.stack([quads[:, k], edge[:, k], face, edge[:, k - 1]], 1) for k in range(4)], 1)
    middle, centre = (quad_uv + np.roll(quad_uv, -1, 1)) / 2, quad_uv.mean(1)
    uv = np.stack([np.stack([quad_uv[:, k], middle[:, k], centre, middle[:, k - 1]], 1) for k in range(4)], 1)
    points = SparseMap.from_entries(rows, columns, weights, total)
    return Subdivision(points, finer.reshape(-1, 4), uv.reshape(-1, 4, 2))


_Entries = tuple[np.ndarray, np.ndarray, np.ndarray]


def _face_points(quads: np.ndarray, first_row: int) -> _Entries:
    rows = np.repeat(np.arange(len(quads)) + first_row, 4)
    return rows, quads.ravel(), np.full(quads.size, 0.25)


def _edge_points(
    quads: np.ndarray, edges: np.ndarray, place: np.ndarray, used: np.ndarray, first_row: int
) -> _Entries:
    """Midpoint on the boundary; inside, the mean of the midpoint and the mean of the two face points."""
    boundary = used == 1
    rows = np.repeat(np.arange(len(edges)), 2)
    own = np.where(boundary, 0.5, 0.25)[rows]
    face_rows = np.repeat(place.ravel(), 4)
    face_columns = np.repeat(quads, 4, axis=0).ravel()
    share = np.where(boundary, 0.0, 0.5 / np.maximum(used, 1))[face_rows] * 0.25
    return (
        np.concatenate([rows, face_rows]) + first_row,
        np.concatenate([edges.ravel(), face_columns]),
        np.concatenate([own, share]),
    )


def _vertex_points(quads: np.ndarray, edges: np.ndarray, boundary: np.ndarray, count: int) -> _Entries:
    """Inside: (F + 2R + (n-3)P)/n with n edges; boundary: 1/8, 3/4, 1/8 along the boundary."""
    on_boundary = np.zeros(count, bool)
    on_boundary[edges[boundary].ravel()] = True
    valence = np.bincount(edges.ravel(), minlength=count).astype(float)
    faces = np.bincount(quads.ravel(), minlength=count).astype(float)
    n = np.maximum(valence, 1)
    inside = ~on_boundary
    face_rows = np.repeat(quads.ravel(), 4)
    face_columns = np.repeat(quads, 4, axis=0).ravel()
    face_weights = (inside / (n * np.maximum(faces, 1)))[face_rows] * 0.25
    # Every endpoint of an edge takes the edge's midpoint: entries (end, a) and (end, b), half each.
    edge_ends = np.repeat(edges, 2, axis=1).reshape(-1)
    edge_points = np.concatenate([edges, edges], 1).reshape(-1)
    edge_weights = np.where(inside, 2 / (n * n), 0.0)[edge_ends] * 0.5
    on_edge = np.repeat(boundary, 4)
    edge_weights = np.where(inside[edge_ends], edge_weights, np.where(on_edge, 0.125, 0.0))
    own = np.where(inside, np.where(valence > 0, (n - 3) / n, 1.0), 0.5)
    return (
        np.concatenate([face_rows, edge_ends, np.arange(count)]),
        np.concatenate([face_columns, edge_points, np.arange(count)]),
        np.concatenate([face_weights, edge_weights, own]),
    )
