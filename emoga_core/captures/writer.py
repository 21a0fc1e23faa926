"""Writes captures in the layout of a VHAP/GaussianAvatars export, one file at a time, so that they resume."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emoga_core.captures.cameras import CaptureCamera
from emoga_core.captures.capture import SPLITS, HeadReference, Split
from emoga_core.captures.errors import CaptureError
from emoga_core.captures.images import write_png
from emoga_core.captures.parameters import write_npz, write_parameters
from emoga_core.files import remove_temporaries, write_atomic

_SETTINGS = "capture.json"
_FOLDERS = ("images", "fg_masks", "flame_param")


@dataclass(frozen=True)
class CaptureWriter:
    """Writes one sequence: fixed cameras 0..C-1, timesteps 0..T-1.

    Call `begin`, then the `write_*` methods in any order and from any number of processes, then `finish`. A
    capture is complete, and readable, once `finish` has written the transforms files. After a crash, begin
    again with the same settings and skip what `has_picture` and `has_parameters` say is there: every file
    appears whole or not at all.

    Attributes:
        path: the capture's folder.
        cameras: C cameras.
        timesteps: T.
        camera_ids: C names; the numbers, unless given.
        head: written into the transforms files as `"head": {"name", "hash"}`.
    """

    path: Path
    cameras: Sequence[CaptureCamera]
    timesteps: int
    camera_ids: Sequence[str] | None = None
    head: HeadReference | None = None

    def begin(self, settings: Mapping[str, Any]) -> None:
        """Makes the folders and notes `settings` (JSON), whatever decides the pictures' contents.

        Raises:
            CaptureError: the folder holds a capture begun with other settings, or other files.
        """
        path = self.path
        if path.exists() and not path.is_dir():
            raise CaptureError(f"{path}: is a file; give a folder to write the capture to")
        note = path / _SETTINGS
        wanted = json.loads(json.dumps({"format": "emoga-capture", "settings": settings}))
        if note.exists():
            try:
                same = json.loads(note.read_bytes()) == wanted
            except ValueError:
                same = False
            if not same:
                raise CaptureError(
                    f"{path}: holds a capture begun with other settings; give another folder or delete it"
                )
        elif path.exists() and any(path.iterdir()):
            raise CaptureError(f"{path}: is not empty; give a new folder to write the capture to")
        for name in _FOLDERS:
            (path / name).mkdir(parents=True, exist_ok=True)
        write_atomic(note, json.dumps(wanted, indent=1).encode())

    def image_path(self, timestep: int, camera: int) -> Path:
        """Where a picture is."""
        return self.path / "images" / f"{timestep:05d}_{camera:02d}.png"

    def mask_path(self, timestep: int, camera: int) -> Path:
        """Where a picture's matte is."""
        return self.path / "fg_masks" / f"{timestep:05d}_{camera:02d}.png"

    def parameters_path(self, timestep: int) -> Path:
        """Where a timestep's parameters are."""
        return self.path / "flame_param" / f"{timestep:05d}.npz"

    def has_picture(self, timestep: int, camera: int) -> bool:
        """Whether a picture and its matte are written."""
        return self.image_path(timestep, camera).exists() and self.mask_path(timestep, camera).exists()

    def has_parameters(self, timestep: int) -> bool:
        """Whether a timestep's parameters are written."""
        return self.parameters_path(timestep).exists()

    def write_picture(self, timestep: int, camera: int, image: object, mask: object) -> None:
        """Writes a picture (H, W, 3), background composited, and its matte (H, W), both in [0, 1].

        Raises:
            CaptureError: not the camera's size, or numbers that are not finite.
        """
        size = (self.cameras[camera].height, self.cameras[camera].width)
        for name, pixels in (("image", image), ("mask", mask)):
            shape = tuple(np.shape(pixels))  # type: ignore[arg-type]
            if shape[:2] != size:
                raise CaptureError(f"{self.path}: the {name} is {shape}, but camera {camera} is {size}")
        write_png(self.mask_path(timestep, camera), mask, durable=False)
        write_png(self.image_path(timestep, camera), image, durable=False)

    def write_parameters(
        self,
        timestep: int,
        *,
        translation: np.ndarray,
        joint_rotations: np.ndarray,
        expression: np.ndarray,
        identity: np.ndarray,
        static_offset: np.ndarray | None = None,
    ) -> None:
        """Writes a timestep: translation (3,) m, joint_rotations (5, 3) axis-angle, expression (E,),
        identity (S,), static_offset (V, 3) m."""
        write_parameters(
            self.parameters_path(timestep), translation, joint_rotations, expression, identity, static_offset
        )

    def write_extra(self, name: str, content: Mapping[str, Any] | bytes) -> None:
        """Writes another file beside the capture: JSON for `*.json`, arrays for `*.npz`, else bytes.

        Raises:
            CaptureError: the name is no plain file name.
        """
        if Path(name).name != name or name.startswith("."):
            raise CaptureError(f"{name!r}: give a plain file name")
        if isinstance(content, bytes):
            write_atomic(self.path / name, content)
        elif name.endswith(".npz"):
            write_npz(self.path / name, {key: np.asarray(value) for key, value in content.items()})
        else:
            write_atomic(self.path / name, json.dumps(content, indent=1, allow_nan=False).encode())

    def missing(self) -> list[Path]:
        """Files that `finish` still needs."""
        paths = [self.parameters_path(t) for t in range(self.timesteps)]
        for t in range(self.timesteps):
            for c in range(len(self.cameras)):
                paths += [self.image_path(t, c), self.mask_path(t, c)]
        return [path for path in paths if not path.exists()]

    def finish(self, splits: Sequence[Sequence[Split]] | None = None) -> None:
        """Writes the canonical parameters and the transforms files; removes what killed processes left.

        Args:
            splits: T x C names; without it `default_split`.

        Raises:
            CaptureError: pictures or parameters are missing.
        """
        missing = self.missing()
        if missing:
            raise CaptureError(f"{missing[0]}: not written yet ({len(missing)} files missing)")
        splits = splits or default_split(self.timesteps, len(self.cameras))
        self._write_canonical()
        everything = [(t, c) for t in range(self.timesteps) for c in range(len(self.cameras))]
        for name in SPLITS:
            chosen = [(t, c) for t, c in everything if splits[t][c] == name]
            self._write_transforms(f"transforms_{name}.json", chosen)
        self._write_transforms("transforms.json", everything)
        for folder in (self.path, *(self.path / name for name in _FOLDERS)):
            remove_temporaries(folder)

    def _write_canonical(self) -> None:
        """The first timestep's identity with an open mouth and nothing else, as VHAP writes it."""
        with np.load(self.parameters_path(0), allow_pickle=False) as first:
            arrays = {key: np.zeros_like(first[key]) for key in first.files}
            for key in ("shape", "static_offset"):
                if key in arrays:
                    arrays[key] = first[key]
        arrays["jaw_pose"] = np.array([[0.3, 0.0, 0.0]])
        write_npz(self.path / "canonical_flame_param.npz", arrays)

    def _write_transforms(self, name: str, chosen: Sequence[tuple[int, int]]) -> None:
        cameras = [camera.to_json() for camera in self.cameras]
        names = self.camera_ids or [f"{c:02d}" for c in range(len(self.cameras))]
        frames = [
            {
                "timestep_index": t,
                "timestep_index_original": t,
                "timestep_id": f"{t:05d}",
                "camera_index": c,
                "camera_id": names[c],
                **cameras[c],
                "file_path": self.image_path(t, c).relative_to(self.path).as_posix(),
                "fg_mask_path": self.mask_path(t, c).relative_to(self.path).as_posix(),
                "flame_param_path": self.parameters_path(t).relative_to(self.path).as_posix(),
            }
            for t, c in chosen
        ]
        table: dict[str, Any] = {**cameras[-1]}
        del table["transform_matrix"]
        table["timestep_indices"] = sorted({t for t, _ in chosen})
        table["camera_indices"] = sorted({c for _, c in chosen})
        if self.head is not None:
            table["head"] = {"name": self.head.name, "hash": self.head.hash}
        table["frames"] = frames
        write_atomic(self.path / name, json.dumps(table, indent=1, allow_nan=False).encode())


def default_split(timesteps: int, cameras: int, validation_camera: int = 8) -> list[list[Split]]:
    """VHAP's split as T x C names: the first ceil(0.7 T) timesteps are train and val, the rest test.

    The validation camera is number 8 where there is one, else the last; a single camera has no validation.
    """
    held_out = validation_camera if validation_camera < cameras else cameras - 1
    first: list[Split] = ["val" if cameras > 1 and c == held_out else "train" for c in range(cameras)]
    last: list[Split] = ["test"] * cameras
    trained = math.ceil(0.7 * timesteps)
    return [list(first if t < trained else last) for t in range(timesteps)]
