"""Pictures between this program's float arrays and the PIL images that diffusers takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image


def resize(image: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """(H, W) or (H, W, 3) -> (height, width[, 3]): area averages when shrinking, Lanczos when growing."""
    if image.shape[:2] == (height, width):
        return image
    shrinks = height * width < image.shape[0] * image.shape[1]
    resized = cv2.resize(
        np.ascontiguousarray(image, np.float32),
        (width, height),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LANCZOS4,
    )
    return np.asarray(resized, np.float32)


def to_pil(image: NDArray[np.float32]) -> Image:
    """(H, W, 3) in [0, 1] -> RGB."""
    from PIL import Image

    return Image.fromarray(np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8))


def mask_to_pil(mask: NDArray[np.float32], height: int, width: int) -> Image:
    """(H, W) in [0, 1] -> black and white: white wherever the editor may change anything at all.

    The soft edge is left to the composite afterwards; a half-white mask is outside what the models know.
    """
    from PIL import Image

    open_to_change = resize((mask > 0).astype(np.float32), height, width) > 0.05
    return Image.fromarray(np.where(open_to_change, 255, 0).astype(np.uint8))
