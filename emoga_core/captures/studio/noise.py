"""Deterministic value noise in three dimensions, as numba kernels.

Skin, irises and gums are painted with noise in rest-pose coordinates, so that texture sticks to the surface.
Lattice
values come from an integer hash: no tables, no state, the same bytes everywhere. `footprint` arguments are
the size
of a pixel on the surface (metres): octaves finer than a pixel are faded out, else they would flicker between
views.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

_P1, _P2, _P3, _MIX = np.uint32(73856093), np.uint32(19349663), np.uint32(83492791), np.uint32(1274126177)
_S13, _S16 = np.uint32(13), np.uint32(16)


@njit(inline="always")
def lattice(i: int, j: int, k: int) -> float:
    """Pseudo-random value in [0, 1) of the integer lattice point (i, j, k)."""
    h = (np.uint32(np.int64(i)) * _P1) ^ (np.uint32(np.int64(j)) * _P2) ^ (np.uint32(np.int64(k)) * _P3)
    h = (h ^ (h >> _S13)) * _MIX
    h = h ^ (h >> _S16)
    return float(np.uint32(h) & np.uint32(0xFFFF)) / 65536.0


@njit(cache=True)
def value_noise(x: float, y: float, z: float) -> float:
    """Smooth noise in [-1, 1] with features of unit size."""
    fx, fy, fz = math.floor(x), math.floor(y), math.floor(z)
    i, j, k = int(fx), int(fy), int(fz)
    u, v, w = x - fx, y - fy, z - fz
    u, v, w = u * u * (3 - 2 * u), v * v * (3 - 2 * v), w * w * (3 - 2 * w)
    a = lattice(i, j, k) * (1 - u) + lattice(i + 1, j, k) * u
    b = lattice(i, j + 1, k) * (1 - u) + lattice(i + 1, j + 1, k) * u
    c = lattice(i, j, k + 1) * (1 - u) + lattice(i + 1, j, k + 1) * u
    d = lattice(i, j + 1, k + 1) * (1 - u) + lattice(i + 1, j + 1, k + 1) * u
    return 2 * ((a * (1 - v) + b * v) * (1 - w) + (c * (1 - v) + d * v) * w) - 1


@njit(cache=True)
def value_noise_gradient(x: float, y: float, z: float) -> tuple[float, float, float]:
    """Gradient of `value_noise` with respect to (x, y, z)."""
    fx, fy, fz = math.floor(x), math.floor(y), math.floor(z)
    i, j, k = int(fx), int(fy), int(fz)
    tu, tv, tw = x - fx, y - fy, z - fz
    u, v, w = tu * tu * (3 - 2 * tu), tv * tv * (3 - 2 * tv), tw * tw * (3 - 2 * tw)
    du, dv, dw = 6 * tu * (1 - tu), 6 * tv * (1 - tv), 6 * tw * (1 - tw)
    a, b = lattice(i, j, k), lattice(i + 1, j, k)
    c, d = lattice(i, j + 1, k), lattice(i + 1, j + 1, k)
    e, f = lattice(i, j, k + 1), lattice(i + 1, j, k + 1)
    g, h = lattice(i, j + 1, k + 1), lattice(i + 1, j + 1, k + 1)
    gx = ((b - a) * (1 - v) + (d - c) * v) * (1 - w) + ((f - e) * (1 - v) + (h - g) * v) * w
    near0, near1 = a + (b - a) * u, c + (d - c) * u
    far0, far1 = e + (f - e) * u, g + (h - g) * u
    gy = (near1 - near0) * (1 - w) + (far1 - far0) * w
    gz = (far0 + (far1 - far0) * v) - (near0 + (near1 - near0) * v)
    return 2 * gx * du, 2 * gy * dv, 2 * gz * dw


@njit(inline="always")
def resolved(frequency: float, footprint: float) -> float:
    """1 where features of `frequency` (per metre) are larger than two pixels, falling to 0 at one pixel."""
    t = frequency * footprint
    return 1.0 if t < 0.5 else (0.0 if t > 1.0 else 2.0 - 2.0 * t)


@njit(cache=True)
def fractal_noise(x: float, y: float, z: float, frequency: float, octaves: int, footprint: float) -> float:
    """Sum of `octaves` of value noise, each at twice the frequency and half the strength of the one
    before."""
    total, strength, f = 0.0, 1.0, frequency
    shift = 0.0
    for _ in range(octaves):
        keep = resolved(f, footprint)
        if keep > 0.0:
            total += strength * keep * value_noise(x * f + shift, y * f + shift, z * f + shift)
        strength *= 0.5
        f *= 2.0
        shift += 17.3
    return total


@njit(cache=True)
def fractal_noise_points(points: np.ndarray, frequency: np.ndarray, octaves: int) -> np.ndarray:
    """`fractal_noise` at (n, 3) points with one frequency per axis (3,); returns (n,)."""
    out = np.empty(len(points))
    for i in range(len(points)):
        x, y, z = points[i, 0] * frequency[0], points[i, 1] * frequency[1], points[i, 2] * frequency[2]
        out[i] = fractal_noise(x, y, z, 1.0, octaves, 0.0)
    return out


@njit(inline="always")
def smoothstep(low: float, high: float, x: float) -> float:
    """Hermite step: 0 at `low`, 1 at `high` (which may be the smaller one)."""
    t = (x - low) / (high - low)
    t = 0.0 if t < 0.0 else (1.0 if t > 1.0 else t)
    return t * t * (3.0 - 2.0 * t)


def smoothstep_array(low: float, high: float, x: np.ndarray) -> np.ndarray:
    """`smoothstep` of an array."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)
