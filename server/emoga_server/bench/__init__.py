"""Benchmarks behind `emoga bench NAME`: each module has `run() -> list[Row]`."""

from __future__ import annotations

import dataclasses
import datetime
import os
import platform
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Row:
    """One measured number. `ratio` compares with `baseline`, measured in the same run (None: no baseline).

    `interval`: 95 % interval of a mean over cases (None: one measurement).
    """

    key: str
    value: float
    unit: str
    target: str = ""
    baseline: float | None = None
    ratio: float | None = None
    interval: tuple[float, float] | None = None


def machine() -> str:
    """Processor and core count, as results are filed under."""
    name = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return f"{name}, {os.cpu_count()} cores"


def report(rows: list[Row]) -> dict[str, object]:
    """The JSON object that `emoga bench NAME --json` prints."""
    return {
        "machine": machine(),
        "date": datetime.date.today().isoformat(),
        "rows": [dataclasses.asdict(row) for row in rows],
    }
