"""Earlier versions of the emotions in a bundle: kept when a state is replaced, and put in use again.

A state that is saved over an older one does not lose it: the older file moves to `states/history/`. Without
PyTorch.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from emoga_core.avatars.bundle_edit import Rebake, edit_bundle, read_past
from emoga_core.avatars.bundle_files import bundle_folder
from emoga_core.avatars.errors import AvatarError
from emoga_core.avatars.header import Header, PastState, StateInfo, read_header


@dataclass(frozen=True)
class StateVersion:
    """One version of a state, and whether it is the one in use."""

    state: StateInfo
    current: bool


def list_versions(path: str | os.PathLike[str], name: str) -> list[StateVersion]:
    """The versions of the state `name` that the bundle holds, the newest first.

    Raises:
        AvatarError: there is no such state.
        BundleError: the bundle cannot be read.
    """
    header = read_header(path)
    versions = [StateVersion(header.state(name), True)]
    versions += [StateVersion(past.state, False) for past in _of(header.history, name)]
    return sorted(versions, key=lambda v: v.state.version, reverse=True)


def revert_state(
    path: str | os.PathLike[str], name: str, version: int | None = None, rebake: Rebake | None = None
) -> StateInfo:
    """Puts another version of a state in use; the present one stays in the history, under its number.

    Args:
        version: None: the newest that is older than the present one.
        rebake: see `edit_bundle`.

    Returns:
        The state that is in use now.

    Raises:
        AvatarError: no such state or version.
        BundleError: the bundle cannot be read or written; then nothing has changed.
    """
    chosen: list[StateInfo] = []

    def change(header: Header) -> tuple[Header, Mapping[str, bytes]]:
        present = header.state(name)
        past = _choose(header, present, version)
        chosen.append(past.state if past else present)
        if past is None:
            return header, {}
        states = tuple(past.state if s is present else s for s in header.states)
        data = read_past(bundle_folder(path), past)
        return replace(header, states=states), {past.state.file: data}

    edit_bundle(path, change, rebake)
    return chosen[-1]


def _choose(header: Header, present: StateInfo, version: int | None) -> PastState | None:
    """The version asked for; None where it is the present one."""
    kept = _of(header.history, present.name)
    if version is None:
        older = [past for past in kept if past.state.version < present.version]
        if not older:
            raise AvatarError(f"there is no version of {present.name!r} before the present one")
        return max(older, key=lambda past: past.state.version)
    if version == present.version:
        return None
    for past in kept:
        if past.state.version == version:
            return past
    known = ", ".join(str(v) for v in sorted([present.version, *(past.state.version for past in kept)]))
    raise AvatarError(f"there is no version {version} of {present.name!r}; there is {known}")


def _of(history: Iterable[PastState], name: str) -> list[PastState]:
    return [past for past in history if past.state.name == name]
