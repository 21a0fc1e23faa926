"""Numbers the versions of a bundle's states, and decides which earlier ones it keeps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from emoga_core.avatars.header import TENSORS, FileInfo, Header, PastState, StateInfo

MOST_VERSIONS = 8
"""Earlier versions kept of one state; the oldest goes first."""


def number_versions(before: Header | None, header: Header) -> Header:
    """`header`, about to be written in the place of `before`, with its states numbered and its history.

    A state that keeps its bytes keeps its number; one with `version` 0 and other bytes gets the next; what it
    replaces becomes history. States that are gone take their history with them, and so does an avatar that
    was built anew: its earlier states belong to other Gaussians.

    Args:
        header: with the sizes and hashes of all its files.
    """
    if before is not None and before.files.get(TENSORS) != header.files[TENSORS]:
        before, header = None, replace(header, history=())
    if before is None:
        return replace(header, states=tuple(replace(s, version=max(1, s.version)) for s in header.states))
    past = _archive(before, header, header.history or before.history)
    highest: dict[str, int] = defaultdict(int)
    for entry in past:
        highest[entry.state.name] = max(highest[entry.state.name], entry.state.version)
    old = {state.name: state for state in before.states}
    states = tuple(_number(s, old.get(s.name), before, header, highest[s.name]) for s in header.states)
    return replace(header, states=states, history=_prune(past, states))


def stored_files(before: Header, folder: Path) -> dict[FileInfo, Path]:
    """Where the bundle in `folder` keeps its states, present and past, by their content."""
    stored = {FileInfo(p.bytes, p.sha256): folder / p.file for p in before.history}
    return stored | {before.files[s.file]: folder / s.file for s in before.states}


def _archive(before: Header, header: Header, history: Iterable[PastState]) -> list[PastState]:
    """The history, with the states of `before` that are there in another version now."""
    past = list(history)
    known = {(p.state.name, p.state.version) for p in past}
    present = {s.name: s for s in header.states}
    for state in before.states:
        successor = present.get(state.name)
        if successor is None or (state.name, state.version) in known:
            continue
        file = before.files[state.file]
        if file != header.files[state.file]:
            past.append(PastState(state, file.bytes, file.sha256))
    return past


def _number(
    state: StateInfo, old: StateInfo | None, before: Header, header: Header, highest: int
) -> StateInfo:
    if state.version:
        return state
    if old is not None and before.files[old.file] == header.files[state.file]:
        return replace(state, version=old.version, saved=old.saved)
    return replace(state, version=1 + max(highest, old.version if old else 0))


def _prune(past: Iterable[PastState], states: Iterable[StateInfo]) -> tuple[PastState, ...]:
    """Without versions in use, states that are gone, and the oldest beyond MOST_VERSIONS; in order."""
    current = {state.name: state.version for state in states}
    rows = [p for p in past if current.get(p.state.name, p.state.version) != p.state.version]
    rows.sort(key=lambda p: (p.state.name, -p.state.version))
    kept: dict[str, int] = defaultdict(int)
    result = []
    for row in rows:
        kept[row.state.name] += 1
        if kept[row.state.name] <= MOST_VERSIONS:
            result.append(row)
    return tuple(result)
