"""The first Gaussians: one per triangle, shaped like it and coloured by the pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from emoga_core.avatars import triangle_frames
from emoga_core.build.pictures import Shot
from emoga_core.heads import Head
from emoga_core.render import rasterize_mesh

_DEPTH_TOLERANCE = 0.004  # metres


def triangle_shapes(
    vertices: Tensor,  # (V,3)
    triangles: Tensor,  # (F,3)
) -> tuple[Tensor, Tensor]:
    """Principal axes of every triangle in its own frame: quaternions (F,4) wxyz about the local normal y, and
    standard deviations (F,2) along the rotated x and z axes, in units of the triangle's scale.

    A triangle of uniform density with corners p_i about its centroid has second moment sum p_i p_i^T / 12.
    """
    frames = triangle_frames(vertices, triangles)
    corners = vertices[triangles] - frames.centers[:, None]
    local = torch.einsum("fji,fkj->fki", frames.rotations, corners)
    local = local / frames.scales.clamp(min=1e-9)[:, None, None]
    x, z = local[..., 0], local[..., 2]
    xx, xz, zz = (x * x).sum(1) / 12, (x * z).sum(1) / 12, (z * z).sum(1) / 12
    half_angle = 0.25 * torch.atan2(2 * xz, xx - zz)
    middle, radius = (xx + zz) / 2, (((xx - zz) / 2) ** 2 + xz**2).sqrt()
    sigmas = torch.stack([middle + radius, middle - radius], 1).clamp(min=1e-4).sqrt()
    zero = torch.zeros_like(half_angle)
    return torch.stack([half_angle.cos(), zero, -half_angle.sin(), zero], 1), sigmas


def start_gaussians(
    vertices: Tensor,  # (V,3)
    triangles: Tensor,  # (F,3)
    scale: float,
    thickness: float,
    opacity: float | Tensor,  # or (F,)
) -> dict[str, Tensor]:
    """Local means, quaternions, log_scales and opacity_logits of one Gaussian per triangle."""
    quaternions, sigmas = triangle_shapes(vertices, triangles)
    count = len(triangles)
    scales = torch.stack(
        [sigmas[:, 0] * scale, torch.full_like(sigmas[:, 0], thickness), sigmas[:, 1] * scale], 1
    )
    return {
        "means": torch.zeros(count, 3, device=vertices.device),
        "quaternions": quaternions,
        "log_scales": scales.log(),
        "opacity_logits": torch.as_tensor(opacity, device=vertices.device).expand(count).logit(),
    }


def project_colours(
    shots: Sequence[Shot],
    vertices: Tensor,  # (T,V,3)
    head: Head,
    pictures: int = 70,
) -> tuple[Tensor, Tensor]:
    """Colour (F,3) and coverage (F,) in [0,1] of every triangle, from the pictures with its centre in front.

    The colour is the mean over pictures, weighted by the matte and by how much the triangle faces the camera;
    triangles that no picture shows take those of their neighbours. The coverage is the mean matte: near zero
    where the head's mesh goes on beyond what the pictures keep of the person.
    """
    triangles = head.triangles.cpu()
    count = len(triangles)
    total, weight, shown, matte = np.zeros((count, 3)), np.zeros(count), np.zeros(count), np.zeros(count)
    step = max(1, len(shots) // pictures)
    for shot in shots[::step]:
        sample = _sample(shot, vertices[shot.timestep].cpu(), triangles)
        inside = sample.facing * sample.matte**4
        total += inside[:, None] * sample.colours
        weight += inside
        shown += sample.facing
        matte += sample.facing * sample.matte
    values = np.concatenate(
        [total / np.maximum(weight, 1e-9)[:, None], (matte / np.maximum(shown, 1e-9))[:, None]], 1
    )
    values[:, :3] = _spread(values[:, :3], weight > 1e-6, triangles.numpy(), head.num_vertices, 0.5)
    values[:, 3:] = _spread(values[:, 3:], shown > 1e-6, triangles.numpy(), head.num_vertices, 1.0)
    result = torch.from_numpy(values).float().to(vertices.device)
    return result[:, :3], result[:, 3]


@dataclass
class _Sample:
    """What one picture says of F triangles: colours (F,3), mattes (F,), squared facing (F,), 0 if hidden."""

    colours: np.ndarray
    matte: np.ndarray
    facing: np.ndarray


def _sample(shot: Shot, vertices: Tensor, triangles: Tensor) -> _Sample:
    camera = shot.full.camera.to("cpu")
    depth = rasterize_mesh(vertices, triangles, camera).depth[0].numpy()
    corners = vertices[triangles]
    centres = corners.mean(1)
    normals = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = torch.nn.functional.normalize(normals, dim=1)
    toward = torch.nn.functional.normalize(camera.centers[0] - centres, dim=1)
    facing = (normals * toward).sum(1).numpy()
    pixels, distance = camera.project(centres)
    pixels, distance = pixels[0].numpy(), distance[0].numpy()
    column = pixels[:, 0].astype(np.int64).clip(0, camera.width - 1)
    row = pixels[:, 1].astype(np.int64).clip(0, camera.height - 1)
    front = depth[row, column]
    inside = (pixels >= 0).all(1) & (pixels < [camera.width, camera.height]).all(1)
    shown = inside & (facing > 0.1) & (front > 0) & (front > distance - _DEPTH_TOLERANCE)
    u, v = (pixels - 0.5).astype(np.float32).T
    image = shot.full.image.cpu().numpy()
    colours = cv2.remap(image, u.copy(), v.copy(), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    matte = shot.matte[row, column] / 255
    return _Sample(colours.reshape(-1, 3), matte, np.where(shown, facing.clip(0, 1) ** 2, 0))


def _spread(
    values: np.ndarray, seen: np.ndarray, triangles: np.ndarray, vertices: int, unknown: float
) -> np.ndarray:
    """Fills rows (F,D) of unseen triangles from their neighbours, ring by ring; parts of the mesh without any
    seen triangle get the mean."""
    if not seen.any():
        return np.full_like(values, unknown)
    values, known = values.copy(), seen.copy()
    mean = values[seen].mean(0)
    while not known.all():
        total, count = np.zeros((vertices, values.shape[1])), np.zeros(vertices)
        for corner in range(3):
            np.add.at(total, triangles[known, corner], values[known])
            np.add.at(count, triangles[known, corner], 1)
        support = count[triangles].sum(1)
        ring = ~known & (support > 0)
        if not ring.any():
            values[~known] = mean
            break
        values[ring] = total[triangles[ring]].sum(1) / support[ring, None]
        known |= ring
    return values
