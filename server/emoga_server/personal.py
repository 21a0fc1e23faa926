"""The user's own copies of the bundled avatars: what is edited is never the package's own file."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from emoga_core.avatars.bundle_files import HEADER, bundle_lock
from emoga_core.avatars.header import FileInfo
from emoga_core.files import temporary_sibling
from emoga_core.places import data_folder
from emoga_server.errors import ServerError
from emoga_server.serving import bundled_avatars

ORIGIN = "copied-from"
"""File in a copy: the hash of the header that it was copied with."""


def personal_avatars(say: Callable[[str], None], fresh: bool = False) -> list[Path]:
    """The user's copies of the bundled avatars, made where they are missing.

    A copy that was never changed follows the package; one that was changed is never touched.

    Args:
        say: told where they are, and what is to know about them.
        fresh: put changed copies aside and start again from the package's.

    Raises:
        ServerError: the package has no avatar, or the copy cannot be written.
    """
    return [_personal(path, say, fresh) for path in bundled_avatars()]


def _personal(bundled: Path, say: Callable[[str], None], fresh: bool) -> Path:
    copy = data_folder() / "avatars" / bundled.name
    shipped = FileInfo.of((bundled / HEADER).read_bytes()).sha256
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        with bundle_lock(copy):
            _bring_up_to_date(bundled, copy, shipped, say, fresh)
    except OSError as error:
        raise ServerError(
            f"{copy}: your copy of the avatar cannot be written ({error.strerror or error}); free space or "
            "check permissions, set XDG_DATA_HOME to another folder, or serve an avatar of your own"
        ) from None
    say(f"Your copy of the avatar, with the emotions you make: {copy}")
    return copy


def _bring_up_to_date(
    bundled: Path, copy: Path, shipped: str, say: Callable[[str], None], fresh: bool
) -> None:
    if copy.exists():
        copied = _read(copy / ORIGIN)
        changed = FileInfo.of((copy / HEADER).read_bytes()).sha256 != copied if _whole(copy) else True
        if changed and not fresh:
            if copied != shipped:
                say("The avatar that comes with emoga is newer: `emoga demo --fresh` puts your copy aside.")
            return
        if not changed and copied == shipped:
            return
        aside = _free_name(copy)
        copy.rename(aside)
        if changed:
            say(f"Your copy until now: {aside}")
        _place(bundled, copy, shipped)
        if not changed:
            shutil.rmtree(aside, ignore_errors=True)
        return
    _place(bundled, copy, shipped)


def _place(bundled: Path, copy: Path, shipped: str) -> None:
    """Copies the bundle in one step."""
    temporary = temporary_sibling(copy)
    try:
        shutil.copytree(bundled, temporary)
        for folder in (temporary, *(p for p in temporary.rglob("*") if p.is_dir())):
            folder.chmod(0o755)  # an installed package may be read-only
        (temporary / ORIGIN).write_text(shipped, encoding="ascii")
        temporary.rename(copy)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _whole(copy: Path) -> bool:
    return (copy / HEADER).is_file()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeError):
        return ""


def _free_name(copy: Path) -> Path:
    """A name beside the copy that is not taken."""
    number = 1
    while (aside := copy.with_name(f"{copy.stem}-{number}{copy.suffix}")).exists():
        number += 1
    return aside
