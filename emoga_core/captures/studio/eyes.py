"""High-resolution eyeballs: spheres with a cornea, bound to the cage's eyeballs by a linear map, and their
paint."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from .noise import fractal_noise, resolved, smoothstep, value_noise

_POLAR = np.radians(np.r_[0, np.linspace(3, 40, 22), np.linspace(46, 150, 20)])
_AROUND = 48
CORNEA_RADIUS = math.radians(31)
IRIS_DEGREES, PUPIL_DEGREES = 25.5, 9.6


@dataclass(frozen=True)
class Eyeball:
    """Points (n, 3), triangles and unit directions (n, 3) from the eye's centre (z towards the pupil)."""

    points: np.ndarray
    triangles: np.ndarray
    directions: np.ndarray
    centre: np.ndarray
    radius: float


def fit_sphere(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Least-squares centre (3,) and radius of (n, 3) points."""
    solution = np.linalg.lstsq(np.c_[2 * points, np.ones(len(points))], (points**2).sum(1), rcond=None)[0]
    centre = solution[:3]
    return centre, float(np.sqrt(solution[3] + centre @ centre))


def build_eyeball(centre: np.ndarray, radius: float) -> Eyeball:
    """A sphere of `radius` with its pole at the pupil (+z), bulging over the cornea."""
    around = np.linspace(0, 2 * np.pi, _AROUND, endpoint=False)
    sin, cos = np.sin(_POLAR)[:, None], np.cos(_POLAR)[:, None]
    directions = np.stack([sin * np.cos(around), sin * np.sin(around), cos * np.ones_like(around)], -1)
    bulge = 1 + 0.055 * np.clip(1 - (_POLAR / CORNEA_RADIUS) ** 2, 0, 1) ** 1.2
    points = (directions * bulge[:, None, None]).reshape(-1, 3) * radius + centre
    i, j = np.meshgrid(np.arange(len(_POLAR) - 1), np.arange(_AROUND), indexing="ij")
    a, b = (i * _AROUND + j).ravel(), (i * _AROUND + (j + 1) % _AROUND).ravel()
    c, d = b + _AROUND, a + _AROUND
    triangles = np.concatenate([np.stack([a, d, c], 1), np.stack([a, c, b], 1)])
    return Eyeball(points, triangles, directions.reshape(-1, 3), centre, radius)


@njit(cache=True)
def paint_eye(
    dx: float,
    dy: float,
    dz: float,
    nasal: float,
    iris_r: float,
    iris_g: float,
    iris_b: float,
    footprint: float,
) -> tuple[float, float, float]:
    """Linear albedo of the eyeball at the unit direction (dx, dy, dz) in the eye's own frame.

    `nasal` is the sign of dx towards the nose. Sclera with veins towards the sides, limbal ring, iris with
    two scales of fibres and a lighter collarette, pupil.
    """
    length = math.sqrt(dx * dx + dy * dy + dz * dz) + 1e-12
    polar = math.degrees(math.acos(min(1.0, max(-1.0, dz / length))))
    around = math.atan2(dy, dx)
    # The seam of atan2 falls on the subject's right; noise over (cos, sin) has none.
    ca, sa = math.cos(around), math.sin(around)
    red, green, blue = 0.66, 0.615, 0.575
    if polar > IRIS_DEGREES - 1.5:
        vein = fractal_noise(ca * 7.0, sa * 7.0, polar * 0.06, 1.0, 3, footprint * 60.0)
        vein = smoothstep(0.55, 0.9, abs(vein)) * smoothstep(30.0, 70.0, polar)
        side = smoothstep(36.0, 68.0, polar)
        red *= (1 - 0.055 * side) * (1 - 0.025 * vein)
        green *= (1 - 0.22 * side) * (1 - 0.20 * vein)
        blue *= (1 - 0.22 * side) * (1 - 0.20 * vein)
        corner = smoothstep(0.50, 0.78, nasal * dx / length)
        red, green, blue = red * (1 - 0.08 * corner), green * (1 - 0.42 * corner), blue * (1 - 0.42 * corner)
    inside = smoothstep(IRIS_DEGREES + 1.3, IRIS_DEGREES - 1.0, polar)
    if inside > 0.0:
        fibres = 0.5 * value_noise(ca * 9.0, sa * 9.0, polar * 0.10) * resolved(900.0, footprint)
        fibres += 0.5 * value_noise(ca * 21.0, sa * 21.0, polar * 0.16 + 7.0) * resolved(1800.0, footprint)
        fibres += 0.30 * value_noise(ca * 47.0, sa * 47.0, polar * 0.10 + 3.0) * resolved(4000.0, footprint)
        gain = 1 + 0.60 * fibres
        collarette = smoothstep(PUPIL_DEGREES + 8.0, PUPIL_DEGREES, polar)
        edge = 1 - 0.78 * smoothstep(IRIS_DEGREES - 5.5, IRIS_DEGREES, polar)
        r = iris_r * gain * (0.80 + 0.85 * collarette) * edge
        g = iris_g * gain * (0.80 + 0.60 * collarette) * edge
        b = iris_b * gain * (0.80 + 0.30 * collarette) * edge
        open_ = smoothstep(PUPIL_DEGREES - 0.8, PUPIL_DEGREES + 0.8, polar)
        r, g, b = (
            r * open_ + 0.004 * (1 - open_),
            g * open_ + 0.004 * (1 - open_),
            b * open_ + 0.004 * (1 - open_),
        )
        red, green, blue = red + (r - red) * inside, green + (g - green) * inside, blue + (b - blue) * inside
    return red, green, blue
