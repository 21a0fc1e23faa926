"""Expression wrinkles: a height field in rest-pose coordinates, driven by ARKit activations and age.

Nine regions: forehead (whole and middle), glabella, crow's feet, nasolabial folds, bridge of the nose, chin,
lower
lids, marionette lines, dimples. Lengths in metres; places are those of the MakeHuman base mesh.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numba import njit

from .noise import smoothstep, value_noise


class Pair(NamedTuple):
    """Strength on the subject's left (x > 0) and right."""

    left: float
    right: float


class Wrinkles(NamedTuple):
    """Strength of every region, about 0..1.2; `joy` and `rage` drive the blush."""

    forehead: Pair
    forehead_middle: Pair
    glabella: float
    crows_feet: Pair
    nasolabial: Pair
    nose: float
    chin: float
    lower_lids: Pair
    marionette: Pair
    dimples: Pair
    joy: float
    rage: float
    grief: float
    fright: float
    brow_knit: Pair


def wrinkles_of(activations: Mapping[str, float], age: float, femininity: float) -> Wrinkles:
    """Strengths for ARKit `activations`; age 0..1 (0 = twenty, 1 = eighty), femininity 0..1 softens."""

    def one(name: str) -> float:
        return max(0.0, float(activations.get(name, 0.0)))

    def both(name: str) -> np.ndarray:
        return np.array([one(name + "Left"), one(name + "Right")])

    def pair(values: np.ndarray, low: float, high: float) -> Pair:
        clipped = np.clip(values, low, high)
        return Pair(float(clipped[0]), float(clipped[1]))

    old = max(0.0, age - 0.15)
    soft = (0.62 + 0.38 * min(1.0, age / 0.6)) * (1 - 0.22 * femininity)
    brow, smile, sneer = both("browDown"), both("mouthSmile"), both("noseSneer")
    squint, cheek, frown = both("eyeSquint"), both("cheekSquint"), both("mouthFrown")
    inner, wide = one("browInnerUp"), both("eyeWide")
    fold = 0.10 + 0.62 * smile + 0.35 * both("mouthUpperUp") + 0.32 * sneer + 0.25 * both("mouthStretch")
    pressed = both("mouthPress").mean() + sneer.mean() * 0.5 + 0.35 * squint.mean()
    return Wrinkles(
        forehead=pair(soft * np.clip(0.60 * inner + 0.50 * both("browOuterUp") + 0.55 * old, 0, 1.2), 0, 1.2),
        forehead_middle=pair(0.6 * inner * np.maximum(brow, 0.25 * frown), 0, 0.8),
        glabella=float(np.clip(0.80 * brow.mean() + 0.25 * old + 0.15 * sneer.mean(), 0, 1.1)),
        crows_feet=pair(soft**1.5 * (0.60 * cheek + 0.35 * squint + 0.30 * smile + 0.45 * old), 0, 1.2),
        nasolabial=pair(soft * (fold + 0.22 * frown + 0.40 * old), 0, 1.15),
        nose=float(np.clip(0.72 * sneer.mean(), 0, 1.1)),
        chin=float(np.clip(0.9 * one("mouthShrugLower"), 0, 0.9)),
        lower_lids=pair(soft * (0.15 + 0.45 * cheek + 0.3 * squint + 0.45 * old), 0, 1.1),
        marionette=pair(0.40 * frown + 0.35 * old, 0, 0.9),
        dimples=pair(0.6 * both("mouthDimple") + 0.12 * smile, 0, 1),
        joy=float(np.clip(smile.mean(), 0, 1)),
        rage=float(np.clip(brow.mean() * pressed * 1.25 * (1 - 0.8 * min(1.0, smile.mean() * 2)), 0, 1)),
        grief=float(np.clip(inner * frown.mean() * (1 - wide.mean()), 0, 1)),
        fright=float(np.clip(inner * wide.mean() * (0.4 + both("mouthStretch").mean()), 0, 1)),
        brow_knit=pair(brow, 0, 1),
    )


@njit(inline="always")
def _bell(distance: float, width: float) -> float:
    t = distance / width
    return math.exp(-0.5 * t * t) if -4.0 < t < 4.0 else 0.0


@njit(inline="always")
def _lines(phase: float, sharpness: float) -> float:
    """Periodic creases: 0.7 at the middle of a crease, -0.3 between, so that their mean is about zero."""
    c = math.cos(2 * math.pi * phase)
    return (c**sharpness if c > 0 else 0.0) - 0.30


@njit(inline="always")
def _side(pair: Pair, x: float) -> float:
    return pair.left if x > 0 else pair.right


@njit(cache=True)
def wrinkle_height(x: float, y: float, z: float, w: Wrinkles) -> float:
    """Height (m, negative = crease) at the rest-pose point (x, y, z)."""
    if z < 0.035 or y < 0.60 or y > 0.81:
        return 0.0
    ax = abs(x)
    noise = value_noise(ax * 55 + 9, y * 30 + 9, 9.0)
    h = 0.0
    if y > 0.733:
        h += _brow_height(x, ax, y, w, noise)
    if y < 0.705:
        h += _mouth_height(x, ax, y, z, w)
    h += _eye_height(x, ax, y, z, w, noise)
    return h


@njit(cache=True)
def _brow_height(x: float, ax: float, y: float, w: Wrinkles, noise: float) -> float:
    h = 0.0
    s = _side(w.forehead, x)
    if s > 0.02 and y > 0.756:
        place = _bell(ax, 0.030) * smoothstep(0.756, 0.764, y) * smoothstep(0.805, 0.790, y)
        phase = (y + 0.0016 * math.cos(ax * 95) + 0.0022 * noise) / 0.0098
        h -= s * 0.00062 * place * _lines(phase, 3.0) * (1 + 0.5 * noise)
    s = _side(w.forehead_middle, x)
    if s > 0.02:
        place = _bell(ax, 0.013) * smoothstep(0.752, 0.760, y) * smoothstep(0.785, 0.772, y)
        h -= s * 0.0006 * place * _lines((y - 0.25 * ax) / 0.0075, 3.0)
    if w.glabella > 0.02:
        furrow = _bell(ax - 0.0058 - 0.10 * (y - 0.745), 0.00125) - 0.35 * _bell(ax - 0.0015, 0.0035)
        h -= w.glabella * 0.00095 * furrow * _bell(y - 0.7455, 0.0075)
    return h


@njit(cache=True)
def _eye_height(x: float, ax: float, y: float, z: float, w: Wrinkles, noise: float) -> float:
    h = 0.0
    s = _side(w.crows_feet, x)
    dx, dy = ax - 0.0485, y - 0.7265
    r = math.sqrt(dx * dx + dy * dy)
    if s > 0.02 and dx > 0 and r < 0.030:
        angle = math.atan2(dy, max(dx, 1e-5))
        place = (
            smoothstep(0.0025, 0.009, r)
            * smoothstep(0.024, 0.013, r)
            * smoothstep(1.15, 0.7, abs(angle + 0.05))
        )
        h -= s * 0.00050 * place * _lines(angle * 1.25 + 0.15 + 0.9 * noise * r / 0.03, 2.0)
    if w.nose > 0.02 and z > 0.10:
        place = _bell(ax - 0.004, 0.0085) * _bell(y - 0.7275, 0.0095) * smoothstep(0.115, 0.125, z)
        h -= w.nose * 0.00050 * place * _lines((y - 0.55 * ax + 0.0008 * noise) / 0.0062, 2.0)
        place = _bell(ax - 0.0115, 0.005) * _bell(y - 0.712, 0.010)
        h -= w.nose * 0.00045 * place * _lines((ax * 0.8 + y * 0.62) / 0.0052, 2.0)
    s = _side(w.lower_lids, x)
    if s > 0.02 and z > 0.09 and 0.702 < y < 0.724:
        middle = 0.7130 - 0.0022 * _bell(ax - 0.026, 0.012) + 0.0022 * smoothstep(0.036, 0.048, ax)
        fold = _bell(y - middle, 0.0011) - 0.5 * _bell(y - middle - 0.0026, 0.0018)
        h -= s * 0.00042 * fold * smoothstep(0.012, 0.018, ax) * smoothstep(0.047, 0.040, ax)
    return h


@njit(cache=True)
def _mouth_height(x: float, ax: float, y: float, z: float, w: Wrinkles) -> float:
    h = 0.0
    s = _side(w.nasolabial, x)
    if s > 0.02 and z > 0.085:
        t = min(1.0, max(0.0, (0.694 - y) / 0.040))
        d = ax - 0.0195 - 0.0165 * t**0.85
        place = smoothstep(0.698, 0.688, y) * smoothstep(0.646, 0.664, y) * smoothstep(0.085, 0.095, z)
        fold = 0.00105 * _bell(d, 0.0017) + 0.0006 * _bell(d, 0.0042) - 0.0011 * _bell(d - 0.0065, 0.0052)
        h -= s * place * fold
    if w.chin > 0.02 and y < 0.66:
        pebbles = value_noise(x * 330, y * 330, z * 40)
        h += w.chin * 0.0011 * pebbles * _bell(ax, 0.012) * _bell(y - 0.628, 0.009)
    s = _side(w.marionette, x)
    if s > 0.02:
        t = min(1.0, max(0.0, (0.657 - y) / 0.022))
        place = smoothstep(0.660, 0.655, y) * smoothstep(0.630, 0.642, y)
        h -= s * 0.0008 * _bell(ax - 0.0275 - 0.004 * t, 0.0016) * place
    s = _side(w.dimples, x)
    if s > 0.02:
        h -= s * 0.0008 * _bell(ax - 0.0385, 0.0017) * _bell(y - 0.665, 0.006)
    return h
