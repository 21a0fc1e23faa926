"""View-dependent colour: real spherical harmonics of degree 0 to 3, as 3D Gaussian splatting stores them.

Basis order and signs follow Kerbl et al. 2023 (and Sloan 2008, "Stupid Spherical Harmonics Tricks").
The colour is max(SH(direction) + 0.5, 0).
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from emoga_core.errors import EmogaError
from emoga_core.render.buffers import empty, empty_like
from emoga_core.render.numba_kernels import kernel

C0 = 0.28209479177387814
C1 = 0.4886025119029199
C2 = (1.0925484305920792, 0.31539156525252005, 0.5462742152960396)
C3 = (0.5900435899266435, 2.890611442640554, 0.4570457994644658, 0.3731763325901154, 1.445305721320277)


def sh_basis(directions: Tensor, count: int) -> Tensor:
    """The first `count` (1, 4, 9 or 16) basis functions at unit directions (..., 3) -> (..., count)."""
    x, y, z = directions.unbind(-1)
    values = [torch.full_like(x, C0)]
    if count > 1:
        values += [-C1 * y, C1 * z, -C1 * x]
    xx, yy, zz = x * x, y * y, z * z
    if count > 4:
        values += [C2[0] * x * y, -C2[0] * y * z, C2[1] * (2 * zz - xx - yy), -C2[0] * x * z]
        values += [C2[2] * (xx - yy)]
    if count > 9:
        values += [-C3[0] * y * (3 * xx - yy), C3[1] * x * y * z, -C3[2] * y * (4 * zz - xx - yy)]
        values += [C3[3] * z * (2 * zz - 3 * xx - 3 * yy), -C3[2] * x * (4 * zz - xx - yy)]
        values += [C3[4] * z * (xx - yy), -C3[0] * x * (xx - 3 * yy)]
    return torch.stack(values, dim=-1)


def evaluate_sh_torch(sh: Tensor, directions: Tensor) -> Tensor:
    """The slow twin of `evaluate_sh`, in plain torch on any device."""
    basis = sh_basis(torch.nn.functional.normalize(directions, dim=-1), sh.shape[1])
    return torch.einsum("nk,nkc->nc", basis, sh).add(0.5).clamp_min(0.0)


def evaluate_sh(sh: Tensor, directions: Tensor) -> Tensor:
    """Colours of Gaussians seen along `directions`.

    Args:
        sh: (N, K, 3) coefficients, K = 1, 4, 9 or 16.
        directions: (N, 3) from the camera to each Gaussian, in world space, of any length.

    Returns:
        (N, 3) colours, max(SH + 0.5, 0), differentiable in both arguments. Equation: Kerbl et al. 2023.

    Raises:
        EmogaError: when the shapes do not belong together.
    """
    count = sh.shape[0]
    if sh.ndim != 3 or sh.shape[1] not in (1, 4, 9, 16) or sh.shape[2] != 3:
        raise EmogaError(f"evaluate_sh: sh has shape {tuple(sh.shape)}, expected (N, K, 3), K = 1, 4, 9, 16.")
    if tuple(directions.shape) != (count, 3):
        raise EmogaError(
            f"evaluate_sh: directions have shape {tuple(directions.shape)}, expected ({count}, 3)."
        )
    if sh.device.type == "cpu" and sh.dtype in (torch.float32, torch.float64):
        return _EvaluateSH.apply(sh, directions.to(sh.dtype))  # type: ignore[return-value]
    return evaluate_sh_torch(sh, directions)


class _EvaluateSH(torch.autograd.Function):
    @staticmethod
    def forward(ctx, sh: Tensor, directions: Tensor) -> Tensor:
        ctx.arrays = sh.detach().contiguous().numpy(), directions.detach().contiguous().numpy()
        ctx.colors = sh_forward(*ctx.arrays)
        return torch.from_numpy(ctx.colors)

    @staticmethod
    def backward(ctx, grad_colors: Tensor):  # type: ignore[override]
        sh, directions = ctx.arrays
        grads = sh_backward(
            sh, directions, ctx.colors, grad_colors.contiguous().numpy(), *ctx.needs_input_grad
        )
        return tuple(None if grad is None else torch.from_numpy(grad) for grad in grads)


def sh_forward(sh: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """`evaluate_sh` on contiguous arrays of one float type."""
    colors = empty((sh.shape[0], 3), sh.dtype)
    _forward(sh, directions, colors)
    return colors


def sh_backward(
    sh: np.ndarray,
    directions: np.ndarray,
    colors: np.ndarray,
    grad_colors: np.ndarray,
    want_sh: bool = True,
    want_directions: bool = True,
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Gradients (N, K, 3) and (N, 3) of a scalar with respect to `sh` and `directions`; None where not
    wanted.

    `colors` is what `sh_forward` returned, `grad_colors` (N, 3) the scalar's gradient with respect to it.
    """
    grad_sh = grad_directions = None
    if want_sh:
        grad_sh = empty_like(sh)
        _backward_sh(directions, colors, grad_colors, grad_sh)
    if want_directions:
        grad_directions = empty_like(directions)
        _backward_directions(sh, directions, colors, grad_colors, grad_directions)
    return grad_sh, grad_directions


@kernel(inline="always")
def _basis(x, y, z, basis, count, f):
    basis[0] = f(C0)
    if count > 1:
        basis[1] = -f(C1) * y
        basis[2] = f(C1) * z
        basis[3] = -f(C1) * x
    if count > 4:
        xx = x * x
        yy = y * y
        zz = z * z
        basis[4] = f(C2[0]) * x * y
        basis[5] = -f(C2[0]) * y * z
        basis[6] = f(C2[1]) * (f(2) * zz - xx - yy)
        basis[7] = -f(C2[0]) * x * z
        basis[8] = f(C2[2]) * (xx - yy)
        if count > 9:
            basis[9] = -f(C3[0]) * y * (f(3) * xx - yy)
            basis[10] = f(C3[1]) * x * y * z
            basis[11] = -f(C3[2]) * y * (f(4) * zz - xx - yy)
            basis[12] = f(C3[3]) * z * (f(2) * zz - f(3) * xx - f(3) * yy)
            basis[13] = -f(C3[2]) * x * (f(4) * zz - xx - yy)
            basis[14] = f(C3[4]) * z * (xx - yy)
            basis[15] = -f(C3[0]) * x * (xx - f(3) * yy)


@kernel()
def _forward(sh, directions, colors):
    f = sh.dtype.type
    count = sh.shape[1]
    basis = np.empty(16, sh.dtype)
    for i in range(sh.shape[0]):
        x = directions[i, 0]
        y = directions[i, 1]
        z = directions[i, 2]
        n = f(1) / max(math.sqrt(x * x + y * y + z * z), f(1e-12))
        _basis(x * n, y * n, z * n, basis, count, f)
        r = f(0.5)
        g = f(0.5)
        b = f(0.5)
        for k in range(count):
            r += basis[k] * sh[i, k, 0]
            g += basis[k] * sh[i, k, 1]
            b += basis[k] * sh[i, k, 2]
        colors[i, 0] = max(r, f(0))
        colors[i, 1] = max(g, f(0))
        colors[i, 2] = max(b, f(0))


@kernel()
def _backward_sh(directions, colors, grad_colors, grad_sh):
    f = directions.dtype.type
    count = grad_sh.shape[1]
    basis = np.empty(16, directions.dtype)
    for i in range(directions.shape[0]):
        x = directions[i, 0]
        y = directions[i, 1]
        z = directions[i, 2]
        n = f(1) / max(math.sqrt(x * x + y * y + z * z), f(1e-12))
        _basis(x * n, y * n, z * n, basis, count, f)
        r = grad_colors[i, 0] if colors[i, 0] > f(0) else f(0)
        g = grad_colors[i, 1] if colors[i, 1] > f(0) else f(0)
        b = grad_colors[i, 2] if colors[i, 2] > f(0) else f(0)
        for k in range(count):
            grad_sh[i, k, 0] = basis[k] * r
            grad_sh[i, k, 1] = basis[k] * g
            grad_sh[i, k, 2] = basis[k] * b


@kernel()
def _backward_directions(sh, directions, colors, grad_colors, grad_directions):
    f = sh.dtype.type
    count = sh.shape[1]
    v = np.zeros(16, sh.dtype)  # gradient with respect to each basis function
    for i in range(sh.shape[0]):
        r = grad_colors[i, 0] if colors[i, 0] > f(0) else f(0)
        g = grad_colors[i, 1] if colors[i, 1] > f(0) else f(0)
        b = grad_colors[i, 2] if colors[i, 2] > f(0) else f(0)
        for k in range(count):
            v[k] = sh[i, k, 0] * r + sh[i, k, 1] * g + sh[i, k, 2] * b
        x = directions[i, 0]
        y = directions[i, 1]
        z = directions[i, 2]
        n = f(1) / max(math.sqrt(x * x + y * y + z * z), f(1e-12))
        x *= n
        y *= n
        z *= n
        gx, gy, gz = _basis_derivative(x, y, z, v, count, f)
        along = gx * x + gy * y + gz * z  # only the part across the unit direction turns it
        grad_directions[i, 0] = (gx - along * x) * n
        grad_directions[i, 1] = (gy - along * y) * n
        grad_directions[i, 2] = (gz - along * z) * n


@kernel()
def _basis_derivative(x, y, z, v, count, f):
    gx = f(0)
    gy = f(0)
    gz = f(0)
    if count > 1:
        gx -= f(C1) * v[3]
        gy -= f(C1) * v[1]
        gz += f(C1) * v[2]
    if count > 4:
        gx += f(C2[0]) * (y * v[4] - z * v[7]) + f(2) * x * (f(C2[2]) * v[8] - f(C2[1]) * v[6])
        gy += f(C2[0]) * (x * v[4] - z * v[5]) - f(2) * y * (f(C2[2]) * v[8] + f(C2[1]) * v[6])
        gz += f(4) * f(C2[1]) * z * v[6] - f(C2[0]) * (y * v[5] + x * v[7])
    if count > 9:
        xx = x * x
        yy = y * y
        zz = z * z
        xy = x * y
        xz = x * z
        yz = y * z
        gx += f(C3[0]) * f(-3) * (f(2) * xy * v[9] + (xx - yy) * v[15]) + f(C3[1]) * yz * v[10]
        gx += f(C3[2]) * (f(2) * xy * v[11] - (f(4) * zz - f(3) * xx - yy) * v[13])
        gx += f(2) * xz * (f(C3[4]) * v[14] - f(3) * f(C3[3]) * v[12])
        gy += f(C3[0]) * f(-3) * ((xx - yy) * v[9] - f(2) * xy * v[15]) + f(C3[1]) * xz * v[10]
        gy += f(C3[2]) * (f(2) * xy * v[13] - (f(4) * zz - xx - f(3) * yy) * v[11])
        gy -= f(2) * yz * (f(C3[4]) * v[14] + f(3) * f(C3[3]) * v[12])
        gz += f(C3[1]) * xy * v[10] - f(8) * f(C3[2]) * (yz * v[11] + xz * v[13])
        gz += f(C3[3]) * (f(6) * zz - f(3) * (xx + yy)) * v[12] + f(C3[4]) * (xx - yy) * v[14]
    return gx, gy, gz
