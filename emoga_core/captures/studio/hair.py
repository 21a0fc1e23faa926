"""Hair: strands grown from the scalp once per subject; they move with the head joint.

Each style is a handful of numbers and a direction field in rest-pose coordinates. Strands grow step by step,
bend
under gravity and noise, and are pushed out of the skin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .brows import at, scatter
from .grid import build_grid, count_within, nearest
from .landmarks import hairline_heights
from .looks import HairStyle, Look
from .masks import NAMES, load_masks
from .noise import fractal_noise_points, smoothstep_array
from .strands import Strands, unit_rows
from .surface import Surface


@dataclass(frozen=True)
class Cut:
    """Measures of a style; lengths in metres."""

    count: int
    length_side: float
    length_top: float
    steps: int
    lift: float
    gravity: float
    scatter: float
    clearance: float = 0.010
    reach: float = 1.0
    """Furthest that hair stands off the skin; half as far at the sides."""
    curl: float = 0.0
    radius: float = 1.0
    edge: float = 0.010
    """Height above the hairline at which the hair is dense."""


CUTS = {
    HairStyle.CROP: Cut(13000, 0.008, 0.012, 3, 1.0, 0.05, 0.35, edge=0.014),
    HairStyle.SHORT: Cut(12000, 0.020, 0.042, 6, 0.55, 0.12, 0.35, reach=0.030),
    HairStyle.CURLS: Cut(10000, 0.042, 0.055, 12, 1.0, 0.03, 0.35, curl=1.0, radius=1.1, edge=0.012),
    HairStyle.PIXIE: Cut(
        14000, 0.036, 0.075, 10, 0.22, 0.10, 0.12, clearance=0.006, reach=0.017, radius=1.05
    ),
    HairStyle.BUN: Cut(16000, 0.19, 0.19, 18, 0.22, 0.0, 0.05, clearance=0.006, radius=1.0, edge=0.006),
}


@dataclass(frozen=True)
class _Roots:
    position: np.ndarray
    normal: np.ndarray
    rest: np.ndarray
    above: np.ndarray


def grow_hair(
    surface: Surface, points: np.ndarray, normals: np.ndarray, look: Look, rng: np.random.Generator
) -> Strands | None:
    """Strands on the subject's neutral surface `points` (n, 3), or None for a bald head."""
    if look.style == HairStyle.NONE:
        return None
    cut = CUTS[look.style]
    roots = _roots(surface, points, normals, cut, rng)
    tangent = _combed(look.style, roots)
    clump = fractal_noise_points(roots.rest + 0.01, np.array([120.0, 60.0, 120.0]), 2)[:, None]
    direction = tangent + roots.normal * cut.lift + rng.normal(0, cut.scatter * 0.5, roots.rest.shape)
    direction = unit_rows(direction + 0.25 * clump * np.cross(roots.normal, tangent) * (cut.scatter > 0.1))
    length = _lengths(look.style, cut, roots, clump[:, 0], rng)
    knots = _grow(surface, points, normals, look.style, cut, roots, tangent, direction, length, rng)
    return _strands(knots, roots, look, cut, clump, rng)


def _roots(
    surface: Surface, points: np.ndarray, normals: np.ndarray, cut: Cut, rng: np.random.Generator
) -> _Roots:
    skin = surface.triangles[surface.skin]
    centre = surface.canonical[skin].mean(1)
    above = hairline_heights(centre)
    ears = load_masks().sample(surface.uv[surface.skin].mean(1))[:, NAMES.index("ears")]
    density = (
        0.09 * smoothstep_array(-0.005, 0.002, above) + 0.84 * smoothstep_array(0, cut.edge, above) ** 1.3
    )
    rows, weights = scatter(surface, density * (ears < 0.3), cut.count, rng)
    triangles = surface.triangles[rows]
    rest = at(surface.canonical, triangles, weights)
    return _Roots(
        at(points, triangles, weights),
        unit_rows(at(normals, triangles, weights)),
        rest,
        hairline_heights(rest),
    )


def _combed(style: HairStyle, roots: _Roots) -> np.ndarray:
    """Unit tangents (n, 3) along which the hair lies."""
    p = roots.rest
    if style == HairStyle.SHORT:
        top = smoothstep_array(0.78, 0.83, p[:, 1])[:, None]
        low = (1 - smoothstep_array(0.74, 0.80, p[:, 1]))[:, None]
        flow = unit_rows(p - [0.012, 0.845, -0.05]) + top * [0.15, 0, 0.1] + low * [0, -0.7, -0.35]
    elif style == HairStyle.PIXIE:
        part = 0.022
        top = smoothstep_array(0.775, 0.83, p[:, 1])[:, None]
        front = smoothstep_array(0.04, 0.10, p[:, 2])[:, None]
        left = p[:, 0] > part
        sweep = np.stack(
            [np.where(left, 0.7, -1.0), np.where(left, -0.6, -0.15), np.where(left, 0.1, 0.55)], 1
        )
        around = unit_rows(p - [0.012, 0.845, -0.03]) + (1 - top) * [0, -0.9, -0.15]
        flow = around * (1 - 0.85 * top * front) + sweep * top * front * 1.3
    elif style == HairStyle.BUN:
        flow = BUN_CENTRE + np.array([0, 0, 0.02]) - p
    else:
        flow = p - [0, 0.84, -0.02]
    flow = unit_rows(flow)
    return unit_rows(flow - roots.normal * (flow * roots.normal).sum(1, keepdims=True))


BUN_CENTRE = np.array([0.0, 0.790, -0.098])
"""Where tied-back hair meets, rest-pose coordinates (m)."""
BUN_RADIUS = 0.030


def _lengths(
    style: HairStyle, cut: Cut, roots: _Roots, clump: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    top = smoothstep_array(0.77, 0.83, roots.rest[:, 1])
    length = cut.length_side * (1 - top) + cut.length_top * top
    length = length * rng.uniform(0.75, 1.1, len(top)) * (1 + 0.15 * clump)
    if style == HairStyle.BUN:
        reach = np.linalg.norm(roots.rest - BUN_CENTRE, axis=1) * 1.12
        stray = (roots.above < 0.003) & (rng.uniform(size=len(top)) < 0.4)
        return np.where(stray, rng.uniform(0.004, 0.010, len(top)), reach)
    length = length * (0.42 + 0.58 * smoothstep_array(-0.004, 0.016, roots.above))
    if style in (HairStyle.SHORT, HairStyle.PIXIE):
        length = length * (0.42 + 0.58 * smoothstep_array(0.70, 0.785, roots.rest[:, 1]))
        # Cut short around the ears, which would push longer hair into tufts.
        side = smoothstep_array(0.052, 0.062, np.abs(roots.rest[:, 0]))
        length = length * (1 - 0.72 * side * smoothstep_array(0.762, 0.738, roots.rest[:, 1]))
    return length


def _grow(
    surface: Surface,
    points: np.ndarray,
    normals: np.ndarray,
    style: HairStyle,
    cut: Cut,
    roots: _Roots,
    tangent: np.ndarray,
    direction: np.ndarray,
    length: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Knots (steps + 1, n, 3)."""
    skin = np.unique(surface.triangles[surface.skin])
    grid, outward = build_grid(points[skin], 0.008), normals[skin]
    shift = (roots.position - roots.rest).mean(0)
    phase = rng.uniform(0, 2 * np.pi, (len(length), 1))
    bitangent = np.cross(roots.normal, tangent)
    step = (length / cut.steps)[:, None]
    reach = cut.reach * (0.5 + 0.5 * smoothstep_array(0.76, 0.82, roots.rest[:, 1]))
    x, d = roots.position.copy(), direction
    knots = [x]
    for k in range(cut.steps):
        d = d + cut.gravity * np.array([0, -1, 0]) * (0.3 + k / cut.steps) + rng.normal(0, 0.03, d.shape)
        if cut.curl:
            angle = phase + 1.3 * k
            d = d + 0.9 * cut.curl * (np.cos(angle) * tangent + np.sin(angle) * bitangent)
        if style == HairStyle.BUN:
            d = unit_rows(d) * 0.5 + unit_rows(BUN_CENTRE + shift + roots.normal * 0.012 - x)
        d = unit_rows(d)
        y = x + d * step
        _, near = nearest(grid, y, 0.05)
        found = near >= 0
        normal = outward[np.where(found, near, 0)]
        off = ((y - grid.points[np.where(found, near, 0)]) * normal).sum(1)
        wanted = np.minimum(0.0035, 0.4 * length) + cut.clearance * min(1.0, k / 4) * np.minimum(
            1, length / 0.1
        )
        push = np.where(found, np.clip(wanted - off, 0, 0.02), 0)
        pull = np.where(found, np.clip(off - reach, 0, 0.006), 0)
        y = y + normal * (push - pull)[:, None]
        d = unit_rows(y - x)
        x = x + d * step
        knots.append(x)
    return np.stack(knots)


def _strands(
    knots: np.ndarray, roots: _Roots, look: Look, cut: Cut, clump: np.ndarray, rng: np.random.Generator
) -> Strands:
    steps, n = len(knots) - 1, knots.shape[1]
    start, end = knots[:-1].reshape(-1, 3), knots[1:].reshape(-1, 3)
    along = np.repeat(np.linspace(0, 1, steps), n)
    tone = np.tile(np.clip(rng.normal(1, 0.18, (n, 1)) + 0.18 * clump, 0.4, 1.8), (steps, 1))
    thin = np.tile(0.30 + 0.70 * smoothstep_array(-0.003, 0.009, roots.above), steps)
    colour = np.array(look.hair) * tone * (0.65 + 0.6 * along[:, None])
    opacity = 0.85 * (1 - 0.4 * along) * thin
    radius = np.where(along > 0.8, 0.00022, 0.00034) * cut.radius * (0.6 + 0.4 * thin)
    middle = (start + end) / 2
    outward = unit_rows(middle - roots.position.mean(0))
    # Light inside the hair falls with the number of segments further out.
    crowd = count_within(build_grid(end[::7], 0.005), middle + outward * 0.006, 0.005)
    light = np.exp(-1.1 * crowd / max(1.0, float(np.quantile(crowd, 0.9)))) * 0.75 + 0.25
    centre = roots.position.mean(0) + np.array([0, -0.06, 0.02])
    return Strands(start, end, radius, colour, opacity, light, unit_rows(middle - centre))
