"""Tracked head parameters of a capture: `flame_param/*.npz` <-> arrays over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from emoga_core.captures.errors import CaptureError
from emoga_core.files import write_atomic
from emoga_core.npz import pack_npz, unpack_npz

FLAME_VERTICES = 5023
FLAME_VERTICES_WITH_TEETH = 5143
_POSE_KEYS = ("rotation", "neck_pose", "jaw_pose", "eyes_pose")
_LARGEST = 1e4
"""No metre, radian or coefficient of a head comes near; float32 would not resolve a face there either."""


@dataclass(frozen=True)
class FlameParameters:
    """Parameters of a parametric head over T timesteps, float32; any head's, not only FLAME's.

    Attributes:
        translation: (T, 3) metres, added after skinning.
        joint_rotations: (T, 5, 3) axis-angle, radians: root, neck, jaw, left eye, right eye.
        expression: (T, E) coefficients.
        identity: (S,) coefficients, standard deviations.
        static_offset: (V, 3) metres in the rest pose, or None.
    """

    translation: np.ndarray
    joint_rotations: np.ndarray
    expression: np.ndarray
    identity: np.ndarray
    static_offset: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.translation)

    def select(self, rows: Sequence[int] | np.ndarray) -> FlameParameters:
        """The parameters of some timesteps, in the order given."""
        index = np.asarray(rows, np.int64)
        return replace(
            self,
            translation=self.translation[index],
            joint_rotations=self.joint_rotations[index],
            expression=self.expression[index],
        )

    def resized(self, identities: int, expressions: int, vertices: int) -> FlameParameters:
        """The same parameters for a head with S = `identities`, E = `expressions`, V = `vertices`.

        Principal components may be fewer in the file than in the head: the missing ones are zero. FLAME's
        teeth rows of `static_offset` (vertices 5023..5142) are added as zeros or dropped as the head needs.

        Raises:
            CaptureError: the parameters belong to another head.
        """
        for name, have, want in (
            ("identity", len(self.identity), identities),
            ("expression", self.expression.shape[1], expressions),
        ):
            if have > want:
                raise CaptureError(
                    f"the capture has {have} {name} coefficients and the head only {want}: "
                    "use the head that the capture was tracked with"
                )
        offset = self.static_offset
        if offset is not None and len(offset) != vertices:
            if {len(offset), vertices} != {FLAME_VERTICES, FLAME_VERTICES_WITH_TEETH}:
                raise CaptureError(
                    f"the capture's static_offset has {len(offset)} rows and the head {vertices} vertices: "
                    "use the head that the capture was tracked with"
                )
            teeth = np.zeros((max(0, vertices - len(offset)), 3), np.float32)
            offset = np.concatenate([offset, teeth])[:vertices]
        return replace(
            self,
            expression=np.pad(self.expression, ((0, 0), (0, expressions - self.expression.shape[1]))),
            identity=np.pad(self.identity, (0, identities - len(self.identity))),
            static_offset=offset,
        )


def read_parameters(paths: Sequence[Path]) -> FlameParameters:
    """Reads one file per timestep; identity and static offset come from the first, as in GaussianAvatars.

    `dynamic_offset` is ignored, as GaussianAvatars does.

    Raises:
        CaptureError: a file is missing, damaged or incomplete, of another size than the first, or not finite.
    """
    rows = [_read_file(path, first=number == 0) for number, path in enumerate(paths)]
    if not rows:
        raise CaptureError("a capture needs at least one flame_param file")
    for path, row in zip(paths, rows, strict=True):
        if row["expr"].shape != rows[0]["expr"].shape:
            raise CaptureError(
                f"{path}: {row['expr'].size} expression coefficients, but {paths[0].name} has "
                f"{rows[0]['expr'].size}; export the capture again with one head"
            )
    pose = np.stack([np.concatenate([row[key] for key in _POSE_KEYS]) for row in rows])
    return FlameParameters(
        translation=np.stack([row["translation"] for row in rows]),
        joint_rotations=pose.reshape(len(rows), 5, 3),
        expression=np.stack([row["expr"] for row in rows]),
        identity=rows[0]["shape"],
        static_offset=rows[0].get("static_offset"),
    )


def write_parameters(
    path: Path,
    translation: np.ndarray,
    joint_rotations: np.ndarray,
    expression: np.ndarray,
    identity: np.ndarray,
    static_offset: np.ndarray | None = None,
    *,
    durable: bool = False,
) -> None:
    """Writes one timestep: translation (3,), joint_rotations (5, 3), expression (E,), identity (S,).

    Raises:
        CaptureError: wrong shapes or numbers that are not finite.
    """
    pose = np.asarray(joint_rotations, np.float32).reshape(-1)
    arrays = {
        "translation": np.asarray(translation, np.float32).reshape(1, -1),
        "rotation": pose[None, 0:3],
        "neck_pose": pose[None, 3:6],
        "jaw_pose": pose[None, 6:9],
        "eyes_pose": pose[None, 9:],
        "shape": np.asarray(identity, np.float32).reshape(-1),
        "expr": np.asarray(expression, np.float32).reshape(1, -1),
    }
    if static_offset is not None:
        arrays["static_offset"] = np.asarray(static_offset, np.float32).reshape(1, -1, 3)
    if arrays["translation"].size != 3 or pose.size != 15:
        raise CaptureError(f"{path}: translation needs 3 numbers and joint_rotations 5 x 3")
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise CaptureError(f"{path}: the parameters to write hold numbers that are not finite")
    write_npz(path, arrays, durable=durable)


def write_npz(path: Path, arrays: dict[str, np.ndarray], *, durable: bool = True) -> None:
    """Writes an uncompressed npz in one step."""
    write_atomic(path, pack_npz(arrays), durable=durable)


def read_npz(path: Path, keys: Sequence[str], optional: Sequence[str] = ()) -> dict[str, np.ndarray]:
    """The named arrays of an npz file; never unpickles.

    Raises:
        CaptureError: the file is missing, damaged, holds Python objects or lacks one of `keys`.
    """
    try:
        return unpack_npz(path, keys, optional)
    except FileNotFoundError:
        raise CaptureError(f"{path}: this file is missing; copy it here again") from None
    except ValueError as error:
        raise CaptureError(f"{path}: {error}; copy or export it again") from None


def _read_file(path: Path, first: bool) -> dict[str, np.ndarray]:
    """Flat float32 arrays of one timestep; `shape` and `static_offset` only of the first."""
    keys = ("translation", *_POSE_KEYS, "expr", *(("shape",) if first else ()))
    found = read_npz(path, keys, optional=("static_offset",) if first else ())
    sizes = {"translation": 3, "rotation": 3, "neck_pose": 3, "jaw_pose": 3, "eyes_pose": 6}
    arrays: dict[str, np.ndarray] = {}
    for key, array in found.items():
        if array.dtype.kind not in "fiu":
            raise CaptureError(f"{path}: {key} is of type {array.dtype}; expected numbers")
        wanted = sizes.get(key, array.size)
        batched = array.ndim < 2 or array.shape[0] == 1
        if key != "static_offset" and (array.size != wanted or array.ndim > 2 or not batched):
            raise CaptureError(
                f"{path}: {key} has shape {array.shape}, expected (1, {sizes.get(key, 'N')}); "
                "export the capture again, one file for each timestep"
            )
        if not np.isfinite(array).all():
            raise CaptureError(f"{path}: {key} holds numbers that are not finite; track or export it again")
        largest = np.abs(array.astype(np.float64)).max(initial=0)
        if largest > _LARGEST:
            raise CaptureError(
                f"{path}: {key} holds {largest:.3g}, far beyond any head in metres and radians; "
                "track or export it again"
            )
        array = array.astype(np.float32)
        if key == "static_offset":
            if array.ndim not in (2, 3) or array.shape[-1] != 3 or (array.ndim == 3 and array.shape[0] != 1):
                raise CaptureError(f"{path}: static_offset has shape {array.shape}, expected (1, V, 3)")
            arrays[key] = array.reshape(-1, 3)
        else:
            arrays[key] = array.reshape(-1)
    return arrays
