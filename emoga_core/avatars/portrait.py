"""Pictures of an avatar: a camera in front of the face, and the drawing itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from emoga_core.avatars.avatar import Avatar
from emoga_core.avatars.motion import MotionFrame
from emoga_core.render import Cameras, rasterize

_DISTANCE = 1.1
_FIELD_OF_VIEW = math.radians(20.0)
_FROM_EYES = (0.0, -0.03, -0.06)


def portrait_cameras(
    avatar: Avatar,
    azimuth: float | Sequence[float] = 0.0,
    elevation: float | Sequence[float] = 0.0,
    size: int = 512,
    frame: MotionFrame | None = None,
) -> Cameras:
    """Cameras 1.1 m from the middle of the head, showing 0.39 m there.

    Args:
        azimuth: radians; 0 faces the head, positive goes to its left. elevation: radians, positive goes up.
        size: pixels of the square picture.
        frame: follow this moment's translation (not its rotations).
    """
    head = avatar.head
    with torch.no_grad():
        still = torch.zeros(1, head.num_expressions, device=avatar.identity.device)
        joints = head.rest(avatar.identity[None], still, avatar.vertex_offset)[1][0]
    target = joints[3:5].mean(0).cpu() + torch.tensor(_FROM_EYES)
    if frame is not None:
        target = target + frame.translation.cpu()
    cameras = Cameras.orbit(
        azimuth,
        elevation,
        distance=_DISTANCE,
        target=target,
        vertical_fov=_FIELD_OF_VIEW,
        width=size,
        height=size,
    )
    return cameras.to(avatar.identity.device)


def render_avatar(
    avatar: Avatar,
    cameras: Cameras,
    weights: Mapping[str, float] | None = None,
    frame: MotionFrame | None = None,
    background: Sequence[float] = (1.0, 1.0, 1.0),
) -> Tensor:
    """Draws an avatar: (C, H, W, 3) in [0, 1].

    Args:
        weights: emotions; none is neutral. frame: pose; the rest pose without it.

    Raises:
        AvatarError: a weight for an emotion that the avatar does not have.
    """
    with torch.no_grad():
        splats = avatar.splats(frame or avatar.rest_frame(), weights)
        color = torch.tensor(background, dtype=torch.float32, device=splats.means.device)
        pictures, _, _ = rasterize(splats, cameras, color)
    return pictures.clamp(0, 1)
