"""The studio's light: three lamps and a hemisphere, and what of it reaches each vertex.

Computed once per frame and shared by all cameras: ambient occlusion from depth maps seen from many
directions, a
depth map of the key light, contact shadow of the lids on the eyes.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

Triple = tuple[float, float, float]


def _unit(x: float, y: float, z: float) -> Triple:
    length = math.sqrt(x * x + y * y + z * z)
    return x / length, y / length, z / length


KEY, FILL, RIM = _unit(0.45, 0.55, 0.75), _unit(-0.7, 0.1, 0.6), _unit(-0.6, 0.45, -0.8)
"""Directions towards the lamps (world: x to the subject's left, y up, z out of the face)."""
KEY_COLOUR, FILL_COLOUR, RIM_COLOUR = (1.34, 1.24, 1.14), (0.40, 0.46, 0.55), (0.95, 1.0, 1.1)
SKY, GROUND = (0.62, 0.66, 0.74), (0.36, 0.30, 0.27)

EXTENT = 0.62
"""Width (m) of the square that a light's depth map covers."""
_AO_DIRECTIONS, _AO_SIZE, KEY_SIZE = 40, 160, 640


class LightMap(NamedTuple):
    """Depth map of a parallel light: axes (right, up, towards the light), centre, nearness (size, size)."""

    right: np.ndarray
    up: np.ndarray
    towards: np.ndarray
    centre: np.ndarray
    nearness: np.ndarray


@njit(cache=True)
def _raster_nearness(points: np.ndarray, triangles: np.ndarray, out: np.ndarray) -> None:
    """Largest third coordinate per pixel of points given as (column, row, nearness)."""
    size = out.shape[0]
    for f in range(len(triangles)):
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        ax, ay, bx, by = points[a, 0], points[a, 1], points[b, 0], points[b, 1]
        cx, cy = points[c, 0], points[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(area) < 1e-12:
            continue
        x0, x1 = max(0, math.ceil(min(ax, bx, cx) - 0.5)), min(size - 1, math.floor(max(ax, bx, cx) - 0.5))
        y0, y1 = max(0, math.ceil(min(ay, by, cy) - 0.5)), min(size - 1, math.floor(max(ay, by, cy) - 0.5))
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                px, py = x + 0.5, y + 0.5
                u = ((bx - px) * (cy - py) - (by - py) * (cx - px)) / area
                v = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) / area
                w = 1 - u - v
                if u < -1e-6 or v < -1e-6 or w < -1e-6:
                    continue
                near = u * points[a, 2] + v * points[b, 2] + w * points[c, 2]
                if near > out[y, x]:
                    out[y, x] = near


def light_map(points: np.ndarray, triangles: np.ndarray, direction: np.ndarray, size: int) -> LightMap:
    """Depth map of the surface seen from `direction` (unit, towards the light)."""
    side = np.array([0.0, 1.0, 0.0]) if abs(direction[1]) < 0.95 else np.array([1.0, 0.0, 0.0])
    right = np.cross(side, direction)
    right /= np.linalg.norm(right)
    up = np.cross(direction, right)
    centre = points.mean(0)
    local = (points - centre) @ np.stack([right, up, direction]).T
    screen = np.empty_like(local)
    screen[:, 0] = (local[:, 0] / EXTENT + 0.5) * size
    screen[:, 1] = (0.5 - local[:, 1] / EXTENT) * size
    screen[:, 2] = local[:, 2]
    nearness = np.full((size, size), -9.0)
    _raster_nearness(screen, triangles, nearness)
    return LightMap(right, up, np.asarray(direction, float), centre, nearness)


@njit(cache=True)
def lit_share(
    m: LightMap, x: float, y: float, z: float, taps: int, radius: float, bias: float, soft: float
) -> float:
    """Share of the light that reaches a point: `taps` lookups on a disc of `radius` texels of the depth
    map."""
    size = m.nearness.shape[0]
    dx, dy, dz = x - m.centre[0], y - m.centre[1], z - m.centre[2]
    column = ((dx * m.right[0] + dy * m.right[1] + dz * m.right[2]) / EXTENT + 0.5) * size
    row = (0.5 - (dx * m.up[0] + dy * m.up[1] + dz * m.up[2]) / EXTENT) * size
    near = dx * m.towards[0] + dy * m.towards[1] + dz * m.towards[2]
    total = 0.0
    for i in range(taps):
        r = radius * math.sqrt((i + 0.5) / taps)
        a = 2.39996 * i
        xi = min(size - 1, max(0, int(column + r * math.cos(a))))
        yi = min(size - 1, max(0, int(row + r * math.sin(a))))
        over = m.nearness[yi, xi] - near - bias
        total += min(1.0, max(0.0, 1 - over / soft))
    return total / taps


@njit(cache=True)
def _add_visible(
    m: LightMap, points: np.ndarray, normals: np.ndarray, light: np.ndarray, weight: np.ndarray
) -> None:
    d0, d1, d2 = m.towards
    for i in range(len(points)):
        cosine = normals[i, 0] * d0 + normals[i, 1] * d1 + normals[i, 2] * d2
        if cosine <= 0:
            continue
        w = cosine * (0.55 + 0.45 * d1)
        weight[i] += w
        light[i] += w * lit_share(m, points[i, 0], points[i, 1], points[i, 2], 5, 1.1, 0.003, 0.004)


def _sphere_directions(count: int) -> np.ndarray:
    i = np.arange(count) + 0.5
    polar, around = np.arccos(1 - 2 * i / count), np.pi * (1 + 5**0.5) * i
    return np.stack([np.cos(around) * np.sin(polar), np.cos(polar), np.sin(around) * np.sin(polar)], 1)


def ambient_light(points: np.ndarray, normals: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(n,) share of the hemisphere that each vertex sees, cosine-weighted, brighter from above."""
    light, weight = np.zeros(len(points)), np.zeros(len(points))
    for direction in _sphere_directions(_AO_DIRECTIONS):
        _add_visible(light_map(points, triangles, direction, _AO_SIZE), points, normals, light, weight)
    share = light / np.maximum(weight, 1e-6)
    for _ in range(2):  # forty directions leave grain between neighbours
        share = _smoothed(share, triangles)
    return share


@njit(cache=True)
def _smoothed(values: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Every vertex half itself, half the mean over its triangles."""
    total, count = np.zeros_like(values), np.zeros_like(values)
    for f in range(len(triangles)):
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        mean = (values[a] + values[b] + values[c]) / 3
        for k in (a, b, c):
            total[k] += mean
            count[k] += 1
    return 0.5 * values + 0.5 * total / np.maximum(count, 1)


@njit(cache=True)
def key_light(m: LightMap, points: np.ndarray) -> np.ndarray:
    """(n,) share of the key light per vertex."""
    out = np.empty(len(points))
    for i in range(len(points)):
        out[i] = lit_share(m, points[i, 0], points[i, 1], points[i, 2], 5, 1.1, 0.0035, 0.005)
    return out
