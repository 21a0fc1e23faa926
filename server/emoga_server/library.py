"""Avatar bundles as the hub opens them: baked wire buffers and motions, no tensors and no torch."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from emoga_protocol.codec import struct_from_map
from emoga_protocol.errors import ProtocolError
from emoga_protocol.frames import check_layout
from emoga_protocol.messages import AvatarInfo, BlobRef, StateInfo
from emoga_server.blobs import BlobStore
from emoga_server.director import Director
from emoga_server.errors import ServerError
from emoga_server.motion import Motion, read_motion

SUFFIX = ".emoga"


@dataclass
class LibraryAvatar:
    """A bundle that is ready to be streamed."""

    path: Path
    info: AvatarInfo
    motions: dict[str, Motion]

    def director(self, seed: int, now: float) -> Director:
        """A fresh live state: the first motion plays, every emotion is at 0."""
        names = self.info.head.expression_names
        span = self.info.head.expression_range
        director = Director(
            self.motions,
            {state.name: state.slot for state in self.info.states},
            self.info.counts.expressions,
            names,
            (span[0], span[1]) if span else None,
            seed=seed,
            now=now,
        )
        if self.motions:
            director.choose_motion(next(iter(self.motions)), now, blend=0.0)
        return director


def check_bundle(path: Path) -> Path:
    """Returns the bundle's absolute path.

    Raises:
        ServerError: there is no bundle, or it is of a format this version does not know.
    """
    path = path.expanduser().absolute()
    header = path / "avatar.json"
    if not path.exists():
        raise ServerError(f"{path}: no such avatar; make one with `emoga build CAPTURE -o {path.name}`")
    if not header.is_file():
        raise ServerError(f"{path}: not an avatar bundle (no avatar.json in it)")
    fields = _read_json(header)
    if fields.get("format") != "emoga-avatar":
        raise ServerError(f"{header}: not an avatar (format is {fields.get('format')!r})")
    version = fields.get("format_version")
    if version != 1:
        raise ServerError(
            f"{header}: format version {version!r}; this emoga reads version 1, a newer one may read it"
        )
    return path


def read_head(path: Path) -> tuple[str, str, bool]:
    """(name, licence, redistributable) of a bundle's head; a head that does not say is taken as not."""
    head = _read_json(path / "avatar.json").get("head")
    if not isinstance(head, dict):
        raise ServerError(f"{path / 'avatar.json'}: no head in it; the bundle is damaged")
    return (
        str(head.get("name", "?")),
        str(head.get("licence", "unknown licence")),
        head.get("redistributable") is True,
    )


def open_baked(path: Path, slot: int, blobs: BlobStore) -> LibraryAvatar:
    """Opens a bundle whose `baked/` is up to date, and puts its buffers into `blobs`.

    Raises:
        ServerError: `baked/` or a motion is damaged.
    """
    baked = path / "baked"
    index = baked / "index.json"
    try:
        info = struct_from_map(AvatarInfo, _read_json(index) | {"slot": slot})
        check_layout(info.layout)
    except ProtocolError as error:
        raise ServerError(f"{index}: damaged ({error}); remove {baked} and it will be made again") from error
    for blob in (info.head_blob, info.splats_blob, *(state.blob for state in info.states)):
        _read_blob(baked, blob, blobs)
    blinks = tuple(
        i
        for i, name in enumerate(info.head.expression_names or ())
        if re.fullmatch("eyeBlink(Left|Right)", name)
    )
    motions = {
        motion.name: read_motion(path / "motions" / f"{motion.name}.npz", info.counts.expressions, blinks)
        for motion in info.motions
    }
    return LibraryAvatar(path, info, motions)


def read_baked_state(path: Path, name: str) -> tuple[StateInfo, bytes]:
    """A state as `baked/` of the bundle at `path` has it, and its delta blob.

    Raises:
        ServerError: it is not there, or damaged.
    """
    index = path / "baked" / "index.json"
    try:
        info = struct_from_map(AvatarInfo, _read_json(index))
        state = next(state for state in info.states if state.name == name)
        store = BlobStore()
        _read_blob(path / "baked", state.blob, store)
    except (ProtocolError, StopIteration) as error:
        raise ServerError(f"{index}: {name} is not in it, or it is damaged; bake the avatar again") from error
    data = store.get(state.blob.sha256)
    assert data is not None
    return state, data


def _read_blob(baked: Path, blob: BlobRef, blobs: BlobStore) -> None:
    if blob.sha256 in blobs:
        return
    path = baked / blob.sha256
    try:
        blobs.add(path.read_bytes(), blob.sha256)
    except (OSError, ValueError) as error:
        raise ServerError(f"{path}: damaged or missing; remove {baked} and it will be made again") from error


def _read_json(path: Path) -> dict[str, object]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ServerError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise ServerError(f"{path}: not valid JSON ({error})") from error
    if not isinstance(value, dict):
        raise ServerError(f"{path}: expected a JSON object")
    return value
