"""Regularisers of GaussianAvatars (Qian et al. 2024, section 3.3), in the units of the parent triangle.

Without them a Gaussian may drift away from the triangle that moves it, or outgrow it, and smear in motion.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from emoga_core.losses import _l1_ssim_kernels as kernels


def position_loss(
    means: Tensor,  # (N,3) local
    visible: Tensor,  # (N,) bool
    threshold: float = 1.0,
) -> Tensor:
    """Mean over visible Gaussians of relu(|mean| - threshold), a scalar."""
    if means.device.type == "cpu":
        return _Hinge.apply(means, visible, 1, threshold)  # type: ignore[no-any-return]
    chosen = means[visible]
    return (chosen.norm(dim=-1) - threshold).clamp(min=0).sum() / max(len(chosen), 1)


def scaling_loss(
    log_scales: Tensor,  # (N,3) local
    visible: Tensor,  # (N,) bool
    threshold: float = 0.6,
) -> Tensor:
    """Mean over visible Gaussians of |relu(exp(log_scale) - threshold)|_2, a scalar."""
    if log_scales.device.type == "cpu":
        return _Hinge.apply(log_scales, visible, 0, threshold)  # type: ignore[no-any-return]
    excess = (log_scales[visible].exp() - threshold).clamp(min=0)
    square = excess.square().sum(-1)
    # sqrt has no gradient at zero: leave those rows out.
    return square[square > 0].sqrt().sum() / max(len(excess), 1)


class _Hinge(torch.autograd.Function):
    @staticmethod
    def forward(ctx, values: Tensor, visible: Tensor, mode: int, threshold: float) -> Tensor:  # type: ignore[override]
        gradient = torch.empty_like(values)
        excess = np.empty(3)
        total, count = kernels.hinge_norm(
            values.detach().contiguous().numpy(), excess, visible.numpy(), mode, threshold, gradient.numpy()
        )
        ctx.save_for_backward(gradient)
        ctx.count = max(count, 1)
        return values.new_tensor(total / ctx.count)

    @staticmethod
    def backward(ctx, upstream: Tensor):  # type: ignore[override]
        (gradient,) = ctx.saved_tensors
        return gradient * (upstream / ctx.count), None, None, None
