"""Gaussians that ride on triangles (GaussianAvatars, Qian et al. 2024, section 3.2).

Each triangle has a frame: its centre T, a rotation R whose columns are the first edge, the normal and their
cross product, and a size s = (base + height) / 2. A Gaussian's local mean mu, rotation q and log-scale become

    mean = s R mu + T,    rotation = q(R) * normalize(q),    scale = s exp(log_scale).

On the CPU compiled kernels with hand-written gradients do this; elsewhere, and as their oracle, PyTorch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from emoga_core.avatars import binding_kernels as kernels
from emoga_core.avatars.errors import AvatarError

Backend = Literal["auto", "numba", "torch"]


@dataclass(frozen=True)
class TriangleFrames:
    """One frame for each of F triangles; a leading batch dimension B where the vertices had one.

    Attributes:
        centers: ([B,] F, 3) metres.
        rotations: ([B,] F, 3, 3), columns = axes, determinant +1.
        quaternions: ([B,] F, 4) unit, wxyz, of the same rotations.
        scales: ([B,] F) metres.
    """

    centers: Tensor
    rotations: Tensor
    quaternions: Tensor
    scales: Tensor


@dataclass
class Binding:
    """Which triangle each Gaussian rides on: triangles (N,) int64."""

    triangles: Tensor


class LocalShapes(Protocol):
    """Anything with means (N, 3), quaternions (N, 4) wxyz and log_scales (N, 3) in triangle frames."""

    means: Tensor
    quaternions: Tensor
    log_scales: Tensor


def triangle_frames(vertices: Tensor, triangles: Tensor, *, backend: Backend = "auto") -> TriangleFrames:
    """The frame of every triangle; differentiable with respect to the vertices.

    Lengths are clamped at 1e-10 m: a degenerate triangle has a finite frame, and its vertices receive
    gradients through its centre only.

    Args:
        vertices: (V, 3) or (B, V, 3), metres, float32 or float64.
        triangles: (F, 3) int64.

    Raises:
        AvatarError: wrong shapes.
    """
    if vertices.ndim not in (2, 3) or vertices.shape[-1] != 3:
        raise AvatarError(f"vertices have shape {tuple(vertices.shape)}, expected (V, 3) or (B, V, 3)")
    if triangles.ndim != 2 or triangles.shape[1] != 3:
        raise AvatarError(f"triangles have shape {tuple(triangles.shape)}, expected (F, 3)")
    if _compiled(backend, vertices):
        if triangles.numel() and not (triangles.min() >= 0 and triangles.max() < vertices.shape[-2]):
            raise AvatarError(f"triangles name vertices outside 0..{vertices.shape[-2] - 1}")
        return TriangleFrames(*_Frames.apply(vertices, triangles))
    return _frames_torch(vertices, triangles)


def bind(
    local: LocalShapes, parent: Tensor, frames: TriangleFrames, *, backend: Backend = "auto"
) -> tuple[Tensor, Tensor, Tensor]:
    """Moves local Gaussians into the world; differentiable in the Gaussians and in the frames.

    Args:
        local: N Gaussians in the units of their triangles.
        parent: (N,) int64, each Gaussian's triangle.
        frames: F frames, batched or not.

    Returns:
        means ([B,] N, 3) metres, quaternions ([B,] N, 4) unit wxyz, scales ([B,] N, 3) metres.

    Raises:
        AvatarError: wrong shapes, or a parent that is no triangle.
    """
    count = parent.shape[0]
    for name, width in (("means", 3), ("quaternions", 4), ("log_scales", 3)):
        shape = tuple(getattr(local, name).shape)
        if shape != (count, width):
            raise AvatarError(f"local {name} have shape {shape}, expected ({count}, {width})")
    if count and not (parent.min() >= 0 and parent.max() < frames.scales.shape[-1]):
        raise AvatarError(f"Gaussians name triangles outside 0..{frames.scales.shape[-1] - 1}")
    inputs = (local.means, local.quaternions, local.log_scales)
    framing = (frames.centers, frames.rotations, frames.quaternions, frames.scales)
    if _compiled(backend, local.means):
        return _Bind.apply(*inputs, parent, *framing)  # type: ignore[return-value]
    return _bind_torch(*inputs, parent, *framing)


def unbind(
    means: Tensor, quaternions: Tensor, scales: Tensor, parent: Tensor, frames: TriangleFrames
) -> tuple[Tensor, Tensor, Tensor]:
    """The inverse of `bind`: world means (N, 3), quaternions (N, 4), scales (N, 3) -> local means, unit
    quaternions, log-scales, for unbatched frames."""
    size = frames.scales[parent, None]
    shift = (means - frames.centers[parent]) / size
    local_means = torch.einsum("nki,nk->ni", frames.rotations[parent], shift)
    conjugate = frames.quaternions[parent] * means.new_tensor([1, -1, -1, -1])
    unit = torch.nn.functional.normalize(quaternions, dim=-1)
    return local_means, multiply_quaternions(conjugate, unit), torch.log(scales / size)


def multiply_quaternions(a: Tensor, b: Tensor) -> Tensor:
    """Hamilton product of wxyz quaternions (..., 4)."""
    aw, ax, ay, az = a.unbind(-1)
    bw, bx, by, bz = b.unbind(-1)
    return torch.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        -1,
    )


def matrices_to_quaternions(rotations: Tensor) -> Tensor:
    """Unit quaternions wxyz (..., 4) of rotation matrices (..., 3, 3), by the largest component."""
    m = rotations
    xx, yy, zz = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    x = m[..., 2, 1] - m[..., 1, 2]
    y = m[..., 0, 2] - m[..., 2, 0]
    z = m[..., 1, 0] - m[..., 0, 1]
    xy = m[..., 1, 0] + m[..., 0, 1]
    xz = m[..., 0, 2] + m[..., 2, 0]
    yz = m[..., 2, 1] + m[..., 1, 2]
    # Row k is 4 q_k q: the row of the largest component is the best conditioned.
    rows = torch.stack(
        [
            torch.stack([1 + xx + yy + zz, x, y, z], -1),
            torch.stack([x, 1 + xx - yy - zz, xy, xz], -1),
            torch.stack([y, xy, 1 - xx + yy - zz, yz], -1),
            torch.stack([z, xz, yz, 1 - xx - yy + zz], -1),
        ],
        -2,
    )
    positive = xx + yy + zz > 0
    axis = torch.stack([xx, yy, zz], -1).argmax(-1) + 1
    best = torch.where(positive, torch.zeros_like(axis), axis)
    chosen = torch.take_along_dim(rows, best[..., None, None], -2).squeeze(-2)
    return torch.nn.functional.normalize(chosen, dim=-1)


def _compiled(backend: Backend, tensor: Tensor) -> bool:
    if backend == "auto":
        return tensor.device.type == "cpu" and tensor.dtype in (torch.float32, torch.float64)
    return backend == "numba"


def _frames_torch(vertices: Tensor, triangles: Tensor) -> TriangleFrames:
    """The twin of the kernels."""
    v0, v1, v2 = vertices[..., triangles, :].unbind(-2)
    first, second = v1 - v0, v2 - v0
    a0 = _normalize(first)
    a1 = _normalize(torch.linalg.cross(a0, second))
    a2 = torch.linalg.cross(a0, a1)
    base = _length(first)
    rotations = torch.stack([a0, a1, a2], -1)
    return TriangleFrames(
        centers=(v0 + v1 + v2) / 3,
        rotations=rotations,
        quaternions=matrices_to_quaternions(rotations),
        scales=(base.squeeze(-1) + (a2 * second).sum(-1).abs()) / 2,
    )


def _length(vector: Tensor) -> Tensor:
    return vector.square().sum(-1, keepdim=True).clamp_min(kernels.SMALLEST_SQUARE).sqrt()


def _normalize(vector: Tensor) -> Tensor:
    proper = vector.square().sum(-1, keepdim=True) > kernels.SMALLEST_SQUARE
    unit = vector / _length(vector)
    return torch.where(proper, unit, unit.detach())


def _bind_torch(
    means: Tensor, quaternions: Tensor, log_scales: Tensor, parent: Tensor,
    centers: Tensor, rotations: Tensor, face_quaternions: Tensor, face_scales: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    size = face_scales[..., parent, None]
    turned = torch.einsum("...nki,ni->...nk", rotations[..., parent, :, :], means)
    unit = torch.nn.functional.normalize(quaternions, dim=-1, eps=0)
    return (
        size * turned + centers[..., parent, :],
        multiply_quaternions(face_quaternions[..., parent, :], unit.expand(*size.shape[:-2], -1, -1)),
        size * log_scales.exp(),
    )


def _arrays(*tensors: Tensor) -> list:
    """NumPy views; the kernels want them contiguous so that they compile once."""
    return [tensor.detach().contiguous().numpy() for tensor in tensors]


class _Frames(torch.autograd.Function):
    @staticmethod
    def forward(ctx, vertices: Tensor, triangles: Tensor):  # type: ignore[override]
        faces = triangles.contiguous()
        lead, count = vertices.shape[:-2], len(faces)
        out = [vertices.new_empty((*lead, count, *shape)) for shape in ((3,), (3, 3), (4,), ())]
        batch = vertices.detach().reshape(-1, *vertices.shape[-2:])
        views = [o.view(-1, *o.shape[len(lead) :]) for o in out]
        for b in range(len(batch)):
            kernels.frames_forward(*_arrays(batch[b], faces, *(view[b] for view in views)))
        ctx.save_for_backward(vertices, faces, out[1], out[2])
        return tuple(out)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, *gradients: Tensor):  # type: ignore[override]
        vertices, faces, rotations, quaternions = ctx.saved_tensors
        result = vertices.new_zeros(vertices.shape)
        lead = vertices.ndim - 2
        per_face = [g.reshape(-1, *g.shape[lead:]) for g in (rotations, quaternions, *gradients)]
        batch, out = vertices.reshape(-1, *vertices.shape[-2:]), result.view(-1, *vertices.shape[-2:])
        for b in range(len(batch)):
            r, q, *given = (tensor[b] for tensor in per_face)
            kernels.frames_backward(*_arrays(batch[b], faces, r, q, *given, out[b]))
        return result, None


class _Bind(torch.autograd.Function):
    @staticmethod
    def forward(  # type: ignore[override]
        ctx, means, quaternions, log_scales, parent, centers, rotations, face_quaternions, face_scales
    ):
        lead, count = face_scales.shape[:-1], len(parent)
        out = [means.new_empty((*lead, count, width)) for width in (3, 4, 3)]
        local = _arrays(means, quaternions, log_scales, parent)
        framing = _flat((centers, rotations, face_quaternions, face_scales), len(lead))
        views = [o.view(-1, *o.shape[len(lead) :]) for o in out]
        for b in range(len(framing[0])):
            kernels.bind_forward(*local, *_arrays(*(f[b] for f in framing)), *_arrays(*(v[b] for v in views)))
        ctx.save_for_backward(
            means, quaternions, parent, centers, rotations, face_quaternions, face_scales, out[2]
        )
        return tuple(out)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, *gradients: Tensor):  # type: ignore[override]
        means, quaternions, parent, *framing, scales = ctx.saved_tensors
        _, rotations, face_quaternions, face_scales = framing
        # new_zeros, not zeros_like: the kernels write into these, so they must be contiguous.
        local = [tensor.new_zeros(tensor.shape) for tensor in (means, quaternions, means)]
        faces = [tensor.new_zeros(tensor.shape) for tensor in framing]
        lead = face_scales.ndim - 1
        inputs = _flat((rotations, face_quaternions, face_scales, scales, *gradients), lead)
        targets = _flat(faces, lead)
        with_frames = any(ctx.needs_input_grad[4:])
        for b in range(len(inputs[0])):
            given = _arrays(means, quaternions, parent, *(f[b] for f in inputs))
            kernels.bind_backward(with_frames, *given, *_arrays(*local, *(f[b] for f in targets)))
        return (*local, None, *(faces if with_frames else [None] * 4))


def _flat(tensors, lead: int) -> list[Tensor]:
    """Folds the leading batch dimensions into one."""
    return [tensor.reshape(-1, *tensor.shape[lead:]) for tensor in tensors]
