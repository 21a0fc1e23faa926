"""Pictures of a studio subject at any moment, from any camera, with any strength of emotion: the truth."""

from __future__ import annotations

import contextlib
import hashlib
import json
import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoga_core.captures.cameras import CaptureCamera
from emoga_core.captures.errors import CaptureError
from emoga_core.captures.images import read_png, write_png
from emoga_core.captures.studio import find_subject
from emoga_core.captures.studio.emotions import emotion_offset
from emoga_core.captures.studio.renderer import render_view
from emoga_core.captures.studio.sitter import Parameters, Sitter
from emoga_core.captures.studio.synth import STUDIO_VERSION, make_sitter
from emoga_core.evaluate.errors import EvaluateInterrupted
from emoga_core.files import remove_temporaries
from emoga_core.heads import ARKIT_NAMES, bundled_head
from emoga_core.parent import end_with_parent
from emoga_core.render import Cameras

SAMPLES = 2

_LEFT = np.array([name.endswith("Left") for name in ARKIT_NAMES])
_RIGHT = np.array([name.endswith("Right") for name in ARKIT_NAMES])


def true_offset(emotion: str, amplitude: float = 1.0, skew: float = 0.0) -> NDArray[np.float64]:
    """Expression (52,) that the emotion adds; `skew` as in `Corruption`."""
    side = 1 + skew * _LEFT - skew * _RIGHT
    return emotion_offset({emotion: 1.0}) * amplitude * side


def with_offset(pose: Parameters, offset: NDArray[np.floating]) -> Parameters:
    """The moment with an emotion in it: expression = clamp(motion + offset)."""
    return pose._replace(expression=np.clip(pose.expression + offset, 0, 1))


@dataclass(frozen=True)
class Still:
    """A picture that is wanted: tracked parameters with the emotion in them, and a camera."""

    parameters: Parameters
    camera: CaptureCamera

    @property
    def key(self) -> str:
        """Hash of everything that decides its pixels, the subject aside."""
        digest = hashlib.sha256(f"{STUDIO_VERSION} {SAMPLES} {bundled_head().hash}".encode())
        for value in (*self.parameters, self.camera.world_to_camera, self.camera.intrinsics):
            digest.update(np.round(np.asarray(value, np.float64), 6).tobytes())
        digest.update(json.dumps([self.camera.width, self.camera.height]).encode())
        return digest.hexdigest()[:24]


def capture_camera(camera: Cameras) -> CaptureCamera:
    """The studio's camera for one camera of the renderer."""
    return CaptureCamera(
        camera.world_to_camera[0].double().cpu().numpy(),
        camera.intrinsics[0].double().cpu().numpy(),
        camera.width,
        camera.height,
    )


@dataclass
class TruthStudio:
    """Renders stills of one subject over white and keeps them as PNG files in `folder`.

    Files appear whole or not at all, so an interrupted session continues where it stopped.
    """

    subject: str
    folder: Path
    _sitter: Sitter | None = field(default=None, repr=False)

    def path(self, still: Still) -> Path:
        """Where a picture is, or will be."""
        return self.folder / f"{still.key}.png"

    def missing(self, stills: Iterable[Still]) -> list[list[Still]]:
        """What is not there yet, grouped by moment: those share the costly light."""
        groups: dict[bytes, dict[str, Still]] = {}
        for still in stills:
            if not self.path(still).exists():
                moment = b"".join(np.asarray(a, np.float64).tobytes() for a in still.parameters)
                groups.setdefault(moment, {})[still.key] = still
        return [list(group.values()) for group in groups.values()]

    def prepare(
        self,
        stills: Sequence[Still],
        *,
        workers: int = 1,
        progress: Callable[[int, int], None] = lambda done, total: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Renders what is missing.

        Args:
            progress: called with (moments done, moments to render).

        Raises:
            CaptureError: an unknown subject. EvaluateInterrupted: after `stop`.
        """
        find_subject(self.subject)
        self.folder.mkdir(parents=True, exist_ok=True)
        groups = self.missing(stills)
        if not groups:
            return
        remove_temporaries(self.folder)
        progress(0, len(groups))
        for done, _ in enumerate(self._render_all(groups, min(workers, len(groups)), stop), 1):
            progress(done, len(groups))

    def picture(self, still: Still) -> NDArray[np.float32]:
        """(H, W, 3) in [0, 1] over white; rendered now where it is not there."""
        path = self.path(still)
        for _ in range(2):
            with contextlib.suppress(CaptureError):
                return read_png(path)
            self.folder.mkdir(parents=True, exist_ok=True)
            self.render([still])
        return read_png(path)

    def render(self, group: Sequence[Still]) -> None:
        """Renders stills of one moment."""
        if self._sitter is None:
            self._sitter = make_sitter(find_subject(self.subject))
        shot = self._sitter.shoot(group[0].parameters)
        for still in group:
            rgb, matte = render_view(self._sitter, shot, still.camera, SAMPLES)
            write_png(self.path(still), rgb + (1 - matte[..., None]), durable=False)

    def _render_all(
        self, groups: list[list[Still]], workers: int, stop: Callable[[], bool]
    ) -> Iterator[None]:
        if workers <= 1:
            for group in groups:
                _check(stop)
                self.render(group)
                yield
            return
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(workers, context, _open_worker, (self.subject, self.folder))
        try:
            waiting = {pool.submit(_render, group) for group in groups}
            while waiting:
                finished, waiting = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
                _check(stop)
                for future in finished:
                    future.result()
                    yield
        except BaseException:
            end_pool(pool)
            raise
        pool.shutdown()


def _check(stop: Callable[[], bool]) -> None:
    if stop():
        raise EvaluateInterrupted("interrupted; the same command continues")


def end_pool(pool: ProcessPoolExecutor) -> None:
    """Ends the workers at once: files appear whole or not at all, so nothing is lost."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()


_studio: TruthStudio | None = None


def calm_worker() -> None:
    """A worker leaves Ctrl-C to its parent, dies with it, and computes on one core."""
    import cv2
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)


def _open_worker(subject: str, folder: Path) -> None:
    global _studio
    calm_worker()
    _studio = TruthStudio(subject, folder)


def _render(group: list[Still]) -> None:
    assert _studio is not None
    _studio.render(group)
