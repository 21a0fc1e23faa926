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
    Limits,
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


class Actor:
    """One avatar with its live state."""

    def __init__(self, avatar: LibraryAvatar, director: Director) -> None:
        self.path = avatar.path
        self.info: AvatarInfo = avatar.info
        self.director = director
        self.encoder = FrameEncoder(avatar.info.layout)
        self.slots = {state.name: state.slot for state in avatar.info.states}
        """Every name that a state has had in this session: a slot belongs to one state for good."""
        self._next_slot = 1 + max(self.slots.values(), default=-1)
        self._revisions = {state.slot: state.revision for state in avatar.info.states}

    def place(self, state: StateInfo) -> bool:
        """Deals slot and revision to a new or changed state and puts it on; whether it was not there before.

        Raises:
            CommandError: the session has no slot left.
        """
        info = self.info
        old = next((s for s in info.states if s.name == state.name), None)
        if state.name not in self.slots:
            self.check_slots({state.name})
            self.slots[state.name] = self._next_slot
            self._next_slot += 1
        state.slot = self.slots[state.name]
        state.revision = self._revisions[state.slot] = self._revisions.get(state.slot, 0) + 1
        info.states = sorted([*(s for s in info.states if s is not old), state], key=lambda s: s.slot)
        if old is None:
            self.director.add_state(state.name, state.slot)
            self._lengthen()
        return old is None

    def check_slots(self, names: set[str]) -> None:
        """Raises CommandError where the session has too few slots left for states of these names."""
        if self._next_slot + len(names - set(self.slots)) > Limits.MAX_STATES:
            words = (
                f"{self.info.name} has had {self._next_slot} emotions since the server started; restart it"
            )
            raise CommandError(ErrorCode.BUSY, words)

    def _lengthen(self) -> None:
        """Gives the frame layout a weight for every slot."""
        layout = self.info.layout
        if next(f.count for f in layout.fields if f.name == "weights") < self._next_slot:
            ranges = {f.name: f.scale * FRAME_MAX_INTEGER for f in layout.fields}
            self.info.layout = make_layout(
                self.info.counts.expressions, self._next_slot, layout.revision + 1, ranges
            )
            self.encoder = FrameEncoder(self.info.layout)

    def rename(self, old: str, new: str) -> None:
        """A state goes on under another name."""
        state = next(s for s in self.info.states if s.name == old)
        state.name = new
        self.slots[new] = self.slots.pop(old)
        self.director.rename_state(old, new)

    def remove(self, name: str) -> None:
        """A state is gone."""
        self.info.states = [s for s in self.info.states if s.name != name]
        self.director.remove_state(name)


class Stage:
    """The live state of all avatars, of which one is streamed to everybody.

    Args:
        seed: of the idle behaviour.
        idle: whether idle behaviour is on at first.
    """

    def __init__(self, seed: int = 0, idle: bool = True) -> None:
        self.session = secrets.token_hex(8)
        self.revision = 0
        self.current: Actor | None = None
        self.actors: dict[int, Actor] = {}
        self._seed, self._idle = seed, idle
        self._seq = 0
        self._manifest: bytes | None = None
        self._commands: dict[type, Callable[[Any, float], Any]] = {
            ListAvatarsCommand: lambda c, now: [struct_to_map(a.info) for a in self.actors.values()],
            ListStatesCommand: lambda c, now: [struct_to_map(s) for s in self.named(c.avatar).info.states],
            ListMotionsCommand: lambda c, now: [struct_to_map(m) for m in self.named(c.avatar).info.motions],
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
        actor = Actor(avatar, director)
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
        new = self.put_state(slot, state)
        info = self.actors[slot].info
        info.state_revision += 1
        self._changed()
        return StateCommit(avatar=slot, state=state, state_revision=info.state_revision), new

    def put_state(self, slot: int, state: StateInfo) -> bool:
        """Shows a state of avatar `slot` as it is now, final or not; returns whether it is new."""
        new = self.actors[slot].place(state)
        self._changed()
        return new

    def state(self, slot: int, name: str) -> StateInfo:
        """A state of avatar `slot`.

        Raises:
            CommandError: there is none of that name.
        """
        states = self.actors[slot].info.states
        for state in states:
            if state.name == name:
                return state
        known = ", ".join(s.name for s in states) or "none"
        raise CommandError(ErrorCode.NOT_FOUND, f"no state named {name[:60]!r}; this avatar has {known}")

    def remove_state(self, slot: int, name: str) -> None:
        """A state of avatar `slot` is gone; its slot stays empty. The manifest changes."""
        self.actors[slot].remove(name)
        self._changed()

    def rename_state(self, slot: int, old: str, new: str) -> None:
        """A state of avatar `slot` has another name. The manifest changes."""
        self.actors[slot].rename(old, new)
        self._changed()

    def blobs_in_use(self) -> set[str]:
        """Hashes of the delta blobs of all states."""
        return {state.blob.sha256 for actor in self.actors.values() for state in actor.info.states}

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
        actor = self.named(command.avatar)
        if actor is not self.current:
            self.current = actor
            actor.director.resume(now)

    def named(self, name: str | None) -> Actor:
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
        return self.named(None).director

    def _changed(self) -> None:
        self.revision += 1
        self._manifest = None
