"""The rasteriser's slow twin: every Gaussian against every pixel, in plain torch with autograd.

It is the oracle of the tests (in float64) and runs on any device; memory grows with N x H x W.
"""

from __future__ import annotations

import torch
from torch import Tensor

from emoga_core.render.cameras import Cameras
from emoga_core.render.gaussians import Gaussians
from emoga_core.render.raster_info import RasterInfo, expected_depth
from emoga_core.render.sh import evaluate_sh_torch
from emoga_core.render.splat_blend import MAX_ALPHA, MIN_TRANSMITTANCE
from emoga_core.render.splat_projection import BLUR, FAR, MARGIN, MIN_ALPHA, NEAR


def project_reference(
    means: Tensor,
    quaternions: Tensor,
    scales: Tensor,
    view: Tensor,
    intrinsics: Tensor,
    width: int,
    height: int,
) -> tuple[Tensor, Tensor, Tensor]:
    """-> means2d (N, 2), conics (N, 3) and depths (N,), by the matrix formulas of EWA splatting.

    The covariance is J W R S S^T R^T W^T J^T + 0.3 I (Kerbl et al. 2023, equation 5). Gaussians in front of
    the near plane only; callers mask the others.
    """
    rotation, translation = view[:3, :3], view[:3, 3]
    camera = means @ rotation.T + translation
    x, y, z = camera.unbind(-1)
    z = torch.where(z >= NEAR, z, torch.ones_like(z))
    fx, fy, cx, cy = intrinsics[0, 0], intrinsics[1, 1], intrinsics[0, 2], intrinsics[1, 2]
    slope_x = torch.clamp(x / z, -(cx + MARGIN * width) / fx, (width - cx + MARGIN * width) / fx)
    slope_y = torch.clamp(y / z, -(cy + MARGIN * height) / fy, (height - cy + MARGIN * height) / fy)
    zero = torch.zeros_like(z)
    jacobian = torch.stack(
        [
            torch.stack([fx / z, zero, -fx * slope_x / z], -1),
            torch.stack([zero, fy / z, -fy * slope_y / z], -1),
        ],
        dim=-2,
    )
    factor = jacobian @ rotation @ quaternion_matrix(quaternions) * scales[:, None, :]
    covariance = factor @ factor.transpose(1, 2) + BLUR * torch.eye(2, dtype=means.dtype, device=means.device)
    inverse = torch.linalg.inv(covariance)
    conics = torch.stack([inverse[:, 0, 0], inverse[:, 0, 1], inverse[:, 1, 1]], -1)
    means2d = torch.stack([fx * x / z + cx, fy * y / z + cy], -1)
    return means2d, conics, camera[:, 2]


def quaternion_matrix(quaternions: Tensor) -> Tensor:
    """Rotation matrices (N, 3, 3) of quaternions (N, 4) in w, x, y, z order and of any length."""
    w, x, y, z = torch.nn.functional.normalize(quaternions, dim=-1).unbind(-1)
    rows = [
        torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)], -1),
        torch.stack([2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)], -1),
        torch.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], -1),
    ]
    return torch.stack(rows, -2)


def blend_reference(
    means2d: Tensor,
    conics: Tensor,
    depths: Tensor,
    opacities: Tensor,
    colors: Tensor,
    width: int,
    height: int,
    background: Tensor,
) -> tuple[Tensor, Tensor]:
    """-> image (H, W, 3) and alphas (H, W)."""
    visible = (depths >= NEAR) & (depths <= FAR) & (opacities >= MIN_ALPHA)
    order = torch.argsort(depths.detach(), stable=True)
    order = order[visible[order]]
    like = {"dtype": means2d.dtype, "device": means2d.device}
    rows, columns = torch.meshgrid(
        torch.arange(height, **like) + 0.5, torch.arange(width, **like) + 0.5, indexing="ij"
    )
    offset = means2d[order][:, None, None] - torch.stack([columns, rows], -1)
    xx, xy, yy = conics[order][:, None, None].unbind(-1)
    dx, dy = offset.unbind(-1)
    alpha = opacities[order][:, None, None] * torch.exp(-0.5 * (xx * dx * dx + yy * dy * dy) - xy * dx * dy)
    alpha = alpha.clamp_max(MAX_ALPHA)
    alpha = torch.where(alpha >= MIN_ALPHA, alpha, torch.zeros_like(alpha))
    after = torch.cumprod(1 - alpha, 0)
    stopped = (
        torch.cummax((after <= MIN_TRANSMITTANCE).to(torch.uint8), 0)[0].bool() if len(order) else after > 2
    )
    alpha = torch.where(stopped, torch.zeros_like(alpha), alpha)
    after = torch.cat([torch.ones_like(columns)[None], torch.cumprod(1 - alpha, 0)])
    weights = alpha * after[:-1]
    image = torch.einsum("nhw,nc->hwc", weights, colors[order]) + after[-1][..., None] * background
    return image, 1 - after[-1]


def rasterize_reference(
    gaussians: Gaussians, cameras: Cameras, background: Tensor
) -> tuple[Tensor, Tensor, RasterInfo]:
    """`rasterize` with backend="torch"; background is (C, 3)."""
    width, height = cameras.width, cameras.height
    scales, opacities = gaussians.scales, gaussians.opacities
    projected = [
        project_reference(gaussians.means, gaussians.quaternions, scales, view, intrinsics, width, height)
        for view, intrinsics in zip(cameras.world_to_camera, cameras.intrinsics, strict=True)
    ]
    means2d = torch.stack([p[0] for p in projected])
    conics = torch.stack([p[1] for p in projected])
    depths = torch.stack([p[2] for p in projected])
    if means2d.requires_grad:
        means2d.retain_grad()

    def draw(colors: list[Tensor], backgrounds: Tensor) -> tuple[Tensor, Tensor]:
        pictures = [
            blend_reference(
                means2d[c], conics[c], depths[c], opacities, colors[c], width, height, backgrounds[c]
            )
            for c in range(len(cameras))
        ]
        return torch.stack([p[0] for p in pictures]), torch.stack([p[1] for p in pictures])[..., None]

    def draw_depth() -> Tensor:
        weighted, alphas = draw([d[:, None].expand(-1, 3) for d in depths], torch.zeros_like(background))
        return expected_depth(weighted[..., 0], alphas[..., 0])

    colors = [evaluate_sh_torch(gaussians.sh, gaussians.means - center) for center in cameras.centers]
    image, alphas = draw(colors, background)
    with torch.no_grad():
        radii = torch.stack(
            [
                _radii(m, k, d, opacities, width, height)
                for m, k, d in zip(means2d, conics, depths, strict=True)
            ]
        )
    return image, alphas, RasterInfo(means2d, radii, depths.clamp_min(0), draw_depth)


def _radii(
    means2d: Tensor, conics: Tensor, depths: Tensor, opacities: Tensor, width: int, height: int
) -> Tensor:
    """(N,) larger half extent of the ellipse with alpha = 1/255, 0 where it misses the picture."""
    xx, xy, yy = conics.unbind(-1)
    reach = 2 * torch.log((opacities / MIN_ALPHA).clamp_min(1))
    determinant = xx * yy - xy * xy
    half_width, half_height = (reach * yy / determinant).sqrt(), (reach * xx / determinant).sqrt()
    x, y = means2d.unbind(-1)
    seen = (
        (x + half_width > 0) & (x - half_width < width) & (y + half_height > 0) & (y - half_height < height)
    )
    seen &= (depths >= NEAR) & (depths <= FAR) & (opacities >= MIN_ALPHA)
    return torch.where(seen, torch.maximum(half_width, half_height), torch.zeros_like(x))


@torch.no_grad()
def pixels_near_thresholds(gaussians: Gaussians, cameras: Cameras, margin: float = 1e-5) -> Tensor:
    """(C, H, W) bool: pixels where an alpha or a transmittance is within `margin` of where its meaning
    changes.

    There rounding decides whether a splat is drawn, so two correct implementations may differ; comparisons
    leave these pixels out.
    """
    gaussians, cameras = gaussians.to(torch.float64), cameras.to(torch.float64)
    rows, columns = torch.meshgrid(
        torch.arange(cameras.height) + 0.5, torch.arange(cameras.width) + 0.5, indexing="ij"
    )
    pictures = []
    for view, intrinsics in zip(cameras.world_to_camera, cameras.intrinsics, strict=True):
        means2d, conics, depths = project_reference(
            gaussians.means,
            gaussians.quaternions,
            gaussians.scales,
            view,
            intrinsics,
            cameras.width,
            cameras.height,
        )
        order = torch.argsort(depths)
        order = order[depths[order] >= NEAR]
        dx, dy = means2d[order, 0, None, None] - columns, means2d[order, 1, None, None] - rows
        xx, xy, yy = conics[order][:, :, None, None].unbind(1)
        sigma = 0.5 * (xx * dx * dx + yy * dy * dy) + xy * dx * dy
        alpha = gaussians.opacities[order][:, None, None] * torch.exp(-sigma)
        near = ((alpha / MIN_ALPHA - 1).abs() < 10 * margin).any(0)
        near |= ((alpha - MAX_ALPHA).abs() < margin).any(0)
        alpha = torch.where(alpha >= MIN_ALPHA, alpha.clamp_max(MAX_ALPHA), torch.zeros_like(alpha))
        after = torch.cumprod(1 - alpha, 0)
        near |= ((after / MIN_TRANSMITTANCE - 1).abs() < 100 * margin).any(0)
        pictures.append(near)
    return torch.stack(pictures)
