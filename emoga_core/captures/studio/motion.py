"""Motion of a talking head, any length, from a seed: visemes, blinks, gaze, small movements of the head.

Speech is a random string of syllables. Neighbouring mouth shapes overlap through dominance functions (Cohen
and
Massaro, "Modeling coarticulation in synthetic visual speech", 1993).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from emoga_core.heads import ARKIT_INDEX, ARKIT_NAMES

if TYPE_CHECKING:
    from emoga_core.avatars.motion import Motion

FPS = 30.0


@dataclass(frozen=True)
class HeadMotion:
    """expression (T, 52) in [0, 1], joint_rotations (T, 5, 3) axis-angle, translation (T, 3) m, at `fps`."""

    name: str
    fps: float
    expression: np.ndarray
    joint_rotations: np.ndarray
    translation: np.ndarray

    def __len__(self) -> int:
        return len(self.expression)

    def as_motion(self) -> Motion:
        """The same as a motion that avatars play."""
        import torch

        from emoga_core.avatars.motion import Motion

        expression, rotations, translation = (
            torch.from_numpy(a.astype(np.float32))
            for a in (self.expression, self.joint_rotations, self.translation)
        )
        return Motion(self.name, self.fps, expression, rotations, translation)


def _both(single: Mapping[str, float] | None = None, /, **pairs: float) -> dict[str, float]:
    return {name + side: w for name, w in pairs.items() for side in ("Left", "Right")} | dict(single or {})


_VOWELS = (
    _both({"jawOpen": 0.46}, mouthLowerDown=0.18, mouthStretch=0.08),  # a
    _both({"jawOpen": 0.26}, mouthStretch=0.30, mouthLowerDown=0.25, mouthUpperUp=0.10),  # e
    _both({"jawOpen": 0.13}, mouthStretch=0.42, mouthSmile=0.12, mouthLowerDown=0.30, mouthUpperUp=0.18),  # i
    _both({"jawOpen": 0.30, "mouthFunnel": 0.55}),  # o
    _both({"jawOpen": 0.14, "mouthPucker": 0.55, "mouthFunnel": 0.25}),  # u
)
_CONSONANTS = (
    _both({"mouthRollLower": 0.25, "mouthRollUpper": 0.18}, mouthPress=0.45),  # m b p
    _both({"jawOpen": 0.06, "mouthRollLower": 0.45}, mouthUpperUp=0.22),  # f v
    _both({"jawOpen": 0.07}, mouthLowerDown=0.42, mouthUpperUp=0.20, mouthStretch=0.22),  # s z
    _both({"jawOpen": 0.10, "mouthFunnel": 0.42}, mouthUpperUp=0.15, mouthLowerDown=0.20),  # sh ch
    _both({"jawOpen": 0.16}, mouthLowerDown=0.22),  # t d n l
    _both({"jawOpen": 0.22}, mouthLowerDown=0.12),  # k g h
    _both({"jawOpen": 0.10, "mouthPucker": 0.40}),  # w r
)
_EXERCISES = (
    _both({"jawOpen": 0.85}),
    _both({"jawOpen": 0.10}, mouthSmile=0.75, mouthUpperUp=0.75, mouthLowerDown=0.55, mouthStretch=0.30),
    _both(eyeBlink=1.0),
    _both({"jawOpen": 0.12}, mouthLowerDown=0.95, mouthUpperUp=0.55, mouthStretch=0.65, noseSneer=0.35),
    _both({"browInnerUp": 0.75, "jawOpen": 0.22}, browOuterUp=0.75, eyeWide=0.65),
    _both({"mouthPucker": 0.95}, browDown=0.20),
    _both({"mouthRollLower": 0.5, "mouthRollUpper": 0.4}, browDown=0.75, eyeSquint=0.55, mouthPress=0.5),
    _both({"mouthFunnel": 0.95, "jawOpen": 0.35}),
    _both({"mouthShrugLower": 0.45, "browInnerUp": 0.5}, mouthFrown=0.65),
    _both({"jawOpen": 0.35}, eyeBlink=1.0, mouthSmile=0.35),
    _both(
        {"jawOpen": 0.30},
        mouthSmile=0.55,
        cheekSquint=0.6,
        eyeSquint=0.35,
        mouthUpperUp=0.4,
        mouthLowerDown=0.3,
    ),
    {"jawLeft": 0.5, "mouthLeft": 0.6, "jawOpen": 0.15, "mouthSmileLeft": 0.3},
    {"jawRight": 0.5, "mouthRight": 0.6, "browOuterUpRight": 0.6, "eyeBlinkLeft": 0.7},
    _both({"cheekPuff": 0.8}, mouthPress=0.3),
)
"""A range of motion: everything a build must have seen (teeth, closed eyes, wide mouth, lips in and out)."""


def _vector(activations: Mapping[str, float]) -> np.ndarray:
    row = np.zeros(len(ARKIT_NAMES))
    for name, value in activations.items():
        row[ARKIT_INDEX[name]] = value
    return row


def _blend(keys: np.ndarray, times: np.ndarray, widths: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Dominance-weighted mean of key poses (k, 52) centred at `times` (k,) s, at moments (t,): (t, 52)."""
    dominance = np.exp(-(np.abs((at[:, None] - times) / widths) ** 1.7) * 1.4)
    return dominance @ keys / np.maximum(dominance.sum(1, keepdims=True), 1e-6)


def _speech(at: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Mouth activations (t, 52) and stress (t,) of random phrases with pauses."""
    keys, times, widths = [np.zeros(len(ARKIT_NAMES))], [-0.2], [0.12]
    stress = np.zeros(len(at))
    now, end = float(at[0]) + 0.15, float(at[-1]) + 1.0
    while now < end:
        for _ in range(int(rng.integers(3, 9))):
            loud = rng.uniform(0.7, 1.15)
            for table, share in ((_CONSONANTS, 0.075), (_VOWELS, 0.12)):
                length = share * rng.uniform(0.8, 1.35)
                keys.append(_vector(table[int(rng.integers(len(table)))]) * loud)
                times.append(now + length / 2)
                widths.append(length * 0.62)
                now += length
            if loud > 1.0:
                stress += np.exp(-(((at - now) / 0.18) ** 2)) * (loud - 0.9) * 3
        pause = rng.uniform(0.25, 0.7)
        for share in (0.25, 0.75):
            keys.append(np.zeros(len(ARKIT_NAMES)))
            times.append(now + share * pause)
            widths.append(pause * 0.3)
        now += pause
    return _blend(np.array(keys), np.array(times), np.array(widths), at), stress


def _drift(at: np.ndarray, rng: np.random.Generator, frequencies: tuple[float, ...]) -> np.ndarray:
    """Smooth zero-mean wandering (t,), about +-1."""
    total = np.zeros(len(at))
    for f in frequencies:
        total += (
            np.sin(2 * np.pi * (f * rng.uniform(0.8, 1.25) * at + rng.uniform())) / len(frequencies) ** 0.5
        )
    return total * 0.7


def _blinks(at: np.ndarray, rng: np.random.Generator, every: float = 3.2) -> np.ndarray:
    """Closing (t,) 0..1: fast down, slower up, at random intervals of about `every` seconds."""
    closed, now = np.zeros(len(at)), rng.uniform(0.4, every)
    while now < at[-1] + 0.5:
        d = at - now
        closed = np.maximum(closed, np.clip(np.where(d < 0, 1 + d / 0.09, 1 - (d - 0.03) / 0.17), 0, 1))
        now += rng.uniform(0.55, 1.6) * every
    return closed * closed * (3 - 2 * closed)


def _gaze(at: np.ndarray, rng: np.random.Generator, range_degrees: float) -> np.ndarray:
    """Yaw and pitch (t, 2) in degrees: fixations joined by saccades of about 50 ms."""
    out, now, place = np.zeros((len(at), 2)), 0.0, np.zeros(2)
    while now < at[-1] + 1:
        share = np.clip((at - now) / 0.05, 0, 1)[:, None]
        target = rng.normal(0, [range_degrees, range_degrees * 0.5])
        target = np.where(rng.uniform() < 0.45, 0, 1) * np.clip(target, -18, 18)
        out = np.where(at[:, None] >= now, place + (target - place) * share, out)
        place, now = target, now + rng.uniform(0.5, 2.2)
    return out


def _look(expression: np.ndarray, gaze: np.ndarray) -> None:
    """Lids follow the eyes: the eyeLook actions move skin only, the joints turn the balls."""
    yaw, pitch = gaze[:, 0] / 30, gaze[:, 1] / 25
    for side, inwards in (("Left", -1), ("Right", 1)):
        expression[:, ARKIT_INDEX[f"eyeLookIn{side}"]] = np.clip(inwards * yaw, 0, 1)
        expression[:, ARKIT_INDEX[f"eyeLookOut{side}"]] = np.clip(-inwards * yaw, 0, 1)
        expression[:, ARKIT_INDEX[f"eyeLookUp{side}"]] = np.clip(pitch, 0, 1)
        expression[:, ARKIT_INDEX[f"eyeLookDown{side}"]] = np.clip(-pitch, 0, 1)


def _assemble(
    name: str,
    at: np.ndarray,
    mouth: np.ndarray,
    stress: np.ndarray,
    rng: np.random.Generator,
    strength: float,
) -> HeadMotion:
    expression = mouth.copy()
    expression[:, ARKIT_INDEX["browInnerUp"]] += 0.10 * stress * strength
    for side in ("Left", "Right"):
        expression[:, ARKIT_INDEX[f"browOuterUp{side}"]] += 0.08 * stress * strength
    gaze = _gaze(at, rng, 6.0 * strength)
    _look(expression, gaze)
    blink = _blinks(at, rng)
    for side in ("Left", "Right"):
        k = ARKIT_INDEX[f"eyeBlink{side}"]
        expression[:, k] = np.maximum(expression[:, k], blink)
    rotations = np.zeros((len(at), 5, 3))
    degrees = np.stack([
        2.6 * _drift(at, rng, (0.17, 0.43)) + 1.3 * stress, 3.4 * _drift(at, rng, (0.11, 0.29)),
        1.6 * _drift(at, rng, (0.13, 0.37)),
    ], 1) * strength  # fmt: skip
    rotations[:, 1] = np.radians(degrees)
    rotations[:, 0, 1] = np.radians(1.0) * _drift(at, rng, (0.07, 0.19)) * strength
    for joint in (3, 4):
        rotations[:, joint, 0] = -np.radians(gaze[:, 1])
        rotations[:, joint, 1] = np.radians(gaze[:, 0])
    shift = np.stack([_drift(at, rng, (0.09, 0.23)) for _ in range(3)], 1) * [0.003, 0.0015, 0.003] * strength
    return HeadMotion(name, FPS, np.clip(expression, 0, 1), rotations, shift)


def speech_motion(frames: int, seed: int = 0) -> HeadMotion:
    """A neutral speaker: `frames` at 30 fps. A longer motion of the same seed begins with other syllables."""
    rng = np.random.default_rng([seed, 1])
    at = np.arange(frames) / FPS
    mouth, stress = _speech(at, rng)
    return _assemble("speech", at, mouth, np.minimum(stress, 1.0), rng, 1.0)


def idle_motion(frames: int, seed: int = 0) -> HeadMotion:
    """A listener: closed mouth that breathes a little, blinks, gaze, slow movements."""
    rng = np.random.default_rng([seed, 2])
    at = np.arange(frames) / FPS
    mouth = np.zeros((frames, len(ARKIT_NAMES)))
    smile = np.clip(0.06 * (1 + _drift(at, rng, (0.05, 0.11))), 0, 0.15)
    for side in ("Left", "Right"):
        mouth[:, ARKIT_INDEX[f"mouthSmile{side}"]] = smile
    return _assemble("idle", at, mouth, np.zeros(frames), rng, 0.6)


def capture_motion(frames: int, seed: int = 0) -> HeadMotion:
    """`frames` different poses for a capture (not consecutive in time).

    The first is neutral. The first 70 %, which captures train on, are a range of motion: exercises (bared
    teeth,
    closed eyes, open mouth ...) alternate with frames of speech that differ most from one another. The rest
    are
    frames of later speech.
    """
    speech = speech_motion(max(600, 20 * frames), seed)
    trained = int(np.ceil(0.7 * frames))
    half = len(speech) // 2
    exercises = range_of_motion(seed)
    chosen = [_rest_frame()]
    speaking = iter(_most_different(speech, half, trained))
    exercise = 0
    while len(chosen) < trained:
        if len(chosen) % 2 == 1 and exercise < len(exercises):
            chosen.append(tuple(a[exercise] for a in (exercises.expression, *_pose(exercises))))
            exercise += 1
        else:
            k = next(speaking)
            chosen.append((speech.expression[k], speech.joint_rotations[k], speech.translation[k]))
    for k in np.linspace(half + 5, len(speech) - 1, max(0, frames - trained)).astype(int):
        chosen.append((speech.expression[k], speech.joint_rotations[k], speech.translation[k]))
    rows = [np.stack(column) for column in zip(*chosen[:frames], strict=True)]
    return HeadMotion("capture", FPS, rows[0], rows[1], rows[2])


def range_of_motion(seed: int = 0) -> HeadMotion:
    """One frame per exercise, with gaze and head turned at random."""
    rng = np.random.default_rng([seed, 3])
    count = len(_EXERCISES)
    expression = np.stack([_vector(a) for a in _EXERCISES])
    gaze = np.clip(rng.normal(0, [7.0, 3.5], (count, 2)), -16, 16)
    _look(expression, gaze)
    rotations = np.zeros((count, 5, 3))
    rotations[:, 1] = np.radians(rng.normal(0, [3.0, 4.5, 2.0], (count, 3)))
    rotations[:, 3:, 0], rotations[:, 3:, 1] = -np.radians(gaze[:, 1:]), np.radians(gaze[:, :1])
    return HeadMotion("range", FPS, expression, rotations, rng.normal(0, 0.002, (count, 3)))


def _pose(motion: HeadMotion) -> tuple[np.ndarray, np.ndarray]:
    return motion.joint_rotations, motion.translation


def _rest_frame() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.zeros(len(ARKIT_NAMES)), np.zeros((5, 3)), np.zeros(3)


def _most_different(motion: HeadMotion, limit: int, count: int) -> list[int]:
    """Frames below `limit`, each the furthest from those before it (farthest-point sampling)."""
    expression = motion.expression.copy()
    for side in ("Left", "Right"):
        expression[:, ARKIT_INDEX[f"eyeBlink{side}"]] *= 0.3  # else half of the frames would be blinks
    rotations = 2.0 * motion.joint_rotations.reshape(len(motion), -1)
    features = np.concatenate([expression, rotations], 1)[:limit]
    distance = np.linalg.norm(features, axis=1)
    chosen: list[int] = []
    for _ in range(min(count, limit)):
        k = int(distance.argmax())
        chosen.append(k)
        distance = np.minimum(distance, np.linalg.norm(features - features[k], axis=1))
    return chosen
