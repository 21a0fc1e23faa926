"""What all pictures of one edit share: the avatar's light and skin, and, per moment, both poses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from emoga_core.avatars import Avatar, MotionFrame, portrait_cameras
from emoga_core.edit.guided.flow import LEFT_EYE, RIGHT_EYE, solid_triangles, surface_kinds
from emoga_core.edit.guided.light import Light, estimate_light, to_linear
from emoga_core.edit.guided.paint import wrinkles_at
from emoga_core.edit.guided.pose import PoseChange, pose_change
from emoga_core.edit.guided.rest import (
    bare_skin,
    paint_coordinates,
    paintable_skin,
    smooth_skin,
    turning_skin,
)
from emoga_core.edit.prompts import PromptReading
from emoga_core.heads import landmarks
from emoga_core.heads.skinning import joint_transforms, rotation_matrices
from emoga_core.render import Gaussians, rasterize
from emoga_core.render.mesh_raster import rasterize_mesh, vertex_normals

_SKULL = 1
"""The joint that carries the skull: the neck."""
_AGE = 0.3
"""Wrinkles of a face of nearly forty: the avatar does not say how old it is."""
_BEHIND = 0.0025
_LIGHT_SIZE = 128
_LIGHT_VIEWS = tuple(math.radians(a) for a in (-50.0, 0.0, 50.0))


class Scene:
    """An avatar, ready to be drawn with other faces; everything is computed when first needed."""

    def __init__(self, avatar: Avatar) -> None:
        self.avatar = avatar

    @cached_property
    def sh(self) -> Tensor:
        """(N, K, 3) colours of the neutral face."""
        with torch.no_grad():
            return self.avatar.blended_sh({})

    @cached_property
    def triangles(self) -> Tensor:
        """(F', 3) all but lashes, on the CPU."""
        return solid_triangles(self.avatar.head)

    @cached_property
    def kinds(self) -> Tensor:
        """(V,) what a vertex belongs to: skin, eyes, mouth."""
        return surface_kinds(self.avatar.head)

    @cached_property
    def eyes(self) -> Tensor:
        """(2, N) bool: Gaussians of the left and the right eyeball."""
        binding = self.avatar.binding.triangles
        kinds = self.kinds[self.avatar.head.triangles.cpu()][:, 0].to(binding.device)[binding]
        return torch.stack([kinds == LEFT_EYE, kinds == RIGHT_EYE])

    @cached_property
    def paint_coordinates(self) -> np.ndarray | None:
        """(V, 3) where wrinkles are painted, or None."""
        return paint_coordinates(self.avatar.head)

    @cached_property
    def weights(self) -> Tensor:
        """(V, 4) in [0, 1]: skin of the face; the same without lips; smooth skin; skin that light follows."""
        head = self.avatar.head
        rest = self.vertices(self.avatar.rest_frame())
        columns = [paintable_skin(head), bare_skin(head), smooth_skin(head, rest), turning_skin(head, rest)]
        return torch.from_numpy(np.stack(columns, 1))

    @cached_property
    def light(self) -> Light | None:
        """The light on the face, from three small pictures of the neutral avatar; None if it shows no skin.

        From the avatar rather than from each picture to be edited, so that all views agree about it.
        """
        avatar, frame = self.avatar, self.avatar.rest_frame()
        cameras = portrait_cameras(avatar, list(_LIGHT_VIEWS), 0.0, _LIGHT_SIZE)
        vertices = self.vertices(frame)
        with torch.no_grad():
            splats = avatar.bound(vertices.to(avatar.identity.device), self.sh)
            pictures = rasterize(splats, cameras)[0].clamp(0, 1).cpu().numpy()
        raster = rasterize_mesh(vertices, self.triangles, cameras)
        normals = raster.normals(vertices).numpy()
        skin = raster.interpolate(self.weights)[..., 1].numpy() > 0.99
        return estimate_light([to_linear(pictures[skin])], [normals[skin]])

    def vertices(self, frame: MotionFrame) -> Tensor:
        """(V, 3) posed, on the CPU."""
        with torch.no_grad():
            return self.avatar.pose(frame).float().cpu()

    def moment(self, frame: MotionFrame, reading: PromptReading, intensity: float) -> Moment:
        """One moment before and after."""
        return Moment(self, pose_change(self.avatar, frame, reading, intensity))


@dataclass(eq=False)
class Moment:
    """One frame of an edit: both poses and what the pictures of all its views need of them."""

    scene: Scene
    change: PoseChange

    @cached_property
    def present(self) -> Tensor:
        """(V, 3) vertices now."""
        return self.scene.vertices(self.change.present)

    @cached_property
    def target(self) -> Tensor:
        """(V, 3) vertices then."""
        return self.scene.vertices(self.change.target)

    @cached_property
    def normals(self) -> Tensor:
        """(V, 6) unit normals now and then, evened out: the mesh is coarser than its shade."""
        triangles = self.scene.triangles
        pair = [_evened(vertex_normals(v, triangles), triangles) for v in (self.present, self.target)]
        return torch.cat(pair, 1)

    @cached_property
    def attributes(self) -> Tensor:
        """(V, 13 or 10) float32 what pixels take from vertices: weights (4), normals (6), and where there are
        any, paint coordinates (3)."""
        parts = [self.scene.weights, self.normals]
        if self.scene.paint_coordinates is not None:
            parts.append(torch.from_numpy(self.scene.paint_coordinates).float())
        return torch.cat(parts, 1)

    @cached_property
    def splats_now(self) -> Gaussians:
        """The avatar as it is."""
        return self._bound(self.present)

    @cached_property
    def splats_then(self) -> Gaussians:
        """The avatar as it shall be, still with its neutral colours."""
        return self._bound(self.target)

    @cached_property
    def behind(self) -> Tensor:
        """(N,) metres by which a Gaussian is sorted behind its place: those of eyes that close."""
        shift = torch.zeros(len(self.scene.avatar.gaussians))
        head = self.scene.avatar.head
        if len(head.landmark_triangles):
            now, then = (landmarks(head.to("cpu"), vertices) for vertices in (self.present, self.target))
            for eye, first in enumerate((42, 36)):
                closing = 1 - _aperture(then, first) / max(_aperture(now, first), 1e-4)
                shift[self.scene.eyes[eye].cpu()] = _BEHIND * min(1.0, max(0.0, 5 * closing))
        return shift.to(self.scene.avatar.identity)

    @cached_property
    def wrinkles(self) -> tuple:
        """Strengths of wrinkles now and then."""
        change = self.change
        return wrinkles_at(change.activations_now, _AGE), wrinkles_at(change.activations_then, _AGE)

    @cached_property
    def rotation(self) -> np.ndarray:
        """(3, 3) of the skull against its rest pose."""
        avatar = self.scene.avatar
        with torch.no_grad():
            still = torch.zeros(1, avatar.head.num_expressions, device=avatar.identity.device)
            joints = avatar.head.rest(avatar.identity[None], still, avatar.vertex_offset)[1]
            turned = rotation_matrices(self.change.target.joint_rotations.to(joints)[None])
            world, _ = joint_transforms(turned, joints, avatar.head.parents)
        return world[0, _SKULL].cpu().double().numpy()

    def _bound(self, vertices: Tensor) -> Gaussians:
        avatar = self.scene.avatar
        with torch.no_grad():
            return avatar.bound(vertices.to(avatar.identity.device), self.scene.sh)


def _aperture(points: Tensor, first: int) -> float:
    """Opening (m) of the eye whose six landmarks start at `first`: the mean of its two lid distances."""
    upper, lower = points[[first + 1, first + 2]], points[[first + 5, first + 4]]
    return float((upper - lower).norm(dim=1).mean())


def _evened(normals: Tensor, triangles: Tensor) -> Tensor:
    total = normals.clone()
    mean = normals[triangles].mean(1)
    for k in range(3):
        total.index_add_(0, triangles[:, k], mean)
    return torch.nn.functional.normalize(total, dim=1, eps=1e-20)
