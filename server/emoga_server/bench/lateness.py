"""How late frames of a stream arrive, measured by a process that does nothing else.

Run as `python -m emoga_server.bench.lateness PORT FPS`; answers every line on its input with one JSON object
about the frames since the line before, and ends with its input.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import IO

from emoga_server.bench.hub_clients import StreamClient
from emoga_server.errors import ServerError


def lateness(arrivals: list[float], period: float) -> dict[str, float]:
    """How much later than one period after its predecessor each frame arrived: median, p99 and worst, ms."""
    late = sorted(max(0.0, b - a - period) for a, b in itertools.pairwise(arrivals)) or [0.0]
    return {
        "frames": len(arrivals),
        "p50_ms": 1e3 * late[len(late) // 2],
        "p99_ms": 1e3 * late[int(len(late) * 0.99)],
        "worst_ms": 1e3 * late[-1],
    }


class LatenessMeter:
    """Asks the measuring process for what it saw since it was last asked."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def take(self) -> dict[str, float]:
        """See `lateness`. Raises ServerError when the stream has ended."""
        with contextlib.suppress(BrokenPipeError):
            _stream(self._process.stdin).write("take\n")
            _stream(self._process.stdin).flush()
        answer = _stream(self._process.stdout).readline()
        if not answer:
            raise ServerError("the stream ended while it was measured; run the benchmark again")
        return json.loads(answer)


@contextlib.contextmanager
def meter(port: int, fps: float) -> Iterator[LatenessMeter]:
    """Follows the stream of a local hub while the block runs."""
    command = [sys.executable, "-m", "emoga_server.bench.lateness", str(port), str(fps)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        _stream(process.stdout).readline()
        yield LatenessMeter(process)
    finally:
        with contextlib.suppress(BrokenPipeError):
            _stream(process.stdin).close()
        process.wait(timeout=20)
        _stream(process.stdout).close()


def _stream(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def main() -> None:
    """The process's entry point."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("fps", type=float)
    given = parser.parse_args()
    client = StreamClient.connect(given.port)
    arrivals: list[float] = []
    print("started", flush=True)
    while True:
        ready, _, _ = select.select([client.socket, sys.stdin], [], [])
        now = time.monotonic()
        if client.socket in ready:
            piece = client.socket.recv(65536)
            if not piece:
                break
            client.data += piece
            arrivals += [now] * client.take(now, False)
        if sys.stdin in ready:
            if not sys.stdin.readline():
                break
            print(json.dumps(lateness(arrivals, 1 / given.fps)), flush=True)
            arrivals = arrivals[-1:]


if __name__ == "__main__":
    main()
