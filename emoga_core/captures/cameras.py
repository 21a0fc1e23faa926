"""One pinhole camera of a capture, and the change between OpenGL and OpenCV axes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

# OpenGL looks along -z with y up, OpenCV along +z with y down.
_FLIP_Y_Z = np.diag([1.0, -1.0, -1.0, 1.0])


@dataclass(frozen=True)
class CaptureCamera:
    """A pinhole camera without distortion.

    Attributes:
        world_to_camera: (4, 4) float64, rigid, metres, OpenCV axes (x right, y down, z forward).
        intrinsics: (3, 3) float64, pixels; pixel centres lie at half-integers.
        width, height: pixels.
    """

    world_to_camera: np.ndarray
    intrinsics: np.ndarray
    width: int
    height: int

    @property
    def center(self) -> np.ndarray:
        """(3,) the camera's position in the world, metres."""
        rotation, shift = self.world_to_camera[:3, :3], self.world_to_camera[:3, 3]
        return -rotation.T @ shift

    @property
    def camera_to_world_opengl(self) -> np.ndarray:
        """(4, 4) what a `transforms.json` calls `transform_matrix`."""
        pose = np.eye(4)
        pose[:3, :3] = self.world_to_camera[:3, :3].T
        pose[:3, 3] = self.center
        return pose @ _FLIP_Y_Z

    @staticmethod
    def from_opengl(pose: np.ndarray, intrinsics: np.ndarray, width: int, height: int) -> CaptureCamera:
        """From a rigid camera-to-world matrix (4, 4) with OpenGL axes.

        Raises:
            ValueError: the matrix is not rigid (rotation orthonormal within 1e-3, not mirrored).
        """
        rotation = pose[:3, :3]
        rigid = np.abs(rotation @ rotation.T - np.eye(3)).max() < 1e-3 and np.linalg.det(rotation) > 0
        if not rigid or np.abs(pose[3] - [0, 0, 0, 1]).max() > 1e-6:
            raise ValueError("the camera's matrix is not a rotation and a translation")
        opencv = pose @ _FLIP_Y_Z
        world_to_camera = np.eye(4)
        world_to_camera[:3, :3] = opencv[:3, :3].T
        world_to_camera[:3, 3] = -opencv[:3, :3].T @ opencv[:3, 3]
        return CaptureCamera(world_to_camera, intrinsics, width, height)

    def to_json(self) -> dict[str, object]:
        """The camera's keys of one frame in a `transforms.json`."""
        fx, fy = float(self.intrinsics[0, 0]), float(self.intrinsics[1, 1])
        return {
            "cx": float(self.intrinsics[0, 2]),
            "cy": float(self.intrinsics[1, 2]),
            "fl_x": fx,
            "fl_y": fy,
            "h": self.height,
            "w": self.width,
            "camera_angle_x": 2 * math.atan(self.width / (2 * fx)),
            "camera_angle_y": 2 * math.atan(self.height / (2 * fy)),
            "transform_matrix": self.camera_to_world_opengl.tolist(),
        }
