"""The photometric loss of 3DGS and GaussianAvatars: (1 - w) L1 + w (1 - SSIM), fused on the CPU.

SSIM: Wang et al. 2004, per channel; 11x11 Gaussian window, sigma 1.5, zero padding, C1 = 0.01^2, C2 = 0.03^2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from emoga_core.losses import _l1_ssim_kernels as kernels


@dataclass(frozen=True)
class PreparedTarget:
    """A target image with its windowed statistics, computed once for many steps."""

    planar: Tensor  # (3,H,W)
    mean: Tensor  # (3,H,W)
    variance: Tensor  # (3,H,W)

    @property
    def image(self) -> Tensor:
        """The target (H,W,3)."""
        return self.planar.permute(1, 2, 0)


def prepare_target(
    target: Tensor,  # (H,W,3)
) -> PreparedTarget:
    """Precomputes what `l1_ssim` needs of a target that is compared with more than once."""
    _check_image(target, "target")
    planar = target.detach().permute(2, 0, 1).contiguous()
    if planar.device.type != "cpu":
        mean = _window(planar[None])[0]
        return PreparedTarget(planar, mean, _window(planar[None] ** 2)[0] - mean**2)
    mean, variance = torch.empty_like(planar), torch.empty_like(planar)
    scratch = np.empty((6, *planar.shape[1:]), planar.numpy().dtype)
    window = kernels.gaussian_window(scratch.dtype.type)
    kernels.target_statistics(planar.numpy(), window, scratch, mean.numpy(), variance.numpy())
    return PreparedTarget(planar, mean, variance)


def l1_ssim(
    image: Tensor,  # (H,W,3)
    target: Tensor | PreparedTarget,  # (H,W,3), or prepared
    ssim_weight: float = 0.2,
) -> Tensor:
    """(1 - w) mean |image - target| + w (1 - SSIM), a scalar; differentiable in `image`.

    CPU tensors take fused numba kernels, float32 or float64; others the torch formula `l1_ssim_reference`.

    Raises: ValueError when the shapes differ or are not (H,W,3).
    """
    _check_image(image, "image")
    prepared = target if isinstance(target, PreparedTarget) else prepare_target(target)
    if prepared.planar.shape[1:] != image.shape[:2]:
        raise ValueError(f"image {tuple(image.shape)}, target {tuple(prepared.image.shape)}: differ in shape")
    if image.device.type != "cpu":
        return l1_ssim_reference(image, prepared.image, ssim_weight)
    return _FusedL1Ssim.apply(image, prepared, ssim_weight)  # type: ignore[no-any-return]


def l1_ssim_reference(image: Tensor, target: Tensor, ssim_weight: float = 0.2) -> Tensor:
    """The same in plain torch: the CUDA path, and the oracle of the kernels."""
    absolute = (image - target).abs().mean()
    return (1 - ssim_weight) * absolute + ssim_weight * (1 - ssim_map_reference(image, target).mean())


def ssim_map(
    image: Tensor,  # (H,W,3)
    target: Tensor | PreparedTarget,  # (H,W,3)
) -> Tensor:
    """SSIM per pixel (H,W), mean of the three channels; no gradient."""
    prepared = target if isinstance(target, PreparedTarget) else prepare_target(target)
    image = image.detach().contiguous()
    if image.device.type != "cpu":
        return ssim_map_reference(image, prepared.image)
    return torch.from_numpy(_run_forward(image, prepared)[2])


def ssim_map_reference(image: Tensor, target: Tensor) -> Tensor:
    """SSIM per pixel (H,W) in plain torch, differentiable in both."""
    x, y = image.permute(2, 0, 1)[None], target.permute(2, 0, 1)[None]
    mean_x, mean_y = _window(x), _window(y)
    variance_x, variance_y = _window(x * x) - mean_x**2, _window(y * y) - mean_y**2
    covariance = _window(x * y) - mean_x * mean_y
    numerator = (2 * mean_x * mean_y + kernels.C1) * (2 * covariance + kernels.C2)
    denominator = (mean_x**2 + mean_y**2 + kernels.C1) * (variance_x + variance_y + kernels.C2)
    return (numerator / denominator)[0].mean(0)


def _window(x: Tensor) -> Tensor:
    """Separable zero-padded window over (B,3,H,W)."""
    w = torch.from_numpy(kernels.gaussian_window(np.float64)).to(x)
    across = w.reshape(1, 1, 1, -1).repeat(3, 1, 1, 1)
    down = w.reshape(1, 1, -1, 1).repeat(3, 1, 1, 1)
    x = functional.conv2d(x, across, padding=(0, kernels.RADIUS), groups=3)
    return functional.conv2d(x, down, padding=(kernels.RADIUS, 0), groups=3)


def _check_image(image: Tensor, name: str) -> None:
    if image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"{name} must be (H,W,3), got {tuple(image.shape)}")


def _run_forward(
    image: Tensor, prepared: PreparedTarget
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(row sums (H,2), partials (9,H,W), SSIM map (H,W), scratch rows (9,H,W))."""
    pixels = image.numpy()
    height, width, _ = pixels.shape
    rows = np.empty((9, height, width), pixels.dtype)
    partials = np.empty_like(rows)
    ssim = np.empty((height, width), pixels.dtype)
    sums = np.empty((height, 2), np.float64)
    kernels.l1_ssim_forward(
        pixels,
        prepared.planar.numpy(),
        prepared.mean.numpy(),
        prepared.variance.numpy(),
        kernels.gaussian_window(pixels.dtype.type),
        rows,
        partials,
        ssim,
        sums,
    )
    return sums, partials, ssim, rows


class _FusedL1Ssim(torch.autograd.Function):
    """Forward and gradient in one go: the gradient is ready before backward asks for it."""

    @staticmethod
    def forward(ctx, image: Tensor, prepared: PreparedTarget, weight: float) -> Tensor:  # type: ignore[override]
        pixels = image.detach().contiguous()
        sums, partials, _, rows = _run_forward(pixels, prepared)
        n = pixels.numel()
        if image.requires_grad:
            gradient = torch.empty_like(pixels)
            number = pixels.numpy().dtype.type
            kernels.l1_ssim_backward(
                pixels.numpy(),
                prepared.planar.numpy(),
                kernels.gaussian_window(number),
                partials,
                rows,
                number((1 - weight) / n),
                number(-weight / n),
                gradient.numpy(),
            )
            ctx.save_for_backward(gradient)
        l1, ssim = sums.sum(0) / n
        return pixels.new_tensor((1 - weight) * l1 + weight * (1 - ssim))

    @staticmethod
    def backward(ctx, upstream: Tensor):  # type: ignore[override]
        (gradient,) = ctx.saved_tensors
        return gradient * upstream, None, None
