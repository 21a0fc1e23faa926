from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from emoga_core.render import Cameras, Gaussians
from emoga_core.render.reference import project_reference
from emoga_core.render.splat_blend import MAX_ALPHA, MIN_TRANSMITTANCE
from emoga_core.render.splat_projection import MIN_ALPHA


def random_gaussians(
    count: int,
    seed: int = 0,
    *,
    size: float = 0.02,
    spread: float = 0.1,
    degree: int = 1,
    dtype=torch.float64,
) -> Gaussians:
    """A ball of Gaussians around the origin; `size` and `spread` in metres."""
    generator = torch.Generator().manual_seed(seed)

    def random(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    return Gaussians(
        random(count, 3) * spread,
        random(count, 4),
        random(count, 3) * 0.5 + torch.log(torch.tensor(size, dtype=torch.float64)),
        random(count) * 1.5,
        random(count, (degree + 1) ** 2, 3) * 0.5,
    ).to(dtype)


def decided_pixels(gaussians: Gaussians, cameras: Cameras, margin: float = 1e-5) -> torch.Tensor:
    """(C, H, W) bool: pixels where no alpha or transmittance is so near to a threshold that rounding decides.

    Where it does, one implementation may draw a splat that another leaves out, and both are right.
    """
    g = gaussians.detach().to(torch.float64)
    c = cameras.to(torch.float64)
    rows, columns = torch.meshgrid(torch.arange(c.height) + 0.5, torch.arange(c.width) + 0.5, indexing="ij")
    masks = []
    for view, intrinsics in zip(c.world_to_camera, c.intrinsics, strict=True):
        means2d, conics, depths = project_reference(
            g.means, g.quaternions, g.scales, view, intrinsics, c.width, c.height
        )
        order = torch.argsort(depths)
        order = order[depths[order] > 0]
        dx = means2d[order, 0, None, None] - columns
        dy = means2d[order, 1, None, None] - rows
        xx, xy, yy = conics[order][:, :, None, None].unbind(1)
        alpha = g.opacities[order][:, None, None] * torch.exp(
            -0.5 * (xx * dx * dx + yy * dy * dy) - xy * dx * dy
        )
        undecided = ((alpha / MIN_ALPHA - 1).abs() < 10 * margin).any(0)
        undecided |= ((alpha - MAX_ALPHA).abs() < margin).any(0)
        alpha = torch.where(alpha >= MIN_ALPHA, alpha.clamp_max(MAX_ALPHA), torch.zeros_like(alpha))
        after = torch.cumprod(1 - alpha, 0)
        undecided |= ((after / MIN_TRANSMITTANCE - 1).abs() < 100 * margin).any(0)
        masks.append(~undecided)
    return torch.stack(masks)


@pytest.fixture(scope="session")
def gaussian_ball() -> Callable[..., Gaussians]:
    return random_gaussians


@pytest.fixture(scope="session")
def decided() -> Callable[..., torch.Tensor]:
    return decided_pixels
