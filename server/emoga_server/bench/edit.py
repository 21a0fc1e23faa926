"""`emoga bench edit`: how soon an edit shows and is done, what it costs the stream, and how good it is.

Latencies are of a real server in a process of its own with the editor `guided`, 256 x 256 pixels, 5 views x 4
frames; the quality is that of `emoga evaluate emotions --quick`.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from emoga_protocol.messages import Capability, SetWeightsCommand
from emoga_server.bench import Row
from emoga_server.bench.edit_watch import SIZE, Watch, open_screen, watch_edit
from emoga_server.bench.evaluation import rows_of
from emoga_server.bench.lateness import LatenessMeter, meter
from emoga_server.client import Client
from emoga_server.errors import ServerError
from emoga_server.serving import bundled_avatars

if TYPE_CHECKING:
    pass

VIEWS, FRAMES, FPS = 5, 4, 60.0
COLD_PROMPT, WARM_PROMPTS = "a happy smile", ("an angry face", "a very sad face", "surprised")
IDLE_SECONDS = 10.0
GPU_VIEWS, GPU_FRAMES, GPU_SIZE = 10, 8, 512


@dataclass(frozen=True)
class _Edit:
    """One edit: seconds from the request to the first visible change and to the commit."""

    first_change: float
    finished: float
    late: dict[str, float]
    watch: Watch


def run() -> list[Row]:
    """Measures three edits after a cold one; then, where there is one, the GPU; then the quality.

    Raises: ServerError when the server does not start or an edit fails.
    """
    idle, edits = measure_edits()
    cold, warm = edits[0], edits[1:]
    late = statistics.median(edit.late["p99_ms"] for edit in warm)
    share = late / idle["p99_ms"] if idle["p99_ms"] > 0 else None
    rows = [
        Row("first_change_s", statistics.median(e.first_change for e in warm), "s, warm", "<= 3"),
        Row("finished_s", statistics.median(e.finished for e in warm), "s, warm", "<= 30"),
        Row("first_change_cold_s", cold.first_change, "s, first edit of the server"),
        Row("finished_cold_s", cold.finished, "s, first edit of the server"),
        Row("p99_lateness_ms", late, "ms, while edits run", "<= max(2x idle, 5)", idle["p99_ms"], share),
        Row("p99_lateness_idle_ms", idle["p99_ms"], "ms"),
        Row("worst_lateness_ms", max(e.late["worst_ms"] for e in warm), "ms, while edits run"),
    ]
    if seconds := gpu_seconds():
        rows.append(Row("gpu_finished_s", seconds, "s, optimiser", "<= 15"))
    return rows + quality()


def measure_edits(
    prompts: tuple[str, ...] = (COLD_PROMPT, *WARM_PROMPTS),
    bundle: Path | None = None,
    views: int = VIEWS,
    frames: int = FRAMES,
    size: int = SIZE,
    idle_seconds: float = IDLE_SECONDS,
    steps: int | None = None,
) -> tuple[dict[str, float], list[_Edit]]:
    """(lateness while nothing is edited, the edits in order) on a fresh server and a copy of the avatar."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "bench.emoga"
        source = bundle or bundled_avatars()[0]
        (shutil.copytree if source.is_dir() else shutil.copy)(source, copy)
        with _server(copy, size, steps) as port, meter(port, FPS) as late:
            work = _edits(port, copy, prompts, (views, frames), late, idle_seconds)
            return asyncio.run(work)


async def _edits(
    port: int,
    bundle: Path,
    prompts: tuple[str, ...],
    shape: tuple[int, int],
    late: LatenessMeter,
    idle_seconds: float,
) -> tuple[dict[str, float], list[_Edit]]:
    wanted = int(Capability.INLINE_STATES)
    watches: list[tuple[Watch, dict[str, float]]] = []
    async with Client.connect(f"ws://127.0.0.1:{port}/ws", capabilities=wanted) as client:
        if not client.welcome.capabilities & Capability.EDIT:
            raise ServerError("this server cannot edit; install what `emoga serve` asks for")
        screen = await open_screen(client, str(bundle))
        await asyncio.sleep(1.0)
        late.take()
        await asyncio.sleep(idle_seconds)
        idle = late.take()
        for number, prompt in enumerate(prompts):
            how = {"editor": "guided", "views": shape[0], "frames": shape[1]}
            watches.append((await watch_edit(client, prompt, f"bench-{number}", **how), late.take()))
            await client.command(SetWeightsCommand(weights={}, duration=0.0, exclusive=True))
            await asyncio.sleep(1.0)
            late.take()
    # Drawn after the fact: the pictures must not take time from the edit that they judge.
    return idle, [_Edit(screen.first_change(w), w.finished, worst, w) for w, worst in watches]


@contextlib.contextmanager
def _server(bundle: Path, size: int, steps: int | None) -> Iterator[int]:
    """The port of a fresh server that listens."""
    command = [str(Path(sys.executable).with_name("emoga")), "serve", str(bundle), "--port", "0"]
    command += ["--fps", str(FPS), "--edit-size", str(size)]
    command += [] if steps is None else ["--edit-steps", str(steps)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stderr is not None
    try:
        for line in process.stdout:
            if match := re.search(r"http://\S+:([0-9]+)/", line):
                yield int(match[1])
                break
        else:
            raise ServerError(f"the server did not start: {process.stderr.read().strip()[-300:]}")
    finally:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=30)
        process.kill()


def gpu_seconds() -> float | None:
    """Seconds of the optimiser at 512 x 512 with 10 views x 8 frames; None without CUDA and gsplat."""
    import importlib.util

    import torch

    if not torch.cuda.is_available() or importlib.util.find_spec("gsplat") is None:
        return None
    from emoga_core.avatars import load_avatar
    from emoga_core.edit.views import choose_frames, make_views, view_angles
    from emoga_core.evaluate.measure import render_state
    from emoga_core.optimize import Target, optimize_emotion

    avatar = load_avatar(bundled_avatars()[0])
    state = next(iter(avatar.states.values()))
    views = make_views(avatar, choose_frames(avatar, GPU_FRAMES), view_angles(GPU_VIEWS), GPU_SIZE)
    images = render_state(avatar, state, views)
    moved = avatar.to("cuda")
    targets = [
        Target(
            frame=view.frame,
            camera=view.camera.to("cuda"),
            image=image.to("cuda"),
            neutral=view.image.to("cuda"),
            mask=view.mask.to("cuda"),
            frontal=view.frontal,
            weight=view.weight,
            frame_id=view.frame_id,
            view_id=view.view_id,
        )
        for view, image in zip(views, images, strict=True)
    ]
    seconds = []
    for _ in range(2):  # the first run compiles
        begun = time.monotonic()
        optimize_emotion(moved, "bench", targets)
        torch.cuda.synchronize()
        seconds.append(time.monotonic() - begun)
    return seconds[-1]


def quality() -> list[Row]:
    """The figures of `emoga evaluate emotions --quick`."""
    from emoga_server.cli.evaluate import make_options
    from emoga_server.cli.evaluate import run as evaluate

    return rows_of(evaluate(make_options(quick=True)))
