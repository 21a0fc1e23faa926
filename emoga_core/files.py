"""Writing files so that a crash leaves either the old content or the new, never a piece of it."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

TEMPORARY_MARK = ".tmp-"
"""Part of the name of every temporary file and folder written here: `.NAME.tmp-XXXXXXXX`."""


def temporary_sibling(path: Path) -> Path:
    """A fresh hidden name in the folder of `path` (same file system, so that a rename is atomic)."""
    return path.with_name(f".{path.name}{TEMPORARY_MARK}{secrets.token_hex(4)}")


def sync_directory(path: Path) -> None:
    """Flushes a folder's entries to the disk; does nothing where the system cannot (Windows)."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_synced(path: Path, data: bytes) -> None:
    """Writes a new file and flushes it to the disk, not yet its folder's entry."""
    with open(path, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def write_atomic(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replaces the file `path` by `data` in one step: write a temporary sibling, then rename it.

    `durable=False` skips the flush to the disk: still never a partial file after the process dies, but a
    power failure may lose the newest ones. For bulk output that can be made again.

    Raises:
        OSError: it cannot be written; `filename` is `path`, whose old content is whole.
    """
    temporary = temporary_sibling(path)
    try:
        if durable:
            write_synced(temporary, data)
        else:
            temporary.write_bytes(data)
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):  # a full disk names no file, others the temporary one
            raise OSError(error.errno, error.strerror or str(error), os.fspath(path)) from error
        raise
    if durable:
        sync_directory(path.parent)


def remove_temporaries(folder: Path, name: str = "*") -> None:
    """Removes what killed processes left of writing the files called `name` (a pattern) in `folder`.

    Only for when nobody is writing them.
    """
    for left in folder.glob(f".{name}{TEMPORARY_MARK}*"):
        with contextlib.suppress(OSError):
            left.unlink()
