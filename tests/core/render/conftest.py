from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from emoga_core.render import Gaussians


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


@pytest.fixture(scope="session")
def gaussian_ball() -> Callable[..., Gaussians]:
    return random_gaussians
