"""Curves on the MakeHuman base mesh that several modules paint along: brows, hairline, the cut of the
bust."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from .noise import smoothstep, value_noise


@njit(cache=True)
def brow_coordinates(x: float, y: float, femininity: float) -> tuple[float, float]:
    """(along, across) of a rest-pose point: 0 at the inner end of the brow, 1 at the tail; metres above its
    middle."""
    along = (abs(x) - 0.0105) / (0.0530 - 0.0105)
    middle = 0.7458 + 0.0040 * femininity * (1 - min(1.0, max(0.0, along)))
    middle += (0.0072 - 0.0002 * femininity) * math.sin(min(1.1, max(0.0, along)) * 2.1)
    tail = min(1.0, max(0.0, along - 0.55))
    middle -= (0.006 + 0.0015 * femininity) * tail**1.2 * 2
    return along, y - middle


@njit(inline="always")
def _between(z: float, z0: float, y0: float, z1: float, y1: float) -> float:
    return y0 + (y1 - y0) * (z - z0) / (z1 - z0)


@njit(cache=True)
def above_hairline(x: float, y: float, z: float) -> float:
    """Height (m) of a rest-pose point above the hairline; negative on the bare skin.

    An arch over the forehead runs into a line that falls past the temple, round the ear and down to the nape.
    """
    ax = abs(x)
    c = min(ax, 0.058)
    front = 0.8065 - 4.6 * c * c - 0.30 * max(0.0, ax - 0.058)
    if z > 0.075:
        side = _between(z, 0.075, 0.775, 0.10, 0.792)
    elif z > 0.055:
        side = _between(z, 0.055, 0.724, 0.075, 0.775)
    elif z > 0.04:
        side = _between(z, 0.04, 0.730, 0.055, 0.724)
    elif z > 0.02:
        side = _between(z, 0.02, 0.70, 0.04, 0.730)
    elif z > -0.02:
        side = _between(z, -0.02, 0.675, 0.02, 0.70)
    else:
        side = _between(max(z, -0.07), -0.07, 0.660, -0.02, 0.675)
    t = smoothstep(0.076, 0.104, z)
    return y - (side + (min(front, 0.81) - side) * t)


@njit(cache=True)
def ragged_hairline(x: float, y: float, z: float) -> float:
    """`above_hairline` with an irregular edge."""
    a = value_noise(x * 90 + 5, y * 90 + 5, z * 90 + 5) + 0.5 * value_noise(
        x * 180 + 27, y * 180 + 27, z * 180 + 27
    )
    return above_hairline(x, y, z) + 0.0025 * a


@njit(cache=True)
def above_cut(x: float, y: float) -> float:
    """Distance (m) inside the bust; the picture fades out where it falls to zero.

    A bowl: a level cut over the chest that rises in a smooth arc towards the shoulders.
    """
    ax = abs(x)
    t = max(0.0, ax - 0.020) / 0.095
    floor = 0.535 + 0.055 * t * t
    side = (0.1135 - ax) * 0.9
    level = y - floor
    blend = 0.02
    h = min(1.0, max(0.0, 0.5 + 0.5 * (side - level) / blend))
    return side + (level - side) * h - blend * h * (1 - h)


@njit(cache=True)
def _each(points: np.ndarray, ragged: bool) -> np.ndarray:
    out = np.empty(len(points))
    for i in range(len(points)):
        if ragged:
            out[i] = ragged_hairline(points[i, 0], points[i, 1], points[i, 2])
        else:
            out[i] = above_hairline(points[i, 0], points[i, 1], points[i, 2])
    return out


def hairline_heights(points: np.ndarray, ragged: bool = True) -> np.ndarray:
    """(n,) heights of (n, 3) rest-pose points above the hairline."""
    return _each(np.ascontiguousarray(points, np.float64), ragged)


def brow_frames(points: np.ndarray, femininity: float) -> tuple[np.ndarray, np.ndarray]:
    """`brow_coordinates` of (n, 3) points."""
    pairs = np.array([brow_coordinates(x, y, femininity) for x, y, _ in points]).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]
