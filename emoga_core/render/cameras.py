"""Pinhole cameras in the OpenCV convention: x right, y down, z forward; pixel centres at +0.5."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from emoga_core.errors import EmogaError

_OPENGL_TO_OPENCV = (1.0, -1.0, -1.0, 1.0)


@dataclasses.dataclass
class Cameras:
    """C cameras of one picture size.

    Attributes:
        world_to_camera: (C, 4, 4) rigid transforms, metres.
        intrinsics: (C, 3, 3) [[fx, 0, cx], [0, fy, cy], [0, 0, 1]] in pixels.
        width, height: picture size in pixels.

    Raises:
        EmogaError: when shapes or sizes are impossible.
    """

    world_to_camera: Tensor
    intrinsics: Tensor
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.world_to_camera.ndim == 2:
            self.world_to_camera = self.world_to_camera[None]
        if self.intrinsics.ndim == 2:
            self.intrinsics = self.intrinsics[None]
        count = self.world_to_camera.shape[0]
        if tuple(self.world_to_camera.shape) != (count, 4, 4):
            raise EmogaError(
                f"Cameras: world_to_camera has shape {tuple(self.world_to_camera.shape)}, expected (C, 4, 4)."
            )
        if tuple(self.intrinsics.shape) != (count, 3, 3):
            raise EmogaError(
                f"Cameras: intrinsics has shape {tuple(self.intrinsics.shape)}, expected ({count}, 3, 3)."
            )
        self.width, self.height = int(self.width), int(self.height)
        if self.width < 1 or self.height < 1:
            raise EmogaError(f"Cameras: picture size {self.width}x{self.height} is empty; give at least 1x1.")

    def __len__(self) -> int:
        return self.world_to_camera.shape[0]

    def __getitem__(self, index: int | slice | Tensor | Sequence[int]) -> Cameras:
        """The chosen cameras, still batched."""
        if isinstance(index, int):
            index = [index]
        return dataclasses.replace(
            self, world_to_camera=self.world_to_camera[index], intrinsics=self.intrinsics[index]
        )

    @property
    def centers(self) -> Tensor:
        """(C, 3) camera positions in the world, metres."""
        rotation, translation = self.world_to_camera[:, :3, :3], self.world_to_camera[:, :3, 3]
        return -(rotation.transpose(1, 2) @ translation[..., None])[..., 0]

    def to(self, *args, **kwargs) -> Cameras:
        """Moves or casts the matrices, as `Tensor.to`."""
        return dataclasses.replace(
            self,
            world_to_camera=self.world_to_camera.to(*args, **kwargs),
            intrinsics=self.intrinsics.to(*args, **kwargs),
        )

    def crop(self, left: int, top: int, width: int, height: int) -> Cameras:
        """The cameras of a window of the pictures; (left, top) may lie outside them.

        Splats whose centres lie more than 15 % of the window outside it may differ slightly from the full
        picture: the rasteriser's affine approximation is taken at the margin for them, as in gsplat.
        """
        intrinsics = self.intrinsics.clone()
        intrinsics[:, 0, 2] -= left
        intrinsics[:, 1, 2] -= top
        return dataclasses.replace(self, intrinsics=intrinsics, width=width, height=height)

    def scaled(self, factor: float) -> Cameras:
        """The cameras of pictures resampled by `factor` (0.5 halves them); sizes are rounded."""
        width, height = max(1, round(self.width * factor)), max(1, round(self.height * factor))
        intrinsics = self.intrinsics.clone()
        intrinsics[:, 0] *= width / self.width
        intrinsics[:, 1] *= height / self.height
        return dataclasses.replace(self, intrinsics=intrinsics, width=width, height=height)

    def project(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """World points (N, 3) or (C, N, 3) -> pixels (C, N, 2) and depths (C, N) in metres."""
        rotation, translation = self.world_to_camera[:, :3, :3], self.world_to_camera[:, None, :3, 3]
        camera = points @ rotation.transpose(1, 2) + translation
        pixels = camera @ self.intrinsics.transpose(1, 2)
        return pixels[..., :2] / pixels[..., 2:], camera[..., 2]

    def camera_to_world_opengl(self) -> Tensor:
        """(C, 4, 4) camera-to-world with OpenGL axes (x right, y up, looking along -z), as VHAP stores it."""
        flip = torch.tensor(_OPENGL_TO_OPENCV, dtype=self.world_to_camera.dtype)
        return torch.linalg.inv(self.world_to_camera) * flip.to(self.world_to_camera.device)

    @staticmethod
    def from_opengl(camera_to_world: Tensor, intrinsics: Tensor, width: int, height: int) -> Cameras:
        """From OpenGL camera-to-world (C, 4, 4) (x right, y up, looking along -z); intrinsics (C, 3, 3)."""
        flip = torch.tensor(_OPENGL_TO_OPENCV, dtype=camera_to_world.dtype, device=camera_to_world.device)
        matrix = camera_to_world if camera_to_world.ndim == 3 else camera_to_world[None]
        return Cameras(torch.linalg.inv(matrix * flip), intrinsics, width, height)

    @staticmethod
    def cat(parts: Sequence[Cameras]) -> Cameras:
        """Concatenates cameras of one picture size."""
        if not parts:
            raise EmogaError("Cameras.cat: nothing to concatenate.")
        first = parts[0]
        for part in parts:
            if (part.width, part.height) != (first.width, first.height):
                raise EmogaError(
                    f"Cameras.cat: picture sizes differ ({first.width}x{first.height} and "
                    f"{part.width}x{part.height}); render them separately."
                )
        return Cameras(
            torch.cat([part.world_to_camera for part in parts]),
            torch.cat([part.intrinsics for part in parts]),
            first.width,
            first.height,
        )

    @staticmethod
    def look_at(
        eye: Tensor | Sequence[float],
        target: Tensor | Sequence[float] = (0.0, 0.0, 0.0),
        up: Sequence[float] = (0.0, 1.0, 0.0),
        *,
        vertical_fov: float = math.radians(20.0),
        width: int = 512,
        height: int = 512,
    ) -> Cameras:
        """Cameras at `eye` (3,) or (C, 3) looking at `target` with square pixels.

        Args:
            eye, target: world positions in metres.
            up: world direction shown upwards; must not be parallel to the line of sight.
            vertical_fov: full vertical opening angle in radians.
        """
        eyes = torch.as_tensor(eye, dtype=torch.float32).reshape(-1, 3).double()
        targets = torch.as_tensor(target, dtype=torch.float32).reshape(-1, 3).double().expand_as(eyes)
        if not 0.0 < vertical_fov < math.pi:
            raise EmogaError(f"Cameras.look_at: vertical_fov is {vertical_fov} rad; give 0 < fov < pi.")
        forward = torch.nn.functional.normalize(targets - eyes, dim=-1)
        upward = torch.tensor(up, dtype=torch.float64).expand_as(forward)
        right = torch.linalg.cross(forward, upward)
        if bool((right.norm(dim=-1) < 1e-9).any()):
            raise EmogaError("Cameras.look_at: the line of sight has no length or is parallel to `up`.")
        right = torch.nn.functional.normalize(right, dim=-1)
        down = torch.linalg.cross(forward, right)
        rotation = torch.stack([right, down, forward], dim=1)
        matrix = torch.eye(4, dtype=torch.float64).repeat(len(eyes), 1, 1)
        matrix[:, :3, :3] = rotation
        matrix[:, :3, 3] = -(rotation @ eyes[..., None])[..., 0]
        focal = 0.5 * height / math.tan(0.5 * vertical_fov)
        intrinsics = torch.tensor([[focal, 0, 0.5 * width], [0, focal, 0.5 * height], [0, 0, 1]])
        return Cameras(matrix.float(), intrinsics.float().repeat(len(eyes), 1, 1), width, height)

    @staticmethod
    def orbit(
        yaw: float | Sequence[float],
        pitch: float | Sequence[float] = 0.0,
        *,
        distance: float = 1.1,
        target: Tensor | Sequence[float] = (0.0, 0.0, 0.0),
        vertical_fov: float = math.radians(20.0),
        width: int = 512,
        height: int = 512,
    ) -> Cameras:
        """Cameras on a sphere around `target`, in radians: yaw 0 faces +Z (the face), yaw > 0 moves to +X
        (the subject's left), pitch > 0 moves up."""
        yaws, pitches = torch.broadcast_tensors(torch.as_tensor(yaw).float(), torch.as_tensor(pitch).float())
        yaws, pitches = yaws.reshape(-1), pitches.reshape(-1)
        offset = torch.stack([yaws.sin() * pitches.cos(), pitches.sin(), yaws.cos() * pitches.cos()], dim=-1)
        center = torch.as_tensor(target, dtype=torch.float32).reshape(-1, 3)
        return Cameras.look_at(
            center + distance * offset, center, vertical_fov=vertical_fov, width=width, height=height
        )
