"""Linear blend skinning with the conventions of FLAME and SMPL.

Loper et al., SMPL: A Skinned Multi-Person Linear Model (2015), eqs. 2-10; Li et al., Learning a model of
facial shape and expression from 4D scans (FLAME, 2017), eqs. 1-5. The root rotates about its own joint J_0,
not about the origin; translation comes last.
"""

from __future__ import annotations

import torch
from torch import Tensor

from emoga_core.errors import EmogaError

_SMALL_ANGLE_SQUARED = 1e-6
"""Below this squared angle (rad^2) Rodrigues' factors come from their Taylor series, exact to 1e-14."""


def rotation_matrices(axis_angle: Tensor) -> Tensor:
    """Rodrigues' formula R = I + (sin t / t) K + ((1 - cos t) / t^2) K^2, K = [axis_angle]_x, t =
    |axis_angle|.

    Args:
        axis_angle: (..., 3) radians.
    Returns:
        (..., 3, 3). Gradients are finite everywhere, also at zero (where dR/dv is the generator).
    """
    squared = (axis_angle * axis_angle).sum(-1)
    small = squared < _SMALL_ANGLE_SQUARED
    safe = torch.where(small, torch.ones_like(squared), squared)
    angle = safe.sqrt()
    sine = torch.where(small, 1 - squared / 6 + squared**2 / 120, angle.sin() / angle)
    # 1 - cos t = 2 sin^2(t/2) loses no digits at small angles.
    cosine = torch.where(small, 0.5 - squared / 24 + squared**2 / 720, 2 * (0.5 * angle).sin() ** 2 / safe)
    x, y, z = axis_angle.unbind(-1)
    zero = torch.zeros_like(x)
    k = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).unflatten(-1, (3, 3))
    identity = torch.eye(3, dtype=axis_angle.dtype, device=axis_angle.device)
    return identity + sine[..., None, None] * k + cosine[..., None, None] * (k @ k)


def joint_transforms(rotations: Tensor, joints: Tensor, parents: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Transforms that carry rest-pose points of each joint to the pose (SMPL eqs. 3-4).

    Args:
        rotations: (B, J, 3, 3) relative to the parent.
        joints: (B, J, 3) rest positions, metres.
        parents: parent of each joint, -1 for the root; parents come before children.
    Returns:
        rotation (B, J, 3, 3) and offset (B, J, 3) with x_posed = rotation x_rest + offset.
    """
    world: list[Tensor] = []
    offsets: list[Tensor] = []
    for j, parent in enumerate(parents):
        local, pivot = rotations[:, j], joints[:, j]
        # Rotation about the pivot: x -> R x + (p - R p), then the parent's transform.
        offset = pivot - (local @ pivot[..., None])[..., 0]
        if parent < 0:
            world.append(local)
            offsets.append(offset)
        else:
            world.append(world[parent] @ local)
            offsets.append((world[parent] @ offset[..., None])[..., 0] + offsets[parent])
    return torch.stack(world, 1), torch.stack(offsets, 1)


def skin(points: Tensor, weights: Tensor, rotations: Tensor, offsets: Tensor) -> Tensor:
    """x_v = sum_j w_vj (R_j x_v + o_j) (SMPL eq. 2).

    Args:
        points: (B, V, 3).
        weights: (V, J), rows summing to one.
        rotations, offsets: (B, J, 3, 3) and (B, J, 3) of `joint_transforms`.
    Returns:
        (B, V, 3).
    """
    transforms = torch.cat([rotations, offsets[..., None]], -1).flatten(2)  # (B, J, 12)
    blended = (weights @ transforms).unflatten(-1, (3, 4))  # (B, V, 3, 4)
    return (blended[..., :3] @ points[..., None])[..., 0] + blended[..., 3]


def pose_feature(rotations: Tensor) -> Tensor:
    """(R_1 - I, ..., R_{J-1} - I) flattened, (B, 9 (J-1)): what pose correctives are linear in (SMPL eq.
    9)."""
    identity = torch.eye(3, dtype=rotations.dtype, device=rotations.device)
    return (rotations[:, 1:] - identity).flatten(1)


def require_shape(name: str, tensor: Tensor, *shape: int | None) -> None:
    """Raises EmogaError unless `tensor` has `shape` (None matches any size)."""
    if tensor.ndim != len(shape) or any(
        w is not None and s != w for s, w in zip(tensor.shape, shape, strict=True)
    ):
        wanted = ", ".join("any" if w is None else str(w) for w in shape)
        raise EmogaError(f"{name} has shape {tuple(tensor.shape)}, expected ({wanted})")
