"""Where lips, lids, ears and the inside of the mouth are: MakeHuman's CC0 texture masks, cropped to the
head."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
from numba import njit

NAMES = ("lips", "eyelids", "ears", "inside-mouth")
_BLUR = (1.2, 2.0, 4.0, 1.0)
_DATA = "masks.png"
_SIZE = 2048
_LEFT, _TOP = 1472, 704
"""The crop in pixels of the 2048 x 2048 originals: everything to the right and below belongs to the head."""


@dataclass(frozen=True)
class Masks:
    """`values` (H, W, 4) float32 in [0, 1] in the order of `NAMES`, over a corner of the texture."""

    values: np.ndarray

    def sample(self, uv: np.ndarray) -> np.ndarray:
        """Bilinear lookup of (n, 2) texture coordinates: (n, 4); zero outside the crop."""
        return _sample_all(self.values, np.ascontiguousarray(uv, np.float64))


@njit(inline="always")
def _texel(values: np.ndarray, channel: int, row: int, column: int) -> float:
    row = min(row, values.shape[0] - 1)
    column = min(column, values.shape[1] - 1)
    if row < 0 or column < 0:
        return 0.0
    return values[row, column, channel]


@njit(cache=True)
def sample_mask(values: np.ndarray, channel: int, u: float, v: float) -> float:
    """Bilinear lookup of one mask at texture coordinates (u, v)."""
    x, y = u * _SIZE - 0.5 - _LEFT, (1 - v) * _SIZE - 0.5 - _TOP
    column, row = int(np.floor(x)), int(np.floor(y))
    a, b = x - column, y - row
    top = _texel(values, channel, row, column) * (1 - a) + _texel(values, channel, row, column + 1) * a
    low = (
        _texel(values, channel, row + 1, column) * (1 - a) + _texel(values, channel, row + 1, column + 1) * a
    )
    return top * (1 - b) + low * b


@njit(cache=True)
def _sample_all(values: np.ndarray, uv: np.ndarray) -> np.ndarray:
    out = np.empty((len(uv), values.shape[2]))
    for i in range(len(uv)):
        for channel in range(values.shape[2]):
            out[i, channel] = sample_mask(values, channel, uv[i, 0], uv[i, 1])
    return out


@cache
def load_masks() -> Masks:
    """The packed masks."""
    data = resources.files("emoga_core.captures.studio").joinpath("data").joinpath(_DATA).read_bytes()
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    return Masks(np.stack(np.split(image.astype(np.float32) / 255, len(NAMES), axis=1), -1))


def pack_masks(textures: Path, out: Path) -> None:
    """Makes the data file from MakeHuman's `mpfb_NAME.jpg` files (2048 x 2048, CC0): crop, soften, side by
    side."""
    tiles = []
    for name, blur in zip(NAMES, _BLUR, strict=True):
        image = cv2.imread(str(textures / f"mpfb_{name}.jpg"), cv2.IMREAD_GRAYSCALE)
        assert image is not None and image.shape == (_SIZE, _SIZE), name
        image[image < 12] = 0  # JPEG noise on black
        tiles.append(cv2.GaussianBlur(image, (0, 0), blur)[_TOP:, _LEFT:])
    cv2.imwrite(str(out), np.concatenate(tiles, axis=1), [cv2.IMWRITE_PNG_COMPRESSION, 9])
