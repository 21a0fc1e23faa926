"""How the CPU kernels are compiled.

The fast-math set leaves out `nnan` and `ninf` on purpose: kernels test for values that are not finite.
Kernels are compiled on their first call and kept in numba's cache; where no cache folder is writable they are
compiled in each process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

FAST_MATH = {"reassoc", "contract", "nsz", "arcp"}


def kernel(**options: Any) -> Callable[[Callable], Any]:
    """Decorator: `numba.njit` with the product's options; `parallel=True` and `inline=` pass through."""
    options = {"fastmath": FAST_MATH, "error_model": "numpy", **options}

    def compile_lazily(function: Callable) -> Any:
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError:  # no place for the cache: read-only install and no home folder
            return numba.njit(**options)(function)

    return compile_lazily
