"""Renaming, deleting and reverting emotions on disk and on stage; their history; editors and prompts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from emoga_core.avatars.bundle_edit import remove_state, rename_state
from emoga_core.avatars.history import list_versions, revert_state
from emoga_core.avatars.names import check_name
from emoga_core.edit.editors.registry import EDITORS
from emoga_core.edit.editors.weights import readiness
from emoga_core.edit.prompts import read_prompt, suggest_name
from emoga_core.errors import EmogaError
from emoga_protocol.codec import struct_to_map
from emoga_protocol.messages import (
    DeleteStateCommand,
    EditorInfo,
    ErrorCode,
    ListHistoryCommand,
    PromptInfo,
    ReadPromptCommand,
    RenameStateCommand,
    RevertStateCommand,
    StateInfo,
    StateVersion,
)
from emoga_server.baking import is_current, origin
from emoga_server.director import CommandError
from emoga_server.editing.edits import Edits
from emoga_server.editing.options import EditOptions
from emoga_server.editing.preview import FADE
from emoga_server.editing.rebake import rebake
from emoga_server.jobs import BakeJob
from emoga_server.library import read_baked_state
from emoga_server.live_states import LiveStates
from emoga_server.stage import Actor, Stage, clock
from emoga_server.workers import Workers


class StateCommands:
    """Commands about states that exist.

    Args:
        changed: called when weights were moved here.
    """

    def __init__(
        self, stage: Stage, live: LiveStates, edits: Edits, workers: Workers, changed: Callable[[], None]
    ) -> None:
        self._stage, self._live, self._edits, self._workers = stage, live, edits, workers
        self._changed = changed
        self._lock = asyncio.Lock()  # one change at a time: each looks at the stage first

    async def rename(self, command: RenameStateCommand) -> None:
        """Raises CommandError."""
        async with self._lock:
            actor = self._free(command.avatar, command.state)
            slot = actor.info.slot
            with _as_command_errors():
                check_name(command.name)
            self._edits.line.check_free(slot, command.name)
            if any(s.name == command.name for s in actor.info.states):
                words = f"there is already a state named {command.name!r}; delete it or choose another name"
                raise CommandError(ErrorCode.INVALID_ARGUMENT, words)
            with _as_command_errors():
                await asyncio.to_thread(rename_state, actor.path, command.state, command.name, rebake())
            self._live.rename(slot, command.state, command.name)
            self._changed()

    async def delete(self, command: DeleteStateCommand) -> None:
        """Raises CommandError."""
        async with self._lock:
            actor = self._free(command.avatar, command.state)
            with _as_command_errors():
                await asyncio.to_thread(remove_state, actor.path, command.state, rebake())
            if actor.director.targets[command.state]:
                actor.director.set_weights({command.state: 0.0}, clock(), FADE)
                await asyncio.sleep(FADE)
            self._live.remove(actor.info.slot, command.state)
            self._changed()

    async def history(self, command: ListHistoryCommand) -> list[dict[str, Any]]:
        """Raises CommandError."""
        actor = self._stage.named(command.avatar)
        self._stage.state(actor.info.slot, command.state)
        with _as_command_errors():
            versions = await asyncio.to_thread(list_versions, actor.path, command.state)
        return [struct_to_map(_version(v.state, v.current)) for v in versions]

    async def revert(self, command: RevertStateCommand) -> None:
        """Raises CommandError."""
        async with self._lock:
            actor = self._free(command.avatar, command.state)
            with _as_command_errors():
                await asyncio.to_thread(revert_state, actor.path, command.state, command.version, rebake())
                info, delta = await self._baked(actor.path, command.state)
            self._live.commit(actor.info.slot, info, delta)

    async def _baked(self, path: Path, name: str) -> tuple[StateInfo, bytes]:
        """A state as `baked/` has it; encoded by a worker first where it is not there."""
        if not await asyncio.to_thread(is_current, path):
            await self._workers.run(BakeJob(str(path)))
        return await asyncio.to_thread(read_baked_state, path, name)

    def _free(self, avatar: str | None, state: str) -> Actor:
        """The avatar, once it is sure that it has the state and nobody edits it."""
        actor = self._stage.named(avatar)
        self._edits.line.check_free(actor.info.slot, state)
        self._stage.state(actor.info.slot, state)
        return actor


def prompt_info(command: ReadPromptCommand) -> dict[str, Any]:
    """PromptInfo as a map. Raises CommandError."""
    with _as_command_errors():
        reading = read_prompt(command.prompt)
        name = suggest_name(reading)
    info = PromptInfo(
        reading=reading.describe(),
        action_units={str(unit): amount for unit, amount in reading.action_units.items()},
        unknown=list(reading.unknown),
        name=name,
        valence=reading.valence,
        arousal=reading.arousal,
    )
    return struct_to_map(info)


def list_editors(options: EditOptions) -> list[dict[str, Any]]:
    """EditorInfo of every editor, as maps; looks at the disk for their weights."""
    result = []
    for name, info in EDITORS.items():
        model = options.model if name == options.editor else None
        ready = readiness(name, model=model, folder=options.folder)
        entry = EditorInfo(
            name=name, title=info.title, ready=ready.ready, default=name == options.editor, note=ready.note
        )
        result.append(struct_to_map(entry))
    return result


def _version(state: Any, current: bool) -> StateVersion:
    prompt, editor = origin(state.provenance)
    return StateVersion(
        version=state.version, time=state.saved, prompt=prompt, editor=editor, current=current
    )


@contextlib.contextmanager
def _as_command_errors():
    """What is wrong with a bundle, a name or a prompt is the answer to the command."""
    try:
        yield
    except EmogaError as error:
        raise CommandError(ErrorCode.INVALID_ARGUMENT, str(error)) from None
