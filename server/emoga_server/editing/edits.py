"""Runs edits, one after the other, and lets everybody watch."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from emoga_protocol.codec import struct_to_map
from emoga_protocol.messages import (
    CancelCommand,
    EditCommand,
    EditStarted,
    ErrorCode,
    JobPicture,
    JobProgress,
)
from emoga_server.director import CommandError
from emoga_server.editing.edit_job import Finished, Picture, Preview, Step, WarmJob
from emoga_server.editing.options import EditOptions
from emoga_server.editing.orders import Line, Order, make_order
from emoga_server.editing.preview import LivePreview
from emoga_server.errors import ServerError
from emoga_server.jobboard import ENDED, JobBoard
from emoga_server.live_states import LiveStates
from emoga_server.stage import Stage
from emoga_server.workers import JobCancelled, Task, WorkerDied, Workers

_log = logging.getLogger("emoga.edits")

STOP_GRACE = 30.0
"""Seconds that a worker may go on after `cancel` before its process is ended; nobody waits for it."""
_WORDS = {
    "queued": "Waiting",
    "views": "Drawing the views",
    "editing": "Editing pictures",
    "skin tone": "Matching skin tones",
    "optimising": "Fitting the face",
    "saving": "Saving",
}
_REMEDY = "choose fewer views or frames, or start the server with a smaller --edit-size"


class Edits:
    """The server's edits.

    Args:
        options: the operator's choices.
        changed: called when weights were moved here.
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
        self.options = options
        self.line = Line(options)
        self._stage, self._live, self._board, self._workers = stage, live, board, workers
        self._changed, self._say = changed, say
        self._arrived = asyncio.Event()
        self._task: Task | None = None
        self._warming: Task | None = None
        self._preview: LivePreview | None = None

    # what clients ask for

    async def start(self, command: EditCommand, client: object) -> dict[str, Any]:
        """Takes an order; returns EditStarted as a map. Raises CommandError."""
        actor = self._stage.named(command.avatar)
        order = await asyncio.to_thread(make_order, command, actor, self.options, client)
        self.line.check_room(actor, order.state, client)
        order.number = self._board.number()
        position = self.line.add(order)
        self._report(order, "queued", position=position)
        self._arrived.set()
        started = EditStarted(job=order.number, state=order.state, reading=order.reading, position=position)
        return struct_to_map(started)

    def cancel(self, command: CancelCommand) -> None:
        """Stops an order that waits or runs. Raises CommandError."""
        order = self.line.find(command.job)
        if order.stage in ENDED:
            raise CommandError(ErrorCode.NOT_FOUND, f"job {order.number} has ended ({order.stage})")
        if order.stage == "saving":
            words = f"job {order.number} is being saved; revert {order.state!r} when it is done"
            raise CommandError(ErrorCode.BUSY, words)
        if order is self.line.first and self._task is not None:
            order.unwanted.set()
        else:
            self.line.remove(order)
            self._report(order, "cancelled")
            self._move_up()

    def weights_set(self, avatar: int) -> None:
        """Somebody has set weights of an avatar: an edit of it does not move them any more."""
        if self._preview is not None and self.line.first and self.line.first.avatar == avatar:
            self._preview.touched = True

    # the work

    async def run(self) -> None:
        """Works on orders as they come, for ever."""
        warming = asyncio.ensure_future(self._warm_up()) if self.options.warm else None
        try:
            while True:
                order = self.line.first
                if order is None:
                    self._arrived.clear()
                    await self._arrived.wait()
                    continue
                try:
                    await self._edit(order)
                finally:
                    self.line.remove(order)
                    self._move_up()
        finally:
            if warming is not None:
                warming.cancel()

    async def _warm_up(self) -> None:
        """Has a worker get ready, unless an edit does that anyway."""
        while self._stage.current is None:
            await asyncio.sleep(0.5)
        head = str(self.options.head) if self.options.head else None
        job = WarmJob(str(self._stage.current.path), head, self.options.placement)
        try:
            self._warming = self._workers.submit(job)
            await self._warming.done
        except JobCancelled:
            pass
        except ServerError as error:
            _log.warning("a worker could not get ready for edits: %s", error)
        finally:
            self._warming = None

    async def _edit(self, order: Order) -> None:
        self._preview = preview = LivePreview(self._stage, self._live, order)
        if self._warming is not None:
            self._workers.stop(self._warming)  # what it has loaded by then is of use
        try:
            self._task = self._workers.submit(order.job, event=lambda value: self._event(order, value))
            if not await self._ends_before(self._task, order.unwanted):
                self._workers.stop(self._task, STOP_GRACE)
                self._task.done.add_done_callback(lambda done: self._late(order, done))
                raise JobCancelled("cancelled")
            finished: Finished = self._task.done.result()
            preview.commit(finished.preview)
        except JobCancelled:
            self._report(order, "cancelled")
            await preview.undo()
        except (ServerError, CommandError) as error:
            words = f"{error}; {_REMEDY}" if isinstance(error, WorkerDied) else str(error)
            self._report(order, "failed", message=words)
            self._say(f"edit of {order.state}: {words}")
            await preview.undo()
        else:
            self._report(order, "done", message="; ".join(finished.notes))
            self._say(f"edit of {order.state}: done")
        finally:
            if self._task is not None and not self._task.done.done() and not order.unwanted.is_set():
                await self._workers.abandon(self._task)
            self._task = self._preview = None
            self._changed()

    @staticmethod
    async def _ends_before(task: Task, unwanted: asyncio.Event) -> bool:
        """Waits until a task has ended or nobody wants it any more; whether the former came first."""
        waiting = asyncio.ensure_future(unwanted.wait())
        try:
            await asyncio.wait({task.done, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        return task.done.done()

    def _late(self, order: Order, done: asyncio.Future[Finished]) -> None:
        """The worker has ended an edit that was cancelled: nothing to do, unless it was just being saved."""
        if done.cancelled() or done.exception() is not None:
            return
        self._say(f"edit of {order.state}: the cancel came too late; it has been saved")
        LivePreview(self._stage, self._live, order).commit(done.result().preview)
        self._changed()

    def _event(self, order: Order, event: Step | Picture | Preview) -> None:
        """Something the worker tells about the order it works on."""
        if order.unwanted.is_set():
            if not isinstance(event, Step):  # frees its memory
                (event.files if isinstance(event, Picture) else event.blob).take()
        elif isinstance(event, Step):
            self._step(order, event)
        elif isinstance(event, Picture):
            files = event.files.take()
            picture = JobPicture(
                job=order.number,
                index=event.index,
                count=event.count,
                name=event.name,
                width=event.width,
                height=event.height,
            )
            self._board.picture(picture, files["before"].tobytes(), files["after"].tobytes())
        elif self._preview is not None:
            try:
                self._preview.show(event)
            except CommandError as error:  # no slot left: said again, and louder, at the commit
                _log.warning("no preview: %s", error)
            self._changed()

    def _step(self, order: Order, step: Step) -> None:
        pictures = step.stage in ("views", "editing", "skin tone")
        self._report(
            order,
            step.stage,
            progress=step.progress,
            seconds_left=step.seconds_left,
            done=step.done if pictures else 0,
            total=step.total if pictures else 0,
            step=0 if pictures else step.done,
            steps=0 if pictures else step.total,
            loss=step.loss,
        )

    def _move_up(self) -> None:
        """Everybody in the line hears of the place they have now; the first hears of its work instead."""
        for position, order in enumerate(self.line):
            if position:
                self._report(order, "queued", position=position)

    def _report(
        self, order: Order, stage: str, progress: float = 0.0, message: str = "", **fields: Any
    ) -> None:
        order.stage = stage
        words = message or f"{_WORDS.get(stage, stage.capitalize())}: {order.state}"
        self._board.report(
            JobProgress(
                job=order.number,
                kind="edit",
                stage=stage,
                progress=1.0 if stage == "done" else min(1.0, max(0.0, progress)),
                message=words[:500],
                avatar=order.avatar,
                state=order.state,
                prompt=order.prompt,
                **fields,
            )
        )
