"""Heads on disk: one safetensors file with the arrays, and a header with name, version, licence and hash."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from emoga_core.errors import EmogaError
from emoga_core.heads.head import Head

FORMAT = "emoga-head"
FORMAT_VERSION = 1
_TENSORS = (
    "template", "triangles", "uv", "uv_triangles", "identity_basis", "expression_basis", "joint_regressor",
    "skin_weights", "regions", "landmark_triangles", "landmark_barycentric",
)  # fmt: skip
_PLAIN = (
    "name", "version", "licence", "credit", "redistributable", "parents", "region_names", "expression_names",
    "expression_range",
)  # fmt: skip
_TUPLES = ("parents", "region_names", "expression_names", "expression_range")
assert {*_TENSORS, *_PLAIN, "pose_correctives"} == {f.name for f in dataclasses.fields(Head)}


def save_head(head: Head, path: str | Path) -> None:
    """Writes `head` to `path` through a temporary sibling: an interrupted write leaves no half file."""
    path = Path(path)
    tensors = {name: getattr(head, name).detach().cpu().contiguous() for name in _TENSORS}
    if head.pose_correctives is not None:
        tensors["pose_correctives"] = head.pose_correctives.detach().cpu().contiguous()
    about = {"format": FORMAT, "format_version": FORMAT_VERSION, "hash": head.hash}
    about.update({name: getattr(head, name) for name in _PLAIN})
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, temporary, metadata={"emoga": json.dumps(about)})
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except (OSError, SafetensorError) as error:
        raise EmogaError(f"{path}: cannot be written ({error})") from None
    finally:
        with contextlib.suppress(OSError):  # gone already, or its folder cannot exist
            temporary.unlink()


def load_head(path: str | Path) -> Head:
    """Reads a head that `save_head` wrote, on the CPU.

    Raises:
        EmogaError: missing file, another format, missing arrays, or contents that differ from the stored
        hash.
    """
    path = Path(path)
    if not path.is_file():
        raise EmogaError(f"{path}: no such file")
    try:
        with safe_open(path, framework="pt") as file:
            about = _header(path, file.metadata())
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (OSError, SafetensorError) as error:
        raise EmogaError(f"{path}: not a readable head file ({error})") from None
    missing = [n for n in _TENSORS if n not in tensors] + [n for n in (*_PLAIN, "hash") if n not in about]
    if missing:
        raise EmogaError(f"{path}: damaged head file, it lacks {', '.join(missing)}; convert the head again")
    plain = {n: tuple(about[n]) if n in _TUPLES and about[n] is not None else about[n] for n in _PLAIN}
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise EmogaError(f"{path}: {name} holds values that are not finite; convert the head again")
    head = Head(
        **plain,
        pose_correctives=tensors.get("pose_correctives"),
        **{name: tensors[name] for name in _TENSORS},
    )
    if head.hash != about["hash"]:
        raise EmogaError(
            f"{path}: its contents (hash {head.hash[:12]}) are not those that were saved "
            f"({str(about['hash'])[:12]}); convert the head again"
        )
    return head


def _header(path: Path, metadata: dict[str, str] | None) -> dict:
    try:
        about = json.loads((metadata or {}).get("emoga", "null"))
    except json.JSONDecodeError:
        about = None
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise EmogaError(f"{path}: not a head file; `emoga head convert FLAME.pkl -o {path.name}` makes one")
    if about.get("format_version") != FORMAT_VERSION:
        raise EmogaError(
            f"{path}: head format version {about.get('format_version')}, "
            f"this program reads {FORMAT_VERSION}; convert the head again"
        )
    return about
