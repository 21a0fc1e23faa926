"""The CPU rasteriser's two differentiable stages, projection and blending, as torch functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from emoga_core.render import splats
from emoga_core.render.splat_tiles import Tiles


def project_splats(
    means: Tensor,
    quaternions: Tensor,
    scales: Tensor,
    opacities: Tensor,
    view: Tensor,
    intrinsics: Tensor,
    width: int,
    height: int,
) -> tuple[Tensor, Tensor, Tensor, splats.Projection]:
    """-> means2d (N, 2) px, conics (N, 3), depths (N,) (differentiable) and the arrays behind them.

    Opacities (N,) only bound how far a splat reaches and receive no gradient here.
    """
    return _Project.apply(means, quaternions, scales, opacities, view, intrinsics, width, height)  # type: ignore[return-value]


def blend_splats(
    means2d: Tensor,
    conics: Tensor,
    opacities: Tensor,
    colors: Tensor,
    background: Tensor,
    tiles: Tiles,
    width: int,
    height: int,
) -> tuple[Tensor, Tensor]:
    """-> image (H, W, 3) and alphas (H, W), differentiable in the first five arguments."""
    return _Blend.apply(means2d, conics, opacities, colors, background, tiles, width, height)  # type: ignore[return-value]


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().contiguous().numpy()


class _Project(torch.autograd.Function):
    @staticmethod
    def forward(ctx, means, quaternions, scales, opacities, view, intrinsics, width, height):  # type: ignore[override]
        arrays: Any = [_array(t) for t in (means, quaternions, scales, opacities, view, intrinsics)]
        projection = splats.project(*arrays, width=width, height=height)
        ctx.state = (arrays, projection, width, height)
        ctx.set_materialize_grads(False)
        tensors = [torch.from_numpy(a) for a in (projection.means2d, projection.conics, projection.depths)]
        return *tensors, projection

    @staticmethod
    def backward(ctx, grad_means2d, grad_conics, grad_depths, _):  # type: ignore[override]
        (means, quaternions, scales, _opacities, view, intrinsics), projection, width, height = ctx.state
        grads: Any = [
            np.zeros_like(like) if grad is None else _array(grad)
            for grad, like in (
                (grad_means2d, projection.means2d),
                (grad_conics, projection.conics),
                (grad_depths, projection.depths),
            )
        ]
        result = splats.projection_gradients(
            means, quaternions, scales, view, intrinsics, width, height, projection, *grads
        )
        return *(torch.from_numpy(a) for a in result), None, None, None, None, None


class _Blend(torch.autograd.Function):
    @staticmethod
    def forward(ctx, means2d, conics, opacities, colors, background, tiles, width, height):  # type: ignore[override]
        arrays: Any = [_array(t) for t in (means2d, conics, opacities, colors)]
        image, transmittance = splats.blend(
            *arrays, tiles=tiles, width=width, height=height, background=_array(background)
        )
        ctx.state = (arrays, tiles, image, transmittance)
        ctx.set_materialize_grads(False)
        return torch.from_numpy(image), torch.from_numpy(1 - transmittance)

    @staticmethod
    def backward(ctx, grad_image, grad_alphas):  # type: ignore[override]
        arrays, tiles, image, transmittance = ctx.state
        dense = np.zeros_like(image) if grad_image is None else _array(grad_image)
        alphas = None if grad_alphas is None else _array(grad_alphas)
        result = splats.blend_gradients(
            *arrays,
            tiles=tiles,
            image=image,
            transmittance=transmittance,
            grad_image=dense,
            grad_alphas=alphas,
        )
        grad_background = None
        if ctx.needs_input_grad[4]:
            grad_background = torch.from_numpy((dense * transmittance[..., None]).sum((0, 1)))
        return *(torch.from_numpy(a) for a in result), grad_background, None, None, None
