"""The folder of a bundle as a whole: replaced in one step, so that readers see the old one or the new one.

A new bundle is written to a temporary sibling, flushed to the disk and swapped in. Where the system can
exchange two folders atomically (Linux, macOS) there is no moment without a bundle. Elsewhere the old one is
first renamed to `.NAME.old`, which readers accept in its place.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from emoga_core.avatars.errors import AvatarError
from emoga_core.files import TEMPORARY_MARK, sync_directory, temporary_sibling, write_synced

HEADER = "avatar.json"
_STALE_SECONDS = 3600.0


class BundleError(AvatarError):
    """An avatar bundle on disk cannot be read or written; the message names the file and the remedy."""


def bundle_folder(path: str | os.PathLike[str]) -> Path:
    """The folder to read a bundle from.

    Raises:
        BundleError: there is no bundle.
    """
    folder = Path(os.path.realpath(path))
    if not folder.exists() and _backup(folder).is_dir():
        return _backup(folder)
    if not folder.exists():  # asked again: the backup may just have become the folder
        raise BundleError(f"{path}: no such avatar; give the NAME.emoga folder that `emoga build` made")
    if not folder.is_dir() or not (folder / HEADER).is_file():
        raise BundleError(f"{path}: no avatar (it has no {HEADER}); give a NAME.emoga folder")
    return folder


@contextlib.contextmanager
def bundle_lock(path: str | os.PathLike[str]) -> Iterator[None]:
    """Holds other writers to the same folder off, between processes too; released when the process dies.

    What a crashed writer left behind is put in order first.
    """
    parent = Path(os.path.realpath(path)).parent
    try:
        import fcntl

        descriptor = os.open(parent, os.O_RDONLY)
    except (ImportError, OSError):
        _clean_up(path)
        yield
        return
    try:
        with contextlib.suppress(OSError):  # some network file systems have no locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        _clean_up(path)
        yield
    finally:
        os.close(descriptor)


def replace_bundle(path: str | os.PathLike[str], contents: Mapping[str, bytes | Path]) -> None:
    """Makes `contents` (relative name -> bytes, or a file to link) the bundle's files.

    Call it under `bundle_lock`. Foreign files that somebody put into the folder are carried over.

    Raises:
        BundleError: the target is something else than a bundle, or cannot be written; the old one is whole.
    """
    target = Path(os.path.realpath(path))
    temporary = temporary_sibling(target)
    try:
        if not target.parent.is_dir():
            raise BundleError(f"{path}: the folder {target.parent} does not exist; make it first")
        _check_target(target, path)
        temporary.mkdir()
        for name, content in contents.items():
            _place(temporary / name, content)
        _carry_over(target, temporary)
        for folder, _, _ in os.walk(temporary):
            sync_directory(Path(folder))
        _swap(temporary, target)
    except OSError as error:
        raise BundleError(
            f"{path}: cannot be written ({error.strerror or error}); free space or check permissions, then "
            "save again; what was there before is unchanged"
        ) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _check_target(target: Path, path: str | os.PathLike[str]) -> None:
    if target.is_dir() and any(target.iterdir()) and not (target / HEADER).is_file():
        raise BundleError(f"{path}: a folder that holds something else; give another name")
    if target.exists() and not target.is_dir():
        raise BundleError(f"{path}: a file is there; give another name")


def _place(path: Path, content: bytes | Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        write_synced(path, content)
        return
    try:
        os.link(content, path)
    except OSError:
        write_synced(path, content.read_bytes())


def _carry_over(old: Path, new: Path) -> None:
    ours = {HEADER, "avatar.safetensors", "states", "motions", "baked", "preview.png"}
    if not old.is_dir():
        return
    for entry in old.iterdir():
        if entry.name in ours or entry.is_symlink():
            continue
        if entry.is_dir():
            shutil.copytree(entry, new / entry.name, symlinks=True)
        else:
            _place(new / entry.name, entry)


def _backup(target: Path) -> Path:
    return target.with_name(f".{target.name}.old")


def _clean_up(path: str | os.PathLike[str]) -> None:
    """Removes what a crash left behind. Under the lock nobody else is writing; without locks, age decides."""
    target = Path(os.path.realpath(path))
    backup = _backup(target)
    with contextlib.suppress(OSError):  # no folder yet, or not ours to write: saving will say so
        if backup.is_dir() and not target.exists():
            os.rename(backup, target)
        elif backup.is_dir():
            shutil.rmtree(backup, ignore_errors=True)
        for entry in target.parent.iterdir():
            if not entry.name.startswith(f".{target.name}{TEMPORARY_MARK}"):
                continue
            if os.name != "nt" or time.time() - entry.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(entry, ignore_errors=True)


def _swap(new: Path, target: Path) -> None:
    if not target.exists():
        os.rename(new, target)
    elif not _exchange(new, target):
        backup = _backup(target)
        os.rename(target, backup)
        try:
            os.rename(new, target)
        except BaseException:  # Ctrl-C too
            os.rename(backup, target)
            raise
        sync_directory(target.parent)
        shutil.rmtree(backup, ignore_errors=True)
    sync_directory(target.parent)


def _exchange(first: Path, second: Path) -> bool:
    """Swaps two names atomically; False where the system cannot."""
    library = ctypes.CDLL(None, use_errno=True) if os.name == "posix" else None
    a, b = os.fsencode(first), os.fsencode(second)
    if sys.platform == "linux" and hasattr(library, "renameat2"):
        here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
        return library.renameat2(here, a, here, b, exchange) == 0  # type: ignore[union-attr]
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        return library.renamex_np(a, b, 2) == 0  # type: ignore[union-attr]  # RENAME_SWAP
    return False
