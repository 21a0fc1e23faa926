"""What an emotion does to skin: slopes of its wrinkles, dirt-dark creases, blood. In rest-pose coordinates.

Everything is relative: what the target's actions do over what the present's did, so that a face that is drawn
as it is stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numba import njit

from emoga_core.captures.studio.noise import value_noise
from emoga_core.captures.studio.wrinkles import Wrinkles, wrinkle_height, wrinkles_of

Triple = tuple[float, float, float]
_RELIEF = 1.0
_CREASE, _RIDGE = 430.0, 60.0
"""Darkening per metre of depth (grime and occlusion in a crease) and brightening per metre of height."""


def wrinkles_at(activations: Mapping[str, float], age: float) -> Wrinkles:
    """Strengths of all wrinkles for ARKit actions; `age` 0 (twenty years) to 1 (eighty)."""
    return wrinkles_of(activations, age, 0.0)


@njit(inline="always")
def _blob(ax: float, y: float, z: float, centre: Triple, radius: Triple) -> float:
    """Gaussian, mirrored: 1 at (+-x, y, z)."""
    a, b, c = (ax - centre[0]) / radius[0], (y - centre[1]) / radius[1], (z - centre[2]) / radius[2]
    d = a * a + b * b + c * c
    return math.exp(-d) if d < 12.0 else 0.0


@njit(cache=True)
def _blood(x: float, y: float, z: float, w: Wrinkles, shows: float) -> Triple:
    """(redness, paleness, shadow under the eyes) that the emotion adds; `shows`: how well blood is seen."""
    ax = abs(x)
    nose = _blob(ax, y, z, (0.0, 0.688, 0.168), (0.014, 0.012, 0.02))
    mottle = 1 + 0.4 * value_noise(x * 60, y * 60, z * 60)
    red = (
        (0.50 * w.joy + 0.55 * w.rage) * shows * _blob(ax, y, z, (0.042, 0.695, 0.125), (0.026, 0.020, 0.040))
    )
    red += 0.22 * w.joy * nose
    red += w.rage * shows * 0.75 * _blob(ax, y, z, (0.0, 0.715, 0.14), (0.060, 0.060, 0.06))
    red += w.grief * (0.7 * nose + 0.8 * _blob(ax, y, z, (0.030, 0.722, 0.135), (0.020, 0.012, 0.03)))
    pale = 0.30 * w.fright * _blob(ax, y, z, (0.03, 0.70, 0.14), (0.05, 0.08, 0.08))
    under = 0.5 * w.grief * _blob(ax, y, z, (0.030, 0.7125, 0.135), (0.016, 0.007, 0.03))
    return red * mottle, pale, under


@njit(cache=True)
def _dyed(skin: Triple, red: float, pale: float, under: float, crease: float) -> Triple:
    """Skin's linear colour with blood, pallor, shadow and the grime of a crease."""
    red = min(1.5, max(0.0, red)) * (1 - pale)
    r, g, b = skin[0] * (1 - 0.02 * red), skin[1] * (1 - 0.25 * red), skin[2] * (1 - 0.23 * red)
    k = 0.5 * pale
    r, g, b = r + (1.02 * r - r) * k, g + (0.86 * r - g) * k, b + (0.78 * r - b) * k
    r, g, b = r * (1 - 0.10 * under), g * (1 - 0.14 * under), b * (1 - 0.08 * under)
    gain = min(1.07, max(0.42, 1 + crease * (_CREASE if crease < 0 else _RIDGE)))
    return r * gain**0.7, g * gain**1.08, b * gain**1.15


@njit(cache=True)
def paint_pixels(
    points: np.ndarray,
    pixel: np.ndarray,
    now: Wrinkles,
    then: Wrinkles,
    skin: Triple,
    shows: float,
    slope: np.ndarray,
    dye: np.ndarray,
) -> None:
    """Evaluates n pixels.

    Args:
        points: (n, 3) rest-pose coordinates. pixel: (n,) size of a pixel on the surface, metres.
        skin: linear colour of the skin. shows: 0..1 how far blood shows through it.
        slope: (n, 3) out: change of the height's gradient, rest frame.
        dye: (n, 3) out: factor on the linear colour.
    """
    for i in range(len(points)):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        # No finer than a third of a pixel, so that distant wrinkles do not sparkle.
        e = max(0.0004, 0.35 * pixel[i])
        height_now = wrinkle_height(x, y, z, now)
        height_then = wrinkle_height(x, y, z, then)
        for axis in range(2):
            px, py = (x + e, y) if axis == 0 else (x, y + e)
            rise = wrinkle_height(px, py, z, then) - height_then
            rise -= wrinkle_height(px, py, z, now) - height_now
            slope[i, axis] = rise / e * _RELIEF
        slope[i, 2] = 0.0
        red, pale, under = _blood(x, y, z, now, shows)
        before = _dyed(skin, red, pale, under, height_now)
        red, pale, under = _blood(x, y, z, then, shows)
        after = _dyed(skin, red, pale, under, height_then)
        for c in range(3):
            dye[i, c] = after[c] / before[c]
