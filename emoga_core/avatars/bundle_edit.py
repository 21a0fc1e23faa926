"""Changes of a bundle on disk that touch one state or motion and keep every other byte. Without PyTorch.

Each change reads, alters and replaces the bundle under a lock, so that two programs do not undo each other.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from emoga_core.avatars.bundle_files import HEADER, BundleError, bundle_folder, bundle_lock, replace_bundle
from emoga_core.avatars.errors import AvatarError
from emoga_core.avatars.header import (
    PREVIEW,
    TENSORS,
    FileInfo,
    Header,
    MotionInfo,
    NewerFormatError,
    PastState,
    StateInfo,
    parse_header,
    read_file,
    read_header,
)
from emoga_core.avatars.names import check_name
from emoga_core.avatars.versions import number_versions, stored_files

Change = Callable[[Header], tuple[Header, Mapping[str, bytes]]]
"""A header -> the new header and the bytes of files that are new or changed."""

Rebake = Callable[[Path, bytes], Mapping[str, bytes | Path]]
"""The bundle's present folder and the new avatar.json -> what `baked/` shall hold, by name."""

MOST_STATES = 256
"""Emotions in one bundle."""


def remove_state(path: str | os.PathLike[str], name: str, rebake: Rebake | None = None) -> None:
    """Removes an emotion state and its history. Raises AvatarError when there is none of that name."""

    def change(header: Header) -> tuple[Header, Mapping[str, bytes]]:
        gone = header.state(name)
        return replace(header, states=tuple(s for s in header.states if s is not gone)), {}

    edit_bundle(path, change, rebake)


def remove_motion(path: str | os.PathLike[str], name: str) -> None:
    """Removes a motion. Raises AvatarError when there is none of that name."""

    def change(header: Header) -> tuple[Header, Mapping[str, bytes]]:
        gone = header.motion(name)
        return replace(header, motions=tuple(m for m in header.motions if m is not gone)), {}

    edit_bundle(path, change)


def rename_state(path: str | os.PathLike[str], old: str, new: str, rebake: Rebake | None = None) -> None:
    """Gives a state, and its history, another name.

    Raises:
        AvatarError: no state `old`, `new` is taken, or not allowed.
    """
    check_name(new)

    def change(header: Header) -> tuple[Header, Mapping[str, bytes]]:
        state = header.state(old)
        if any(other.name == new for other in header.states):
            raise AvatarError(f"there is already an emotion {new!r}; remove it first or choose another name")
        renamed = replace(state, name=new)
        data = read_checked(bundle_folder(path), header, state.file)
        states = tuple(renamed if s is state else s for s in header.states)
        history = tuple(
            replace(p, state=replace(p.state, name=new)) if p.state.name == old else p for p in header.history
        )
        return replace(header, states=states, history=history), {renamed.file: data}

    edit_bundle(path, change, rebake)


def put_file(
    path: str | os.PathLike[str], info: StateInfo | MotionInfo, data: bytes, rebake: Rebake | None = None
) -> None:
    """Adds or replaces one state or motion, given its encoded file; a state that is replaced is kept."""
    kind = "states" if isinstance(info, StateInfo) else "motions"
    if isinstance(info, StateInfo):
        info = replace(info, saved=int(time.time()))

    def change(header: Header) -> tuple[Header, Mapping[str, bytes]]:
        rows = list(getattr(header, kind))
        places = [number for number, row in enumerate(rows) if row.name == info.name]
        if places:
            rows[places[0]] = info
        else:
            rows.append(info)
        return replace(header, **{kind: tuple(rows)}), {info.file: data}

    edit_bundle(path, change, rebake)


def edit_bundle(path: str | os.PathLike[str], change: Change, rebake: Rebake | None = None) -> Header:
    """Applies `change` to the bundle as it is on disk now, in one step.

    Args:
        rebake: says what `baked/` shall hold where the content changes; without it `baked/` is dropped.

    Raises:
        AvatarError: from `change`.
        BundleError: the bundle cannot be read or written; then nothing has changed.
    """
    with bundle_lock(path):
        old = read_header(path)
        header, new_files = change(old)
        folder = bundle_folder(path)
        kept = {name: folder / name for name in old.files}
        return write_bundle(path, header, new_files, kept, rebake=rebake)


def write_bundle(
    path: str | os.PathLike[str],
    header: Header,
    data: Mapping[str, bytes],
    kept: Mapping[str, Path] | None = None,
    preview: bytes | None = None,
    rebake: Rebake | None = None,
) -> Header:
    """Writes a bundle of `header`'s states and motions. Call under `bundle_lock`.

    States that are replaced go into the history. `baked/` stays while the content is the same, else `rebake`
    makes it, or it is dropped: the server bakes again.

    Args:
        data: bytes of new files. kept: files of the present bundle to take over where `data` has none.
        preview: PNG; without it the present one stays while the neutral avatar is the same.

    Returns:
        The header as written, with sizes and hashes.
    """
    if len(header.states) > MOST_STATES:
        raise AvatarError(f"{path}: an avatar holds at most {MOST_STATES} emotions; remove one first")
    old = _present(path)
    names = [TENSORS, *(s.file for s in header.states), *(m.file for m in header.motions)]
    contents: dict[str, bytes | Path] = {}
    files: dict[str, FileInfo] = {}
    for name in names:
        if name in data:
            contents[name], files[name] = data[name], FileInfo.of(data[name])
        elif kept is not None and name in kept:
            contents[name], files[name] = kept[name], header.files[name]
    header = number_versions(old[1] if old else None, replace(header, files=files))
    if old is not None:
        header, past = _past_files(header, stored_files(old[1], old[0]))
        contents |= past
    table = header.to_json()
    parse_header(table, Path(path) / HEADER)  # what is written must be readable
    if old is not None:
        folder, before = old
        same = before.files.get(TENSORS) == files[TENSORS]
        if preview is None and same and (folder / PREVIEW).is_file():
            contents[PREVIEW] = folder / PREVIEW
        if header.content_key == before.content_key:
            contents.update(_baked(folder))
        elif rebake is not None:
            contents |= {f"baked/{name}": content for name, content in rebake(folder, table).items()}
    if preview is not None:
        contents[PREVIEW] = preview
    replace_bundle(path, {HEADER: table, **contents})
    return header


def _past_files(header: Header, stored: Mapping[FileInfo, Path]) -> tuple[Header, dict[str, Path]]:
    """The header without the versions that are no longer on disk, and the files of the others."""
    files = {p.file: stored.get(FileInfo(p.bytes, p.sha256)) for p in header.history}
    there = {name: file for name, file in files.items() if file is not None and file.is_file()}
    return replace(header, history=tuple(p for p in header.history if p.file in there)), there


def read_bundle(path: str | os.PathLike[str]) -> tuple[Header, dict[str, bytes]]:
    """The header and the bytes of the tensors, states and motions, all of one version of the bundle.

    Raises:
        BundleError: something is missing, cut short or altered.
    """
    while True:
        folder = bundle_folder(path)
        version = _version(path)
        try:
            header = parse_header(read_file(folder / HEADER), folder / HEADER)
            return header, {name: read_checked(folder, header, name) for name in header.files}
        except BundleError:
            # Somebody may have replaced the bundle between two of our reads.
            if _version(path) == version:
                raise


def _version(path: str | os.PathLike[str]) -> tuple[Path, int]:
    """Changes whenever the bundle is replaced."""
    folder = bundle_folder(path)
    return folder, folder.stat().st_ino


def read_checked(folder: Path, header: Header, name: str) -> bytes:
    """One of the bundle's files, compared with the header's size and hash."""
    data = read_file(folder / name)
    if FileInfo.of(data) != header.files[name]:
        state = "cut short" if len(data) < header.files[name].bytes else "altered"
        raise BundleError(
            f"{folder / name}: {state} since the avatar was saved; restore the avatar from a copy"
        )
    return data


def read_past(folder: Path, past: PastState) -> bytes:
    """The tensors of an earlier version of a state, compared with the header's size and hash."""
    data = read_file(folder / past.file)
    if FileInfo.of(data) != FileInfo(past.bytes, past.sha256):
        raise BundleError(f"{folder / past.file}: altered since it was saved; choose another version")
    return data


def _check_sizes(folder: Path, header: Header) -> None:
    for name, info in header.files.items():
        try:
            size = (folder / name).stat().st_size
        except FileNotFoundError:
            size = None
        if size != info.bytes:
            state = "missing" if size is None else "cut short" if size < info.bytes else "altered"
            raise BundleError(f"{folder / name}: {state}; restore the avatar from a copy")


def describe(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What `emoga info` shows, as JSON: the header and sizes on disk in bytes.

    Raises:
        BundleError: no bundle, damaged, written by a newer version, or a file is missing or of another size
            (contents are compared when the avatar is loaded).
    """
    header, folder = read_header(path), bundle_folder(path)
    _check_sizes(folder, header)
    return {
        "path": os.fspath(path),
        "name": header.name,
        "head": asdict(header.head),
        "counts": asdict(header.counts),
        "appearance": {"kind": header.appearance, "sh_degree": header.sh_degree},
        "states": [{**asdict(s), "bytes": header.files[s.file].bytes} for s in header.states],
        "motions": [
            {**asdict(m), "seconds": m.frames / m.fps, "bytes": header.files[m.file].bytes}
            for m in header.motions
        ],
        "history": [{**asdict(p.state), "bytes": p.bytes} for p in header.history],
        "provenance": header.provenance,
        "content_key": header.content_key,
        "bytes": {
            "total": sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()),
            "tensors": header.files[TENSORS].bytes,
            "baked": sum(f.stat().st_size for f in _baked(folder).values()),
        },
    }


def _baked(folder: Path) -> dict[str, Path]:
    """Relative names of the files in `baked/`, whatever they are, without unfinished ones."""
    found = (folder / "baked").glob("*") if (folder / "baked").is_dir() else ()
    return {f"baked/{f.name}": f for f in found if f.is_file() and not f.name.startswith(".")}


def _present(path: str | os.PathLike[str]) -> tuple[Path, Header] | None:
    """The bundle that is there now, if it can be read."""
    try:
        return bundle_folder(path), read_header(path)
    except NewerFormatError:
        raise
    except BundleError:
        return None
