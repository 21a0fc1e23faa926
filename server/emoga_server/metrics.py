"""Counters and gauges in Prometheus' text format (version 0.0.4)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """A fixed set of named numbers, each with help text; cheap enough to count every frame.

    >>> metrics = Metrics()
    >>> metrics.counter("frames_total", "Frames made.")
    >>> metrics.add("frames_total", 2)
    >>> "emoga_frames_total 2" in metrics.text()
    True
    """

    def __init__(self) -> None:
        self._help: dict[str, tuple[str, str]] = {}
        self._values: dict[str, float] = {}
        self._read: dict[str, Callable[[], float]] = {}
        started = time.monotonic()
        self.gauge("uptime_seconds", "Seconds since the server started.", lambda: time.monotonic() - started)
        self.gauge("cpu_seconds", "Processor time of the hub's process.", lambda: sum(os.times()[:2]))

    def counter(self, name: str, text: str) -> None:
        """Declares a number that only rises."""
        self._help[name], self._values[name] = ("counter", text), 0

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Declares a number that is read when somebody asks."""
        self._help[name], self._read[name] = ("gauge", text), read

    def add(self, name: str, amount: float = 1) -> None:
        """Raises a counter."""
        self._values[name] += amount

    def value(self, name: str) -> float:
        """The present value of a counter or gauge."""
        return self._read[name]() if name in self._read else self._values[name]

    def text(self) -> str:
        """All of them, as `/metrics` answers."""
        lines: list[str] = []
        for name, (kind, text) in self._help.items():
            lines += [
                f"# HELP emoga_{name} {text}",
                f"# TYPE emoga_{name} {kind}",
                f"emoga_{name} {self.value(name):.10g}",
            ]
        return "\n".join(lines) + "\n"
