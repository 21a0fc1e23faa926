"""The studio's fine surface: a linear function of the head's cage vertices.

Skin and tongue are one Catmull-Clark step of the cage's quads. Eyeballs and teeth are modelled finely and
bound by
affine maps to the cage's own: x = W X with W = [p 1] pinv([c 1]), p fine and c cage positions at rest. So
whatever
the head's parameters do to the cage, they do to this surface, and the parameters of a rendered picture are
exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numba import njit

from .cage import Cage
from .eyes import build_eyeball
from .masks import NAMES, load_masks
from .noise import smoothstep_array
from .parts import Part
from .subdivision import SparseMap, catmull_clark
from .teeth import LOWER, UPPER, build_arch


@njit(cache=True)
def vertex_normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Area-weighted unit normals (V, 3)."""
    out = np.zeros_like(points)
    for f in range(len(triangles)):
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        ux, uy, uz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
        vx, vy, vz = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for k in (a, b, c):
            out[k, 0] += nx
            out[k, 1] += ny
            out[k, 2] += nz
    for i in range(len(out)):
        length = np.sqrt(out[i, 0] ** 2 + out[i, 1] ** 2 + out[i, 2] ** 2) + 1e-12
        out[i] /= length
    return out


@dataclass(frozen=True)
class BoundPart:
    """A finely modelled part: rows `first : first + len(weights)` of the surface are `weights @
    cage[indices]`."""

    first: int
    indices: np.ndarray
    weights: np.ndarray

    @property
    def rows(self) -> slice:
        """Its vertices in the surface."""
        return slice(self.first, self.first + len(self.weights))


@dataclass(frozen=True)
class Surface:
    """Topology and rest-pose coordinates; `points` makes it follow a posed cage."""

    smooth: SparseMap
    bound: tuple[BoundPart, ...]
    """Left eye, right eye, upper arch, lower arch."""
    triangles: np.ndarray
    """(F, 3) int32."""
    parts: np.ndarray
    """(F,) int8, `Part`."""
    uv: np.ndarray
    """(F, 3, 2) float32 texture coordinates per corner (skin and tongue)."""
    canonical: np.ndarray
    """(n, 3) position in the MakeHuman base mesh, metres: the coordinates in which everything is painted."""
    canonical_normals: np.ndarray
    detail: np.ndarray
    """(n, 3) eye direction or tooth coordinates, see `teeth.ArchMesh`."""
    depth_bias: np.ndarray
    """(n,) metres by which a vertex counts as further away when hiding surfaces: lips always cover teeth."""
    mouth: np.ndarray
    """(n,) 0..1: inside of the mouth."""
    eye_centre: np.ndarray
    eye_radius: float

    def points(self, cage: np.ndarray) -> np.ndarray:
        """Fine vertices (n, 3) of posed cage vertices (V, 3)."""
        cage = np.ascontiguousarray(cage, np.float64)
        return np.concatenate(
            [self.smooth(cage)] + [part.weights @ cage[part.indices] for part in self.bound]
        )

    @property
    def skin(self) -> np.ndarray:
        """Rows of the triangles of skin."""
        return np.flatnonzero(self.parts == Part.SKIN)


def _affine(fine: np.ndarray, cage: np.ndarray) -> np.ndarray:
    one = np.ones
    return np.c_[fine, one(len(fine))] @ np.linalg.pinv(np.c_[cage, one(len(cage))])


def build_surface(cage: Cage) -> Surface:
    """Builds the maps for a cage; takes about a second."""
    smooth_quads = cage.quads_of("skin", "tongue")
    step = catmull_clark(cage.quads[smooth_quads], cage.quad_uv[smooth_quads], len(cage.canonical))
    tongue = np.repeat(cage.quad_is(smooth_quads, "tongue"), 4)
    triangles = [step.quads[:, [0, 1, 2]], step.quads[:, [0, 2, 3]]]
    uv = [step.quad_uv[:, [0, 1, 2]], step.quad_uv[:, [0, 2, 3]]]
    part_of = np.where(tongue, Part.TONGUE, Part.SKIN)
    parts = [part_of, part_of]
    canonical = [step.points(cage.canonical)]
    detail = [np.zeros_like(canonical[0])]
    bound: list[BoundPart] = []

    def attach(
        name: str, points: np.ndarray, faces: np.ndarray, labels: np.ndarray, extra: np.ndarray
    ) -> None:
        first = sum(len(c) for c in canonical)
        indices = cage.vertices_of(name)
        bound.append(BoundPart(first, indices, _affine(points, cage.canonical[indices])))
        canonical.append(points)
        detail.append(extra)
        triangles.append(faces + first)
        parts.append(labels)
        uv.append(np.zeros((len(faces), 3, 2)))

    for name, part in (("left_eye", Part.LEFT_EYE), ("right_eye", Part.RIGHT_EYE)):
        ball = build_eyeball(*cage.eyeball(name))
        attach(name, ball.points, ball.triangles, np.full(len(ball.triangles), part), ball.directions)
    for name, arch in (("upper_teeth", UPPER), ("lower_teeth", LOWER)):
        mesh = build_arch(arch)
        attach(name, mesh.points, mesh.triangles, mesh.parts, mesh.coordinates)
    faces = np.concatenate(triangles).astype(np.int32)
    labels, corners = np.concatenate(parts).astype(np.int8), np.concatenate(uv).astype(np.float32)
    rest, details = np.concatenate(canonical), np.concatenate(detail)
    mask = _vertex_masks(faces[labels == Part.SKIN], corners[labels == Part.SKIN], len(rest))
    centre, radius = cage.eyeball("left_eye")
    normals = vertex_normals(rest, faces)
    bias = _depth_bias(faces, labels, mask[:, NAMES.index("inside-mouth")], details, bound[2].first)
    inner_lid = _inner_lids(rest, normals, centre) & (np.arange(len(rest)) < bound[0].first)
    return Surface(
        smooth=step.points,
        bound=tuple(bound),
        triangles=faces,
        parts=labels,
        uv=corners,
        canonical=rest,
        canonical_normals=normals,
        detail=details,
        depth_bias=np.where(inner_lid, np.maximum(bias, 0.0035), bias),
        mouth=mask[:, NAMES.index("inside-mouth")],
        eye_centre=centre,
        eye_radius=radius,
    )


def _vertex_masks(triangles: np.ndarray, uv: np.ndarray, count: int) -> np.ndarray:
    """The masks averaged per vertex: (count, 4)."""
    values = load_masks().sample(uv.reshape(-1, 2))
    total = np.stack([np.bincount(triangles.ravel(), v, count) for v in values.T], 1)
    return total / np.maximum(np.bincount(triangles.ravel(), minlength=count), 1)[:, None]


def _depth_bias(
    triangles: np.ndarray, parts: np.ndarray, inside_mouth: np.ndarray, detail: np.ndarray, teeth: int
) -> np.ndarray:
    """Teeth and gums 3.5 mm behind, tongue 5 mm, the bag of the mouth up to 16 mm: no part pokes through a
    lip.

    Eyeballs lie 0.7 mm behind and corneas 3.5 mm, so that they do not show through a closed lid.
    """
    bias = np.zeros(len(inside_mouth))
    eyes = np.unique(triangles[(parts == Part.LEFT_EYE) | (parts == Part.RIGHT_EYE)])
    bias[eyes] = 0.0007 + 0.0028 * smoothstep_array(0.75, 0.90, detail[eyes, 2])
    bias[teeth:] = 0.0035
    bag = np.clip((inside_mouth - 0.55) / 0.45, 0, 1)
    bias = np.maximum(bias, 0.016 * bag * bag)
    bias[triangles[parts == Part.TONGUE].ravel()] = 0.005
    return bias


def _inner_lids(points: np.ndarray, normals: np.ndarray, eye: np.ndarray) -> np.ndarray:
    """The side of the lids that lies on the eyeball: when they close, the outer side must cover it."""
    offset = points - np.where(points[:, :1] > 0, eye, eye * [-1, 1, 1])
    distance = np.linalg.norm(offset, axis=1)
    inwards = (normals * offset).sum(1) / np.maximum(distance, 1e-9)
    return (distance < 0.020) & (inwards < -0.3)


@cache
def bundled_surface() -> Surface:
    """The surface of the bundled head."""
    from .cage import bundled_cage

    return build_surface(bundled_cage())
