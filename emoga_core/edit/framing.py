"""Cameras that follow a face: the head upright and nearly as high as the picture, seen from given angles."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from emoga_core.avatars import Avatar, MotionFrame
from emoga_core.heads import FACE_SKIN, landmarks
from emoga_core.heads.face_area import known_vertices
from emoga_core.heads.skinning import joint_transforms, rotation_matrices
from emoga_core.render import Cameras

NECK = 1
"""Number of the joint that carries the skull."""
_DISTANCE = 1.1
_ABOVE, _BELOW = 0.06, 0.13
"""Margins as shares of the picture: hair above; a jaw that drops below."""
_HEAD = (*FACE_SKIN, "scalp")
_FOREHEAD_SHARE = 1.55
"""Height from the chin to the hairline over that from the chin to the brows (Farkas 1994: about thirds)."""


def face_height(avatar: Avatar) -> float:
    """Height of the face at rest, from the chin to the hairline, in metres."""
    head, vertices = avatar.head, rest_vertices(avatar)
    skin = vertices[known_vertices(head, FACE_SKIN).cpu()]
    if len(skin):
        return float(skin[:, 1].amax() - skin[:, 1].amin())
    if len(head.landmark_triangles):
        points = landmarks(head, vertices)
        return float(points[17:27, 1].mean() - points[8, 1]) * _FOREHEAD_SHARE
    return 0.75 * float(vertices[:, 1].amax() - vertices[:, 1].amin())


def face_cameras(
    avatar: Avatar, frame: MotionFrame, angles: Sequence[tuple[float, float]], size: int
) -> Cameras:
    """Cameras around the head of one moment, turned with it: frontal is frontal however the head is held.

    Args:
        angles: (azimuth, elevation) in radians, relative to the head; a positive azimuth shows its left side,
            a positive elevation looks from above.
        size: pixels of the square pictures.

    All stand 1.1 m from the face and show the head, with its hair, on some 80 % of the
    height: what remains below the chin is for a jaw that drops.
    """
    low, high, across, depth = _head_box(avatar)
    height = (high - low) / (1 - _ABOVE - _BELOW)
    target = torch.tensor([across, 0.5 * (high + _ABOVE * height + low - _BELOW * height), depth])
    fov = 2 * math.atan(0.5 * height / _DISTANCE)
    still = Cameras.orbit(
        [azimuth for azimuth, _ in angles],
        [elevation for _, elevation in angles],
        distance=_DISTANCE,
        target=target,
        vertical_fov=fov,
        width=size,
        height=size,
    )
    back = torch.linalg.inv(skull_transform(avatar, frame).double()).float()
    still.world_to_camera = still.world_to_camera @ back
    return still.to(avatar.identity.device)


def pixels_per_metre(avatar: Avatar, camera: Cameras, vertices: Tensor) -> float:
    """Scale of the picture of one camera at the depth of the face of posed vertices (V, 3)."""
    chosen = known_vertices(avatar.head, FACE_SKIN).cpu()
    points = vertices[chosen] if bool(chosen.any()) else vertices
    _, depth = camera.project(points)
    return float(camera.intrinsics[0, 1, 1] / depth.median())


def skull_transform(avatar: Avatar, frame: MotionFrame) -> Tensor:
    """(4, 4) on the CPU: where the moment's root and neck rotations and translation carry the skull."""
    head = avatar.head
    with torch.no_grad():
        still = torch.zeros(1, head.num_expressions, device=avatar.identity.device)
        joints = head.rest(avatar.identity[None], still, avatar.vertex_offset)[1]
        rotations = rotation_matrices(frame.joint_rotations[None].to(joints))
        world, offsets = joint_transforms(rotations, joints, head.parents)
    transform = torch.eye(4)
    transform[:3, :3] = world[0, NECK].cpu()
    transform[:3, 3] = offsets[0, NECK].cpu() + frame.translation.cpu()
    return transform


def rest_vertices(avatar: Avatar) -> Tensor:
    """(V, 3) on the CPU: the person's head at rest."""
    with torch.no_grad():
        return avatar.pose(avatar.rest_frame()).cpu()


def _head_box(avatar: Avatar) -> tuple[float, float, float, float]:
    """Of the head with its hair at rest: lowest and highest y, middle x of the face, depth z to look at."""
    head, vertices = avatar.head, rest_vertices(avatar)
    chosen = known_vertices(head, _HEAD).cpu()
    if not bool(chosen.any()):
        chosen = torch.ones(head.num_vertices, dtype=torch.bool)
    low, high = float(vertices[chosen, 1].amin()), float(vertices[chosen, 1].amax())
    with torch.no_grad():
        means = avatar.bound(*_colourless(avatar, avatar.rest_frame())).means.cpu()
    on_head = chosen[head.triangles.cpu()].all(1)[avatar.binding.triangles.cpu()]
    if bool(on_head.any()):
        high = max(high, float(means[on_head, 1].quantile(0.999)))
    face = vertices[known_vertices(head, FACE_SKIN).cpu()]
    face = face if len(face) else vertices[chosen]
    return low, high, float(face[:, 0].mean()), float(face[:, 2].amax()) - 0.35 * (high - low)


def _colourless(avatar: Avatar, frame: MotionFrame) -> tuple[Tensor, Tensor]:
    """Posed vertices and black colours, for when only the places of the Gaussians matter."""
    vertices = avatar.pose(frame)
    return vertices, vertices.new_zeros(len(avatar.gaussians), 1, 3)
