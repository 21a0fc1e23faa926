"""The studio's camera rig: sixteen views over 93 x 32 degrees, like NeRSemble's."""

from __future__ import annotations

import math

import numpy as np

from emoga_core.captures.cameras import CaptureCamera

ARC, RISE = 93.0, 32.0
"""Degrees from the first to the last camera around the head, and between the lowest and highest elevation."""
DISTANCE = 1.15
"""Metres from the rig's middle."""
_GOLDEN = 0.618034
_PHASE = 0.62
"""So that camera 8 of 16 looks level."""


def studio_camera(
    yaw: float, pitch: float, centre: np.ndarray, size: int, view_height: float
) -> CaptureCamera:
    """A camera that looks at `centre` (3,) m.

    Args:
        yaw: degrees towards the subject's left (+x). pitch: degrees upwards.
        size: pixels of the square picture. view_height: metres seen at the distance of `centre`.
    """
    y, p = math.radians(yaw), math.radians(pitch)
    away = np.array([math.sin(y) * math.cos(p), math.sin(p), math.cos(y) * math.cos(p)])
    right = np.cross(-away, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(right, -away), away], 1)
    pose[:3, 3] = centre + DISTANCE * away
    focal = size * DISTANCE / view_height
    intrinsics = np.array([[focal, 0, size / 2], [0, focal, size / 2], [0, 0, 1.0]])
    return CaptureCamera.from_opengl(pose, intrinsics, size, size)


def camera_rig(count: int, centre: np.ndarray, size: int, view_height: float) -> list[CaptureCamera]:
    """`count` cameras evenly around the front of `centre`; elevations follow the golden ratio.

    Number 8 of 16, which exports of this kind hold out, looks level from just beside the front.
    """
    views = []
    for i in range(count):
        yaw = -ARC / 2 + ARC * i / (count - 1) if count > 1 else 0.0
        pitch = RISE * ((i * _GOLDEN + _PHASE) % 1) - RISE / 2 if count > 1 else 0.0
        views.append(studio_camera(yaw, pitch, centre, size, view_height))
    return views
