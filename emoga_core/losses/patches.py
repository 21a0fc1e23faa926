"""Losses on random patches of the face: sharper eyes and mouth than a loss over the whole picture gives.

`VggPatchLoss` compares VGG16 features (Johnson et al. 2016) where the user has weights; `PyramidPatchLoss`
needs none and compares Laplacian-pyramid bands (Burt and Adelson 1983) with L1.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from emoga_core.losses.vgg import Vgg16Features


class PatchLoss(Protocol):
    """Compares two stacks of patches."""

    name: str

    def __call__(
        self,
        image: Tensor,  # (P,3,S,S)
        target: Tensor,  # (P,3,S,S)
    ) -> Tensor: ...


def sample_patches(
    mask: Tensor,  # (H,W), pixels > 0.5 may be centres
    count: int,
    size: int,
    generator: torch.Generator,
) -> Tensor:
    """Top-left corners (P,2) of `count` patches with random centres in the mask; (0,2) when it is empty.

    Raises: ValueError when the picture is smaller than a patch.
    """
    height, width = mask.shape
    rows, columns = torch.where(mask > 0.5)
    if not len(rows):
        return torch.zeros(0, 2, dtype=torch.int64)
    chosen = torch.randint(len(rows), (count,), generator=generator)
    centres = torch.stack([columns.cpu()[chosen], rows.cpu()[chosen]], 1) + 0.5
    return patch_corners(centres, size, width, height)


def patch_corners(
    centres: Tensor,  # (P,2) x, y in pixels
    size: int,
    width: int,
    height: int,
) -> Tensor:
    """Top-left corners (P,2), row and column, of size x size patches, moved inside the picture.

    Raises: ValueError when the picture is smaller than a patch.
    """
    if size > min(width, height):
        raise ValueError(f"patches of {size} pixels do not fit into a picture of {width}x{height}")
    corners = centres.flip(1).floor().long() - size // 2
    return corners.clamp(min=0).minimum(torch.tensor([height - size, width - size]))


def cut_patches(
    image: Tensor,  # (H,W,3)
    corners: Tensor,  # (P,2)
    size: int,
) -> Tensor:
    """Stack of patches (P,3,S,S)."""
    cuts = [image[y : y + size, x : x + size] for y, x in corners.tolist()]
    return torch.stack(cuts).permute(0, 3, 1, 2)


class PyramidPatchLoss:
    """Mean absolute difference of the bands of a Laplacian pyramid, summed over levels; no weights needed.

    The lowest band is left out: colour over large areas is the business of the photometric loss.
    """

    name = "Laplacian pyramid (no network weights)"

    def __init__(self, levels: int = 3) -> None:
        self.levels = levels

    def __call__(self, image: Tensor, target: Tensor) -> Tensor:
        difference = image - target  # The pyramid is linear: one decomposition serves both.
        loss = image.new_zeros(())
        for _ in range(self.levels):
            low = functional.avg_pool2d(difference, 2)
            up = functional.interpolate(low, scale_factor=2.0, mode="bilinear", align_corners=False)
            loss = loss + (difference - up).abs().mean()
            difference = low
        return loss


class VggPatchLoss:
    """Mean absolute difference of VGG16 features after the first three blocks, summed over blocks."""

    name = "VGG16 features"

    def __init__(self, features: Vgg16Features) -> None:
        self.features = features

    def __call__(self, image: Tensor, target: Tensor) -> Tensor:
        with torch.no_grad():
            wanted = self.features(target)
        got = self.features(image)
        return torch.stack([(a - b).abs().mean() for a, b in zip(got, wanted, strict=True)]).sum()
