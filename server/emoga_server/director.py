"""The live state of one avatar: what plays, where each emotion weight is going, and the pose of any instant.

Every time in here is seconds on one monotonic clock that the caller reads; nothing in here reads a clock, so
a test can step through hours in a moment.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np

from emoga_protocol.messages import EASINGS, ErrorCode, IdleSettings
from emoga_protocol.mixing import ease, normalize_weights
from emoga_server.idle import IdleAmounts, IdleMotion
from emoga_server.motion import Array, Motion, Player, Pose, axis_angles, mix, multiply, quaternions

SPEED_RANGE = (-4.0, 4.0)
MAX_TRANSITION = 60.0
"""Seconds that a weight change or a cross-fade may take."""
MAX_IDLE_STEP = 1.0
"""Seconds by which idle behaviour moves on from one frame to the next at most: after days without a viewer,
living through every blink that nobody saw would stop the stream for seconds."""


class CommandError(Exception):
    """A command cannot be carried out; the message is one sentence for the person who asked."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclasses.dataclass(frozen=True)
class Instant:
    """One frame's values before encoding.

    Args:
        translation: (3,) metres.
        joints: (5,3) axis-angle in rad, angles of at most pi.
        expression: (E,) of motion and idle behaviour, without any emotion.
        weights: (K,) by state slot, each in [0, 1], sum at most 1.
        cut: the pose jumped; clients do not interpolate towards it.
    """

    translation: Array
    joints: Array
    expression: Array
    weights: Array
    cut: bool


@dataclasses.dataclass
class Transition:
    """A weight on its way from `start` to `target`."""

    start: float = 0.0
    target: float = 0.0
    since: float = 0.0
    duration: float = 0.0
    easing: str = "smoothstep"

    def value(self, now: float) -> float:
        """The weight at `now`."""
        if now >= self.since + self.duration:
            return self.target
        x = max(0.0, (now - self.since) / self.duration)
        return self.start + (self.target - self.start) * float(ease(self.easing, x))


class Director:
    """The live state of one avatar.

    Args:
        motions: by name.
        states: name -> slot in the frame's weights.
        num_expressions: E.
        expression_names: names of the coefficients, where they have any.
        expression_range: clamp for motion plus idle behaviour, None for none.
        seed: of the idle behaviour.
        now: the current time.
    """

    def __init__(
        self,
        motions: Mapping[str, Motion],
        states: Mapping[str, int],
        num_expressions: int,
        expression_names: Sequence[str] | None = None,
        expression_range: tuple[float, float] | None = None,
        *,
        seed: int = 0,
        now: float = 0.0,
    ) -> None:
        self.motions = dict(motions)
        self.states = dict(states)
        self.idle_settings = IdleSettings()
        self.player: Player | None = None
        self._num_expressions = num_expressions
        self._range = expression_range
        self._idle = IdleMotion(expression_names, num_expressions, seed)
        self._weights: dict[str, Transition] = {name: Transition() for name in states}
        self._slots = max(self.states.values(), default=-1) + 1
        self._fade: tuple[Player | Pose | None, float, float] | None = (
            None  # (what fades out, since, seconds)
        )
        self._damping = np.ones(4)
        self._last = now
        self._idle_time = 0.0
        self._cut = True

    # commands

    def set_weights(
        self,
        weights: Mapping[str, float],
        now: float,
        duration: float = 0.4,
        easing: str = "smoothstep",
        exclusive: bool = False,
    ) -> None:
        """Moves emotion weights to new values (clamped to [0, 1]) from wherever they are.

        Raises:
            CommandError: an unknown state, a weight that is not finite, an unknown easing or a bad duration.
        """
        unknown = sorted(set(weights) - set(self._weights))
        if unknown:
            known = ", ".join(self._weights) or "none"
            raise CommandError(ErrorCode.NOT_FOUND, f"no state named {unknown[0]!r}; this avatar has {known}")
        if easing not in EASINGS:
            raise CommandError(
                ErrorCode.INVALID_ARGUMENT, f"easing {easing!r} is not one of {', '.join(EASINGS)}"
            )
        duration = _within("duration", duration, 0.0, MAX_TRANSITION)
        targets = {name: min(1.0, max(0.0, _finite(f"weight of {name}", w))) for name, w in weights.items()}
        if exclusive:
            targets = {name: targets.get(name, 0.0) for name in self._weights}
        for name, target in targets.items():
            self._weights[name] = Transition(self._weights[name].value(now), target, now, duration, easing)

    def choose_motion(self, name: str | None, now: float, loop: bool = True, blend: float = 0.3) -> None:
        """Plays another motion from its start after a cross-fade of `blend` seconds; None: idle only."""
        if name is not None and name not in self.motions:
            known = ", ".join(self.motions) or "none"
            raise CommandError(ErrorCode.NOT_FOUND, f"no motion named {name!r}; this avatar has {known}")
        blend = _within("blend", blend, 0.0, MAX_TRANSITION)
        # a fade that is cut short goes on from the pose it had reached
        old = self._moving_pose(now) if self._fade else self.player
        self.player = None if name is None else Player(self.motions[name], loop=loop, since=now)
        self._fade = (old, now, blend) if blend > 0.0 else None
        self._cut |= blend == 0.0

    def play(self, now: float, loop: bool | None = None, speed: float | None = None) -> None:
        """Plays on from where it stands; a motion that had ended starts again."""
        player = self._playing_motion()
        if speed is not None:
            speed = _within("speed", speed, *SPEED_RANGE)
        player.change(now, playing=True, loop=loop, speed=speed)
        if player.finished(now):
            player.change(now, position=0.0 if player.speed >= 0.0 else player.motion.duration)
            self._cut = True

    def pause(self, now: float) -> None:
        """Holds the motion where it is; idle behaviour goes on."""
        if self.player:
            self.player.change(now, playing=False)

    def set_loop(self, loop: bool, now: float) -> None:
        """Chooses whether the motion repeats; playing or paused, it stays so."""
        self._playing_motion().change(now, loop=loop)

    def seek(self, position: float, now: float) -> None:
        """Jumps to `position` seconds within the motion."""
        player = self._playing_motion()
        player.change(now, position=_finite("position", position))
        self._fade = None
        self._cut = True

    def set_idle(self, **changes: float | bool | None) -> IdleSettings:
        """Changes the idle behaviour; None leaves a setting as it is."""
        values: dict[str, float | bool] = {}
        for name, value in changes.items():
            if value is not None:
                values[name] = value if name == "enabled" else _within(name, float(value), 0.0, 2.0)
        self.idle_settings = dataclasses.replace(self.idle_settings, **values)  # type: ignore[arg-type]
        return self.idle_settings

    def add_state(self, name: str, slot: int) -> None:
        """A state now exists (or exists again) at weight 0; its slot must not have belonged to another."""
        self.states[name] = slot
        self._weights.setdefault(name, Transition())
        self._slots = max(self._slots, slot + 1)

    def remove_state(self, name: str) -> None:
        """A state is gone; its slot stays in the frame, at 0."""
        del self.states[name], self._weights[name]

    def rename_state(self, old: str, new: str) -> None:
        """A state has another name, and goes on with its slot and its weight."""
        self.states[new] = self.states.pop(old)
        self._weights[new] = self._weights.pop(old)

    def resume(self, now: float) -> None:
        """This avatar is on stage again: a cut, and what played goes on from where it stood."""
        if self.player and self.player.playing:
            self.player.since += now - self._last
        self._last = now
        self._fade = None
        self._cut = True

    # reading

    @property
    def targets(self) -> dict[str, float]:
        """State name -> weight that it is moving to."""
        return {name: transition.target for name, transition in self._weights.items()}

    def weights(self, now: float) -> dict[str, float]:
        """State name -> weight now, after the rule that a sum above 1 is scaled to 1."""
        names = list(self._weights)
        values = normalize_weights(np.array([self._weights[name].value(now) for name in names]))
        return dict(zip(names, map(float, values), strict=True))

    def tick(self, now: float) -> tuple[Instant, bool]:
        """The frame of this instant, and whether the playing state changed by itself (a motion ended)."""
        ended = self.player is not None and self.player.finished(now)
        if ended:
            assert self.player is not None
            self.player.change(now, playing=False)
        pose = self._idle_over(self._moving_pose(now), now)
        weights = np.zeros(self._slots)
        for name, value in self.weights(now).items():
            weights[self.states[name]] = value
        cut, self._cut = self._cut, False
        self._last = now
        return Instant(pose.translation, axis_angles(pose.joints), pose.expression, weights, cut), ended

    def _moving_pose(self, now: float) -> Pose:
        """Motion alone, with the cross-fade from the one before."""
        pose = self._pose_of(self.player, now)
        if self._fade is None:
            return pose
        old, since, seconds = self._fade
        x = (now - since) / seconds
        if x >= 1.0:
            self._fade = None
            return pose
        x = max(0.0, x)
        return mix(self._pose_of(old, now), pose, x * x * (3.0 - 2.0 * x))

    def _pose_of(self, source: Player | Pose | None, now: float) -> Pose:
        if isinstance(source, Player):
            return source.sample(now)
        return source or Pose.rest(self._num_expressions)

    def _idle_over(self, pose: Pose, now: float) -> Pose:
        """Adds idle behaviour, turned down where the motion does the same by itself."""
        settings = self.idle_settings
        elapsed = max(0.0, now - self._last)
        self._idle_time += min(elapsed, MAX_IDLE_STEP)
        wanted = np.zeros(4)
        if settings.enabled:
            wanted[:] = 1.0
            if self.player and self.player.playing:
                motion = self.player.motion
                wanted[0] = 0.0 if motion.own_blinks else 1.0
                wanted[1] = 0.5 if motion.own_head else 1.0
                wanted[2] = 0.2 if motion.own_head else 1.0
                wanted[3] = 0.0 if motion.own_gaze else 1.0
        self._damping += (wanted - self._damping) * -math.expm1(-elapsed / 0.3)
        if not settings.enabled and self._damping.max() < 1e-3:
            return pose
        amounts = self._damping * (settings.blinks, settings.breathing, settings.micro_motion, settings.gaze)
        idle = self._idle(self._idle_time, IdleAmounts(*map(float, amounts)))
        expression = pose.expression + idle.expression
        if self._range:
            expression = np.clip(expression, *self._range)
        joints = multiply(pose.joints, quaternions(idle.joint_rotations))
        return Pose(expression, joints, pose.translation + idle.translation)

    def _playing_motion(self) -> Player:
        if self.player is None:
            raise CommandError(ErrorCode.INVALID_ARGUMENT, "no motion is chosen; use choose_motion first")
        return self.player


def _finite(name: str, value: float) -> float:
    if not math.isfinite(value):
        raise CommandError(ErrorCode.INVALID_ARGUMENT, f"{name} is {value}, expected a finite number")
    return float(value)


def _within(name: str, value: float, low: float, high: float) -> float:
    if not low <= _finite(name, value) <= high:
        raise CommandError(ErrorCode.INVALID_ARGUMENT, f"{name} is {value:g}, expected {low:g} to {high:g}")
    return float(value)
