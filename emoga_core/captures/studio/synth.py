"""Renders a whole capture: cameras, motion, pictures, mattes, exact parameters."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from emoga_core.captures import CaptureWriter, HeadReference
from emoga_core.captures.errors import CaptureError
from emoga_core.heads import ARKIT_NAMES, bundled_head
from emoga_core.parent import end_with_parent

from .cameras import camera_rig
from .emotions import EMOTIONS, emotion_offset
from .motion import HeadMotion, capture_motion
from .renderer import render_view
from .sitter import Parameters, Sitter
from .subjects import Subject, find_subject

STUDIO_VERSION = 1
"""Raised when the same settings give other pictures, so that an unfinished capture is not mixed."""
HEAD_FILL = 0.68
"""Share of the picture's height from the chin to the top of the hair."""
_LIMITS = {"cameras": (1, 99), "frames": (1, 99999), "size": (32, 4096), "workers": (1, 256)}


@dataclass(frozen=True)
class Settings:
    """Everything that decides a capture's contents."""

    subject: str
    emotions: Mapping[str, float] = field(default_factory=dict)
    cameras: int = 16
    frames: int = 24
    size: int = 512
    seed: int = 0
    samples: int = 2

    def __post_init__(self) -> None:
        for name in ("cameras", "frames", "size"):
            _check(name, getattr(self, name))
        if not 0 <= self.seed < 2**31:
            raise CaptureError(f"seed {self.seed}: give a number from 0 to {2**31 - 1}")
        find_subject(self.subject)
        for name, weight in self.emotions.items():
            if name not in EMOTIONS or not 0 <= weight <= 1:
                raise CaptureError(
                    f"emotion {name}={weight}: choose among {', '.join(EMOTIONS)}, weights from 0 to 1"
                )

    def as_json(self) -> dict[str, Any]:
        """For the capture's note of how it was made."""
        return {
            "studio": STUDIO_VERSION, "subject": self.subject, "emotions": dict(self.emotions),
            "cameras": self.cameras, "frames": self.frames, "size": self.size, "seed": self.seed,
            "samples": self.samples, "head": bundled_head().hash,
        }  # fmt: skip


def _check(name: str, value: int) -> None:
    low, high = _LIMITS[name]
    if not low <= value <= high:
        raise CaptureError(f"{name} {value}: give a number from {low} to {high}")


def emotional_motion(settings: Settings) -> HeadMotion:
    """The capture's poses with the emotion in them: clamp(motion + offset)."""
    motion = capture_motion(settings.frames, settings.seed)
    expression = np.clip(motion.expression + emotion_offset(settings.emotions), 0, 1)
    return HeadMotion(motion.name, motion.fps, expression, motion.joint_rotations, motion.translation)


def make_sitter(subject: Subject) -> Sitter:
    """The subject, ready to be shot."""
    return Sitter(subject.identity(), subject.look, subject.seed)


def framing(sitter: Sitter) -> tuple[np.ndarray, float]:
    """(centre (3,), height (m)) of the pictures of a subject: the head fills `HEAD_FILL` of them."""
    skin = sitter.rest_points[np.unique(sitter.surface.triangles[sitter.surface.skin])]
    canonical = sitter.surface.canonical[np.unique(sitter.surface.triangles[sitter.surface.skin])]
    chin_rows = (
        (canonical[:, 2] > 0.09)
        & (canonical[:, 1] > 0.605)
        & (canonical[:, 1] < 0.635)
        & (np.abs(canonical[:, 0]) < 0.02)
    )
    chin = float(skin[chin_rows, 1].min())
    top = float(skin[:, 1].max()) if sitter.hair is None else float(np.quantile(sitter.hair.end[:, 1], 0.995))
    height = (top - chin) / HEAD_FILL
    middle = top - height * (0.5 - 0.075)
    return np.array([0.0, middle, sitter.eye_level[2] - 0.055]), height


def synthesise(
    out: Path,
    settings: Settings,
    *,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Renders a capture into the folder `out`; continues one that was interrupted.

    Args:
        workers: processes. The pictures do not depend on their number.
        progress: called with (timesteps done, of how many).

    Raises:
        CaptureError: `out` holds something else, or settings out of range.
    """
    _check("workers", workers)
    subject = find_subject(settings.subject)
    identity, motion = subject.identity(), emotional_motion(settings)
    sitter, writer = _prepare(out, settings)
    writer.begin(settings.as_json())
    _write_parameters(writer, settings, identity, motion)
    todo = [
        t
        for t in range(settings.frames)
        if not all(writer.has_picture(t, c) for c in range(settings.cameras))
    ]
    done = settings.frames - len(todo)
    report = progress or (lambda *_: None)
    report(done, settings.frames)
    here = _Studio(sitter, writer, motion, settings.samples)
    for _ in _render_all(out, settings, todo, min(workers, len(todo)), here):
        done += 1
        report(done, settings.frames)
    writer.finish()


def _prepare(out: Path, settings: Settings) -> tuple[Sitter, CaptureWriter]:
    sitter = make_sitter(find_subject(settings.subject))
    cameras = camera_rig(settings.cameras, framing(sitter)[0], settings.size, framing(sitter)[1])
    head = bundled_head()
    return sitter, CaptureWriter(out, cameras, settings.frames, head=HeadReference(head.name, head.hash))


def _write_parameters(
    writer: CaptureWriter, settings: Settings, identity: np.ndarray, motion: HeadMotion
) -> None:
    for t in range(settings.frames):
        if not writer.has_parameters(t):
            writer.write_parameters(
                t, translation=motion.translation[t], joint_rotations=motion.joint_rotations[t],
                expression=motion.expression[t], identity=identity,
            )  # fmt: skip
    offset = emotion_offset(settings.emotions)
    scale = max(1.0, sum(settings.emotions.values()))
    share = {name: weight / scale for name, weight in settings.emotions.items()}
    writer.write_extra(
        "emotion.json",
        {
            "weights": dict(settings.emotions),
            "subject": settings.subject,
            "seed": settings.seed,
            "expression": offset.tolist(),
            "expression_names": list(ARKIT_NAMES),
            "jaw": [0.0, 0.0, 0.0],
            "valence": sum(EMOTIONS[n].valence * w for n, w in share.items()),
            "arousal": sum(EMOTIONS[n].arousal * w for n, w in share.items()),
        },
    )


@dataclass
class _Studio:
    """A worker's own copy of everything that frames share."""

    sitter: Sitter
    writer: CaptureWriter
    motion: HeadMotion
    samples: int

    def render(self, t: int) -> None:
        """Renders what is missing of timestep t."""
        missing = [c for c in range(len(self.writer.cameras)) if not self.writer.has_picture(t, c)]
        if not missing:
            return
        m = self.motion
        shot = self.sitter.shoot(Parameters(m.expression[t], m.joint_rotations[t], m.translation[t]))
        for c in missing:
            rgb, matte = render_view(self.sitter, shot, self.writer.cameras[c], self.samples)
            self.writer.write_picture(t, c, rgb + (1 - matte[..., None]), matte)


_studio: _Studio | None = None


def _open_worker(out: Path, settings: Settings) -> None:
    """Prepares a worker process."""
    global _studio
    import cv2
    import torch

    # Ctrl-C goes to the whole process group; the parent decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    sitter, writer = _prepare(out, settings)
    _studio = _Studio(sitter, writer, emotional_motion(settings), settings.samples)


def _render_timestep(t: int) -> int:
    assert _studio is not None
    _studio.render(t)
    return t


def _render_all(out: Path, settings: Settings, todo: list[int], workers: int, here: _Studio) -> Iterator[int]:
    """Yields timesteps as they are finished: by `here`, or by several processes."""
    if workers <= 1:
        for t in todo:
            here.render(t)
            yield t
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, _open_worker, (out, settings))
    try:
        waiting: set[Future[int]] = {pool.submit(_render_timestep, t) for t in todo}
        while waiting:
            finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in finished:
                yield future.result()
    except BaseException:
        _stop(pool)
        raise
    pool.shutdown()


def _stop(pool: ProcessPoolExecutor) -> None:
    """Ends the workers at once: files appear whole or not at all, so nothing is lost."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()


def default_workers() -> int:
    """As many processes as this one may use cores."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
