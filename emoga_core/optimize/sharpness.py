"""How blurred each edited picture is, so that its blur is not learned as texture.

Editors return pictures that are softer than the avatar, and never aligned to the pixel. Fitted as they are,
both wear away the avatar's own detail. So a picture is compared with a rendering that is blurred alike, by
the Gaussian that brings the rendering's fine detail closest to that of the picture.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

BLURS: tuple[float, ...] = (0.0, 0.5, 0.7, 0.9, 1.2, 1.6, 2.0)
"""Standard deviations that are tried, pixels."""
_FINE = 3.0
"""Pixels: detail is what a Gaussian of this width takes away."""


def estimate_blur(picture: Tensor, rendering: Tensor, mask: Tensor) -> float:
    """The one of `BLURS` after which a rendering (h,w,3) shows the detail of a picture (h,w,3) best,
    compared inside the mask (h,w)."""
    detail = picture - gaussian(picture, _FINE)

    def error(sigma: float) -> float:
        soft = gaussian(rendering, sigma)
        difference = (detail - (soft - gaussian(soft, _FINE))).square().sum(-1)
        return float(np.einsum("ij,ij->", *(t.double().cpu().numpy() for t in (difference, mask))))

    return min(BLURS, key=error)


def gaussian(picture: Tensor, sigma: float) -> Tensor:
    """A picture (h,w,3) over white, blurred by `sigma` pixels; differentiable; itself for 0."""
    if sigma <= 0:
        return picture
    return _Gaussian.apply(picture - 1, sigma) + 1  # type: ignore[operator]


class _Gaussian(torch.autograd.Function):
    """With zeros outside the picture the filter is its own transpose, and so its own backward pass."""

    @staticmethod
    def forward(ctx: Any, picture: Tensor, sigma: float) -> Tensor:
        ctx.sigma = sigma
        return _filtered(picture, sigma)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _filtered(gradients[0], ctx.sigma), None


def _filtered(picture: Tensor, sigma: float) -> Tensor:
    reach = max(1, math.ceil(3.5 * sigma))
    weights = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, dtype=torch.float64) / sigma) ** 2)
    weights = weights / weights.sum()
    if picture.device.type == "cpu":
        kernel, pixels = weights.numpy(), picture.detach().contiguous().numpy()
        return torch.from_numpy(cv2.sepFilter2D(pixels, -1, kernel, kernel, borderType=cv2.BORDER_CONSTANT))
    row = weights.to(picture).view(1, 1, 1, -1)
    planes = picture.movedim(-1, 0)[:, None]
    planes = functional.conv2d(planes, row, padding=(0, reach))
    return functional.conv2d(planes, row.mT, padding=(reach, 0))[:, 0].movedim(0, -1).contiguous()
