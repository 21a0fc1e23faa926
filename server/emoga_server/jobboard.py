"""What everybody hears of long work: how far each job is, and the pictures of the one that makes some."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from emoga_protocol.codec import encode
from emoga_protocol.messages import JobPicture, JobProgress
from emoga_server.audience import Audience

ENDED = ("done", "failed", "cancelled")
MOST_PICTURES = 64
"""Thumbnails of one job that are shown; of more pictures, only some are."""
_FAILURES_KEPT = 4


class JobBoard:
    """The jobs under way, and the last ones that failed, as JOB_PROGRESS and JOB_PICTURE tell of them."""

    def __init__(self, audience: Audience) -> None:
        self._audience = audience
        self._numbers = itertools.count(1)
        self._latest: dict[int, bytes] = {}
        self._failed: list[int] = []
        self._pictures: dict[int, list[bytes]] = {}

    def number(self) -> int:
        """A number for a new job."""
        return next(self._numbers)

    def report(self, progress: JobProgress) -> None:
        """Tells everybody, and whoever comes later, how far a job is."""
        job, data = progress.job, encode(progress)
        self._latest[job] = data
        if progress.stage in ENDED:
            self._pictures.pop(job, None)
            if progress.stage == "failed":
                self._failed.append(job)
            else:
                del self._latest[job]
            while len(self._failed) > _FAILURES_KEPT:
                self._latest.pop(self._failed.pop(0), None)
        self._audience.send_latest(f"job {job}", data)

    def picture(self, picture: JobPicture, before: bytes, after: bytes) -> None:
        """Shows an edited picture of a job that has not ended."""
        stride = -(-picture.count // MOST_PICTURES)
        if picture.job not in self._latest or picture.index % stride:
            return
        data = encode(picture, buffers=[before, after])
        self._pictures.setdefault(picture.job, []).append(data)
        self._audience.send_picture(f"picture {picture.job} {picture.index}", data)

    def snapshot(self, pictures: bool) -> Iterator[bytes]:
        """What a latecomer has to hear. pictures: whether it takes any."""
        yield from self._latest.values()
        if pictures:
            for shown in self._pictures.values():
                yield from shown
