"""Worker processes do what is heavy, so that the stream never waits and never dies with them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from emoga_core.errors import EmogaError
from emoga_core.parent import end_with_parent
from emoga_server import handover
from emoga_server.errors import ServerError
from emoga_server.jobs import Job

_log = logging.getLogger("emoga.workers")

_NICENESS = 10


class JobFailed(ServerError):
    """A job ended with an error, or its worker died."""


class WorkerDied(JobFailed):
    """The process that did a job is gone."""


class JobCancelled(ServerError):
    """A job was stopped on request."""


def _work(connection: Connection) -> None:
    """The worker's main: takes jobs from the pipe, one after the other, until the pipe closes."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole group; the hub decides when we stop
    end_with_parent()
    give_way()
    warm: dict[str, Any] = {}
    while True:
        try:
            number, job = connection.recv()
        except EOFError:
            return
        except Exception as error:  # a job that this process cannot unpickle is that job's failure
            connection.send(("failed", f"the job could not be read: {error}"))
            continue
        if job is None:  # to stop a job that has ended meanwhile
            continue
        report = _Report(connection, number, warm)
        try:
            result = job.run(report)
            connection.send(("done", result))
        except EmogaError as error:
            connection.send(("cancelled" if report.asked else "failed", str(error)))
        except Exception as error:
            traceback.print_exc()
            connection.send(("failed", f"{type(error).__name__}: {error}"))


def give_way() -> None:
    """Lets this process have only what the hub leaves over: its frames are due to the millisecond.

    Numerical libraries, which are imported later, take their number of threads from the environment.
    """
    with contextlib.suppress(OSError):
        os.nice(_NICENESS)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = str(cores if cores <= 2 else cores - 1)
    for variable in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(variable, threads)


class _Report:
    """See `Report`."""

    def __init__(self, connection: Connection, number: int, warm: dict[str, Any]) -> None:
        self.warm = warm
        self.asked = False
        self._connection, self._number = connection, number

    def __call__(self, stage: str, progress: float) -> None:
        self._connection.send(("progress", (stage, progress)))

    def event(self, value: Any) -> None:
        self._connection.send(("event", value))

    def stopped(self) -> bool:
        while not self.asked and self._connection.poll():
            try:
                number, _ = self._connection.recv()
            except EOFError:
                number = self._number
            self.asked = number == self._number
        return self.asked


@dataclass(eq=False)
class Task:
    """A job that waits or runs. `done` yields its result, or raises JobFailed or JobCancelled."""

    number: int
    job: Job
    progress: Callable[[str, float], None]
    event: Callable[[Any], None]
    done: asyncio.Future[Any] = field(repr=False)


class _Worker:
    """One process and the job it has in hand."""

    def __init__(self, name: str) -> None:
        self.name = name
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(target=_work, args=(theirs,), name=name, daemon=True)
        self.process.start()
        theirs.close()
        self.task: Task | None = None


class Workers:
    """A few spawned processes that run jobs in the order of submission.

    Processes start with the first job, are replaced when they die, and end with `close`.

    Args:
        count: processes at most.
    """

    def __init__(self, count: int = 1) -> None:
        self._count = count
        self._workers: list[_Worker] = []
        self._queue: list[Task] = []
        self._endings: set[asyncio.Task[None]] = set()
        self._made = 0
        self._numbers = itertools.count(1)
        self._closed = False
        self.deaths = 0

    @property
    def pids(self) -> list[int]:
        """Process ids of the living workers."""
        return [worker.process.pid for worker in self._workers if worker.process.pid]

    async def run(self, job: Job, progress: Callable[[str, float], None] = lambda stage, value: None) -> Any:
        """Runs `job` in a worker and returns its result; cancelling the caller ends the job and its process.

        Raises:
            JobFailed: the job raised, or its process died.
            JobCancelled: the workers were closed.
        """
        task = self.submit(job, progress)
        try:
            return await task.done
        finally:
            await self.abandon(task)

    def submit(
        self,
        job: Job,
        progress: Callable[[str, float], None] = lambda stage, value: None,
        event: Callable[[Any], None] = lambda value: None,
    ) -> Task:
        """Puts `job` into the queue.

        Args:
            progress: told the job's stages.
            event: given whatever else the job tells.

        Raises:
            JobCancelled: the workers were closed.
        """
        if self._closed:
            raise JobCancelled("the server is stopping")
        done = asyncio.get_running_loop().create_future()
        task = Task(next(self._numbers), job, progress, event, done)
        self._queue.append(task)
        self._dispatch()
        return task

    def stop(self, task: Task, grace: float | None = None) -> None:
        """Asks a task to end, which then raises JobCancelled; its process stays as it is, warm.

        Args:
            grace: seconds after which the process is ended if the job goes on; None: never.
        """
        if task in self._queue:
            self._queue.remove(task)
            task.done.set_exception(JobCancelled("cancelled"))
            return
        for worker in self._workers:
            if worker.task is task:
                with contextlib.suppress(OSError):  # it has died: that will be heard of
                    worker.connection.send((task.number, None))
                if grace is not None:
                    asyncio.get_running_loop().call_later(grace, self._overdue, task)

    def _overdue(self, task: Task) -> None:
        for worker in [w for w in self._workers if w.task is task]:
            _log.warning("%s does not stop; it is ended", worker.name)
            if not task.done.done():
                task.done.set_exception(JobCancelled("cancelled"))
            self._end(worker)
            self._dispatch()

    async def abandon(self, task: Task) -> None:
        """Forgets a task that nobody waits for any more; ends the process that still works on it."""
        if task in self._queue:
            self._queue.remove(task)
        endings = [self._end(worker) for worker in list(self._workers) if worker.task is task]
        self._dispatch()
        for ending in endings:
            await asyncio.shield(ending)

    def _dispatch(self) -> None:
        while self._queue and not self._closed:
            worker = next((w for w in self._workers if w.task is None), None)
            if worker is None:
                if len(self._workers) >= self._count:
                    return
                worker = self._start()
            task = self._queue.pop(0)
            worker.task = task
            try:
                worker.connection.send((task.number, task.job))
            except OSError:
                self._died(worker)
            except Exception as error:  # not picklable
                worker.task = None
                task.done.set_exception(JobFailed(f"the job cannot be sent to a worker: {error}"))

    def _start(self) -> _Worker:
        self._made += 1
        worker = _Worker(f"emoga-worker-{self._made}")
        self._workers.append(worker)
        asyncio.get_running_loop().add_reader(worker.connection.fileno(), self._receive, worker)
        return worker

    def _receive(self, worker: _Worker) -> None:
        try:
            kind, value = worker.connection.recv()
        except (EOFError, OSError):
            self._died(worker)
            return
        task = worker.task
        if task is None:
            return
        if kind == "progress":
            task.progress(*value)
            return
        if kind == "event":
            task.event(value)
            return
        worker.task = None
        if not task.done.done():
            if kind == "done":
                task.done.set_result(value)
            else:
                task.done.set_exception((JobCancelled if kind == "cancelled" else JobFailed)(value))
        self._dispatch()

    def _died(self, worker: _Worker) -> None:
        """Makes room for a new process, and fails the job in hand with the reason."""
        self.deaths += 1
        task = worker.task

        def bury(exitcode: int | None) -> None:
            reason = _reason(exitcode)
            _log.warning("%s %s", worker.name, reason)
            if task and not task.done.done():
                words = f"the worker process {reason}; the stream goes on, try again"
                task.done.set_exception(WorkerDied(words))

        self._end(worker, grace=1.0, ended=bury)
        self._dispatch()

    def _end(
        self, worker: _Worker, grace: float = 0.0, ended: Callable[[int | None], None] = lambda code: None
    ) -> asyncio.Task[None]:
        """Ends a process for good, in a thread so that the stream goes on; the next job gets a fresh one.

        Args:
            grace: seconds that the process may take to end by itself.
            ended: told its exit code.
        """
        self._workers.remove(worker)
        worker.task = None
        asyncio.get_running_loop().remove_reader(worker.connection.fileno())
        worker.connection.close()

        async def end() -> None:
            ended(await asyncio.to_thread(_end_process, worker.process, grace))

        ending = asyncio.create_task(end())
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)
        return ending

    async def close(self) -> None:
        """Ends every process; jobs in hand and in the queue fail with JobCancelled."""
        self._closed = True
        tasks = [worker.task for worker in self._workers if worker.task] + self._queue
        self._queue.clear()
        for worker in list(self._workers):
            self._end(worker)
        for task in tasks:
            if task and not task.done.done():
                task.done.set_exception(JobCancelled("the server is stopping"))
        await asyncio.gather(*self._endings)


def _end_process(process: SpawnProcess, grace: float) -> int | None:
    """Reaps a process, terminates it after `grace` seconds, and frees what it left in shared memory.

    Returns:
        The exit code it had by itself, None if it had to be terminated.
    """
    pid = process.pid
    if grace:
        process.join(grace)
    exitcode = process.exitcode
    process.terminate()
    process.join(2.0)
    if process.is_alive():
        process.kill()
        process.join(2.0)
    if pid:
        handover.sweep(pid)
    with contextlib.suppress(ValueError):
        process.close()
    return exitcode


def _reason(exitcode: int | None) -> str:
    if exitcode is None:
        return "closed its pipe"
    if exitcode < 0:
        name = signal.Signals(-exitcode).name
        hint = {"SIGKILL": " (out of memory?)", "SIGBUS": " (memory or disk full?)"}.get(name, "")
        return f"was ended by {name}{hint}"
    return f"ended with code {exitcode}"
