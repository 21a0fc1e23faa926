"""Where commands about emotions go: which of them there are, and who carries them out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from emoga_protocol.messages import (
    CancelCommand,
    DeleteStateCommand,
    EditCommand,
    ListEditorsCommand,
    ListHistoryCommand,
    ReadPromptCommand,
    RenameStateCommand,
    RevertStateCommand,
)
from emoga_server.editing.edits import Edits
from emoga_server.editing.options import EditOptions
from emoga_server.editing.states import StateCommands, list_editors, prompt_info
from emoga_server.jobboard import JobBoard
from emoga_server.live_states import LiveStates
from emoga_server.stage import Stage
from emoga_server.workers import Workers


class EditDesk:
    """Everything that a server with the EDIT capability can do.

    Args:
        changed: called when weights were moved.
        say: told in one line what happens.
    """

    def __init__(
        self,
        options: EditOptions,
        stage: Stage,
        live: LiveStates,
        board: JobBoard,
        workers: Workers,
        changed: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        self.edits = edits = Edits(options, stage, live, board, workers, changed, say)
        states = StateCommands(stage, live, edits, workers, changed)
        self._commands: dict[type, Callable[[Any, object], Any | Awaitable[Any]]] = {
            EditCommand: edits.start,
            CancelCommand: lambda c, client: edits.cancel(c),
            ReadPromptCommand: lambda c, client: prompt_info(c),
            ListEditorsCommand: lambda c, client: asyncio.to_thread(list_editors, options),
            RenameStateCommand: lambda c, client: states.rename(c),
            DeleteStateCommand: lambda c, client: states.delete(c),
            ListHistoryCommand: lambda c, client: states.history(c),
            RevertStateCommand: lambda c, client: states.revert(c),
        }

    def offers(self, command: Any) -> bool:
        """Whether this is the place for a command."""
        return type(command) in self._commands

    def execute(self, command: Any, client: object) -> Any | Awaitable[Any]:
        """Carries out a command, or returns what to wait for. Raises CommandError, and so may the latter."""
        return self._commands[type(command)](command, client)

    async def run(self) -> None:
        """Works on edits, for ever."""
        await self.edits.run()
