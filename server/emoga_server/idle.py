"""What a face does while it does nothing: blinks, breath, small movements of head and eyes.

Everything is a function of the seed and of time alone, so that any frame rate gives the same motion. Figures:
blinks come 17 times a minute at rest (Bentivoglio et al. 1997), with intervals skewed to the long side, and
take about 100 ms to close and 200 ms to open (VanderWerf et al. 2003); saccades of a resting gaze are mostly
below 5 degrees and last 20 ms + 2.4 ms per degree (the main sequence, Bahill et al. 1975); breath is 14 a
minute.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ROOT, NECK, JAW, LEFT_EYE, RIGHT_EYE = range(5)
"""Joint rows."""

_DEGREE = math.pi / 180.0


@dataclasses.dataclass(frozen=True)
class IdleAmounts:
    """How strongly each layer shows: 0 off, 1 natural."""

    blinks: float = 1.0
    breathing: float = 1.0
    micro_motion: float = 1.0
    gaze: float = 1.0


@dataclasses.dataclass(frozen=True)
class IdlePose:
    """Added to a motion: expression (E,), joint rotations (5,3) axis-angle in rad, translation (3,) in m."""

    expression: Array
    joint_rotations: Array
    translation: Array


class SmoothNoise:
    """Band-limited noise of unit variance: a sum of sines with random phases and incommensurate periods.

    Args:
        channels: number of independent signals.
        periods: seconds of the slowest and the fastest sine.
    """

    def __init__(
        self, rng: np.random.Generator, channels: int, periods: tuple[float, float], terms: int = 7
    ) -> None:
        slow, fast = periods
        self._rates = 2.0 * math.pi / (slow * (fast / slow) ** rng.uniform(size=(channels, terms)))
        self._phases = rng.uniform(0.0, 2.0 * math.pi, (channels, terms))
        amplitude = self._rates**-0.5  # slow movements are larger
        self._amplitudes = amplitude * np.sqrt(2.0 / np.sum(amplitude**2, axis=1, keepdims=True))

    def __call__(self, time: float) -> Array:
        """The signals at `time`, shape (channels,)."""
        return np.sum(self._amplitudes * np.sin(self._rates * time + self._phases), axis=1)


class Events:
    """Timed events, drawn one after the other from a seeded generator as time goes on.

    The current event is the one that began last at the sampled time; sampling an earlier time starts again
    from the seed, so that a sample depends on seed and time only.
    """

    def __init__(self, seed: Sequence[int]) -> None:
        self._seed = list(seed)
        self._restart()

    def _restart(self) -> None:
        self.rng = np.random.default_rng(self._seed)
        self.start = 0.0
        self.following = self.first()

    def first(self) -> float:
        """Sets the state before any event; returns when the first one begins (seconds)."""
        raise NotImplementedError

    def draw(self) -> float:
        """Draws the event that begins at `start`; returns when the one after it begins."""
        raise NotImplementedError

    def seek(self, time: float) -> float:
        """Makes the event at `time` the current one; returns the time since it began."""
        if time < self.start:
            self._restart()
        while time >= self.following:
            self.start = self.following
            self.following = self.draw()
        return time - self.start


def _smoothstep(x: float) -> float:
    return x * x * (3.0 - 2.0 * x)


class Blinks(Events):
    """Eyelid closure over time."""

    _MEDIAN, _SIGMA = 2.8, 0.62  # seconds between blinks, log-normal: 17 a minute with the double blinks
    _DOUBLE = 0.08

    def first(self) -> float:
        self._close = self._hold = self._open = 0.0
        self._depth = 0.0
        return float(self.rng.uniform(0.8, 3.0))

    def draw(self) -> float:
        rng = self.rng
        self._close = float(rng.uniform(0.075, 0.11))
        self._hold = float(rng.uniform(0.01, 0.04))
        self._open = float(rng.uniform(0.16, 0.26))
        self._depth = 1.0 if rng.uniform() < 0.85 else float(rng.uniform(0.55, 0.9))
        wait = (
            0.02
            if rng.uniform() < self._DOUBLE
            else min(self._MEDIAN * math.exp(self._SIGMA * rng.normal()), 12.0)
        )
        return self.start + self._close + self._hold + self._open + wait

    def __call__(self, time: float) -> float:
        """Closure in [0, 1] at `time` (seconds)."""
        t = self.seek(time)
        if t < self._close:
            return self._depth * _smoothstep(t / self._close)
        t -= self._close + self._hold
        if t < 0.0:
            return self._depth
        return self._depth * _smoothstep(1.0 - t / self._open) if t < self._open else 0.0


class Gaze(Events):
    """Direction of a resting gaze: fixations joined by saccades."""

    def first(self) -> float:
        self._length = 0.0
        self._from = self._to = np.zeros(2)
        return float(self.rng.uniform(0.5, 2.0))

    def draw(self) -> float:
        rng = self.rng
        self._from = self._to
        # attention keeps returning to the viewer; the rest are small excursions
        target = np.zeros(2) if rng.uniform() < 0.45 else rng.normal(0.0, (2.6, 1.4))
        target = np.clip(target + rng.normal(0.0, 0.25, 2), (-7.0, -4.0), (7.0, 4.0))
        self._to = target * _DEGREE
        degrees = float(np.linalg.norm(self._to - self._from)) / _DEGREE
        self._length = 0.02 + 0.0024 * degrees
        return self.start + self._length + min(0.9 * math.exp(0.6 * rng.normal()), 4.0)

    def __call__(self, time: float) -> Array:
        """(yaw, pitch) in rad at `time`; pitch is positive downwards."""
        t = self.seek(time)
        x = min(1.0, t / self._length) if self._length else 1.0
        return self._from + (self._to - self._from) * _smoothstep(x)


class IdleMotion:
    """The idle layer of one avatar.

    Args:
        expression_names: names of the expression coefficients (ARKit), None where they have none (FLAME):
            then eyelids stay with the motion, and head, eyes and breath still move.
        num_expressions: E.
        seed: the same seed gives the same motion.
    """

    def __init__(self, expression_names: Sequence[str] | None, num_expressions: int, seed: int = 0) -> None:
        self._index = {name: i for i, name in enumerate(expression_names or ())}
        self._size = num_expressions
        self._blinks = Blinks((seed, 1))
        self._gaze = Gaze((seed, 2))
        self._more_blinks = Blinks((seed, 4))
        rng = np.random.default_rng((seed, 3))
        self._head = SmoothNoise(rng, 3, (9.0, 1.4))
        self._drift = SmoothNoise(rng, 2, (3.0, 0.35))
        self._face = SmoothNoise(rng, 4, (11.0, 1.8))
        self._breath_phase = float(rng.uniform(0.0, 2.0 * math.pi))
        self._breath_rate = 2.0 * math.pi * 14.0 / 60.0

    def __call__(self, time: float, amounts: IdleAmounts | None = None) -> IdlePose:
        """The pose to add at `time` (seconds since the start)."""
        amounts = amounts or IdleAmounts()
        expression = np.zeros(self._size)
        rotations = np.zeros((5, 3))
        breath = amounts.breathing * self._breath(time)
        yaw, pitch = amounts.gaze * (self._gaze(time) + 0.12 * _DEGREE * self._drift(time))
        sway_pitch, sway_yaw, sway_roll = amounts.micro_motion * _DEGREE * self._head(time)
        # a small part of every gaze shift is the head's
        rotations[NECK] = (
            0.55 * sway_pitch + 0.12 * pitch - 0.25 * _DEGREE * breath,
            0.80 * sway_yaw + 0.12 * yaw,
            0.45 * sway_roll,
        )
        # the eyes hold their target while the head sways under them
        steady = 0.7 * min(1.0, amounts.gaze)
        eyes = np.array([pitch - steady * rotations[NECK, 0], yaw - steady * rotations[NECK, 1], 0.0])
        rotations[LEFT_EYE] = rotations[RIGHT_EYE] = eyes
        translation = np.array([0.0, 0.0009 * breath, 0.0006 * breath])
        if self._index:
            self._lids(expression, self._closure(time, amounts.blinks), float(eyes[0]))
            self._muscles(expression, time, breath, amounts.micro_motion)
        return IdlePose(expression, rotations, translation)

    def _closure(self, time: float, amount: float) -> float:
        """Eyelid closure; more than natural blinking is more blinks, not deeper ones."""
        return max(min(1.0, amount) * self._blinks(time), max(0.0, amount - 1.0) * self._more_blinks(time))

    def _breath(self, time: float) -> float:
        """Chest movement in [-1, 1]: in, a little longer out."""
        phase = self._breath_rate * time + self._breath_phase
        return math.sin(phase + 0.35 * math.sin(phase))

    def _lids(self, expression: Array, closure: float, pitch: float) -> None:
        """Blinks, and lids that follow a gaze up or down."""
        lift = pitch / (25.0 * _DEGREE) * (1.0 - closure)
        for side in ("Left", "Right"):
            self._add(expression, f"eyeBlink{side}", closure)
            self._add(expression, f"eyeLookDown{side}", max(0.0, lift))
            self._add(expression, f"eyeLookUp{side}", max(0.0, -lift))
            self._add(expression, f"cheekSquint{side}", 0.06 * closure)
            self._add(expression, f"browDown{side}", 0.05 * closure)

    def _muscles(self, expression: Array, time: float, breath: float, amount: float) -> None:
        """Tone that never quite rests: brows, the corners of the mouth, the nostrils with the breath."""
        brow, press, smile, squint = amount * np.maximum(self._face(time), 0.0)
        self._add(expression, "browInnerUp", 0.035 * brow)
        for side in ("Left", "Right"):
            self._add(expression, f"mouthPress{side}", 0.030 * press)
            self._add(expression, f"mouthSmile{side}", 0.020 * smile)
            self._add(expression, f"eyeSquint{side}", 0.030 * squint)
            self._add(expression, f"noseSneer{side}", 0.012 * max(0.0, breath))

    def _add(self, expression: Array, name: str, value: float) -> None:
        index = self._index.get(name)
        if index is not None:
            expression[index] += value
