"""Reads captures in the layout that VHAP exports and GaussianAvatars trains on.

One sequence, or a union whose frames point into sibling folders (`../SEQUENCE/images/...`).
"""

from __future__ import annotations

import json
import math
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from emoga_core.captures.cameras import CaptureCamera
from emoga_core.captures.capture import SPLITS, Capture, CaptureFrame, HeadReference, Split
from emoga_core.captures.errors import CaptureError
from emoga_core.captures.images import png_size
from emoga_core.captures.parameters import read_parameters

_EXPORT_AGAIN = "export the capture again"
_CAMERA_IN_NAME = re.compile(r"_(\d+)\.[^.]+$")


def read_capture(path: str | os.PathLike[str]) -> Capture:
    """Reads a capture's cameras and parameters; pictures are only checked for being there.

    Uses `transforms_{train,val,test}.json`, or, where none of them exists, `transforms.json` with every frame
    in the train split. Missing `w`, `h`, `fl_y`, `cx`, `cy` follow from what is there (square pixels, centred
    principal point); a missing `camera_index` follows from the picture's name.

    Raises:
        CaptureError: a file is missing, damaged or inconsistent, or a path leads out of the folder that holds
            the capture and its sibling sequences.
    """
    root = Path(path)
    if not root.is_dir():
        raise CaptureError(f"{root}: no such folder; give the folder that holds transforms_train.json")
    root = root.resolve()
    reader = _Reader(root)
    for split in SPLITS:
        if (root / f"transforms_{split}.json").exists():
            reader.read(f"transforms_{split}.json", split)
    if not reader.tables:
        if not (root / "transforms.json").exists():
            raise CaptureError(
                f"{root}: has neither transforms_train.json nor transforms.json; give the folder of a "
                "finished VHAP/GaussianAvatars export (to finish a synthetic capture, run its command again)"
            )
        reader.read("transforms.json", "train")
    if not reader.frames:
        raise CaptureError(f"{root}: the transforms files list no frames; {_EXPORT_AGAIN}")
    reader.check_files()
    return reader.capture()


class _Reader:
    """Collects frames; a timestep is known by its number and its parameter file."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tables: list[tuple[Path, dict[str, Any]]] = []
        self.frames: list[tuple[tuple[int, Path], CaptureFrame]] = []

    def read(self, name: str, split: Split) -> None:
        path = self.root / name
        table = _read_json(path)
        rows = table.get("frames")
        if not isinstance(rows, list):
            raise CaptureError(f"{path}: has no list of frames; {_EXPORT_AGAIN}")
        self.tables.append((path, table))
        for number, row in enumerate(rows):
            try:
                if not isinstance(row, dict):
                    raise CaptureError(f"is not an object; {_EXPORT_AGAIN}")
                self.frames.append(self._frame(row, table, split))
            except CaptureError as error:
                raise CaptureError(f"{path}: frame {number}: {error}") from None

    def _frame(
        self, row: dict[str, Any], table: dict[str, Any], split: Split
    ) -> tuple[tuple[int, Path], CaptureFrame]:
        image_path = self._file(row, "file_path")
        mask_path = self._file(row, "fg_mask_path") if row.get("fg_mask_path") else None
        parameters = self._file(row, "flame_param_path")
        timestep = _integer(row, "timestep_index")
        if row.get("camera_index") is not None:
            index = _integer(row, "camera_index")
        else:
            found = _CAMERA_IN_NAME.search(image_path.name)
            index = int(found[1]) if found else 0
        identifier = row.get("camera_id")
        frame = CaptureFrame(
            timestep=timestep,
            camera_index=index,
            camera_id=str(index if identifier is None else identifier),
            camera=_camera(row, table, image_path),
            image_path=image_path,
            mask_path=mask_path,
            split=split,
        )
        return (timestep, parameters), frame

    def _file(self, row: dict[str, Any], key: str) -> Path:
        """An absolute path, which must stay inside the folder that holds the capture."""
        relative = row.get(key)
        if not isinstance(relative, str) or not relative or "\0" in relative:
            raise CaptureError(f"{key} is missing; {_EXPORT_AGAIN}")
        relative = relative.replace("\\", "/")
        path = Path(os.path.normpath(self.root / relative))
        if os.path.isabs(relative) or not path.is_relative_to(self.root.parent):
            raise CaptureError(
                f"{key} {relative!r} leads outside {self.root.parent}; "
                "keep a union and its sequences side by side"
            )
        return path

    def check_files(self) -> None:
        """Every picture and matte is there: better now than after an hour of building."""
        wanted = [frame.image_path for _, frame in self.frames]
        wanted += [frame.mask_path for _, frame in self.frames if frame.mask_path is not None]
        missing = [path for path in dict.fromkeys(wanted) if not path.is_file()]
        if missing:
            more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
            raise CaptureError(
                f"{missing[0]}: this picture is missing{more}; copy it here again, or {_EXPORT_AGAIN}"
            )

    def capture(self) -> Capture:
        keys = sorted({key for key, _ in self.frames})
        rows = {key: row for row, key in enumerate(keys)}
        frames = [replace(frame, timestep=rows[key]) for key, frame in self.frames]
        frames.sort(key=lambda frame: (frame.timestep, frame.camera_index))
        return Capture(
            path=self.root,
            frames=tuple(frames),
            parameters=read_parameters([file for _, file in keys]),
            timestep_indices=tuple(timestep for timestep, _ in keys),
            head=self._head(),
            emotion=_read_json(self.root / "emotion.json") if (self.root / "emotion.json").exists() else None,
        )

    def _head(self) -> HeadReference | None:
        for path, table in self.tables:
            head = table.get("head")
            if head is None:
                continue
            if not isinstance(head, dict) or not all(isinstance(head.get(k), str) for k in ("name", "hash")):
                raise CaptureError(f"{path}: head must hold a name and a hash; {_EXPORT_AGAIN}")
            return HeadReference(head["name"], head["hash"])
        return None


def _read_json(path: Path) -> dict[str, Any]:
    try:
        table = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise CaptureError(f"{path}: this file is missing; {_EXPORT_AGAIN}") from None
    except OSError as error:
        raise CaptureError(f"{path}: cannot be read ({error.strerror}); check its permissions") from None
    except (ValueError, RecursionError) as error:
        raise CaptureError(f"{path}: damaged JSON ({error}); copy or export it again") from None
    if not isinstance(table, dict):
        raise CaptureError(f"{path}: not a JSON object; {_EXPORT_AGAIN}")
    return table


def _number(row: dict[str, Any], key: str) -> float | None:
    value = row.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e9:
        raise CaptureError(f"{key} is {str(value)[:40]!r}, expected a finite number; {_EXPORT_AGAIN}")
    return float(value)


def _integer(row: dict[str, Any], key: str) -> int:
    value = _number(row, key)
    if value is None or value != int(value) or value < 0:
        raise CaptureError(f"{key} must be a whole number >= 0, not {row.get(key)!r}; {_EXPORT_AGAIN}")
    return int(value)


def _camera(row: dict[str, Any], table: dict[str, Any], image_path: Path) -> CaptureCamera:
    width, height = _number(row, "w") or _number(table, "w"), _number(row, "h") or _number(table, "h")
    if width is None or height is None:
        height, width = png_size(image_path)
    angle = _number(row, "camera_angle_x") or _number(table, "camera_angle_x")
    fx = _number(row, "fl_x") or _number(table, "fl_x")
    if fx is None and angle is not None and 0 < angle < math.pi:
        fx = width / (2 * math.tan(angle / 2))
    if fx is None:
        raise CaptureError(f"has neither fl_x nor camera_angle_x; {_EXPORT_AGAIN}")
    own_focal = row.get("fl_x") is not None
    fy = _number(row, "fl_y") or (None if own_focal else _number(table, "fl_y")) or fx
    center = [_number(row, key) for key in ("cx", "cy")]
    intrinsics = np.eye(3)
    intrinsics[0] = fx, 0, width / 2 if center[0] is None else center[0]
    intrinsics[1] = 0, fy, height / 2 if center[1] is None else center[1]
    if not (0 < width <= 65536 and 0 < height <= 65536 and fx > 0 and fy > 0):
        raise CaptureError(f"w={width} h={height} fl_x={fx} fl_y={fy} must be positive; {_EXPORT_AGAIN}")
    try:
        pose = np.array(row.get("transform_matrix"), np.float64)
        if pose.shape != (4, 4) or not np.isfinite(pose).all():
            raise ValueError("the matrix must hold 4 x 4 finite numbers")
        return CaptureCamera.from_opengl(pose, intrinsics, int(width), int(height))
    except (ValueError, TypeError) as error:
        raise CaptureError(f"transform_matrix: {error}; {_EXPORT_AGAIN}") from None
