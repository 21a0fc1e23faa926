"""Brows and lashes: fibres that grow from the posed face."""

from __future__ import annotations

import numpy as np

from .cage import Cage
from .landmarks import brow_frames
from .looks import Look
from .strands import Strands, unit_rows
from .surface import Surface


def triangle_edges(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(f, 3, 3): two edge vectors and the unit normal, as columns."""
    a, b, c = points[triangles[:, 0]], points[triangles[:, 1]], points[triangles[:, 2]]
    return np.stack([b - a, c - a, unit_rows(np.cross(b - a, c - a))], -1)


def scatter(
    surface: Surface, weight: np.ndarray, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """`count` random places on the skin: rows of triangles (count,) and barycentric weights (count, 3).

    `weight` (skin triangles,) is the density relative to area.
    """
    skin = surface.skin
    corners = surface.canonical[surface.triangles[skin]]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    chance = area * weight
    rows = rng.choice(len(skin), count, p=chance / chance.sum())
    return skin[rows], rng.dirichlet([1, 1, 1], count)


def at(values: np.ndarray, triangles: np.ndarray, barycentric: np.ndarray) -> np.ndarray:
    """Interpolates per-vertex values (n, C) at places on triangles (m, 3): (m, C)."""
    return np.einsum("mkc,mk->mc", values[triangles], barycentric)


class Brows:
    """Hairs of both brows, bound to triangles of the surface."""

    SEGMENTS = 3

    def __init__(self, surface: Surface, rest: np.ndarray, look: Look, rng: np.random.Generator) -> None:
        thickness = (0.75 + 0.35 * look.brows) * (1 - 0.38 * look.femininity)
        centres = surface.canonical[surface.triangles[surface.skin]].mean(1)
        along, across = brow_frames(centres, look.femininity)
        width = (
            0.0046
            * thickness
            * (1 - 0.6 * np.clip(along, 0, 1) ** 2)
            * (0.55 + 0.45 * np.clip(along / 0.2, 0, 1))
        )
        inside = (np.abs(across) < width) & (along > 0) & (along < 1) & (centres[:, 2] > 0.08)
        count = int(1300 * look.brows * (1 + 0.9 * look.femininity)) + 1
        rows, self.weights = scatter(surface, inside + 1e-12, count, rng)
        self.triangles = surface.triangles[rows]
        place = at(surface.canonical, self.triangles, self.weights)
        along, across = brow_frames(place, look.femininity)
        keep = (np.abs(across) < 0.0052 * thickness) & (along > -0.05) & (along < 1.05)
        self.triangles, self.weights = self.triangles[keep], self.weights[keep]
        along, across, place = along[keep], across[keep], place[keep]
        n = len(place)
        upwards = np.interp(along, [0, 0.15, 0.4, 1], [1.3, 0.8, 0.35, -0.35]) - across * 60
        direction = np.stack([np.sign(place[:, 0]), upwards, -0.35 * np.clip(along, 0, 1)], 1)
        direction = unit_rows(direction + rng.normal(0, 0.16, (n, 3)))
        length = (1 - 0.28 * look.femininity) * (0.0075 - 0.003 * np.clip(along, 0, 1))
        self.length = (length * rng.uniform(0.6, 1.1, n))[:, None]
        edges = triangle_edges(rest, self.triangles)
        self.local = np.linalg.solve(edges, direction[:, :, None])[:, :, 0]
        tone = rng.uniform(0.75, 1.25, (n, 1)) * np.array(look.hair) * 0.9
        self.colour = np.tile(tone, (self.SEGMENTS, 1))
        radii = np.array([0.00013, 0.00012, 0.00008]) * (1 - 0.30 * look.femininity)
        self.radius = np.repeat(radii, n)

    def pose(self, points: np.ndarray, normals: np.ndarray) -> Strands:
        """The hairs on the posed surface."""
        root = at(points, self.triangles, self.weights)
        normal = unit_rows(at(normals, self.triangles, self.weights))
        edges = triangle_edges(points, self.triangles)
        d = np.einsum("mij,mj->mi", edges, self.local)
        d = unit_rows(d - normal * (d * normal).sum(1, keepdims=True)) + 0.22 * normal
        root = root + normal * 0.0004
        knots = [root + d * self.length * (k / self.SEGMENTS) for k in range(self.SEGMENTS + 1)]
        n = len(self.radius)
        return Strands(
            np.concatenate(knots[:-1]), np.concatenate(knots[1:]), self.radius, self.colour, np.full(n, 0.75),
            np.full(n, 0.8), np.tile(normal, (self.SEGMENTS, 1)),
        )  # fmt: skip


class Lashes:
    """Hairs between the roots' and the tips' polylines of each lash strip of the cage."""

    SEGMENTS = 4

    def __init__(self, cage: Cage, look: Look, rng: np.random.Generator) -> None:
        roots, tips, stretch, upper = [], [], [], []
        for name, eye in (("left_lashes", "left_eye"), ("right_lashes", "right_eye")):
            centre = cage.eyeball(eye)[0]
            for quads in _components(cage.quads[cage.quads_of(name)]):
                above = bool(cage.canonical[quads].mean((0, 1))[1] > centre[1])
                root, tip = _borders(cage.canonical, quads, centre)
                count = 110 if above else 60
                u = np.sort(rng.uniform(0.02, 0.98, count))
                roots.append(_along(cage.canonical, root, u))
                tips.append(_along(cage.canonical, tip, np.clip(u + rng.normal(0, 0.025, count), 0, 1)))
                stretch.append(rng.uniform(0.55, 1.0, count) * (1.0 if above else 0.75))
                upper.append(np.full(count, above))
        self.roots, self.tips = (
            tuple(np.concatenate(x) for x in zip(*p, strict=True)) for p in (roots, tips)
        )
        self.stretch = np.concatenate(stretch)[:, None] * (1 + 0.25 * (look.makeup > 0))
        self.upper = np.concatenate(upper)
        n = len(self.upper)
        size = np.where(self.upper, 1.0, 0.7)
        self.radius = np.concatenate([r * size for r in (0.00016, 0.00013, 0.0001, 0.00006)])
        self.opacity = np.tile(np.where(self.upper, 0.9, 0.6), self.SEGMENTS)
        self.colour = np.tile(np.array(look.hair) * 0.25 + 0.004, (n * self.SEGMENTS, 1))

    def pose(self, cage: np.ndarray, facing: np.ndarray) -> Strands:
        """The lashes on posed cage vertices; `facing` (3,) is the direction out of the face."""
        root, tip = (cage[a] * (1 - t) + cage[b] * t for a, b, t in (self.roots, self.tips))
        d = (tip - root) * self.stretch
        curl = np.linalg.norm(d, axis=1, keepdims=True) * 0.28 * np.array([0, 1.0, 0])
        curl = curl * np.where(self.upper, 1.0, -1.0)[:, None]
        knots = [root + d * t + curl * (t * t - 0.9 * t) for t in np.linspace(0, 1, self.SEGMENTS + 1)]
        n = len(self.radius)
        return Strands(
            np.concatenate(knots[:-1]), np.concatenate(knots[1:]), self.radius, self.colour, self.opacity,
            np.full(n, 0.8), np.broadcast_to(facing, (n, 3)).copy(),
        )  # fmt: skip


def _components(quads: np.ndarray) -> list[np.ndarray]:
    """Connected groups of quads."""
    label = np.arange(int(quads.max()) + 1)
    while True:
        low = label[quads].min(1)
        before = label.copy()
        np.minimum.at(label, quads.ravel(), np.repeat(low, 4))
        if (label == before).all():
            return [quads[label[quads[:, 0]] == k] for k in np.unique(label[quads[:, 0]])]


def _borders(points: np.ndarray, quads: np.ndarray, eye: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Border vertices near the lid and at the tips, each sorted from the nose outwards."""
    edges = np.sort(np.stack([quads, np.roll(quads, -1, 1)], -1).reshape(-1, 2), 1)
    edges = edges[edges[:, 0] != edges[:, 1]]
    unique, used = np.unique(edges, axis=0, return_counts=True)
    border = np.unique(unique[used == 1])
    border = border[np.argsort(np.abs(points[border, 0]))]
    x, distance = np.abs(points[border, 0]), np.linalg.norm(points[border] - eye, axis=1)
    trend = np.polyval(np.polyfit(x, distance, 2), x)
    return border[distance < trend], border[distance >= trend]


def _along(points: np.ndarray, line: np.ndarray, u: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places at shares u of the way across: (vertex, next vertex, weight of the next (m, 1))."""
    x = np.abs(points[line, 0])
    t = (x - x[0]) / (x[-1] - x[0])
    i = np.clip(np.searchsorted(t, u) - 1, 0, len(line) - 2)
    weight = (u - t[i]) / np.maximum(t[i + 1] - t[i], 1e-9)
    return line[i], line[i + 1], weight[:, None]
