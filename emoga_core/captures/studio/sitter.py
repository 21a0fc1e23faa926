"""A subject in front of the cameras: what stays the same (identity, hair) and what each frame brings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from emoga_core.heads import ARKIT_NAMES, bundled_head
from emoga_core.heads.skinning import joint_transforms, rotation_matrices

from .brows import Brows, Lashes
from .cage import bundled_cage
from .grid import build_grid, count_within, nearest
from .hair import grow_hair
from .hairshadow import HairShadow, hair_shadow
from .lighting import KEY, KEY_SIZE, LightMap, ambient_light, key_light, light_map
from .looks import Look
from .skin import paint_of
from .strands import Strands
from .surface import bundled_surface, vertex_normals
from .wrinkles import Wrinkles, wrinkles_of


class Parameters(NamedTuple):
    """Tracked parameters of one frame: expression (E,), joint_rotations (5, 3) axis-angle, translation (3,)
    m."""

    expression: np.ndarray
    joint_rotations: np.ndarray
    translation: np.ndarray

    @staticmethod
    def neutral() -> Parameters:
        """The face at rest."""
        return Parameters(np.zeros(len(ARKIT_NAMES)), np.zeros((5, 3)), np.zeros(3))


@dataclass(frozen=True)
class Shot:
    """Everything about one frame that all cameras share."""

    points: np.ndarray
    """(n, 3) posed surface, world metres."""
    normals: np.ndarray
    ambient: np.ndarray
    """(n,) light from all around that arrives."""
    key: np.ndarray
    """(n,) key light that arrives."""
    key_map: LightMap
    shadow: HairShadow
    wrinkles: Wrinkles
    strands: Strands
    rotation: np.ndarray
    """(3, 3) of the head against its rest pose."""


class Sitter:
    """One subject: fixed identity coefficients (S,) and look, hair grown once."""

    def __init__(self, identity: np.ndarray, look: Look, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.head, self.cage, self.surface = bundled_head(), bundled_cage(), bundled_surface()
        self.identity = np.asarray(identity, np.float32)
        self.look, self.paint = look, paint_of(look)
        rest = self.vertices(Parameters.neutral())
        self.rest_points = self.surface.points(rest)
        self.rest_normals = vertex_normals(self.rest_points, self.surface.triangles)
        self.brows = Brows(self.surface, self.rest_points, look, rng)
        self.lashes = Lashes(self.cage, look, rng)
        self.hair = grow_hair(self.surface, self.rest_points, self.rest_normals, look, rng)
        self.hair_cover = self._hair_cover()
        self._lids = [self._lid_vertices(side) for side in (1.0, -1.0)]

    @property
    def eye_level(self) -> np.ndarray:
        """(3,) point between the eyes at rest, world metres."""
        left, right = self.surface.bound[0], self.surface.bound[1]
        return (self.rest_points[left.rows].mean(0) + self.rest_points[right.rows].mean(0)) / 2

    def vertices(self, parameters: Parameters) -> np.ndarray:
        """Cage vertices (V, 3), exactly as any reader of the parameters gets them (float32 arithmetic)."""
        with torch.no_grad():
            posed = self.head.pose(
                *(torch.tensor(np.asarray(a, np.float32))[None] for a in (self.identity, *parameters))
            )
        return posed[0].double().numpy()

    def head_transform(self, parameters: Parameters) -> tuple[np.ndarray, np.ndarray]:
        """Rotation (3, 3) and shift (3,) that move the skull from its rest pose."""
        with torch.no_grad():
            joints = self.head.rest(torch.tensor(self.identity)[None], torch.zeros(1, len(ARKIT_NAMES)))[1]
            turned = rotation_matrices(torch.tensor(np.asarray(parameters.joint_rotations, np.float32))[None])
            world, offsets = joint_transforms(turned, joints, self.head.parents)
        shift = offsets[0, 1].double().numpy() + np.asarray(parameters.translation, float)
        return world[0, 1].double().numpy(), shift

    def shoot(self, parameters: Parameters) -> Shot:
        """Poses the subject and computes its light."""
        vertices = self.vertices(parameters)
        points = self.surface.points(vertices)
        normals = vertex_normals(points, self.surface.triangles)
        key_map = light_map(points, self.surface.triangles, np.array(KEY), KEY_SIZE)
        ambient = ambient_light(points, normals, self.surface.triangles) * self.hair_cover
        # Light that bounces about in an open mouth, which occlusion alone would paint black.
        ambient = np.maximum(ambient, 0.34 * self.surface.mouth)
        key = key_light(key_map, points)
        self._shade_eyes(points, ambient, key)
        rotation, shift = self.head_transform(parameters)
        parts = [self.brows.pose(points, normals), self.lashes.pose(vertices, rotation[:, 2])]
        hair = self.hair.moved(rotation, shift) if self.hair is not None else None
        activations = dict(zip(ARKIT_NAMES, np.asarray(parameters.expression, float).tolist(), strict=True))
        return Shot(
            points, normals, ambient, key, key_map, hair_shadow(key_map, hair),
            wrinkles_of(activations, self.look.age, self.look.femininity),
            Strands.joined([*parts, hair] if hair is not None else parts), rotation,
        )  # fmt: skip

    def _hair_cover(self) -> np.ndarray:
        """(n,) share of ambient light that passes the hair over each vertex."""
        if self.hair is None:
            return np.ones(len(self.rest_points))
        knots = self.hair.end[:: max(1, len(self.hair) // 20000)]
        crowd = count_within(build_grid(knots, 0.012), self.rest_points + self.rest_normals * 0.008, 0.012)
        dense = max(1.0, float(np.quantile(crowd[crowd > 0], 0.85)))
        return 1 - 0.45 * np.clip(crowd / dense, 0, 1)

    def _lid_vertices(self, side: float) -> np.ndarray:
        """Skin vertices of the lids of the eye at x * side > 0."""
        surface = self.surface
        skin = np.unique(surface.triangles[surface.skin])
        offset = surface.canonical[skin] - surface.eye_centre * [side, 1, 1]
        distance = np.linalg.norm(offset, axis=1)
        close = (distance < 0.026) & (distance > 1.0 * surface.eye_radius) & (offset[:, 2] > -0.004)
        return skin[close]

    def _shade_eyes(self, points: np.ndarray, ambient: np.ndarray, key: np.ndarray) -> None:
        """Contact shadow of the lids on the eyeballs, stronger from above."""
        for lids, ball in zip(self._lids, self.surface.bound[:2], strict=True):
            eye = points[ball.rows]
            lid = points[lids]
            distance, index = nearest(build_grid(lid, 0.004), eye, 0.012)
            above = np.where(index >= 0, lid[np.maximum(index, 0), 1] - eye[:, 1], 0)
            t = np.clip((above + 0.0005) / 0.0020, 0, 1)
            upper = t * t * (3 - 2 * t)
            dark = (0.30 + 0.42 * upper) * np.exp(
                -((np.minimum(distance, 1.0) / (0.0022 + 0.0020 * upper)) ** 1.5)
            )
            ambient[ball.rows] = np.maximum(ambient[ball.rows], 0.45) * (1 - dark)
            key[ball.rows] = np.maximum(key[ball.rows], 0.55) * (1 - dark)
