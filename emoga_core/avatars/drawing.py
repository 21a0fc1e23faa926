"""Draws bound Gaussians with one camera and hands back the screen-space gradients that growing needs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from emoga_core.avatars.avatar import LocalGaussians
from emoga_core.avatars.binding import TriangleFrames, bind
from emoga_core.render import Cameras, Gaussians, RasterInfo, evaluate_sh, rasterize
from emoga_core.render.splat_autograd import blend_splats, project_splats
from emoga_core.render.splat_tiles import bin_splats

_SEEN = 0.024
"""On the CPU a Gaussian counts as seen when the gradients of its colour sum to that of so many pixels."""


@dataclass
class Drawing:
    """One picture, and what becomes known about its Gaussians once a loss has been sent backward.

    Attributes:
        image: (H,W,3) over white. alphas: (H,W).
    """

    image: Tensor
    alphas: Tensor
    _means2d: Tensor  # (N,2), its gradient kept
    _colors: Tensor | None = None  # (N,3), its gradient kept; on the CPU
    _info: RasterInfo | None = None  # on CUDA

    def seen(self) -> Tensor:
        """(N,) bool: Gaussians that contribute to the picture; after backward, of a loss that is a mean."""
        if self._info is not None:
            return self._info.visible[0]
        assert self._colors is not None and self._colors.grad is not None
        height, width, _ = self.image.shape
        return self._colors.grad.abs().sum(1) > _SEEN / (height * width)

    def screen_gradients(self) -> Tensor:
        """(N,) length of the gradient of the projected mean, per picture width; after backward."""
        gradient = self._means2d.grad
        assert gradient is not None
        return gradient.reshape(-1, 2).norm(dim=1) * self.image.shape[1]


def draw(
    gaussians: LocalGaussians,
    parents: Tensor,  # (N,) int64
    sh: Tensor,  # (N,K,3)
    frames: TriangleFrames,
    camera: Cameras,
) -> Drawing:
    """Differentiable in the Gaussians, the colours and, where they need it, the frames."""
    means, quaternions, scales = bind(gaussians, parents, frames)
    if means.device.type != "cpu":
        splats = Gaussians(means, quaternions, scales.log(), gaussians.opacity_logits, sh)
        pictures, alphas, info = rasterize(splats, camera, torch.ones(3, device=means.device))
        return Drawing(pictures[0], alphas[0, ..., 0], info.means2d, _info=info)
    # The colour's view direction pushes no gradient into the position: cheaper, and no worse.
    colors = evaluate_sh(sh, means.detach() - camera.centers[0])
    opacities = gaussians.opacity_logits.sigmoid()
    means2d, conics, _, projection = project_splats(
        means, quaternions, scales, opacities, camera.world_to_camera[0], camera.intrinsics[0],
        camera.width, camera.height,
    )  # fmt: skip
    for tensor in (means2d, colors):
        if tensor.requires_grad:
            tensor.retain_grad()
    tiles = bin_splats(projection.means2d, projection.extents, projection.depths, camera.width, camera.height)
    white = torch.ones(3, dtype=means.dtype)
    image, alphas = blend_splats(
        means2d, conics, opacities, colors, white, tiles, camera.width, camera.height
    )
    return Drawing(image, alphas, means2d, colors)
