"""Recorded motions and where playback stands in them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoga_server.errors import ServerError

Array = NDArray[np.float64]


def quaternions(axis_angles: Array) -> Array:
    """(..., 3) axis-angle in rad -> (..., 4) unit quaternions wxyz."""
    half = 0.5 * np.linalg.norm(axis_angles, axis=-1, keepdims=True)
    # sin(x)/x through sinc, which is exact at 0
    return np.concatenate([np.cos(half), 0.5 * np.sinc(half / math.pi) * axis_angles], axis=-1)


def axis_angles(quats: Array) -> Array:
    """(..., 4) unit quaternions wxyz -> (..., 3) axis-angle with angles of at most pi."""
    quats = np.where(quats[..., :1] < 0.0, -quats, quats)
    sine = np.linalg.norm(quats[..., 1:], axis=-1, keepdims=True)
    angle = 2.0 * np.arctan2(sine, quats[..., :1])
    return quats[..., 1:] * np.where(sine > 1e-9, angle / np.maximum(sine, 1e-9), 2.0)


def multiply(a: Array, b: Array) -> Array:
    """Hamilton product of quaternions (..., 4)."""
    aw, ax, ay, az = np.moveaxis(a, -1, 0)
    bw, bx, by, bz = np.moveaxis(b, -1, 0)
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        axis=-1,
    )


def slerp(a: Array, b: Array, t: float) -> Array:
    """Spherical interpolation of unit quaternions (..., 4), the short way round (Shoemake 1985)."""
    cosine = np.sum(a * b, axis=-1, keepdims=True)
    b = np.where(cosine < 0.0, -b, b)
    angle = np.arccos(np.minimum(np.abs(cosine), 1.0))
    sine = np.sin(angle)
    near = sine < 1e-6
    safe = np.where(near, 1.0, sine)
    mixed = np.where(near, 1.0 - t, np.sin((1.0 - t) * angle) / safe) * a
    mixed = mixed + np.where(near, t, np.sin(t * angle) / safe) * b
    return mixed / np.linalg.norm(mixed, axis=-1, keepdims=True)


@dataclass(frozen=True)
class Pose:
    """expression (E,), joints (5,4) quaternions wxyz, translation (3,) in metres."""

    expression: Array
    joints: Array
    translation: Array

    @staticmethod
    def rest(num_expressions: int) -> Pose:
        """The neutral pose."""
        return Pose(np.zeros(num_expressions), np.tile([1.0, 0.0, 0.0, 0.0], (5, 1)), np.zeros(3))


def mix(a: Pose, b: Pose, t: float) -> Pose:
    """`a` at t = 0, `b` at t = 1; joints by slerp."""
    return Pose(
        (1.0 - t) * a.expression + t * b.expression,
        slerp(a.joints, b.joints, t),
        (1.0 - t) * a.translation + t * b.translation,
    )


@dataclass(frozen=True)
class Motion:
    """A motion of T frames.

    Args:
        fps: frames a second.
        expression: (T,E).
        joints: (T,5,4) unit quaternions wxyz: root, neck, jaw, left eye, right eye.
        translation: (T,3) metres.
        own_blinks, own_gaze, own_head: what the motion moves by itself, so that idle behaviour need not.
    """

    name: str
    fps: float
    expression: Array
    joints: Array
    translation: Array
    own_blinks: bool = False
    own_gaze: bool = False
    own_head: bool = False

    @property
    def frames(self) -> int:
        """T."""
        return len(self.expression)

    @property
    def duration(self) -> float:
        """Seconds; the last frame is held for one frame's time, or leads back to the first."""
        return self.frames / self.fps

    def sample(self, position: float) -> Pose:
        """The pose at `position` seconds, interpolated (joints by slerp), held at both ends."""
        x = min(max(position * self.fps, 0.0), self.frames - 1.0)
        i = int(x)
        a = Pose(self.expression[i], self.joints[i], self.translation[i])
        if x == i:
            return a
        return mix(a, Pose(self.expression[i + 1], self.joints[i + 1], self.translation[i + 1]), x - i)


def make_motion(
    name: str,
    fps: float,
    expression: Array,
    joint_rotations: Array,
    translation: Array,
    blink_columns: tuple[int, ...] = (),
) -> Motion:
    """Builds a motion from axis-angle joint rotations (T,5,3) and finds out what it moves by itself.

    Args:
        blink_columns: columns of `expression` that close the eyelids, where the head has such.
    """
    joints = quaternions(joint_rotations)
    lids = expression[:, list(blink_columns)]
    swing = np.degrees(np.ptp(joint_rotations, axis=0)) if len(joint_rotations) else np.zeros((5, 3))
    return Motion(
        name,
        fps,
        expression,
        joints,
        translation,
        own_blinks=bool(lids.size and lids.max() > 0.6 and lids.min() < 0.3),
        own_gaze=bool(swing[3:].max() > 1.0),
        own_head=bool(swing[:2].max() > 3.0),
    )


def read_motion(path: Path, num_expressions: int, blink_columns: tuple[int, ...] = ()) -> Motion:
    """Reads `motions/NAME.npz`: fps, expression (T,E), joint_rotations (T,5,3), translation (T,3).

    Raises:
        ServerError: not such a file, other sizes than the avatar's, or values that are not finite.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            fps = float(data["fps"])
            arrays = {
                key: np.asarray(data[key], np.float64)
                for key in ("expression", "joint_rotations", "translation")
            }
    except OSError as error:
        raise ServerError(f"{path}: cannot read the motion ({error.strerror or 'damaged file'})") from error
    except (KeyError, ValueError, EOFError, TypeError) as error:
        raise ServerError(
            f"{path}: not a motion file ({error}); restore it or export the motion again"
        ) from error
    frames = len(arrays["expression"]) if arrays["expression"].ndim else 0
    shapes = {
        "expression": (frames, num_expressions),
        "joint_rotations": (frames, 5, 3),
        "translation": (frames, 3),
    }
    for key, shape in shapes.items():
        if arrays[key].shape != shape or frames == 0:
            raise ServerError(
                f"{path}: {key} has shape {arrays[key].shape}, expected {shape} with at least one frame"
            )
        if not np.isfinite(arrays[key]).all():
            raise ServerError(f"{path}: {key} holds values that are not finite")
    if not (math.isfinite(fps) and 0.0 < fps <= 1000.0):
        raise ServerError(f"{path}: fps is {fps}, expected a value above 0 and up to 1000")
    return make_motion(
        path.stem, fps, arrays["expression"], arrays["joint_rotations"], arrays["translation"], blink_columns
    )


@dataclass
class Player:
    """Where playback of one motion stands. Times are seconds on the caller's clock."""

    motion: Motion
    loop: bool = True
    speed: float = 1.0
    playing: bool = True
    anchor: float = 0.0
    """Position (seconds, unwrapped) at `since`."""
    since: float = 0.0
    seam: float = field(default=0.25)
    """Seconds over which the end of a loop flows into its start."""

    def _unwrapped(self, now: float) -> float:
        return self.anchor + (now - self.since) * self.speed if self.playing else self.anchor

    def position(self, now: float) -> float:
        """Seconds into the motion, in [0, duration]."""
        raw, duration = self._unwrapped(now), self.motion.duration
        return raw % duration if self.loop else min(max(raw, 0.0), duration)

    def finished(self, now: float) -> bool:
        """Whether a motion that does not loop has reached its end."""
        if self.loop or not self.playing:
            return False
        raw = self._unwrapped(now)
        return raw >= self.motion.duration if self.speed >= 0.0 else raw <= 0.0

    def change(
        self,
        now: float,
        *,
        playing: bool | None = None,
        loop: bool | None = None,
        speed: float | None = None,
        position: float | None = None,
    ) -> None:
        """Changes what is given and goes on from where playback stands (or from `position`)."""
        self.anchor = (
            self.position(now) if position is None else min(max(position, 0.0), self.motion.duration)
        )
        self.since = now
        self.playing = self.playing if playing is None else playing
        self.loop = self.loop if loop is None else loop
        self.speed = self.speed if speed is None else speed

    def sample(self, now: float) -> Pose:
        """The pose now. After a wrap the other end of the motion fades out over `seam` seconds."""
        position, duration = self.position(now), self.motion.duration
        pose = self.motion.sample(position)
        raw = self._unwrapped(now)
        forward = self.speed >= 0.0
        past = position if forward else duration - position
        seam = min(self.seam * max(abs(self.speed), 1e-3), 0.5 * duration)
        wrapped = raw >= duration if forward else raw < 0.0
        if self.loop and wrapped and past < seam:
            x = past / seam
            end = self.motion.sample(duration if forward else 0.0)
            pose = mix(end, pose, x * x * (3.0 - 2.0 * x))
        return pose
