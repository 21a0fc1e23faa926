"""Work for a worker process: picklable, free of globals, importing what is heavy only when it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


class Report(Protocol):
    """What a job may tell the hub while it runs, and ask."""

    warm: dict[str, Any]
    """Kept by the process from one job to the next, so that what is loaded once need not be loaded again."""

    def __call__(self, stage: str, progress: float) -> None:
        """Says which stage the job is in, in words, and how much of the whole is done, 0 to 1."""
        ...

    def event(self, value: Any) -> None:
        """Tells the hub something else. It must be small: a Handover for arrays, or the hub would wait."""
        ...

    def stopped(self) -> bool:
        """Whether the hub wants the job to end soon; cheap to ask."""
        ...


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
