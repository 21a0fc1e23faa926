"""Everything that is live: the avatars, which of them is streamed, and what the clients are told about it."""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Callable
from typing import Any

from emoga_protocol.codec import encode, struct_to_map
from emoga_protocol.frames import Frame, FrameEncoder, make_layout
from emoga_protocol.messages import (
    FRAME_MAX_INTEGER,
    AvatarInfo,
    ChooseMotionCommand,
    ErrorCode,
    GetStatusCommand,
    IdleSettings,
    ListAvatarsCommand,
    ListMotionsCommand,
    ListStatesCommand,
    Manifest,
    PauseCommand,
    PlayCommand,
    SeekCommand,
    SelectAvatarCommand,
    SetIdleCommand,
    SetLoopCommand,
    SetWeightsCommand,
    StateCommit,
    StateInfo,
    Status,
)
from emoga_server.director import CommandError, Director
from emoga_server.library import LibraryAvatar


def clock() -> float:
    """The server's clock: seconds, monotonic."""
    return time.monotonic()


def microseconds(now: float) -> int:
    """The clock as it travels on the wire."""
    return int(now * 1e6)


class _Actor:
    """One avatar with its live state."""

    def __init__(self, avatar: LibraryAvatar, director: Director) -> None:
        self.path = avatar.path
        self.info: AvatarInfo = avatar.info
        self.director = director
        self.encoder = FrameEncoder(avatar.info.layout)


class Stage:
    """The live state of all avatars, of which one is streamed to everybody.

    Args:
        seed: of the idle behaviour.
        idle: whether idle behaviour is on at first.
    """

    def __init__(self, seed: int = 0, idle: bool = True) -> None:
        self.session = secrets.token_hex(8)
        self.revision = 0
        self.current: _Actor | None = None
        self.actors: dict[int, _Actor] = {}
        self._seed, self._idle = seed, idle
        self._seq = 0
        self._manifest: bytes | None = None
        self._commands: dict[type, Callable[[Any, float], Any]] = {
            ListAvatarsCommand: lambda c, now: [struct_to_map(a.info) for a in self.actors.values()],
            ListStatesCommand: lambda c, now: [struct_to_map(s) for s in self._named(c.avatar).info.states],
            ListMotionsCommand: lambda c, now: [struct_to_map(m) for m in self._named(c.avatar).info.motions],
            GetStatusCommand: lambda c, now: struct_to_map(self.status(now)),
            SelectAvatarCommand: self._select,
            SetWeightsCommand: self._set_weights,
            PlayCommand: lambda c, now: self._director().play(now, c.loop, c.speed),
            PauseCommand: lambda c, now: self._director().pause(now),
            SetLoopCommand: lambda c, now: self._director().set_loop(c.loop, now),
            SeekCommand: lambda c, now: self._director().seek(c.position, now),
            ChooseMotionCommand: lambda c, now: self._director().choose_motion(
                c.motion, now, c.loop, c.blend
            ),
            SetIdleCommand: self._set_idle,
        }

    # avatars and states

    def add(self, avatar: LibraryAvatar, now: float) -> None:
        """An avatar is ready; the first one is streamed. The manifest changes.

        Clients choose avatars by name: a second one of the same name gets a number.
        """
        taken = {actor.info.name for actor in self.actors.values()}
        wanted = avatar.info.name
        numbers = itertools.count(2)
        while avatar.info.name in taken:
            avatar.info.name = f"{wanted}-{next(numbers)}"
        director = avatar.director(self._seed + avatar.info.slot, now)
        director.set_idle(enabled=self._idle)
        actor = _Actor(avatar, director)
        self.actors[avatar.info.slot] = actor
        self.current = self.current or actor
        self._changed()

    def commit_state(self, slot: int, state: StateInfo) -> tuple[StateCommit, bool]:
        """A state of avatar `slot` is new or has changed; its delta blob must be in the blob store already.

        Args:
            state: `state.slot` and `state.revision` are set here: a name keeps its slot for the session, a
                new name gets a fresh one.

        Returns:
            STATE_COMMIT for every client, and whether the state is new: then frames are longer from now on,
            and the manifest has to be sent again for its frame layout.
        """
        actor = self.actors[slot]
        info = actor.info
        old = next((s for s in info.states if s.name == state.name), None)
        state.slot = old.slot if old else 1 + max((s.slot for s in info.states), default=-1)
        state.revision = old.revision + 1 if old else 1
        info.states = sorted([*(s for s in info.states if s is not old), state], key=lambda s: s.slot)
        info.state_revision += 1
        if old is None:
            actor.director.add_state(state.name, state.slot)
            ranges = {f.name: f.scale * FRAME_MAX_INTEGER for f in info.layout.fields}
            info.layout = make_layout(
                info.counts.expressions, state.slot + 1, info.layout.revision + 1, ranges
            )
            actor.encoder = FrameEncoder(info.layout)
        self._changed()
        return StateCommit(avatar=slot, state=state, state_revision=info.state_revision), old is None

    # what clients are told

    def manifest(self) -> bytes:
        """MANIFEST, encoded once for all clients."""
        if self._manifest is None:
            avatars = [actor.info for actor in self.actors.values()]
            self._manifest = encode(Manifest(revision=self.revision, avatars=avatars))
        return self._manifest

    def status(self, now: float) -> Status:
        """STATUS of the streamed avatar.

        Raises:
            CommandError: no avatar is ready yet.
        """
        director, player = self._director(), self._director().player
        assert self.current is not None
        return Status(
            avatar=self.current.info.slot,
            motion=player.motion.name if player else None,
            playing=player.playing and not player.finished(now) if player else False,
            loop=player.loop if player else True,
            speed=player.speed if player else 1.0,
            position=player.position(now) if player else 0.0,
            time=microseconds(now),
            targets=director.targets,
            idle=director.idle_settings,
        )

    def frame(self, now: float) -> tuple[int, bytes, bool] | None:
        """(seq, FRAME of this instant, whether the status changed by itself); None without an avatar."""
        actor = self.current
        if actor is None:
            return None
        instant, changed = actor.director.tick(now)
        self._seq += 1
        frame = Frame(
            seq=self._seq,
            time=microseconds(now),
            avatar=actor.info.slot,
            translation=instant.translation,
            joints=instant.joints,
            expression=instant.expression,
            weights=instant.weights,
            state_revision=actor.info.state_revision,
            cut=instant.cut,
        )
        return self._seq, actor.encoder.encode(frame), changed

    @property
    def saturated(self) -> int:
        """Frame coefficients that had to be clamped so far."""
        return sum(actor.encoder.saturated for actor in self.actors.values())

    # commands

    def execute(self, command: Any, now: float) -> tuple[Any, bool]:
        """Carries out a typed command; returns its result and whether the status changed.

        Raises:
            CommandError: it cannot be carried out; nothing has changed.
        """
        handler = self._commands.get(type(command))
        if handler is None:
            raise CommandError(ErrorCode.UNSUPPORTED, f"this server does not offer {command.NAME}")
        reads_only = isinstance(
            command, ListAvatarsCommand | ListStatesCommand | ListMotionsCommand | GetStatusCommand
        )
        return handler(command, now), not reads_only

    def _set_weights(self, command: SetWeightsCommand, now: float) -> None:
        self._director().set_weights(
            command.weights, now, command.duration, command.easing, command.exclusive
        )

    def _set_idle(self, command: SetIdleCommand, now: float) -> dict[str, Any]:
        settings: IdleSettings = self._director().set_idle(
            enabled=command.enabled,
            blinks=command.blinks,
            breathing=command.breathing,
            micro_motion=command.micro_motion,
            gaze=command.gaze,
        )
        return struct_to_map(settings)

    def _select(self, command: SelectAvatarCommand, now: float) -> None:
        actor = self._named(command.avatar)
        if actor is not self.current:
            self.current = actor
            actor.director.resume(now)

    def _named(self, name: str | None) -> _Actor:
        if name is None:
            if self.current is None:
                raise CommandError(ErrorCode.BUSY, "no avatar is ready yet")
            return self.current
        for actor in self.actors.values():
            if actor.info.name == name:
                return actor
        known = ", ".join(actor.info.name for actor in self.actors.values()) or "none"
        raise CommandError(ErrorCode.NOT_FOUND, f"no avatar named {name!r}; this server has {known}")

    def _director(self) -> Director:
        return self._named(None).director

    def _changed(self) -> None:
        self.revision += 1
        self._manifest = None
