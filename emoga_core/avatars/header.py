"""`avatar.json`: what a bundle says about itself. Reads and checks it without PyTorch or NumPy."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from emoga_core.avatars.bundle_files import HEADER, BundleError, bundle_folder
from emoga_core.avatars.errors import AvatarError
from emoga_core.avatars.names import check_name

FORMAT = "emoga-avatar"
FORMAT_VERSION = 1
TENSORS = "avatar.safetensors"
PREVIEW = "preview.png"
_MOST = 50_000_000
"""No count in a bundle may be larger: keeps a damaged file from asking for all memory."""


class NewerFormatError(BundleError):
    """The bundle needs a newer version of this program; it must not be overwritten either."""


@dataclass(frozen=True)
class HeadInfo:
    """The head an avatar stands on; `hash` decides whether two heads are the same."""

    name: str
    version: str
    hash: str
    licence: str
    credit: str
    redistributable: bool


@dataclass(frozen=True)
class Counts:
    """Sizes: N Gaussians, D latents, H hidden units, and the head's S, E, V, F."""

    gaussians: int
    latents: int
    hidden: int
    identities: int
    expressions: int
    vertices: int
    triangles: int


@dataclass(frozen=True)
class StateInfo:
    """One emotion state; `changed` Gaussians have a latent offset.

    `version` rises with every change of the state (0: not numbered yet, the bundle will do it) and `saved`
    says when this one was written, in seconds since 1970 (0: not known). Neither bears on how it looks.
    """

    name: str
    valence: float
    arousal: float
    changed: int
    provenance: dict[str, Any]
    version: int = 0
    saved: int = 0

    @property
    def file(self) -> str:
        """Relative name of its tensors."""
        return f"states/{self.name}.safetensors"


@dataclass(frozen=True)
class PastState:
    """An earlier version of a state, kept so that one can go back to it."""

    state: StateInfo
    bytes: int
    sha256: str

    @property
    def file(self) -> str:
        """Relative name of its tensors."""
        return f"states/history/{self.state.name}.{self.state.version}.safetensors"


@dataclass(frozen=True)
class MotionInfo:
    """One motion."""

    name: str
    fps: float
    frames: int

    @property
    def file(self) -> str:
        """Relative name of its arrays."""
        return f"motions/{self.name}.npz"


@dataclass(frozen=True)
class FileInfo:
    """Size and SHA-256 (hex) of one of the bundle's files."""

    bytes: int
    sha256: str

    @staticmethod
    def of(data: bytes) -> FileInfo:
        """Of these bytes."""
        return FileInfo(len(data), hashlib.sha256(data).hexdigest())


@dataclass(frozen=True)
class Header:
    """Everything in `avatar.json`, checked."""

    name: str
    head: HeadInfo
    counts: Counts
    appearance: str
    sh_degree: int
    has_vertex_offset: bool
    states: tuple[StateInfo, ...]
    motions: tuple[MotionInfo, ...]
    provenance: dict[str, Any]
    files: dict[str, FileInfo]
    history: tuple[PastState, ...] = ()

    @property
    def content_key(self) -> str:
        """SHA-256 (hex) of all that decides how the avatar looks and moves, and of its licence: whatever was
        baked from an avatar with another key is out of date."""
        table = asdict(replace(self, provenance={}))
        forget_past(table)
        return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()

    def state(self, name: str) -> StateInfo:
        """The state of that name; AvatarError when there is none."""
        return _named(self.states, name, "emotion")

    def motion(self, name: str) -> MotionInfo:
        """The motion of that name; AvatarError when there is none."""
        return _named(self.motions, name, "motion")

    def to_json(self) -> bytes:
        """The contents of `avatar.json`."""
        table: dict[str, Any] = {"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(self)}
        table["appearance"] = {"kind": self.appearance, "sh_degree": self.sh_degree}
        del table["sh_degree"]
        table["states"] = [{"file": s.file, **asdict(s)} for s in self.states]
        table["motions"] = [{"file": m.file, **asdict(m)} for m in self.motions]
        table["history"] = [
            {"file": p.file, "bytes": p.bytes, "sha256": p.sha256, **asdict(p.state)} for p in self.history
        ]
        try:
            return json.dumps(table, indent=1, allow_nan=False).encode()
        except (TypeError, ValueError) as error:
            raise BundleError(f"avatar {self.name}: its provenance is no JSON ({error})") from None


def forget_past(table: dict[str, Any]) -> None:
    """Takes out of a header, as JSON, all that says where its states come from and not what they are."""
    table.pop("history", None)
    for state in table.get("states", ()):
        for key in ("provenance", "version", "saved"):
            state.pop(key, None)


def read_header(path: str | os.PathLike[str]) -> Header:
    """Reads a bundle's `avatar.json` only.

    Raises:
        BundleError: no bundle, damaged, or written by a newer version.
    """
    return parse_header(read_file(bundle_folder(path) / HEADER), bundle_folder(path) / HEADER)


def read_file(file: Path) -> bytes:
    """A file's bytes; BundleError when it cannot be read."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise BundleError(f"{file}: this file of the avatar is missing; restore it from a copy") from None
    except OSError as error:
        raise BundleError(f"{file}: cannot be read ({error.strerror}); check its permissions") from None


def parse_header(data: bytes, file: Path) -> Header:
    """Checks and reads `avatar.json` from bytes; `file` is named in errors."""
    try:
        table = json.loads(data)
        if not isinstance(table, dict) or table.get("format") != FORMAT:
            raise ValueError("it is not the header of an avatar")
        version = table.get("format_version")
        if isinstance(version, int) and version > FORMAT_VERSION:
            raise NewerFormatError(
                f"{file}: written by a newer emoga (format {version}, this one reads {FORMAT_VERSION}); "
                "update emoga"
            )
        if version != FORMAT_VERSION:
            raise ValueError("its format_version is unknown")
        return _header(_Reader(table))
    except BundleError:
        raise
    except (ValueError, RecursionError, AvatarError) as error:
        raise BundleError(f"{file}: damaged: {error}; restore the avatar from a copy") from None


class _Reader:
    """Takes typed values out of a JSON object; ValueError names what is wrong."""

    def __init__(self, table: Any, where: str = "") -> None:
        if not isinstance(table, dict):
            raise ValueError(f"{where or 'the header'} is no object")
        self.table: Mapping[str, Any] = table
        self.where = where

    def _get(self, key: str, valid: Callable[[Any], bool], expected: str) -> Any:
        value = self.table.get(key)
        if not valid(value):
            raise ValueError(f"{self.where}{key} is {str(value)[:40]!r}, expected {expected}")
        return value

    def text(
        self, key: str, pattern: str = r"[^\x00-\x08\x0b-\x1f\x7f]{0,4000}", expected: str = "a text"
    ) -> str:
        return self._get(key, lambda v: isinstance(v, str) and bool(re.fullmatch(pattern, v)), expected)

    def flag(self, key: str) -> bool:
        return self._get(key, lambda v: isinstance(v, bool), "true or false")

    def count(self, key: str, least: int = 0) -> int:
        return self._get(
            key,
            lambda v: isinstance(v, int) and not isinstance(v, bool) and least <= v <= _MOST,
            f"a whole number from {least}",
        )

    def optional(self, key: str, default: Any) -> _Reader:
        """This object with `default` in the place of a value that is absent."""
        return _Reader({key: default, **self.table}, self.where)

    def number(self, key: str, least: float, most: float) -> float:
        value = self._get(
            key,
            lambda v: isinstance(v, int | float) and not isinstance(v, bool) and least <= v <= most,
            f"a number from {least:g} to {most:g}",
        )
        return float(value)

    def child(self, key: str) -> _Reader:
        return _Reader(self.table.get(key), f"{self.where}{key}.")

    def children(self, key: str) -> list[_Reader]:
        rows = self._get(key, lambda v: isinstance(v, list), "a list")
        return [_Reader(row, f"{self.where}{key}[{number}].") for number, row in enumerate(rows)]

    def anything(self, key: str) -> dict[str, Any]:
        value = self._get(key, lambda v: isinstance(v, dict), "an object")
        _check_finite(value)
        return value


def _check_finite(value: Any) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number is not finite")
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_finite(child)


def _header(reader: _Reader) -> Header:
    head, appearance = reader.child("head"), reader.child("appearance")
    counts = reader.child("counts")
    header = Header(
        name=reader.text("name", r"[^\x00-\x1f\x7f]{1,100}"),
        head=HeadInfo(
            name=head.text("name"),
            version=head.text("version"),
            hash=head.text("hash", "[0-9a-f]{64}", "a SHA-256"),
            licence=head.text("licence"),
            credit=head.text("credit"),
            redistributable=head.flag("redistributable"),
        ),
        counts=Counts(
            **{
                key: counts.count(key, int(key not in ("hidden", "identities")))
                for key in Counts.__annotations__
            }
        ),
        appearance=appearance.text("kind", "mlp|sh", "mlp or sh"),
        sh_degree=appearance.count("sh_degree"),
        has_vertex_offset=reader.flag("has_vertex_offset"),
        states=tuple(_state(row) for row in reader.children("states")),
        motions=tuple(_motion(row) for row in reader.children("motions")),
        provenance=reader.anything("provenance"),
        files=_files(reader.child("files")),
        history=tuple(_past(row) for row in reader.optional("history", []).children("history")),
    )
    if header.sh_degree > 3:
        raise ValueError(f"appearance.sh_degree is {header.sh_degree}, expected 0 to 3")
    wanted = [TENSORS, *(s.file for s in header.states), *(m.file for m in header.motions)]
    if sorted(header.files) != sorted(wanted):
        raise ValueError("its files are not those of its states and motions")
    if len({p.file for p in header.history}) != len(header.history):
        raise ValueError("a version of a state occurs twice in its history")
    return header


def _state(row: _Reader) -> StateInfo:
    state = _state_row(row)
    row.text("file", re.escape(state.file), state.file)
    return state


def _past(row: _Reader) -> PastState:
    past = PastState(_state_row(row), row.count("bytes"), row.text("sha256", "[0-9a-f]{64}", "a SHA-256"))
    row.text("file", re.escape(past.file), past.file)
    return past


def _state_row(row: _Reader) -> StateInfo:
    return StateInfo(
        name=check_name(row.table.get("name")),
        valence=row.number("valence", -1, 1),
        arousal=row.number("arousal", -1, 1),
        changed=row.count("changed"),
        provenance=row.anything("provenance"),
        version=row.optional("version", 1).count("version", 1),
        saved=int(row.optional("saved", 0).number("saved", 0, 2**53)),
    )


def _motion(row: _Reader) -> MotionInfo:
    motion = MotionInfo(
        name=check_name(row.table.get("name"), "motion"),
        fps=row.number("fps", 1, 1000),
        frames=row.count("frames", 1),
    )
    row.text("file", re.escape(motion.file), motion.file)
    return motion


def _files(reader: _Reader) -> dict[str, FileInfo]:
    rows = {name: reader.child(name) for name in reader.table}
    return {
        name: FileInfo(row.count("bytes"), row.text("sha256", "[0-9a-f]{64}", "a SHA-256"))
        for name, row in rows.items()
    }


def _named(items: tuple[Any, ...], name: str, what: str) -> Any:
    for item in items:
        if item.name == name:
            return item
    known = ", ".join(item.name for item in items) or "none"
    raise AvatarError(f"there is no {what} {name!r}; this avatar has: {known}")
