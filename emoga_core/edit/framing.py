"""Cameras that follow a face: the head upright and nearly as high as the picture, seen from given angles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from emoga_core.avatars import Avatar, MotionFrame
from emoga_core.heads import FACE_SKIN, Head, landmarks
from emoga_core.heads.face_area import known_vertices
from emoga_core.heads.skinning import joint_transforms, rotation_matrices
from emoga_core.render import Cameras

NECK = 1
"""Number of the joint that carries the skull."""
_DISTANCE = 1.1
_ABOVE, _BELOW = 0.06, 0.13
"""Margins as shares of the picture: hair above; a jaw that drops below."""
_HEAD = (*FACE_SKIN, "scalp")
_CHIN, EYES = 8, (3, 4)
"""Number of a landmark; numbers of joints."""
_FACE_SHARE = 0.8
"""Height of the face over that of the head, from the chin to the hairline and to the top."""


@dataclass(frozen=True)
class FaceBox:
    """Where a person's face is at rest, metres.

    Attributes:
        low, high: y of the chin and of the top of the hair.
        across, depth: x and z of the point to look at.
        face_height: from the chin to the hairline.
    """

    low: float
    high: float
    across: float
    depth: float
    face_height: float


def face_box(avatar: Avatar) -> FaceBox:
    """Measures the head at rest."""
    head = avatar.head
    with torch.no_grad():
        posed = avatar.pose(avatar.rest_frame())
        black = posed.new_zeros(len(avatar.gaussians), 1, 3)
        means = avatar.bound(posed, black).means.cpu()
    vertices = posed.cpu()
    chosen = known_vertices(head, _HEAD).cpu()
    if bool(chosen.any()):
        low = float(vertices[chosen, 1].amin())
    else:
        low = chin_level(head.to("cpu"), vertices)
        chosen = vertices[:, 1] >= low
    high = float(vertices[chosen, 1].amax())
    on_head = chosen[head.triangles.cpu()].all(1)[avatar.binding.triangles.cpu()]
    if bool(on_head.any()):
        high = max(high, float(means[on_head, 1].quantile(0.999)))
    face = vertices[known_vertices(head, FACE_SKIN).cpu()]
    height = float(face[:, 1].amax() - face[:, 1].amin()) if len(face) else _FACE_SHARE * (high - low)
    face = face if len(face) else vertices[chosen]
    return FaceBox(
        low, high, float(face[:, 0].mean()), float(face[:, 2].amax()) - 0.35 * (high - low), height
    )


def face_cameras(
    avatar: Avatar,
    frame: MotionFrame,
    angles: Sequence[tuple[float, float]],
    size: int,
    *,
    box: FaceBox | None = None,
) -> Cameras:
    """Cameras around the head of one moment, turned with it: frontal is frontal however the head is held.

    Args:
        angles: (azimuth, elevation) in radians, relative to the head; a positive azimuth shows its left side,
            a positive elevation looks from above.
        size: pixels of the square pictures.
        box: of this avatar, if it was measured already.

    All stand 1.1 m from the face and show the head, with its hair, on some 80 % of the
    height: what remains below the chin is for a jaw that drops.
    """
    box = box or face_box(avatar)
    height = (box.high - box.low) / (1 - _ABOVE - _BELOW)
    middle = 0.5 * (box.high + _ABOVE * height + box.low - _BELOW * height)
    target = torch.tensor([box.across, middle, box.depth])
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
    chosen = known_vertices(avatar.head, FACE_SKIN).to(vertices.device)
    points = vertices[chosen] if bool(chosen.any()) else vertices
    _, depth = camera.to(vertices.device).project(points)
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


def chin_level(head: Head, vertices: Tensor) -> float:
    """y of the chin of vertices (V, 3) at rest, for heads without regions: from a landmark, else as far below
    the joints of the eyes as the top of the head is above them (they lie half-way, as in life)."""
    if len(head.landmark_triangles):
        return float(landmarks(head, vertices)[_CHIN, 1])
    lowest, highest = float(vertices[:, 1].amin()), float(vertices[:, 1].amax())
    eyes = float((head.joint_regressor @ vertices)[list(EYES), 1].mean())
    level = 2 * eyes - highest
    return level if lowest < level < 0.5 * (lowest + highest) else lowest
