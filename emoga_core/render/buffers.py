"""Arrays that are used again once nobody holds them.

A picture's arrays are megabytes, so the C library maps fresh pages for each and the kernel clears them: up
to a fifth of the time to draw. `empty` hands out parts of buffers kept here; a buffer is free again when the
last array or tensor that looks into it is gone.
"""

from __future__ import annotations

import math
import sys
import threading

import numpy as np
from numpy.typing import DTypeLike

SMALL = 1 << 16  # bytes; below this the C library recycles memory by itself
CAPACITY = 1 << 28  # bytes kept at most

_lock = threading.Lock()
_buffers: list[np.ndarray] = []


def empty(shape: int | tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
    """An uninitialised C-contiguous array, as `numpy.empty`."""
    dtype = np.dtype(dtype)
    count = shape if isinstance(shape, int) else math.prod(shape)
    size = count * dtype.itemsize
    if size < SMALL:
        return np.empty(shape, dtype)
    with _lock:
        buffer = _free_buffer(size)
        if buffer is None:
            # an eighth more, so that a slowly growing set of splats does not need a new buffer each time
            buffer = np.empty(size + size // 8, np.uint8)
            _buffers.append(buffer)
            _forget_old()
        return buffer[:size].view(dtype).reshape(shape)


def empty_like(array: np.ndarray) -> np.ndarray:
    """An uninitialised C-contiguous array of the same shape and type."""
    return empty(array.shape, array.dtype)


def zeros(shape: int | tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
    """A cleared C-contiguous array."""
    array = empty(shape, dtype)
    array.fill(0)
    return array


def _free_buffer(size: int) -> np.ndarray | None:
    """The smallest free buffer that fits without wasting more than half of it."""
    best = -1
    for i in range(len(_buffers)):
        fits = size <= _buffers[i].size <= 2 * size
        free = sys.getrefcount(_buffers[i]) <= 2  # the list's reference and the argument's own
        if fits and free and (best < 0 or _buffers[i].size < _buffers[best].size):
            best = i
    return _buffers[best] if best >= 0 else None


def _forget_old() -> None:
    """Drops the oldest buffers from the list; whoever still holds one keeps it."""
    total = sum(buffer.size for buffer in _buffers)
    while total > CAPACITY and len(_buffers) > 1:
        total -= _buffers.pop(0).size
