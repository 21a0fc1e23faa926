"""Shadow that hair casts on skin: how much hair lies along each ray of the key light."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from numba import njit

from .lighting import EXTENT, LightMap
from .strands import Strands

_SIZE = 256
_STRENGTH = 0.9


class HairShadow(NamedTuple):
    """`density` (size, size): optical depth of hair; `nearness`: where along the light it lies, on average
    (m)."""

    density: np.ndarray
    nearness: np.ndarray


@njit(cache=True)
def _accumulate(start: np.ndarray, end: np.ndarray, weight: np.ndarray, m: LightMap, size: int) -> np.ndarray:
    out = np.zeros((2, size, size))
    for i in range(len(weight)):
        px, py, pz = end[i, 0] - m.centre[0], end[i, 1] - m.centre[1], end[i, 2] - m.centre[2]
        column = ((px * m.right[0] + py * m.right[1] + pz * m.right[2]) / EXTENT + 0.5) * size
        row = (0.5 - (px * m.up[0] + py * m.up[1] + pz * m.up[2]) / EXTENT) * size
        near = px * m.towards[0] + py * m.towards[1] + pz * m.towards[2]
        x, y = int(column), int(row)
        if 0 <= x < size and 0 <= y < size:
            length = math.sqrt(
                (end[i, 0] - start[i, 0]) ** 2
                + (end[i, 1] - start[i, 1]) ** 2
                + (end[i, 2] - start[i, 2]) ** 2
            )
            amount = weight[i] * length
            out[0, y, x] += amount
            out[1, y, x] += amount * near
    return out


def hair_shadow(light: LightMap, hair: Strands | None) -> HairShadow:
    """Splats the strands into the light's view, softened by about 6 mm."""
    if hair is None:
        return HairShadow(np.zeros((_SIZE, _SIZE)), np.zeros((_SIZE, _SIZE)))
    texel = EXTENT / _SIZE
    # Optical depth of a texel: summed (width x length x opacity) over its area.
    weight = hair.opacity * hair.radius * 2.5 / texel**2
    amount, moment = _accumulate(hair.start, hair.end, weight, light, _SIZE)
    amount, moment = (cv2.GaussianBlur(a, (0, 0), 2.4) for a in (amount, moment))
    return HairShadow(amount * _STRENGTH, moment / np.maximum(amount, 1e-9))


@njit(cache=True)
def through_hair(s: HairShadow, m: LightMap, x: float, y: float, z: float) -> float:
    """Share of the key light that passes the hair on its way to a point."""
    size = s.density.shape[0]
    px, py, pz = x - m.centre[0], y - m.centre[1], z - m.centre[2]
    column = ((px * m.right[0] + py * m.right[1] + pz * m.right[2]) / EXTENT + 0.5) * size - 0.5
    row = (0.5 - (px * m.up[0] + py * m.up[1] + pz * m.up[2]) / EXTENT) * size - 0.5
    near = px * m.towards[0] + py * m.towards[1] + pz * m.towards[2]
    i, j = math.floor(column), math.floor(row)
    if i < 0 or j < 0 or i >= size - 1 or j >= size - 1:
        return 1.0
    a, b = column - i, row - j
    depth = 0.0
    for dj in range(2):
        for di in range(2):
            density = s.density[j + dj, i + di]
            if density > 1e-4:
                over = min(1.0, max(0.0, (s.nearness[j + dj, i + di] - near + 0.002) / 0.006))
                depth += (a if di else 1 - a) * (b if dj else 1 - b) * density * over
    return math.exp(-min(depth, 1.25))
