"""Arrays from a worker to the hub through shared memory: one copy, no pickling of megabytes."""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np

_ALIGNMENT = 64


def prefix(pid: int) -> str:
    """Names of a process's segments start with this."""
    return f"emoga-{pid}-"


@dataclass(frozen=True)
class Handover:
    """Named arrays in one shared-memory segment. Travels by pickle; `take` it exactly once.

    >>> handover = Handover.give({"a": np.arange(3)})
    >>> handover.take()["a"].tolist()
    [0, 1, 2]
    """

    segment: str
    layout: tuple[tuple[str, str, tuple[int, ...], int], ...]  # (name, dtype, shape, offset)

    @staticmethod
    def give(arrays: dict[str, np.ndarray]) -> Handover:
        """Copies arrays (no object dtypes) into a new segment that now belongs to whoever takes it."""
        layout, offset = [], 0
        for name, array in arrays.items():
            if array.dtype.hasobject:
                raise TypeError(f"{name}: arrays of Python objects cannot be handed over")
            layout.append((name, array.dtype.str, array.shape, offset))
            offset += -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT
        memory = SharedMemory(prefix(os.getpid()) + secrets.token_hex(6), create=True, size=max(1, offset))
        for (_, dtype, shape, start), array in zip(layout, arrays.values(), strict=True):
            view = np.ndarray(shape, dtype, buffer=memory.buf, offset=start)
            view[...] = array
            del view
        memory.close()
        return Handover(memory.name, tuple(layout))

    def take(self) -> dict[str, np.ndarray]:
        """Copies the arrays out and frees the segment."""
        memory = SharedMemory(self.segment)
        try:
            return {
                name: np.ndarray(shape, dtype, buffer=memory.buf, offset=start).copy()
                for name, dtype, shape, start in self.layout
            }
        finally:
            memory.close()
            memory.unlink()


def sweep(pid: int) -> None:
    """Frees the segments that a dead worker gave and nobody took (Linux; elsewhere at the hub's own end)."""
    folder = Path("/dev/shm")
    if not folder.is_dir():
        return
    for path in folder.glob(prefix(pid) + "*"):
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
            resource_tracker.unregister(f"/{path.name}", "shared_memory")
