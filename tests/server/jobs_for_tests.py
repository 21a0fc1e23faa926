"""Jobs that real workers run in the tests; a module of its own, so that a spawned process can import it."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass

import numpy as np

from emoga_core.errors import EmogaError
from emoga_server.handover import Handover
from emoga_server.jobs import Report


@dataclass(frozen=True)
class Add:
    a: int
    b: int

    def run(self, report: Report) -> int:
        report("adding", 0.5)
        return self.a + self.b


@dataclass(frozen=True)
class WhoAmI:
    def run(self, report: Report) -> int:
        return os.getpid()


@dataclass(frozen=True)
class Die:
    how: signal.Signals

    def run(self, report: Report) -> None:
        os.kill(os.getpid(), self.how)
        time.sleep(60)


@dataclass(frozen=True)
class Fail:
    kind: str

    def run(self, report: Report) -> None:
        raise EmogaError("the capture is empty") if self.kind == "user" else ValueError("oops")


@dataclass(frozen=True)
class Sleep:
    seconds: float

    def run(self, report: Report) -> None:
        report("sleeping", 0.0)
        time.sleep(self.seconds)


@dataclass(frozen=True)
class GiveArrays:
    def run(self, report: Report) -> Handover:
        return Handover.give({"ramp": np.arange(1_000_000, dtype=np.float32), "empty": np.zeros((0, 3))})


@dataclass(frozen=True)
class GiveAndDie:
    def run(self, report: Report) -> None:
        Handover.give({"lost": np.zeros(1000)})
        os._exit(3)


@dataclass(frozen=True)
class Obey:
    """Works until it is told to stop, and remembers how often it did."""

    def run(self, report: Report) -> None:
        report.warm["stops"] = report.warm.get("stops", 0) + 1
        report.event("begun")
        while not report.stopped():
            time.sleep(0.01)
        raise EmogaError("stopped")


@dataclass(frozen=True)
class Stops:
    def run(self, report: Report) -> int:
        return report.warm.get("stops", 0)
