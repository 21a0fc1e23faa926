"""Masks that the user made: grey pictures, or the label maps of a face parser."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from emoga_core.captures.errors import CaptureError
from emoga_core.captures.images import read_png
from emoga_core.edit.errors import EditError
from emoga_core.edit.mask_shapes import softened

if TYPE_CHECKING:
    from emoga_core.edit.views import EditView

LABELS: tuple[str, ...] = (
    "background", "skin", "left brow", "right brow", "left eye", "right eye", "glasses", "left ear",
    "right ear", "earring", "nose", "mouth", "upper lip", "lower lip", "neck", "necklace", "clothes", "hair",
    "hat",
)  # fmt: skip
"""Classes of CelebAMask-HQ (Lee et al. 2020) by index, as BiSeNet face parsers number them."""

_HARD = (1, 2, 3, 10, 11, 12, 13)
_EYES = (4, 5)
_MOUTH = (11, 12, 13)


def read_masks(folder: str | os.PathLike[str], views: Sequence[EditView]) -> list[Tensor]:
    """A mask (H, W) in [0, 1] for every view, from `FOLDER/NAME.png` (or `FOLDER/masks/NAME.png`).

    Two kinds of pictures are understood: grey masks (white may be edited, used as they are), and label maps
    whose values are indices of `LABELS`, which become soft masks for frontal views and hard ones for others.

    Raises:
        EditError: pictures are missing, damaged, of another size or of neither kind; or nothing is white.
    """
    base = Path(folder)
    if not base.is_dir():
        raise EditError(f"{base}: no such folder; it should hold one mask per view, as {views[0].name}.png")
    paths = [_find(base, view.name) for view in views]
    missing = [view.name for view, path in zip(views, paths, strict=True) if path is None]
    if missing:
        some = ", ".join(f"{name}.png" for name in missing[:3]) + (", ..." if len(missing) > 3 else "")
        raise EditError(
            f"{base}: {len(missing)} of {len(views)} masks are missing ({some}); export the views to see the"
            " names and sizes that are expected"
        )
    masks = [_read(path, view) for path, view in zip(paths, views, strict=True) if path is not None]
    if not any(bool(mask.any()) for mask in masks):
        raise EditError(f"{base}: all masks are black; paint white what may change")
    return masks


def mask_from_labels(labels: np.ndarray, *, soft: bool) -> np.ndarray:
    """(H, W) float32 mask of a label map (H, W) of `LABELS` indices; see `edit_mask` for soft and hard."""
    hard = np.isin(labels, _HARD)
    if not soft:
        return hard.astype(np.float32)
    face = hard | np.isin(labels, _EYES)
    rows = np.flatnonzero(face.any(1))
    height = float(rows[-1] - rows[0] + 1) if len(rows) else 1.0
    return softened(face, np.isin(labels, _MOUTH), height)


def _find(base: Path, name: str) -> Path | None:
    for path in (base / f"{name}.png", base / "masks" / f"{name}.png"):
        if path.is_file():
            return path
    return None


def _read(path: Path, view: EditView) -> Tensor:
    try:
        colour = read_png(path, background=0.0)
    except CaptureError as error:
        raise EditError(str(error)) from None
    height, width = view.image.shape[:2]
    if colour.shape[:2] != (height, width):
        raise EditError(
            f"{path}: the mask has {colour.shape[1]}x{colour.shape[0]} pixels, its view {width}x{height};"
            " resize it, or ask for views of its size"
        )
    grey = colour[..., 0]
    if float(np.abs(colour - grey[..., None]).max()) > 2.5 / 255:
        raise EditError(
            f"{path}: a colour picture is no mask; save label indices (0 to {len(LABELS) - 1}) or grey levels"
            " in one channel, without a palette"
        )
    levels = np.rint(grey * 255).astype(np.int64)
    if levels.max() >= len(LABELS):
        mask = grey
    elif len(np.unique(levels)) >= 3:
        mask = mask_from_labels(levels, soft=view.frontal)
    elif levels.max() == 0:
        mask = np.zeros_like(grey)
    else:
        raise EditError(
            f"{path}: nearly black, and too few values for a label map; write a grey mask as 0 and 255"
        )
    return torch.from_numpy(np.ascontiguousarray(mask)).to(view.image.device)
