"""Work for a worker process: picklable, free of globals, importing what is heavy only when it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

Report = Callable[[str, float], None]
"""Called by a job with a stage in words and how much of the whole is done, 0 to 1."""


class Job(Protocol):
    """Something a worker can do. Instances travel to the worker by pickle, results come back the same way."""

    def run(self, report: Report) -> Any:
        """Does the work; raise EmogaError for problems that a user can mend."""
        ...


@dataclass(frozen=True)
class BakeJob:
    """Encodes a bundle's avatar into the wire buffers of its `baked/` folder."""

    bundle: str

    def run(self, report: Report) -> None:
        """Writes `baked/`; the hub reads the files."""
        report("loading the encoder", 0.0)
        from emoga_server.baking import bake_bundle

        bake_bundle(self.bundle, lambda stage, done: report(stage, 0.1 + 0.9 * done))
