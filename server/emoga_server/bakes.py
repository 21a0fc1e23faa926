"""Avatars that have to be encoded before they can be streamed: a worker does it while clients watch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from emoga_protocol.messages import JobProgress
from emoga_server.errors import ServerError
from emoga_server.jobboard import JobBoard
from emoga_server.jobs import BakeJob
from emoga_server.workers import JobCancelled, Workers


class Bakes:
    """Encodes avatars and says how far each is.

    Args:
        say: told in one line what happens.

    Attributes:
        running: how many are being encoded.
        last_failure: why the last one that failed did.
    """

    def __init__(self, board: JobBoard, workers: Workers, say: Callable[[str], None]) -> None:
        self._board, self._workers, self._say = board, workers, say
        self.running = 0
        self.last_failure = ""

    async def bake(self, path: Path, ready: Callable[[], None]) -> bool:
        """Has a worker encode the avatar of a bundle; `ready` then puts it on stage.

        Returns:
            Whether it can be served; why not stands in `last_failure`.
        """
        job = self._board.number()
        self._say(f"{path.name}: encoding the avatar for streaming (once)")

        def report(stage: str, progress: float, message: str = "") -> None:
            words = message or f"Preparing {path.stem}"
            progress = min(1.0, max(0.0, progress))
            self._board.report(
                JobProgress(job=job, kind="bake", stage=stage, progress=progress, message=words)
            )

        report("queued", 0.0)
        self.running += 1
        try:
            await self._workers.run(BakeJob(str(path)), lambda stage, value: report("running", value, stage))
            ready()
        except JobCancelled:
            raise
        except ServerError as error:
            report("failed", 1.0, f"{path.stem}: {error}")
            self.last_failure = str(error)
            return False
        finally:
            self.running -= 1
        report("done", 1.0)
        return True
