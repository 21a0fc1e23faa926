"""Low-resolution dental arches and eyeballs of the bundled head, modelled in the coordinates of `base.obj`.

MakeHuman's helper teeth are two crude strips. Each jaw here is a swept strip: a row of 14 crowns (front face,
biting edge, back face; measured adult crown widths), with a gum band above the crowns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MM = 1e-3
# Half of each dental arch as (x, z) in metres, from the midline backwards.
UPPER_CURVE = (
    (0.0000, 0.1478), (0.0083, 0.1470), (0.0160, 0.1428), (0.0209, 0.1355), (0.0245, 0.1275),
    (0.0275, 0.1185), (0.0290, 0.1110), (0.0300, 0.1040), (0.0304, 0.0940),
)  # fmt: skip
LOWER_CURVE = (
    (0.0000, 0.1448), (0.0060, 0.1443), (0.0118, 0.1420), (0.0172, 0.1368), (0.0212, 0.1300),
    (0.0242, 0.1225), (0.0262, 0.1150), (0.0279, 0.1060), (0.0283, 0.0960),
)  # fmt: skip
# Per tooth from the midline: crown width, crown height, biting edge above the occlusal plane,
# thickness at the neck and at the edge (mm).
UPPER_TEETH = np.array([
    (8.5, 9.8, 0.00, 3.1, 0.75), (6.7, 8.6, 0.70, 2.8, 0.70), (7.5, 9.6, 0.05, 3.6, 1.10),
    (6.9, 8.0, 0.50, 3.9, 3.00), (6.7, 7.4, 0.60, 4.0, 3.20), (9.6, 6.8, 0.80, 4.8, 4.20),
    (8.6, 6.2, 0.90, 4.8, 4.20),
])  # fmt: skip
LOWER_TEETH = np.array([
    (5.4, 8.6, 0.00, 2.8, 0.70), (5.9, 8.8, 0.10, 2.8, 0.70), (6.8, 9.6, -0.20, 3.5, 1.10),
    (6.9, 8.2, 0.30, 3.7, 3.00), (7.0, 7.6, 0.50, 3.9, 3.20), (10.2, 7.0, 0.70, 4.8, 4.20),
    (9.6, 6.4, 0.90, 4.8, 4.20),
])  # fmt: skip
UPPER_FORWARD, LOWER_FORWARD = 0.0045, 0.0020
"""The curves above leave 7 mm behind MakeHuman's thin lips; the arches stand this much (m) further
forward."""
UPPER_PLANE, LOWER_PLANE = (0.6586, 0.21), (0.6606, 0.20)
"""Height of the occlusal plane at the incisors (m) and its slope towards the molars."""


@dataclass(frozen=True)
class Part:
    """A quad mesh: positions (n,3) m, quads (q,4), uv (n,2), and whether each quad is enamel (else gum)."""

    positions: np.ndarray
    quads: np.ndarray
    uv: np.ndarray
    enamel: np.ndarray


def _curve(points: tuple[tuple[float, float], ...]) -> tuple[np.ndarray, np.ndarray]:
    """The whole arch, densely sampled by arc length: (s (n,), xz (n,2)), s = 0 at the midline."""
    half = np.array(points)
    knots = np.concatenate([half[:0:-1] * (-1, 1), half])
    for _ in range(5):  # corner cutting keeps the ends and rounds the polyline
        a, b = knots[:-1], knots[1:]
        inner = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], 1).reshape(-1, 2)
        knots = np.concatenate([knots[:1], inner, knots[-1:]])
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    return length - length[-1] / 2, knots


def dental_arch(upper: bool) -> Part:
    """One jaw: 14 crowns of 2 x 5 quads each and a gum band of two rows."""
    teeth = UPPER_TEETH if upper else LOWER_TEETH
    plane, slope = UPPER_PLANE if upper else LOWER_PLANE
    towards_root = 1.0 if upper else -1.0
    s, xz = _curve(UPPER_CURVE if upper else LOWER_CURVE)
    widths = np.concatenate([teeth[::-1, 0], teeth[:, 0]]) * MM
    borders = np.concatenate([[0], np.cumsum(widths)]) - widths.sum() / 2
    tooth_of = np.concatenate([np.arange(7)[::-1], np.arange(7)])
    rows_s, tooth, middle = [], [], []
    for k in range(14):  # three columns a tooth: near side, middle, far side
        a, b = borders[k], borders[k + 1]
        for t in (0.04, 0.5, 0.96):
            rows_s.append(a + (b - a) * t)
            tooth.append(tooth_of[k])
            middle.append(t == 0.5)
    column_s, column_tooth, is_middle = np.array(rows_s), np.array(tooth), np.array(middle)
    centre = np.stack([np.interp(column_s, s, xz[:, i]) for i in (0, 1)], 1)
    ahead = np.stack([np.interp(column_s + 5e-4, s, xz[:, i]) for i in (0, 1)], 1)
    behind = np.stack([np.interp(column_s - 5e-4, s, xz[:, i]) for i in (0, 1)], 1)
    tangent = (ahead - behind) / np.linalg.norm(ahead - behind, axis=1, keepdims=True)
    outward = np.stack([-tangent[:, 1], tangent[:, 0]], 1)
    outward *= np.where((outward * (centre - (0, 0.10))).sum(1, keepdims=True) < 0, -1, 1)
    _, height, edge, neck, tip = teeth[column_tooth].T * MM
    occlusal = plane + slope * (0.148 - centre[:, 1]) + towards_root * edge
    recess = np.where(is_middle, 0.0, 0.55 * MM)  # the embrasure between two crowns
    papilla = np.where(is_middle, 0.0, 1.6 * MM)  # the gum reaches further down between them
    profile = (  # (outward, towards the root) per row, front of the root round the edge to the back
        (-1.2 * MM + 0 * neck, height + (6.0 if upper else 4.0) * MM),
        (1.0 * MM + 0 * neck, height + (2.5 if upper else 2.0) * MM),
        (0.15 * MM - 0.5 * recess, height - papilla),
        (0.35 * MM - recess, 0.55 * height),
        (-0.25 * MM - recess, 0.10 * height),
        (-0.55 * tip - 0.3 * MM, np.where(is_middle, 0, 0.5 * MM)),
        (-tip - 0.3 * MM, 0.15 * height),
        (-neck, 0.9 * height),
        (-neck - 1.5 * MM, height + 3.0 * MM),
    )
    grid = np.stack([
        np.stack([centre[:, 0] + out * outward[:, 0], occlusal + towards_root * up,
                  centre[:, 1] + out * outward[:, 1]], 1)
        for out, up in profile
    ])  # fmt: skip
    grid[..., 2] += UPPER_FORWARD if upper else LOWER_FORWARD
    rows, columns = grid.shape[:2]
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    order = (a, b, c, d) if upper else (d, c, b, a)
    quads = np.stack(order, -1).reshape(-1, 4)
    enamel = np.repeat((np.arange(rows - 1) >= 2) & (np.arange(rows - 1) < 7), columns - 1)
    uv = np.stack(np.meshgrid(np.linspace(0, 1, columns), np.linspace(1, 0, rows)), -1).reshape(-1, 2)
    return Part(grid.reshape(-1, 3), _outward(grid.reshape(-1, 3), quads, (0, plane, 0.11)), uv, enamel)


def _outward(positions: np.ndarray, quads: np.ndarray, centre: tuple[float, float, float]) -> np.ndarray:
    """Reverses all quads if their normals point towards `centre` on average over the front row."""
    p = positions[quads]
    normal = np.cross(p[:, 2] - p[:, 0], p[:, 3] - p[:, 1])
    front = p.mean(1)
    score = (normal * (front - np.array(centre)))[:, [0, 2]].sum()
    return quads if score > 0 else quads[:, ::-1].copy()


def eyeball(helper: np.ndarray, rings: tuple[float, ...], segments: int) -> tuple[Part, np.ndarray, float]:
    """A sphere fitted to the helper eyeball, its pole at the pupil.

    Args:
        helper: (n,3) vertices of MakeHuman's eyeball.
        rings: polar angles of the rings in degrees, the first one close to the pole.
        segments: vertices in a ring.
    Returns:
        the mesh (the cap's triangles are quads whose last corner repeats), its centre (3,), its radius (m).
    """
    solution = np.linalg.lstsq(np.c_[2 * helper, np.ones(len(helper))], (helper**2).sum(1), rcond=None)[0]
    centre = solution[:3]
    radius = float(np.sqrt(solution[3] + centre @ centre)) * 0.985
    theta, phi = np.radians(np.array(rings)), np.linspace(0, 2 * np.pi, segments, endpoint=False)
    cornea = 1 + 0.055 * np.clip(1 - (theta / np.radians(31)) ** 2, 0, 1) ** 1.2
    direction = np.stack([
        np.sin(theta)[:, None] * np.cos(phi), np.sin(theta)[:, None] * np.sin(phi),
        np.cos(theta)[:, None] * np.ones_like(phi),
    ], -1)  # fmt: skip
    ringed = (centre + radius * cornea[:, None, None] * direction).reshape(-1, 3)
    positions = np.concatenate([ringed, centre + radius * 1.055 * np.array([[0.0, 0.0, 1.0]])])
    index = np.arange(len(ringed)).reshape(len(rings), segments)
    a, b = index[:-1], np.roll(index[:-1], -1, 1)
    c, d = np.roll(index[1:], -1, 1), index[1:]
    pole = np.full(segments, len(ringed))
    cap = np.stack([index[0], np.roll(index[0], -1), pole, pole], -1)
    quads = np.concatenate([np.stack([a, d, c, b], -1).reshape(-1, 4), cap])
    flat = np.concatenate([
        0.5 + 0.5 * (theta / np.pi)[:, None, None] * np.stack([np.cos(phi), np.sin(phi)], -1),
        np.full((1, 1, 2), 0.5).repeat(segments, 1),
    ]).reshape(-1, 2)[: len(positions)]  # fmt: skip
    return Part(positions, quads, flat, np.ones(len(quads), bool)), centre, radius
