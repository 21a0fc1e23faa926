"""Making an emotion in the worker: avatar, editor and kernels stay loaded from one edit to the next."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch

from emoga_core.avatars import Avatar, EmotionState, load_avatar, save_state
from emoga_core.avatars.bundle_files import bundle_folder
from emoga_core.avatars.header import HEADER, TENSORS, parse_header
from emoga_core.edit.editors import make_editor
from emoga_core.edit.errors import EditCancelled, EditError
from emoga_core.emote import EmoteProgress, EmotionRequest, make_emotion
from emoga_core.heads import load_head
from emoga_server.baking import splat_table, state_blob
from emoga_server.editing.edit_job import EditJob, Finished, Picture, Preview, Step, WarmJob
from emoga_server.editing.rebake import rebake
from emoga_server.handover import Handover
from emoga_server.jobs import Report

if TYPE_CHECKING:
    from emoga_core.edit.editors.base import CheckedEditor

THUMBNAIL = 128
"""Pixels of the longer side of the pictures that clients see of an edit."""
_JPEG_QUALITY = 85
_STEP_INTERVAL = 0.1
"""Seconds between two Steps of one stage."""
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory", "bad_alloc")


def edit(job: EditJob, report: Report) -> Finished:
    """Does what `EditJob` says.

    Raises:
        EmogaError: it cannot be done, or was stopped; then the bundle is as it was.
    """
    try:
        return _edit(job, report)
    except (MemoryError, RuntimeError) as error:
        words = str(error).lower()
        if isinstance(error, MemoryError) or any(sign in words for sign in _OUT_OF_MEMORY):
            raise EditError(f"there is not enough memory for this edit; {LOWER}") from None
        raise
    except OSError as error:
        where = error.filename or "memory shared with the server"
        words = f"{where}: {error.strerror or error}; free space there or check permissions, then edit again"
        raise EditError(words) from None


LOWER = "choose fewer views or frames, or a smaller --edit-size, or close other programs"
"""What helps where memory runs out."""


def _edit(job: EditJob, report: Report) -> Finished:
    report.event(Step("views", 0, 0, 0.0))
    request = EmotionRequest(**job.request)
    scene = _scene(job, report)
    editor = _editor(job, request, report)
    teller = _Teller(report, request.views * request.frames)
    result = make_emotion(
        scene.avatar,
        request,
        editor=editor,
        device=job.placement.device,
        progress=teller.step,
        stop=report.stopped,
        provisional=lambda state: report.event(scene.preview(state)[0]),
    )
    preview, delta = scene.preview(result.state)
    report.event(Step("saving", 0, 0, 1.0))
    if report.stopped():
        raise EditCancelled("cancelled before it was saved")
    save_state(job.bundle, result.state, rebake({result.state.name: delta}))
    return Finished(preview, request.prompt, request.editor, tuple(result.notes))


def warm_up(job: WarmJob, report: Report) -> None:
    """Does what `WarmJob` says."""
    scene = _scene(job, report)
    if report.stopped():
        raise EditCancelled("an edit came first")
    request = EmotionRequest("smile", views=1, frames=1, size=64, steps=2)
    editor = _editor(job, request, report)
    make_emotion(scene.avatar, request, editor=editor, stop=report.stopped)


class _Scene:
    """An avatar in memory, with what the wire needs of its neutral face."""

    def __init__(self, avatar: Avatar) -> None:
        self.avatar = avatar
        with torch.inference_mode():
            self._neutral = splat_table(avatar).sh

    def preview(self, state: EmotionState) -> tuple[Preview, bytes]:
        """A state as clients will see it, and its delta blob."""
        delta = state_blob(self.avatar, state, self._neutral)
        handover = Handover.give({"delta": np.frombuffer(delta, np.uint8)})
        return Preview(handover, float(state.valence), float(state.arousal)), delta


def _scene(job: EditJob | WarmJob, report: Report) -> _Scene:
    """The job's avatar; the one of the last job again while its file, apart from states, is the same."""
    header_file = bundle_folder(job.bundle) / HEADER
    header = parse_header(header_file.read_bytes(), header_file)
    files = [header.files[name] for name in (TENSORS, *(motion.file for motion in header.motions))]
    key = (job.bundle, job.head, *files)
    if report.warm.get("scene key") != key:
        report.warm.pop("scene", None)
        head = load_head(job.head) if job.head else None
        report.warm["scene"] = _Scene(load_avatar(job.bundle, head))
        report.warm["scene key"] = key
    return report.warm["scene"]


def _editor(job: EditJob | WarmJob, request: EmotionRequest, report: Report) -> CheckedEditor:
    """The editor that is asked for; the one of the last job again while it is the same."""
    key = (request.editor, request.model, request.folder, job.placement)
    if report.warm.get("editor key") != key or request.editor == "folder":
        report.warm.pop("editor", None)  # before another is loaded: two may not fit
        where = dataclasses.asdict(job.placement)
        report.warm["editor"] = make_editor(
            request.editor, model=request.model, folder=request.folder, **where
        )
        report.warm["editor key"] = key
    return report.warm["editor"]


class _Teller:
    """Passes on what `make_emotion` says of itself, as much of it as anybody wants to hear."""

    def __init__(self, report: Report, pictures: int, now: Callable[[], float] = time.monotonic) -> None:
        self._report, self._pictures, self._now = report, pictures, now
        self._stage, self._told = "", 0.0

    def step(self, progress: EmoteProgress) -> None:
        if progress.picture is not None:
            self._report.event(_thumbnails(progress.picture, self._pictures))
        fresh = progress.stage != self._stage
        if progress.stage == "done" or not (fresh or self._now() - self._told >= _STEP_INTERVAL):
            return
        self._stage, self._told = progress.stage, self._now()
        step = Step(
            progress.stage, progress.done, progress.total, progress.progress, progress.loss,
            progress.seconds_left,
        )  # fmt: skip
        self._report.event(step)


def _thumbnails(picture: tuple[int, str, Any, Any], count: int) -> Picture:
    index, name, before, after = picture
    height, width = before.shape[:2]
    scale = min(1.0, THUMBNAIL / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    files = {"before": _jpeg(before, size), "after": _jpeg(after, size)}
    return Picture(index, count, name, *size, Handover.give(files))


def _jpeg(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """JPEG bytes (n,) uint8 of an RGB picture (H, W, 3) in [0, 1]."""
    small = cv2.resize(np.asarray(picture, np.float32), size, interpolation=cv2.INTER_AREA)
    pixels = (small.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    done, data = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not done:
        raise EditError("a picture could not be encoded for the viewers")
    return data.reshape(-1)
