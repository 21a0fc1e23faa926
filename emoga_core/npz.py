"""NumPy archives of plain numbers, without pickle and with one kind of error."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import numpy as np

# What NumPy and zipfile raise on files that are cut short, altered, encrypted or pickled.
_DAMAGED = (
    ValueError,
    OSError,
    EOFError,
    KeyError,
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    SyntaxError,
    MemoryError,
    OverflowError,
)


def pack_npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    """A compressed npz archive; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def unpack_npz(
    source: Path | IO[bytes], keys: Sequence[str], optional: Sequence[str] = ()
) -> dict[str, np.ndarray]:
    """The named arrays of an npz archive, others are not read; `optional` ones where they exist.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: damaged, pickled, no npz, or one of `keys` is missing; the message says which.
    """
    missing: list[str] = []
    found: dict[str, np.ndarray] = {}
    try:
        with np.load(source, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("a single array")
            missing = [key for key in keys if key not in archive.files]
            wanted = () if missing else (*keys, *(key for key in optional if key in archive.files))
            found = {key: archive[key] for key in wanted}
    except FileNotFoundError:
        raise
    except _DAMAGED as error:
        raise ValueError(f"damaged, or no npz of numbers ({_reason(error)})") from None
    if missing:
        raise ValueError(f"lacks {', '.join(missing)}")
    return found


def _reason(error: BaseException) -> str:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    # NumPy takes whatever it does not know for a pickle, and advises to load it as one.
    return "no archive, or one of Python objects" if "pickle" in reason else reason
