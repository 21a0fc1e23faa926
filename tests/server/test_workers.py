"""Real spawned processes: results, errors, deaths, cancellation, and nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from emoga_server.client import Client
from emoga_server.workers import JobCancelled, JobFailed, Workers

sys.path.insert(0, str(Path(__file__).parent))  # spawned processes inherit it, and find the jobs by name
jobs = __import__("jobs_for_tests")


@contextlib.asynccontextmanager
async def workers(count: int = 1):
    made = Workers(count)
    try:
        yield made
    finally:
        pids = made.pids
        await made.close()
        assert not any(psutil.pid_exists(pid) for pid in pids)
        assert not list(Path("/dev/shm").glob(f"emoga-{os.getpid()}-*"))


def test_a_job_reports_and_returns(run):
    async def scenario():
        seen = []
        async with workers() as pool:
            assert await pool.run(jobs.Add(2, 3), lambda *r: seen.append(r)) == 5
            assert seen == [("adding", 0.5)]
            first = await pool.run(jobs.WhoAmI())
            assert first == await pool.run(jobs.WhoAmI()) != os.getpid()

    run(scenario)


def test_jobs_wait_for_a_free_process(run):
    async def scenario():
        async with workers() as pool:
            assert await asyncio.gather(*(pool.run(jobs.Add(i, i)) for i in range(6))) == [0, 2, 4, 6, 8, 10]
            assert len(pool.pids) == 1

    run(scenario)


@pytest.mark.parametrize(("kind", "words"), [("user", "the capture is empty"), ("bug", "ValueError: oops")])
def test_a_job_that_raises_fails_alone(run, kind, words):
    async def scenario():
        async with workers() as pool:
            with pytest.raises(JobFailed, match=words):
                await pool.run(jobs.Fail(kind))
            assert await pool.run(jobs.Add(1, 1)) == 2
            assert pool.deaths == 0

    run(scenario)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_worker_that_dies_fails_its_job_and_is_replaced(run, how):
    async def scenario():
        async with workers() as pool:
            with pytest.raises(JobFailed, match=f"ended by {how.name}"):
                await pool.run(jobs.Die(how))
            assert await pool.run(jobs.Add(1, 1)) == 2
            assert pool.deaths == 1

    run(scenario)


def test_the_stream_goes_on_while_a_worker_dies(bundle, live, run):
    async def scenario():
        async with live(bundle) as hub, Client.connect(f"ws://localhost:{hub.transport.port}/ws") as client:
            job = asyncio.create_task(hub.workers.run(jobs.Die(signal.SIGKILL)))
            with pytest.raises(JobFailed):
                await job
            for _ in range(5):
                await client.next_frame(2.0)

    run(scenario)


def test_cancelling_the_caller_ends_the_process(run):
    async def scenario():
        async with workers() as pool:
            started = asyncio.Event()
            task = asyncio.create_task(pool.run(jobs.Sleep(60), lambda *r: started.set()))
            await started.wait()
            (pid,) = pool.pids
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not psutil.pid_exists(pid)
            assert await pool.run(jobs.Add(1, 1)) == 2

    run(scenario)


def test_closing_ends_jobs_in_hand_and_in_the_queue(run):
    async def scenario():
        async with workers() as pool:
            tasks = [asyncio.create_task(pool.run(jobs.Sleep(60))) for _ in range(3)]
            await asyncio.sleep(0.1)
            await pool.close()
            for task in tasks:
                with pytest.raises(JobCancelled):
                    await task
            with pytest.raises(JobCancelled):
                await pool.run(jobs.Add(1, 1))

    run(scenario)


def test_a_job_that_cannot_travel_says_so(run):
    async def scenario():
        async with workers() as pool:
            with pytest.raises(JobFailed, match="cannot be sent"):
                await pool.run(lambda report: None)  # type: ignore[arg-type]
            assert await pool.run(jobs.Add(1, 1)) == 2

    run(scenario)


def test_arrays_come_through_shared_memory_and_leave_nothing(run):
    async def scenario():
        async with workers() as pool:
            handover = await pool.run(jobs.GiveArrays())
            arrays = handover.take()
            np.testing.assert_array_equal(arrays["ramp"], np.arange(1_000_000, dtype=np.float32))
            assert arrays["empty"].shape == (0, 3)
            assert not (Path("/dev/shm") / handover.segment).exists()

    run(scenario)


def test_what_a_dead_worker_left_in_shared_memory_is_freed(run):
    async def scenario():
        async with workers() as pool:
            await pool.run(jobs.Add(1, 1))
            (pid,) = pool.pids
            with pytest.raises(JobFailed, match="code 3"):
                await pool.run(jobs.GiveAndDie())
            assert not list(Path("/dev/shm").glob(f"emoga-{pid}-*"))

    run(scenario)


def test_a_job_that_is_stopped_leaves_its_process_warm(run):
    async def scenario():
        async with workers() as pool:
            for _ in range(2):
                begun = asyncio.Event()
                task = pool.submit(jobs.Obey(), event=lambda value, begun=begun: begun.set())
                await begun.wait()
                pool.stop(task)
                with pytest.raises(JobCancelled):
                    await task.done
            assert await pool.run(jobs.Stops()) == 2
            assert pool.deaths == 0

    run(scenario)


def test_a_job_that_does_not_stop_in_time_is_ended_and_one_that_waits_never_starts(run):
    async def scenario():
        async with workers() as pool:
            deaf, waiting = pool.submit(jobs.Sleep(60)), pool.submit(jobs.Add(1, 1))
            pool.stop(waiting)
            with pytest.raises(JobCancelled):
                await waiting.done
            pool.stop(deaf, grace=0.1)
            with pytest.raises(JobCancelled):
                await deaf.done
            assert await pool.run(jobs.Add(2, 2)) == 4

    run(scenario)
