"""The patch term of a build: which patches, of which size, at which weight."""

from __future__ import annotations

import torch
from torch import Tensor

from emoga_core.build.options import BuildOptions
from emoga_core.build.pictures import Shot, View
from emoga_core.losses import (
    PatchLoss,
    PyramidPatchLoss,
    VggPatchLoss,
    cut_patches,
    load_vgg16,
    patch_corners,
)


class PatchTerm:
    """Compares patches around random points of the face.

    Args:
        points: (T,M,3) points of the face at every timestep, world space; CPU.

    Raises: VggWeightsError when the options name weights that cannot be used.
    """

    def __init__(self, options: BuildOptions, points: Tensor) -> None:
        self.options, self.points = options, points
        self.loss: PatchLoss
        if options.vgg_weights is None:
            self.loss, self.weight = PyramidPatchLoss(), options.recipe.patch_weight
        else:
            network = load_vgg16(options.vgg_weights).to(options.device)
            self.loss, self.weight = VggPatchLoss(network), options.recipe.vgg_patch_weight

    @property
    def name(self) -> str:
        """Which patch loss is in use, for the user."""
        return self.loss.name if self.weight else "none"

    def __call__(self, image: Tensor, shot: Shot, view: View, generator: torch.Generator) -> Tensor | None:
        """The weighted loss of one picture, drawn as `view`, a scalar; None where there is nothing to
        compare."""
        recipe = self.options.recipe
        if self.weight == 0 or not self.points.shape[1]:
            return None
        size = max(16, round(max(shot.full.camera.width, shot.full.camera.height) * recipe.patch_fraction))
        size = min(size, view.camera.height, view.camera.width) // 8 * 8
        if size == 0:
            return None
        chosen = torch.randint(self.points.shape[1], (recipe.patches,), generator=generator)
        centres, _ = view.camera.to("cpu").project(self.points[shot.timestep, chosen])
        corners = patch_corners(centres[0], size, view.camera.width, view.camera.height)
        target = cut_patches(view.image, corners, size)
        return self.weight * self.loss(cut_patches(image, corners, size), target)
