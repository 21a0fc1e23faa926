"""Views, masks and prompts as files that any other tool can edit, and a sheet that shows the masks."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emoga_core.captures.images import encode_png, write_png
from emoga_core.edit.errors import EditError
from emoga_core.edit.sheets import contact_sheet, view_labels
from emoga_core.edit.views import EditView
from emoga_core.files import write_atomic

MANIFEST = "prompts.json"
_FORMAT, _VERSION = "emoga-views", 1
_TINT = np.array([0.90, 0.10, 0.45], np.float32)
_HOW = (
    "Change each picture as `prompt` says, only where its mask is white, and save the result under the same"
    " name and in the same size into another folder."
)


def export_views(
    views: Sequence[EditView],
    directory: str | os.PathLike[str],
    prompt: str,
    negative: str = "",
    *,
    settings: Mapping[str, Any] | None = None,
) -> Path:
    """Writes `NAME.png`, `masks/NAME.png` and `prompts.json` for another tool to edit.

    Files that an earlier export wrote are replaced, or kept when they are the same, so that an interrupted
    export can be repeated. Files that were changed since, or come from elsewhere, are never touched.

    Args:
        negative: what must not appear. settings: further JSON values for the manifest (seed, guidance ...).

    Returns:
        The path of `prompts.json`.

    Raises:
        EditError: no views, a folder that cannot be written, or a file of the user's in the way.
    """
    if not views:
        raise EditError("no views to export")
    base = Path(directory)
    files = {}
    for view in views:
        files[f"{view.name}.png"] = encode_png(view.image.cpu(), name=view.name)
        files[f"masks/{view.name}.png"] = encode_png(view.mask.cpu(), name=f"mask of {view.name}")
    manifest = _manifest(views, files, prompt, negative, settings or {})
    try:
        (base / "masks").mkdir(parents=True, exist_ok=True)
        known = _known_hashes(base)
        stale = [name for name, data in files.items() if _must_write(base / name, data, known.get(name, ()))]
        # The list of what is ours comes first: an export that dies half-way can then be repeated.
        ours = {name: sorted({_hash(data), *known.get(name, ())}) for name, data in files.items()}
        write_atomic(base / MANIFEST, _coded({**manifest, "written": {**known, **ours}}))
        for name in stale:
            write_atomic(base / name, files[name], durable=False)
        now = {name: [_hash(data)] for name, data in files.items()}
        write_atomic(base / MANIFEST, _coded({**manifest, "written": {**known, **now}}))
    except OSError as error:
        where = error.filename or base
        raise EditError(f"{where}: cannot be written ({error.strerror}); choose another folder") from None
    return base / MANIFEST


def mask_preview(views: Sequence[EditView], path: str | os.PathLike[str]) -> None:
    """Writes a PNG of all views with their masks: `mask_sheet`.

    Raises:
        EditError: no views, or the file cannot be written.
    """
    sheet = mask_sheet(views)
    try:
        write_png(path, sheet)
    except OSError as error:
        raise EditError(f"{path}: cannot be written ({error.strerror}); choose another place") from None


def mask_sheet(views: Sequence[EditView]) -> NDArray[np.float32]:
    """(H, W, 3): a row for every moment; what may change keeps its colours under a red veil and an outline,
    the rest is grey."""
    frames = sorted({view.frame_id for view in views})
    rows = [
        [
            mask_overlay(view.image.cpu().numpy(), view.mask.cpu().numpy())
            for view in views
            if view.frame_id == k
        ]
        for k in frames
    ]
    return contact_sheet(
        rows, row_labels=[f"f{k:03d}" for k in frames], column_labels=view_labels(views), title="masks"
    )


def mask_overlay(image: NDArray[np.float32], mask: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W, 3) a picture (H, W, 3) under its mask (H, W), see `mask_sheet`."""
    grey = (image @ np.array([0.299, 0.587, 0.114], np.float32))[..., None]
    veiled = 0.72 * image + 0.28 * _TINT
    amount = mask[..., None]
    picture = amount * veiled + (1 - amount) * (0.35 + 0.65 * grey)
    area = (mask >= 0.5).astype(np.uint8)
    outline = (cv2.dilate(area, np.ones((3, 3), np.uint8)) - area)[..., None]
    return np.where(outline > 0, _TINT, picture).astype(np.float32)


def _manifest(
    views: Sequence[EditView], files: Mapping[str, bytes], prompt: str, negative: str, settings: Mapping
) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "version": _VERSION,
        "how": _HOW,
        "prompt": prompt,
        "negative": negative,
        "settings": dict(settings),
        "views": [
            {
                "name": view.name,
                "image": f"{view.name}.png",
                "mask": f"masks/{view.name}.png",
                "width": view.image.shape[1],
                "height": view.image.shape[0],
                "frame": view.frame_id,
                "view": view.view_id,
                "frontal": view.frontal,
                "weight": view.weight,
                "azimuth_degrees": round(math.degrees(view.azimuth), 3),
                "elevation_degrees": round(math.degrees(view.elevation), 3),
                "world_to_camera": view.camera.world_to_camera[0].tolist(),
                "intrinsics": view.camera.intrinsics[0].tolist(),
                "image_sha256": _hash(files[f"{view.name}.png"]),
                "mask_sha256": _hash(files[f"masks/{view.name}.png"]),
            }
            for view in views
        ],
    }


def _known_hashes(base: Path) -> dict[str, list[str]]:
    """What earlier exports wrote: relative path -> hashes that the file may have had."""
    path = base / MANIFEST
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_bytes())
        written = content["written"]
        if content["format"] != _FORMAT or not all(isinstance(h, list) for h in written.values()):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError):
        raise EditError(f"{path}: was not written by an export; choose another folder") from None
    return written


def _must_write(path: Path, data: bytes, known: Sequence[str]) -> bool:
    """Whether the file is not there yet, or an old one of ours.

    Raises:
        EditError: it is neither ours nor the same.
    """
    if not path.exists():
        return True
    present = _hash(path.read_bytes())
    if present == _hash(data):
        return False
    if present in known:
        return True
    raise EditError(f"{path}: was changed since it was exported, or is not ours; export into another folder")


def _coded(content: Mapping[str, Any]) -> bytes:
    try:
        return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    except (TypeError, ValueError) as error:
        raise EditError(f"the settings of an export must be JSON values ({error})") from None


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
