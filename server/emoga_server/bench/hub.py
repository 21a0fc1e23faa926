"""`emoga bench hub`: start-up, many clients, a slow client. Hub and clients run in processes of their own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from emoga_server.bench import Row
from emoga_server.bench.hub_clients import WARM_UP, StreamClient
from emoga_server.errors import ServerError

CLIENTS, FPS, SECONDS = 500, 60, 10.0
STARTS = 5
SLOW_FPS = 20.0


def run() -> list[Row]:
    """Measures a hub that serves the bundled avatar (a synthetic one where there is none).

    On a machine too busy to give the hub its 60 ticks a second, processor time is scaled to the full rate:
    `core_percent` is always the price of 500 clients at 60 Hz. `frames_received_share` says how full it was.
    """
    with _avatar() as bundle:
        starts = [_start_to_first_frame(bundle) for _ in range(STARTS)]
        crowd, cpu = _crowd(bundle, CLIENTS)
        few, _ = _crowd(bundle, 5, SLOW_FPS)
    share = crowd["frames"] / (CLIENTS * FPS * SECONDS)
    return [
        Row("start_to_first_frame_ms", 1e3 * statistics.median(starts), "ms", "<= 1000"),
        Row("core_percent_500_clients_60hz", 100 * cpu / share, "%", "<= 60"),
        Row("gaps_healthy", crowd["missed"], "frames", "0"),
        Row("frames_received_share", share, "", ""),
        Row("frame_age_p50_ms", crowd["age_p50_ms"], "ms", ""),
        Row("frame_age_p99_ms", crowd["age_p99_ms"], "ms", ""),
        Row("slow_reader_staleness_ms", few["slow_p99_ms"], "ms", "<= 250"),
        Row("slow_reader_staleness_p50_ms", few["slow_p50_ms"], "ms", ""),
        Row("gaps_healthy_beside_slow", few["missed"], "frames", "0"),
    ]


@contextlib.contextmanager
def _avatar() -> Iterator[Path]:
    """The bundled avatar if it is baked, else a synthetic one of 40 000 splats in a temporary folder."""
    from emoga_server.baking import is_current
    from emoga_server.serving import bundled_avatars

    with contextlib.suppress(ServerError):
        bundle = bundled_avatars()[0]
        if is_current(bundle):
            yield bundle
            return
    with tempfile.TemporaryDirectory() as folder:
        # in a process of its own: this one must not spend memory on tensors while it measures
        code = (
            "import pathlib, sys, emoga_server.bench.synthetic_avatar as synthetic; "
            "synthetic.write_synthetic_bundle(pathlib.Path(sys.argv[1]), 40_000)"
        )
        path = Path(folder) / "bench.emoga"
        made = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True)
        if made.returncode:
            reason = made.stderr.strip().rpartition("\n")[2]
            raise ServerError(f"the synthetic avatar for the benchmark could not be made: {reason}")
        yield path


@contextlib.contextmanager
def _hub(bundle: Path) -> Iterator[tuple[int, int]]:
    """(process id, port) of a fresh hub that listens."""
    command = [
        str(Path(sys.executable).with_name("emoga")),
        "serve",
        str(bundle),
        "--port",
        "0",
        "--fps",
        str(FPS),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if match := re.search(r"http://\S+:([0-9]+)/", line):
                yield process.pid, int(match[1])
                break
        else:
            raise ServerError("the hub did not start")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)


def _start_to_first_frame(bundle: Path) -> float:
    """Seconds from starting the process to the first FRAME in a client's hands."""
    begin = time.monotonic()
    with _hub(bundle) as (_, port):
        client = StreamClient.connect(port)
        client.socket.setblocking(True)
        while not client.take(time.monotonic(), True):
            client.data += client.socket.recv(65536)
        return time.monotonic() - begin


def _crowd(bundle: Path, clients: int, slow_fps: float = 0.0) -> tuple[dict[str, float], float]:
    """What the clients saw, and the hub's share of one core while they counted."""
    with _hub(bundle) as (pid, port):
        command = [
            sys.executable,
            "-m",
            "emoga_server.bench.hub_clients",
            str(port),
            str(clients),
            str(SECONDS),
        ]
        process = subprocess.Popen([*command, "--slow", str(slow_fps)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        if process.stdout.readline().strip() != "started":
            raise ServerError("the clients could not connect")
        time.sleep(WARM_UP)
        begin, used = time.monotonic(), _cpu_seconds(pid)
        time.sleep(SECONDS - 0.5)
        share = (_cpu_seconds(pid) - used) / (time.monotonic() - begin)
        return json.loads(process.stdout.readline()), share


def _cpu_seconds(pid: int) -> float:
    """Processor time of a process, user and system (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
