"""Procedural dental arches: fourteen rounded crowns and a gum ridge per jaw, in the template's space
(metres).

Widths, heights and the shape of the arches follow textbook averages of adult permanent teeth (millimetres
below).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .parts import Part

_RING = 20
_GUM_STATIONS = 169


@dataclass(frozen=True)
class Arch:
    """Measures of one jaw; lists run from the central incisor to the second molar."""

    curve: tuple[tuple[float, float], ...]
    """(x, z) of the outer line of the arch, from the middle to the subject's left."""
    widths: tuple[float, ...]
    heights: tuple[float, ...]
    edge_rise: tuple[float, ...]
    depth_neck: tuple[float, ...]
    depth_edge: tuple[float, ...]
    bite_height: float
    bite_slope: float
    sign: int
    """+1: crowns hang down from above (upper jaw)."""


UPPER = Arch(
    curve=((0, .1478), (.0083, .1470), (.0160, .1428), (.0209, .1355), (.0245, .1275), (.0275, .1185),
           (.0290, .1110), (.0300, .1040), (.0304, .094)),
    widths=(8.5, 6.7, 7.5, 6.9, 6.7, 9.6, 8.6), heights=(9.8, 8.6, 9.6, 8.0, 7.4, 6.8, 6.2),
    edge_rise=(0, .7, .05, .5, .6, .8, .9), depth_neck=(3.1, 2.8, 3.6, 3.9, 4., 4.8, 4.8),
    depth_edge=(.75, .7, 1.1, 3., 3.2, 4.2, 4.2), bite_height=.6586, bite_slope=.21, sign=1,
)  # fmt: skip
LOWER = Arch(
    curve=((0, .1448), (.0060, .1443), (.0118, .1420), (.0172, .1368), (.0212, .1300), (.0242, .1225),
           (.0262, .1150), (.0279, .1060), (.0283, .096)),
    widths=(5.4, 5.9, 6.8, 6.9, 7.0, 10.2, 9.6), heights=(8.6, 8.8, 9.6, 8.2, 7.6, 7.0, 6.4),
    edge_rise=(0, .1, -.2, .3, .5, .7, .9), depth_neck=(2.8, 2.8, 3.5, 3.7, 3.9, 4.8, 4.8),
    depth_edge=(.7, .7, 1.1, 3., 3.2, 4.2, 4.2), bite_height=.6606, bite_slope=.20, sign=-1,
)  # fmt: skip


@dataclass(frozen=True)
class ArchMesh:
    """Triangles of one jaw. `coordinates` per vertex: (across the tooth -1..1, 0 neck .. 1 edge, number of
    the tooth,
    plus 20 on the subject's right); for gums (distance from the middle of the tooth 0..1, depth in mm, 0)."""

    points: np.ndarray
    triangles: np.ndarray
    parts: np.ndarray
    coordinates: np.ndarray


class _Curve:
    """Cubic spline through points with C2 joints and free ends, over the length of the polyline."""

    def __init__(self, points: np.ndarray) -> None:
        steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
        self.length = np.r_[0, np.cumsum(steps)]
        self.length -= self.length[len(points) // 2]
        n = len(points)
        system, right = np.eye(n), np.zeros((n, 2))
        slopes = np.diff(points, axis=0) / steps[:, None]
        for i in range(1, n - 1):
            system[i, i - 1 : i + 2] = steps[i - 1], 2 * (steps[i - 1] + steps[i]), steps[i]
            right[i] = 6 * (slopes[i] - slopes[i - 1])
        self.points, self.steps, self.curvature = points, steps, np.linalg.solve(system, right)

    def frame(self, s: np.ndarray | float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(point, tangent, outward normal), each (..., 2) in (x, z), at lengths `s` from the middle."""
        s = np.asarray(s, float)
        i = np.clip(np.searchsorted(self.length, s, side="right") - 1, 0, len(self.steps) - 1)
        h, a = self.steps[i][..., None], (self.length[i + 1] - s)[..., None]
        b = (s - self.length[i])[..., None]
        p0, p1, m0, m1 = self.points[i], self.points[i + 1], self.curvature[i], self.curvature[i + 1]
        point = (
            m0 * a**3 / (6 * h) + m1 * b**3 / (6 * h) + (p0 / h - m0 * h / 6) * a + (p1 / h - m1 * h / 6) * b
        )
        slope = -m0 * a**2 / (2 * h) + m1 * b**2 / (2 * h) + (p1 - p0) / h + (m0 - m1) * h / 6
        tangent = slope / np.linalg.norm(slope, axis=-1, keepdims=True)
        normal = np.stack([-tangent[..., 1], tangent[..., 0]], -1)
        front = np.abs(point[..., :1]) < 0.012
        outward = np.where(front, normal[..., 1:] > 0, normal[..., :1] * point[..., :1] > 0)
        return point, tangent, np.where(outward, normal, -normal)


def build_arch(arch: Arch) -> ArchMesh:
    """Crowns and gums of one jaw."""
    right_half = np.array(arch.curve)
    curve = _Curve(np.concatenate([right_half[:0:-1] * [-1, 1], right_half]))
    points, triangles, parts, coordinates, places = [], [], [], [], []
    count = 0
    for side in (1, -1):
        start = 0.0
        for number, width in enumerate(np.array(arch.widths) * 1e-3):
            place = side * (start + width / 2)
            start += width
            places.append((place, width, number))
            p, c, t = _crown(arch, curve, place, width, number)
            points.append(p)
            coordinates.append(c + np.array([0, 0, 20.0 * (side < 0)]))
            triangles.append(t + count)
            parts.append(np.full(len(t), Part.UPPER_TEETH if arch.sign > 0 else Part.LOWER_TEETH))
            count += len(p)
    reach = float(np.sum(arch.widths)) * 1e-3
    p, c, t = _gums(arch, curve, np.linspace(-reach, reach, _GUM_STATIONS), np.array(places))
    points.append(p)
    coordinates.append(c)
    triangles.append(t + count)
    parts.append(np.full(len(t), Part.GUMS))
    mesh = ArchMesh(*(np.concatenate(x) for x in (points, triangles, parts, coordinates)))
    return _face_outwards(mesh)


def _bite(arch: Arch, z: np.ndarray | float) -> np.ndarray | float:
    """Height of the plane on which the teeth meet, at depth z."""
    return arch.bite_height + arch.bite_slope * (0.148 - z)


_CROWN_LEVELS = np.array([-0.25, 0, 0.15, 0.35, 0.55, 0.72, 0.85, 0.94, 0.985, 1.0])


def _crown(
    arch: Arch, curve: _Curve, place: float, width: float, number: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    mm = 1e-3
    centre, tangent, outward = curve.frame(place)
    incisor, canine = number < 3, number == 2
    edge = _bite(arch, centre[1]) + arch.sign * arch.edge_rise[number] * mm
    angle = np.linspace(0, 2 * np.pi, _RING, endpoint=False)
    cos, sin = np.cos(angle), np.sin(angle)
    across = np.sign(cos) * np.abs(cos) ** 0.62
    through = np.sign(sin) * np.abs(sin) ** 0.85
    neck, rim = arch.depth_neck[number], arch.depth_edge[number]
    points, coordinates = [], []
    for h in _CROWN_LEVELS:
        level = max(h, 0.0)
        taper = [0.93, 1.0, 1.015, 1.0, 0.76 if canine else 0.95]
        half = width / 2 * np.interp(level, [0, 0.3, 0.62, 0.85, 1], taper)
        depth = mm * np.interp(level, [0, 0.45, 0.85, 1], [neck, neck * 0.93, rim * 1.15, rim])
        shrink = 1 if h < 0.93 else (0.90 if h < 0.96 else (0.72 if h < 0.99 else 0.40))
        bulge = mm * (0.55 * np.sin(level * 2.6) - 0.25)
        cap = h > 0.9
        sideways = across * half * (shrink if h < 0.99 else shrink * 1.2)
        xz = (
            centre
            + tangent * sideways[:, None]
            + outward * (-depth * 0.98 + through * depth * shrink + bulge)[:, None]
        )
        y = edge + arch.sign * arch.heights[number] * mm * (1 - h)
        if incisor and h > 0.95:
            y = y + arch.sign * 0.35 * mm * np.abs(across) ** 4
        if canine and cap:
            y = y - arch.sign * 0.55 * mm * (1 - np.abs(across))
        if not incisor and cap:
            y = y + arch.sign * 0.22 * mm * np.cos(angle * 2)
        points.append(np.stack([xz[:, 0], np.broadcast_to(y, angle.shape), xz[:, 1]], 1))
        coordinates.append(np.stack([across, np.full(_RING, level), np.full(_RING, number)], 1))
    points.append(points[-1].mean(0, keepdims=True))
    coordinates.append(np.array([[0.0, 1.0, number]]))
    return np.concatenate(points), np.concatenate(coordinates), _tube(len(_CROWN_LEVELS))


def _tube(rings: int) -> np.ndarray:
    """Triangles of `rings` closed rings of `_RING` points and one closing point."""
    i, j = np.meshgrid(np.arange(rings - 1), np.arange(_RING), indexing="ij")
    i, j = i.ravel() * _RING, j.ravel()
    a, b = i + j, i + (j + 1) % _RING
    walls = np.concatenate([np.stack([a, b, b + _RING], 1), np.stack([a, b + _RING, a + _RING], 1)])
    last = (rings - 1) * _RING
    ring = np.arange(_RING)
    lid = np.stack([last + ring, last + (ring + 1) % _RING, np.full(_RING, last + _RING)], 1)
    return np.concatenate([walls, lid])


_GUM_PROFILE = np.array(
    [(-1.4, 0, -0.25), (-0.05, 0, 0.0), (0.42, 0, 0.55), (0.62, 0, 1.6), (0.75, 0, 4.0), (0.2, 0, 8.0),
     (0, -0.5, 11.0), (-0.9, -1, 8.0), (-0.9, -1, 3.0), (-0.4, -1, -0.6), (0.5, -1, -2.2)]
)  # fmt: skip
"""(outwards in mm, outwards in thicknesses of the tooth, away from the teeth in mm), from behind the margin
in front
over the ridge to the margin behind the crowns."""


def _gums(
    arch: Arch, curve: _Curve, stations: np.ndarray, places: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A ridge with a scalloped margin: lowest over the middle of each tooth, papillae between teeth."""
    mm = 1e-3
    point, _, outward = curve.frame(stations)
    number = places[:, 2].astype(int)
    heights, rises = np.array(arch.heights)[number], np.array(arch.edge_rise)[number]
    necks = _bite(arch, curve.frame(places[:, 0])[0][:, 1]) + arch.sign * (rises + heights) * mm
    order = np.argsort(places[:, 0])
    base = np.interp(stations, places[order, 0], necks[order])
    distance = np.abs(stations[:, None] - places[None, :, 0])
    nearest = distance.argmin(1)
    from_middle = np.clip(distance[np.arange(len(stations)), nearest] / (places[nearest, 1] / 2), 0, 1)
    margin = base - arch.sign * (2.9 * mm * from_middle**2.6 - 0.75 * mm)
    thickness = np.interp(stations, places[order, 0], 1.98 * np.array(arch.depth_neck)[number][order]) * mm
    rows, coordinates = [], []
    for out, share, away in _GUM_PROFILE:
        xz = point + outward * (out * mm + share * thickness)[:, None]
        rows.append(np.stack([xz[:, 0], margin + arch.sign * away * mm, xz[:, 1]], 1))
        coordinates.append(np.stack([from_middle, np.full(len(stations), away), np.zeros(len(stations))], 1))
    n = len(stations)
    i, j = np.meshgrid(np.arange(len(_GUM_PROFILE) - 1), np.arange(n - 1), indexing="ij")
    a = (i * n + j).ravel()
    triangles = np.concatenate([np.stack([a, a + 1, a + n + 1], 1), np.stack([a, a + n + 1, a + n], 1)])
    return np.concatenate(rows), np.concatenate(coordinates), triangles


def _face_outwards(mesh: ArchMesh) -> ArchMesh:
    """Flips whole groups of triangles whose normals point into the mouth's middle."""
    corners = mesh.points[mesh.triangles]
    centre = corners.mean(1)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    gums = mesh.parts == Part.GUMS
    triangles = mesh.triangles.copy()
    if (normal[~gums] * (centre - [0, 0.66, 0.11])[~gums]).sum() < 0:
        triangles[~gums] = triangles[~gums][:, ::-1]
    front = gums & (centre[:, 2] > 0.10)
    if (normal[front] * (centre - [0, 0.66, 0.10])[front] * [1, 0, 1]).sum() < 0:
        triangles[gums] = triangles[gums][:, ::-1]
    return ArchMesh(mesh.points, triangles, mesh.parts, mesh.coordinates)
