"""Pictures of a capture as the optimiser wants them: cropped to the silhouette, in two resolutions."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import cv2
import numpy as np
import torch
from torch import Tensor

from emoga_core.build.errors import BuildError
from emoga_core.captures import Capture, CaptureFrame
from emoga_core.losses import PreparedTarget, prepare_target
from emoga_core.render import Cameras

_MARGIN = 6


@dataclass
class View:
    """A picture at one resolution.

    Attributes:
        camera: one camera of the size of the picture.
        pixels: (H,W,3) uint8, background white.
        matte: (H,W) uint8 of the subject; None where the capture has none.
    """

    camera: Cameras
    pixels: np.ndarray
    device: str
    keep: bool
    matte: np.ndarray | None = None
    _prepared: PreparedTarget | None = field(default=None, repr=False)

    @property
    def image(self) -> Tensor:
        """(H,W,3) float32 in [0,1]."""
        return torch.from_numpy(self.pixels).to(self.device).float() / 255

    def coverage(self) -> Tensor | None:
        """(H,W) float32 in [0,1]: how much of each pixel is subject; None where the capture does not say."""
        if self.matte is None:
            return None
        return torch.from_numpy(self.matte).to(self.device).float() / 255

    def target(self) -> PreparedTarget:
        """The picture with its SSIM statistics."""
        prepared = self._prepared
        if prepared is None:
            prepared = prepare_target(self.image)
            if self.keep:
                self._prepared = prepared
        return prepared


@dataclass(frozen=True)
class Shot:
    """One picture of the capture.

    Attributes:
        frame: where it comes from. full: the whole picture. matte: (H,W) uint8 of the whole picture.
        levels: crops of the silhouette by reduction factor, 1 and 2. box: (top, bottom, left, right) of them.
    """

    frame: CaptureFrame
    full: View
    matte: np.ndarray
    levels: dict[int, View]
    box: tuple[int, int, int, int]

    @property
    def timestep(self) -> int:
        """Row of the capture's parameters."""
        return self.frame.timestep


def load_shots(
    frames: Sequence[CaptureFrame], size: int | None = None, device: str = "cpu", workers: int = 2
) -> list[Shot]:
    """Reads pictures and mattes, scaled so that the longest side has `size` pixels.

    Raises: CaptureError when a picture or matte is missing or damaged.
    """
    pixels = sum(frame.camera.width * frame.camera.height for frame in frames)
    if size is not None and frames:
        longest = max(frames[0].camera.width, frames[0].camera.height)
        pixels = int(pixels * (size / longest) ** 2)
    # Prepared targets that do not fit are made anew for every step, at a quarter of its cost.
    keep = device == "cpu" and pixels * 36 < _spare_memory() // 2  # 3 planes of 3 channels of 4 bytes
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda frame: _load(frame, size, device, keep), frames))


def _spare_memory() -> int:
    """Bytes of memory that are free; a careful guess where the system does not tell."""
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return 2 << 30


def check_pictures(frames: Sequence[CaptureFrame], workers: int = 2) -> None:
    """Reads pictures and mattes that are needed later, so that a damaged one is found before the work.

    Raises: CaptureError when a picture or matte is missing or damaged.
    """

    def read(frame: CaptureFrame) -> None:
        frame.image()
        frame.mask()

    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(read, frames):
            pass


def _load(frame: CaptureFrame, size: int | None, device: str, keep: bool) -> Shot:
    image, matte = frame.image(), frame.mask()
    known = matte is not None
    if matte is None:
        matte = _matte_from_white(image)
    camera = Cameras(
        torch.from_numpy(frame.camera.world_to_camera)[None].float(),
        torch.from_numpy(frame.camera.intrinsics)[None].float(),
        frame.camera.width,
        frame.camera.height,
    )
    longest = max(camera.width, camera.height)
    if size is not None and size != longest:
        camera = camera.scaled(size / longest)
        shape = (camera.width, camera.height)
        way = cv2.INTER_AREA if size < longest else cv2.INTER_CUBIC
        image, matte = (
            cv2.resize(image, shape, interpolation=way),
            cv2.resize(matte, shape, interpolation=way),
        )
    image = np.where(matte[..., None] > 0, image, np.float32(1))
    box = silhouette_box(matte)
    top, bottom, left, right = box
    crop = image[top:bottom, left:right]
    cropped = camera.crop(left, top, right - left, bottom - top)
    cropped_matte = matte[top:bottom, left:right]
    half, half_matte = (
        cv2.resize(a, (crop.shape[1] // 2, crop.shape[0] // 2), interpolation=cv2.INTER_AREA)
        for a in (crop, cropped_matte)
    )

    def view(camera: Cameras, picture: np.ndarray, coverage: np.ndarray, keep: bool) -> View:
        return View(camera.to(device), _coded(picture), device, keep, _coded(coverage) if known else None)

    levels = {
        1: view(cropped, crop, cropped_matte, keep),
        2: view(cropped.scaled(0.5), half, half_matte, keep),
    }
    return Shot(frame, view(camera, image, matte, False), _coded(matte), levels, box)


def silhouette_box(matte: np.ndarray, margin: int = _MARGIN) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) around matte > 0.01, even sides; the whole picture when nothing is there."""
    height, width = matte.shape
    rows, columns = np.flatnonzero(matte.max(1) > 0.01), np.flatnonzero(matte.max(0) > 0.01)
    if not len(rows):
        return 0, height // 2 * 2, 0, width // 2 * 2
    sides = []
    for low, high, length in ((rows[0], rows[-1], height), (columns[0], columns[-1], width)):
        start, stop = max(0, int(low) - margin), min(length, int(high) + 1 + margin)
        if (stop - start) % 2:
            start, stop = (start - 1, stop) if start else (start, stop - 1)
        sides += [start, stop]
    return sides[0], sides[1], sides[2], sides[3]


def _coded(image: np.ndarray) -> np.ndarray:
    return np.rint(image.clip(0, 1) * 255).astype(np.uint8)


def _matte_from_white(image: np.ndarray) -> np.ndarray:
    """Subject of a picture on white without a matte: everything that is not white, small holes closed."""
    subject = (image.min(-1) < 0.98).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    return cv2.morphologyEx(subject, cv2.MORPH_CLOSE, disc).astype(np.float32)


@dataclass(frozen=True)
class HoldOut:
    """Which frames train and which are kept for scoring, and how the latter are grouped."""

    train: tuple[CaptureFrame, ...]
    groups: dict[str, tuple[CaptureFrame, ...]]

    @property
    def held_out(self) -> tuple[CaptureFrame, ...]:
        """All frames kept for scoring."""
        return tuple(frame for group in self.groups.values() for frame in group)


def hold_out(
    capture: Capture, cameras: Sequence[int] | None = None, timesteps: Sequence[int] | None = None
) -> HoldOut:
    """Splits a capture by camera and timestep numbers, or, without either, by its own val and test splits.

    Raises: BuildError when a number does not occur, or nothing is left to train on.
    """
    frames = capture.frames
    if cameras is None and timesteps is None:
        train = capture.split("train")
        groups = {"val": capture.split("val"), "test": capture.split("test")}
    else:
        numbers = capture.timestep_indices
        for name, wanted, known in (
            ("camera", cameras or (), capture.camera_indices),
            ("frame", timesteps or (), numbers),
        ):
            unknown = sorted(set(wanted) - set(known))
            if unknown:
                raise BuildError(
                    f"{capture.path}: cannot hold out {name} {unknown[0]}; it has {name}s {_ranges(known)}"
                )
        by_camera = [frame.camera_index in (cameras or ()) for frame in frames]
        by_time = [numbers[frame.timestep] in (timesteps or ()) for frame in frames]
        kinds = list(zip(frames, by_camera, by_time, strict=True))
        train = tuple(f for f, c, t in kinds if not c and not t)
        groups = {
            "cameras": tuple(f for f, c, t in kinds if c and not t),
            "frames": tuple(f for f, c, t in kinds if t and not c),
            "cameras and frames": tuple(f for f, c, t in kinds if c and t),
        }
    if not train:
        raise BuildError(f"{capture.path}: no picture is left to train on; hold out fewer cameras or frames")
    return HoldOut(tuple(train), {name: group for name, group in groups.items() if group})


def _ranges(numbers: Sequence[int]) -> str:
    return f"{min(numbers)} to {max(numbers)}" if len(numbers) > 4 else ", ".join(map(str, numbers))
