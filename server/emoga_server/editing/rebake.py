"""Keeps `baked/` up to date when only states change: the rest of an avatar need not be encoded again.

`index.json` remembers under `deltas` which delta blob belongs to which state file, by their hashes, earlier
versions included: a state that is renamed or put in use again finds its blob without a tensor being loaded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emoga_core.avatars.bundle_edit import Rebake
from emoga_core.avatars.header import TENSORS
from emoga_protocol.blobs import blob_ref
from emoga_protocol.codec import struct_from_map, struct_to_map
from emoga_protocol.errors import ProtocolError
from emoga_protocol.frames import make_layout
from emoga_protocol.messages import FRAME_MAX_INTEGER, AvatarInfo, BlobRef, StateInfo
from emoga_server.baking import INDEX, fingerprint, is_current, origin

Contents = Mapping[str, bytes | Path]


def rebake(new: Mapping[str, bytes] | None = None) -> Rebake:
    """For the functions that change a bundle: what its `baked/` holds after the change.

    Args:
        new: delta blobs of states that are saved for the first time, by the state's name.

    Returns:
        A function that gives an empty `baked/`, to be baked afresh, wherever more than states has changed or
        a delta blob is not at hand.
    """
    fresh = dict(new or {})

    def contents(folder: Path, header: bytes) -> Contents:
        try:
            return _contents(folder, header, fresh)
        except (OSError, ValueError, KeyError, TypeError, ProtocolError):
            return {}

    return contents


def _contents(folder: Path, header_json: bytes, fresh: dict[str, bytes]) -> Contents:
    before: dict[str, Any] = json.loads((folder / "avatar.json").read_bytes())
    after: dict[str, Any] = json.loads(header_json)
    if not is_current(folder) or _kept(before) != _kept(after):
        return {}
    index = json.loads((folder / "baked" / INDEX).read_bytes())
    info = struct_from_map(AvatarInfo, index)
    deltas = known_deltas(folder, before, info, index)
    added = {}
    for row in after["states"]:
        if row["name"] in fresh:
            data = fresh[row["name"]]
            ref = blob_ref("delta", data)
            deltas[after["files"][row["file"]]["sha256"]], added[ref.sha256] = ref, data
    states = [_state(slot, row, deltas[after["files"][row["file"]]["sha256"]])
              for slot, row in enumerate(after["states"])]  # fmt: skip
    ranges = {f.name: f.scale * FRAME_MAX_INTEGER for f in info.layout.fields}
    layout = make_layout(info.counts.expressions, len(states), ranges=ranges)
    wanted = [after["files"][row["file"]]["sha256"] for row in after["states"]]
    wanted += [row["sha256"] for row in after["history"]]
    kept = {sha256: deltas[sha256] for sha256 in wanted if sha256 in deltas}
    new_index = index | {
        "states": [struct_to_map(state) for state in states],
        "layout": struct_to_map(layout),
        "deltas": {sha256: struct_to_map(ref) for sha256, ref in kept.items()},
        "source": fingerprint(header_json),
    }
    names = {info.head_blob.sha256, info.splats_blob.sha256, *(ref.sha256 for ref in kept.values())}
    blobs = {name: added.get(name, folder / "baked" / name) for name in names}
    return {INDEX: json.dumps(new_index, indent=1, allow_nan=False).encode(), **blobs}


def known_deltas(
    folder: Path, header: dict[str, Any], info: AvatarInfo, index: dict[str, Any]
) -> dict[str, BlobRef]:
    """Hash of a state file -> its delta blob, for the states of `info` and earlier ones that are on disk."""
    known = {
        sha256: struct_from_map(BlobRef, ref)
        for sha256, ref in index.get("deltas", {}).items()
        if (folder / "baked" / str(ref["sha256"])).is_file()
    }
    files = {row["name"]: header["files"][row["file"]]["sha256"] for row in header["states"]}
    return known | {files[state.name]: state.blob for state in info.states}


def _kept(header: dict[str, Any]) -> dict[str, Any]:
    """All that a header says of the avatar but its states."""
    files = {name: header["files"][name] for name in (TENSORS, *(m["file"] for m in header["motions"]))}
    return {key: header[key] for key in ("head", "counts", "appearance", "motions")} | {"files": files}


def _state(slot: int, row: dict[str, Any], blob: BlobRef) -> StateInfo:
    prompt, editor = origin(row["provenance"])
    return StateInfo(
        slot=slot,
        name=row["name"],
        valence=row["valence"],
        arousal=row["arousal"],
        blob=blob,
        prompt=prompt,
        editor=editor,
    )
