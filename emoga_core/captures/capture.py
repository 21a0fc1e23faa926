"""A multi-view capture in memory: cameras, tracked parameters, and pictures loaded when asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from emoga_core.captures.cameras import CaptureCamera
from emoga_core.captures.errors import CaptureError
from emoga_core.captures.images import read_mask, read_png
from emoga_core.captures.parameters import FlameParameters

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")


@dataclass(frozen=True)
class HeadReference:
    """Which parametric head the parameters belong to: its name and the hash of its geometry."""

    name: str
    hash: str


@dataclass(frozen=True)
class CaptureFrame:
    """One picture of a capture.

    Attributes:
        timestep: row of `Capture.parameters`.
        camera_index: the camera's number in the file; camera_id its name (the number, where there is none).
        camera: OpenCV pinhole camera.
        image_path, mask_path: absolute; `mask_path` is None where the capture has no mattes.
        split: train, val or test.
    """

    timestep: int
    camera_index: int
    camera_id: str
    camera: CaptureCamera
    image_path: Path
    mask_path: Path | None
    split: Split

    def image(self) -> np.ndarray:
        """(H, W, 3) float32 in [0, 1], read from disk now.

        Raises:
            CaptureError: the file is missing or damaged, or its size is not the camera's.
        """
        return self._checked(self.image_path, read_png(self.image_path))

    def mask(self) -> np.ndarray | None:
        """(H, W) float32 in [0, 1], the subject's matte, read from disk now; None without one.

        Raises:
            CaptureError: as `image`.
        """
        return None if self.mask_path is None else self._checked(self.mask_path, read_mask(self.mask_path))

    def _checked(self, path: Path, pixels: np.ndarray) -> np.ndarray:
        height, width = pixels.shape[:2]
        if (width, height) != (self.camera.width, self.camera.height):
            raise CaptureError(
                f"{path}: {width}x{height} pixels, but transforms*.json says "
                f"{self.camera.width}x{self.camera.height}; export the capture again"
            )
        return pixels


@dataclass(frozen=True)
class Capture:
    """Frames of all splits and the tracked parameters that they share.

    Attributes:
        path: the folder that was read.
        frames: sorted by timestep, then camera.
        parameters: T timesteps.
        timestep_indices: (T,) the numbers of the timesteps in the file.
        head: the head that the parameters belong to, where the capture says so (VHAP exports do not).
        emotion: contents of `emotion.json` (weights of the emotion shown), or None.
    """

    path: Path
    frames: tuple[CaptureFrame, ...]
    parameters: FlameParameters
    timestep_indices: tuple[int, ...]
    head: HeadReference | None = None
    emotion: dict[str, Any] | None = field(default=None)

    def split(self, *names: Split) -> tuple[CaptureFrame, ...]:
        """The frames of one or several splits."""
        return tuple(frame for frame in self.frames if frame.split in names)

    @property
    def camera_indices(self) -> tuple[int, ...]:
        """Sorted numbers of the cameras that occur."""
        return tuple(sorted({frame.camera_index for frame in self.frames}))

    @property
    def has_masks(self) -> bool:
        """Whether every frame has a matte."""
        return all(frame.mask_path is not None for frame in self.frames)

    @property
    def head_description(self) -> str:
        """For messages: which head this capture needs."""
        identities, expressions = len(self.parameters.identity), self.parameters.expression.shape[1]
        sizes = f"{identities} identity and {expressions} expression"
        if self.head is not None:
            return f"head {self.head.name!r} ({self.head.hash[:12]}, {sizes} coefficients)"
        flame = identities == 300 or expressions == 100
        return f"a {'FLAME ' if flame else ''}head with {sizes} coefficients"

    def parameters_for(self, head: Any) -> FlameParameters:
        """The parameters, sized for `head`.

        Raises:
            CaptureError: the capture was tracked with another head.
        """
        if self.head is not None and self.head.hash != head.hash:
            raise CaptureError(
                f"{self.path}: tracked with {self.head_description}, but the head given is "
                f"{head.name!r} ({head.hash[:12]}); give the head that the capture was tracked with"
            )
        try:
            return self.parameters.resized(head.num_identities, head.num_expressions, head.num_vertices)
        except CaptureError as error:
            raise CaptureError(f"{self.path}: {error}") from None

    def __iter__(self) -> Iterator[CaptureFrame]:
        return iter(self.frames)

    def __len__(self) -> int:
        return len(self.frames)
