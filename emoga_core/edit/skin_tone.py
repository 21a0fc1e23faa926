"""Takes the tint that editors add to skin off the edited pictures.

An editor that paints a smile also shifts the colour of the whole face, differently in every picture. What the
edits have in common belongs to the emotion (anger reddens); what one of them has alone is tint. The change of
the skin's Lab colours is fitted robustly by a quadratic over the face and a term in lightness (an
illuminant's gain changes bright skin more); the fit's deviation from the median over all pictures is removed.
Small cells are compared, not pixels, and the worst fitting quarter of them is left out, so that wrinkles, a
moved brow or an open mouth do not count as tint.

The idea of matching Lab statistics inside a skin mask: Reinhard et al., Color transfer between images (2001).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from emoga_core.edit.errors import EditError

Picture = NDArray[np.float32]
Towards = Literal["consensus", "neutral", "off"]

_CELLS = 64
"""Along the longer side of a picture."""
_FEWEST_CELLS = 24
_KEPT = 0.75
_ROUNDS = 4
_RIDGE = (0.0, 4.0, 2.0, 1.0, 20.0, 20.0, 20.0)
"""Doubt about the coefficients of `_predictors`, in cells."""
_SIDEWAYS = [1, 6]
"""Predictors that tell the left of the picture from the right."""
_LARGEST = 40.0
"""Lab units; more than that is no tint."""
_FEATHER = 0.012
"""Of the picture's width."""


def harmonise(
    images: Sequence[Picture],
    neutrals: Sequence[Picture],
    masks: Sequence[Picture],
    *,
    towards: Towards = "consensus",
    where: Sequence[Picture] | None = None,
    groups: Sequence[int] | None = None,
) -> list[Picture]:
    """Edited pictures of one person without their tints.

    Args:
        images: (H, W, 3) float32 sRGB in [0, 1] after the edit; several views and moments, any sizes.
        neutrals: the same views before the edit.
        masks: (H, W) in [0, 1]: skin, where colours are compared.
        towards: "consensus" keeps what most edits agree on (a single picture stays as it is), "neutral"
            brings the skin's tone back to what it was before the edit, "off" returns the pictures themselves.
        where: (H, W) in [0, 1]: what may change, for example the masks that the edits were composited with;
            None: the skin, feathered inwards.
        groups: a number for every picture; those of one view have the same. Across the face pictures are only
            compared with their own view's, for the light comes from a side; without numbers, not at all.
    Returns:
        New pictures, float32 in [0, 1]; pixels where `where` (or the skin) is 0 are bit-equal.

    Raises:
        EditError: lists or pictures of different sizes, values that are not finite, an unknown `towards`.
    """
    if towards not in get_args(Towards):
        raise EditError(f"skin tone {towards!r} is unknown; choose among {', '.join(get_args(Towards))}")
    _check(images, neutrals, masks, where)
    if towards == "off":
        return list(images)
    fits = [_fit(*views) for views in zip(images, neutrals, masks, strict=True)]
    result = []
    for i, (image, neutral, mask, fit) in enumerate(zip(images, neutrals, masks, fits, strict=True)):
        if fit is None:
            result.append(image.copy())
            continue
        tint = fit if towards == "neutral" else fit - _consensus(fits, i, groups)
        region = _feathered(mask) if where is None else where[i]
        result.append(_without(image, neutral, tint, region))
    return result


def _consensus(
    fits: Sequence[NDArray[np.float64] | None], index: int, groups: Sequence[int] | None
) -> NDArray[np.float64]:
    """(7, 3) what the fits agree on; sideways, what those of picture `index`'s view agree on."""
    common = np.median(np.stack([fit for fit in fits if fit is not None]), 0)
    own = fits[index]
    assert own is not None
    common[_SIDEWAYS] = own[_SIDEWAYS]
    if groups is not None:
        view = [
            f[_SIDEWAYS] for f, g in zip(fits, groups, strict=True) if f is not None and g == groups[index]
        ]
        common[_SIDEWAYS] = np.median(view, 0)
    return common


def _check(
    images: Sequence[Picture],
    neutrals: Sequence[Picture],
    masks: Sequence[Picture],
    where: Sequence[Picture] | None,
) -> None:
    counts = [len(images), len(neutrals), len(masks), len(images) if where is None else len(where)]
    if len(set(counts)) > 1:
        raise EditError(
            f"skin tone: {counts[0]} images, {counts[1]} neutrals, {counts[2]} masks: not as many"
        )
    for i, image in enumerate(images):
        if image.ndim != 3 or image.shape[2] != 3:
            raise EditError(f"skin tone: image {i} has shape {image.shape}, expected (height, width, 3)")
        others = [("neutral", neutrals[i], image.shape), ("mask", masks[i], image.shape[:2])]
        others += [] if where is None else [("region", where[i], image.shape[:2])]
        for what, array, shape in others:
            if array.shape != shape:
                raise EditError(f"skin tone: {what} {i} has shape {array.shape}, its image {image.shape}")
        for what, array in [("image", image), *((w, a) for w, a, _ in others)]:
            if not np.isfinite(array).all():
                raise EditError(f"skin tone: {what} {i} holds values that are not finite; edit it again")


def _lab(picture: NDArray) -> NDArray[np.float32]:
    rgb = np.ascontiguousarray(picture, np.float32).clip(0, 1)
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB), np.float32)


def _grid(height: int, width: int) -> tuple[int, int]:
    """(columns, rows) of the cells of a picture."""
    step = max(height, width) / _CELLS
    return max(1, round(width / step)), max(1, round(height / step))


def _small(picture: NDArray) -> NDArray[np.float32]:
    """Means of the cells."""
    whole = np.ascontiguousarray(picture, np.float32)
    small = cv2.resize(whole, _grid(*picture.shape[:2]), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _rgb(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.float32).clip(0, 1)


def _fit(image: Picture, neutral: Picture, mask: Picture) -> NDArray[np.float64] | None:
    """(7, 3): Lab change of the skin as coefficients of `_predictors`; None with too little skin."""
    share = _small(mask)
    skin = share > 0.5
    if np.count_nonzero(skin) < _FEWEST_CELLS:
        return None
    part = np.maximum(share, 1e-6)[..., None]
    before = _lab(_small(neutral * mask[..., None]) / part)
    change = (_lab(_small(image * mask[..., None]) / part) - before)[skin].astype(np.float64)
    design = _predictors(before[..., 0])[skin]
    fit = np.zeros((design.shape[1], 3))
    fit[0] = np.median(change, 0)
    for _ in range(_ROUNDS):
        error = np.square(change - design @ fit).sum(1)
        kept = error <= np.quantile(error, _KEPT)
        x, y = design[kept], change[kept]
        fit = np.linalg.solve(x.T @ x + np.diag(_RIDGE), x.T @ y)
    return fit.clip(-_LARGEST, _LARGEST)


def _predictors(lightness: NDArray) -> NDArray[np.float64]:
    """(rows, columns, 7) on the grid of cells; fixed centres and scales, so that pictures' fits compare."""
    rows, columns = lightness.shape
    y, x = np.mgrid[0:rows, 0:columns]
    scale = max(rows, columns) / 4
    across, down = (x - (columns - 1) / 2) / scale, (y - (rows - 1) / 2) / scale
    terms = (np.ones_like(across), across, down, (lightness - 50) / 25, across**2, down**2, across * down)
    return np.stack(terms, -1).astype(np.float64)


def _feathered(mask: Picture) -> Picture:
    """The mask with a soft edge inside it."""
    sigma = max(_FEATHER * mask.shape[1], 0.5)
    whole = np.ascontiguousarray(mask, np.float32)
    soft = cv2.GaussianBlur(whole, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.minimum(whole, (2 * soft - 1).clip(0, 1))


def _without(image: Picture, neutral: Picture, tint: NDArray, weight: Picture) -> Picture:
    """`image` less `tint` (7, 3) times `weight`; pixels of weight 0 as they are."""
    out = image.astype(np.float32, copy=True)
    rows, columns = np.flatnonzero(weight.any(1)), np.flatnonzero(weight.any(0))
    if not len(rows):
        return out
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    # The lightness that the tint acted on: of the untouched picture, without its texture.
    shift = (_predictors(_lab(_small(neutral))[..., 0]) @ tint).astype(np.float32)
    height, width = weight.shape
    shift = cv2.resize(shift, (width, height), interpolation=cv2.INTER_LINEAR)[box]
    lab = _lab(image[box])
    # As a difference: the conversion there and back is not exact, and must not show where nothing changes.
    change = _rgb((lab - shift * weight[box][..., None]).astype(np.float32)) - _rgb(lab)
    changed = (image[box] + change).clip(0, 1)
    np.copyto(out[box], changed, where=(weight[box] > 0)[..., None])
    return out
