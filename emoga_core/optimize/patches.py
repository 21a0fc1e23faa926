"""The patch loss of the frontal views: sharp mouths and eyes, where the whole picture's loss blurs."""

from __future__ import annotations

import torch
from torch import Tensor

from emoga_core.losses import (
    PatchLoss,
    PyramidPatchLoss,
    VggPatchLoss,
    cut_patches,
    load_vgg16,
    sample_patches,
)
from emoga_core.optimize.options import OptimizeOptions
from emoga_core.optimize.shots import Shot

_PATCHES = 8
_SHARE = 0.25  # of the crop's larger side
_VGG_WEIGHT = 0.02  # of the VGG loss against pyramid bands: its features are larger numbers


class FrontalPatches:
    """Compares random patches inside the edit mask.

    Raises: VggWeightsError when the options name weights that cannot be used.
    """

    def __init__(self, options: OptimizeOptions, device: torch.device) -> None:
        self.loss: PatchLoss = PyramidPatchLoss()
        self.weight = options.patch_weight
        if options.vgg_weights is not None:
            self.loss = VggPatchLoss(load_vgg16(options.vgg_weights).to(device))
            self.weight *= _VGG_WEIGHT

    @property
    def name(self) -> str:
        """Which patch loss is in use, for the user."""
        return self.loss.name if self.weight else "none"

    def __call__(self, image: Tensor, shot: Shot, generator: torch.Generator) -> Tensor:
        """The weighted loss of a crop (h,w,3), a scalar."""
        height, width = shot.mask.shape
        size = min(max(16, round(max(height, width) * _SHARE)), height, width) // 8 * 8
        if not self.weight or size == 0:
            return image.new_zeros(())
        corners = sample_patches(shot.mask, _PATCHES, size, generator)
        target = cut_patches(shot.goal.image, corners, size)
        return self.weight * self.loss(cut_patches(image, corners, size), target)
