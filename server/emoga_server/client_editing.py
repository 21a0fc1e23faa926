"""The part of the Python client that makes and changes emotions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from emoga_protocol.codec import struct_from_map
from emoga_protocol.messages import (
    CancelCommand,
    DeleteStateCommand,
    EditCommand,
    EditorInfo,
    EditStarted,
    JobPicture,
    JobProgress,
    ListEditorsCommand,
    ListHistoryCommand,
    PromptInfo,
    ReadPromptCommand,
    RenameStateCommand,
    RevertStateCommand,
    StateVersion,
)


class JobEnded(Exception):
    """A job failed or was cancelled; `progress` is the last that was heard of it."""

    def __init__(self, progress: JobProgress) -> None:
        super().__init__(progress.message or progress.stage)
        self.progress = progress


class EditingClient(ABC):
    """Commands about emotions; each raises CommandFailed where the server refuses."""

    jobs: dict[int, JobProgress]
    """The newest JOB_PROGRESS of every job."""
    pictures: dict[int, dict[int, tuple[JobPicture, bytes, bytes]]]
    """Job -> index -> an edited picture with its bytes before and after."""

    @abstractmethod
    async def command(self, command: Any) -> Any:
        """See `Client.command`."""

    @abstractmethod
    async def until(self, condition: Callable[[], object], timeout: float = 10.0) -> None:
        """See `Client.until`."""

    async def edit(self, prompt: str, state: str | None = None, **options: Any) -> EditStarted:
        """Starts an edit.

        Args:
            options: other fields of EditCommand (editor, intensity, seed, views, ...).
        """
        value = await self.command(EditCommand(prompt=prompt, state=state, **options))
        return struct_from_map(EditStarted, value)

    async def wait(self, job: int, timeout: float = 600.0) -> JobProgress:
        """Waits until a job is done.

        Raises:
            JobEnded: it failed or was cancelled.
            TimeoutError: it takes longer.
        """
        ended = ("done", "failed", "cancelled")
        await self.until(lambda: job in self.jobs and self.jobs[job].stage in ended, timeout)
        if self.jobs[job].stage != "done":
            raise JobEnded(self.jobs[job])
        return self.jobs[job]

    async def cancel(self, job: int) -> None:
        """Stops a job; it has ended when its JOB_PROGRESS says so."""
        await self.command(CancelCommand(job=job))

    async def read_prompt(self, prompt: str) -> PromptInfo:
        """How the server understands a prompt."""
        return struct_from_map(PromptInfo, await self.command(ReadPromptCommand(prompt=prompt)))

    async def list_editors(self) -> list[EditorInfo]:
        """The editors of the server."""
        return [struct_from_map(EditorInfo, row) for row in await self.command(ListEditorsCommand())]

    async def history(self, state: str, avatar: str | None = None) -> list[StateVersion]:
        """Versions of a state, the newest first."""
        rows = await self.command(ListHistoryCommand(state=state, avatar=avatar))
        return [struct_from_map(StateVersion, row) for row in rows]

    async def revert(self, state: str, version: int, avatar: str | None = None) -> None:
        """Puts an earlier version of a state in use again."""
        await self.command(RevertStateCommand(state=state, version=version, avatar=avatar))

    async def rename(self, state: str, name: str, avatar: str | None = None) -> None:
        """Gives a state another name."""
        await self.command(RenameStateCommand(state=state, name=name, avatar=avatar))

    async def delete(self, state: str, avatar: str | None = None) -> None:
        """Removes a state."""
        await self.command(DeleteStateCommand(state=state, avatar=avatar))

    def heard_of_job(self, message: JobProgress) -> None:
        """Keeps the newest JOB_PROGRESS of a job."""
        self.jobs[message.job] = message

    def saw_picture(self, message: JobPicture, before: bytes, after: bytes) -> None:
        """Keeps an edited picture."""
        self.pictures.setdefault(message.job, {})[message.index] = (message, before, after)
