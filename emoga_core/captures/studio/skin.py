"""Paint of the skin: albedo, roughness and specular reflectance per rest-pose point, as a numba kernel."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from .landmarks import brow_coordinates, ragged_hairline
from .looks import HairStyle, Look
from .masks import sample_mask
from .noise import fractal_noise, lattice, resolved, smoothstep, value_noise
from .wrinkles import Wrinkles, wrinkle_height

Triple = tuple[float, float, float]


class Paint(NamedTuple):
    """The numbers of a `Look` that the kernels need, all floats."""

    skin: Triple
    lips: Triple
    hair: Triple
    iris: Triple
    age: float
    femininity: float
    brows: float
    stubble: float
    makeup: float
    freckles: float
    scalp: float
    """How much of the hair's colour the scalp under it takes."""


class Material(NamedTuple):
    """What light meets at a point."""

    red: float
    green: float
    blue: float
    roughness: float
    specular: float
    skin: float
    """1 where light scatters under the surface."""


def paint_of(look: Look) -> Paint:
    """The kernel's view of a look."""

    def triple(c: tuple[float, float, float]) -> Triple:
        return float(c[0]), float(c[1]), float(c[2])

    scalp = {HairStyle.NONE: 0.25, HairStyle.CROP: 0.92}.get(look.style, 0.97)
    return Paint(
        triple(look.skin), triple(look.lips), triple(look.hair), triple(look.iris), float(look.age),
        float(look.femininity), float(look.brows), float(look.stubble), float(look.makeup),
        float(look.freckles),
        float(scalp),
    )  # fmt: skip


@njit(inline="always")
def _blob(
    x: float, y: float, z: float, cx: float, cy: float, cz: float, rx: float, ry: float, rz: float
) -> float:
    """Gaussian blob, mirrored: 1 at (+-cx, cy, cz)."""
    a, b, c = (abs(x) - cx) / rx, (y - cy) / ry, (z - cz) / rz
    d = a * a + b * b + c * c
    return math.exp(-d) if d < 12.0 else 0.0


@njit(inline="always")
def _mix(a: Triple, b: Triple, t: float) -> Triple:
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t


@njit(inline="always")
def _dim(c: Triple, t: float, r: float, g: float, b: float) -> Triple:
    """Darkens by t times the share (r, g, b)."""
    return c[0] * (1 - t * r), c[1] * (1 - t * g), c[2] * (1 - t * b)


@njit(cache=True)
def _redness(x: float, y: float, z: float, ear: float, noise: float, p: Paint, w: Wrinkles) -> float:
    """Blood under the skin: cheeks, nose, chin, ears, eyelids; more with joy and rage."""
    nose = _blob(x, y, z, 0.0, 0.688, 0.168, 0.014, 0.012, 0.02)
    red = 0.75 * _blob(x, y, z, 0.042, 0.690, 0.125, 0.020, 0.018, 0.03) + 0.8 * nose
    red += 0.35 * _blob(x, y, z, 0.0, 0.628, 0.15, 0.018, 0.012, 0.03) + 0.55 * ear
    red += 0.25 * _blob(x, y, z, 0.035, 0.735, 0.13, 0.02, 0.014, 0.03)
    # Blood shows less through dark skin.
    pale = 0.62 + 0.38 * min(1.0, p.skin[1] / 0.28)
    flush = (0.50 * w.joy + 0.55 * w.rage) * pale + 0.14 * p.femininity
    red += flush * _blob(x, y, z, 0.042, 0.695, 0.125, 0.026, 0.020, 0.040)
    if w.rage > 0.01:
        red += w.rage * pale * (0.75 * _blob(x, y, z, 0.0, 0.715, 0.14, 0.060, 0.060, 0.06) + 0.5 * ear)
    if w.grief > 0.01:
        red += w.grief * (0.7 * nose + 0.8 * _blob(x, y, z, 0.030, 0.722, 0.135, 0.020, 0.012, 0.03))
    red += 0.22 * w.joy * nose
    return red * (1 + 0.4 * noise)


@njit(cache=True)
def _base_colour(
    x: float, y: float, z: float, ear: float, lid: float, p: Paint, w: Wrinkles, px: float, mottle: float
) -> Triple:
    """Skin without hair, lips and mouth."""
    fine = fractal_noise(x + 0.023, y + 0.023, z + 0.023, 300.0, 2, px)
    pores = value_noise(x * 900 + 3, y * 900 + 3, z * 900 + 3) * resolved(900.0, px)
    shade = 0.045 * fine + 0.03 * pores
    c = (
        p.skin[0] * (1 + 0.042 * mottle + shade),
        p.skin[1] * (1 + 0.07 * mottle + shade),
        p.skin[2] * (1 + 0.07 * mottle + shade),
    )
    red = min(1.5, max(0.0, _redness(x, y, z, ear, mottle, p, w)))
    pale = 0.30 * w.fright * _blob(x, y, z, 0.03, 0.70, 0.14, 0.05, 0.08, 0.08)
    c = _dim(c, red * (1 - pale), 0.02, 0.25, 0.23)
    c = _mix(c, (c[0] * 1.02, c[0] * 0.86, c[0] * 0.78), pale * 0.5)
    under = _blob(x, y, z, 0.030, 0.7125, 0.135, 0.016, 0.007, 0.03)
    c = _dim(c, under * (0.7 + p.age + 0.5 * w.grief), 0.10, 0.14, 0.08)
    c = _dim(c, 0.20 * lid, 0.8, 1.1, 1.0)
    if p.makeup > 0:
        c = _dim(c, p.makeup * lid, 0.35, 0.5, 0.4)
    if p.age > 0.2:
        spot = smoothstep(0.80, 0.9, value_noise(x * 420 + 31, y * 420 + 31, z * 420 + 31)) * 0.25 * p.age
        c = _dim(c, spot * resolved(420.0, px), 0.3, 0.5, 0.5)
    if p.freckles > 0:
        here = _blob(x, y, z, 0.026, 0.700, 0.14, 0.030, 0.018, 0.05)
        if here > 0.02:
            dot = smoothstep(0.45, 0.75, value_noise(x * 620 + 11, y * 620 + 11, z * 620 + 11))
            dot *= 0.5 + 0.5 * value_noise(x * 190 + 5, y * 190 + 5, z * 190 + 5)
            c = _dim(c, max(0.0, dot) * here * p.freckles * resolved(620.0, px), 0.22, 0.42, 0.52)
    return c


@njit(cache=True)
def _with_stubble(
    c: Triple, x: float, y: float, z: float, lips: float, p: Paint, px: float, mottle: float
) -> Triple:
    beard = (
        smoothstep(0.690, 0.655, y) * smoothstep(0.575, 0.600, y) * smoothstep(0.045, 0.075, z) * (1 - lips)
    )
    moustache = smoothstep(0.03, 0.0, abs(x)) * smoothstep(0.664, 0.668, y) * smoothstep(0.685, 0.678, y)
    beard = max(beard, moustache * smoothstep(0.1, 0.12, z) * (1 - lips))
    if beard <= 0.0:
        return c
    dot = smoothstep(0.25, 0.7, lattice(math.floor(x * 2600), math.floor(y * 2600), math.floor(z * 2600)))
    keep = resolved(2600.0, px)
    dot = dot * keep + 0.52 * (1 - keep)
    cover = min(0.9, max(0.0, p.stubble * beard * (0.45 + 0.55 * dot) * (1 + 0.5 * mottle)))
    hair = (
        p.hair[0] * 0.6 + p.skin[0] * 0.12,
        p.hair[1] * 0.6 + p.skin[1] * 0.12,
        p.hair[2] * 0.6 + p.skin[2] * 0.12,
    )
    return _mix(c, hair, cover)


@njit(cache=True)
def _with_lips(
    c: Triple, x: float, y: float, z: float, lips: float, inside: float, p: Paint, w: Wrinkles, px: float
) -> Triple:
    edge = smoothstep(0.25, 0.75, lips)
    if edge > 0:
        grain = value_noise(x * 1500, y * 150, z * 150) * resolved(1500.0, px)
        gain = 1 - 0.15 * smoothstep(0.3, 0.9, abs(grain)) - 0.10 * w.fright
        c = _mix(c, (p.lips[0] * gain, p.lips[1] * gain, p.lips[2] * gain), edge)
    wet = smoothstep(0.3, 0.7, inside)
    if wet > 0:
        deep = 0.22 + 0.78 * smoothstep(0.112, 0.150, z) ** 1.5
        c = _mix(c, (0.26 * deep, 0.060 * deep, 0.052 * deep), wet)
    return c


@njit(cache=True)
def _under_brow(x: float, y: float, z: float, p: Paint) -> float:
    """Cover of the brow's colour on the skin beneath its hairs."""
    if y < 0.73 or y > 0.77 or z < 0.08:
        return 0.0
    along, across = brow_coordinates(x, y, p.femininity)
    clamped = min(1.0, max(0.0, along))
    width = 0.0052 * (1 - 0.38 * p.femininity) * (1 - 0.55 * clamped * clamped)
    width *= smoothstep(-0.06, 0.08, along) * smoothstep(1.08, 0.9, along)
    t = across / max(width * 0.8, 1e-4)
    cover = math.exp(-t * t) * smoothstep(-0.05, 0.12, along) * smoothstep(1.06, 0.8, along)
    return min(0.8, cover * p.brows * 0.55)


@njit(cache=True)
def paint_skin(
    x: float,
    y: float,
    z: float,
    u: float,
    v: float,
    eye_distance: float,
    masks: np.ndarray,
    p: Paint,
    w: Wrinkles,
    px: float,
) -> Material:
    """Material of the skin at the rest-pose point (x, y, z) with texture coordinates (u, v).

    `eye_distance` is the distance to the nearer eye's centre, `px` the size of a pixel on the surface (m).
    """
    lips, lid = sample_mask(masks, 0, u, v), sample_mask(masks, 1, u, v)
    ear, inside = sample_mask(masks, 2, u, v), sample_mask(masks, 3, u, v)
    mottle = fractal_noise(x, y, z, 60.0, 3, px)
    c = _base_colour(x, y, z, ear, lid, p, w, px, mottle)
    if p.stubble > 0 and z > 0.04 and y < 0.70:
        c = _with_stubble(c, x, y, z, lips, p, px, mottle)
    c = _with_lips(c, x, y, z, lips, inside, p, w, px)
    crease = wrinkle_height(x, y, z, w)
    if crease != 0.0:
        gain = min(1.07, max(0.42, 1 + crease * (430.0 if crease < 0 else 60.0)))
        c = (c[0] * gain**0.7, c[1] * gain**1.08, c[2] * gain**1.15)
    brow = _under_brow(x, y, z, p)
    if brow > 0:
        hair = (
            p.hair[0] * 0.7 + p.skin[0] * 0.1,
            p.hair[1] * 0.7 + p.skin[1] * 0.1,
            p.hair[2] * 0.7 + p.skin[2] * 0.1,
        )
        c = _mix(c, hair, brow)
    h = ragged_hairline(x, y, z)
    scalp = smoothstep(-0.003, 0.012, h + 0.003 * mottle) * (1 - smoothstep(0.3, 0.6, ear)) * p.scalp
    c = _mix(c, (p.hair[0] * 0.8 + 0.02 * p.skin[0], p.hair[1] * 0.8 + 0.02 * p.skin[1],
                 p.hair[2] * 0.8 + 0.02 * p.skin[2]), scalp)  # fmt: skip
    if z < 0.135 and eye_distance < 0.0122:
        c = (0.35, 0.10, 0.09)
    edge = smoothstep(0.25, 0.75, lips)
    shiny = _blob(x, y, z, 0.0, 0.69, 0.165, 0.02, 0.03, 0.03)
    dry = _blob(x, y, z, 0.0, 0.785, 0.14, 0.05, 0.035, 0.06)
    rough = 0.50 - 0.08 * edge - 0.10 * shiny + 0.05 * dry
    rough = rough * (1 - scalp) + 0.8 * scalp
    specular = (0.031 + 0.010 * edge) * (1 - 0.95 * scalp)
    return Material(
        min(1.0, max(0.001, c[0])), min(1.0, max(0.001, c[1])), min(1.0, max(0.001, c[2])),
        rough, specular, 1 - 0.9 * scalp,
    )  # fmt: skip
