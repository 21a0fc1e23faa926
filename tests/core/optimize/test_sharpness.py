"""Blur is recognised, and its gradient is its own transpose."""

import pytest
import torch

from emoga_core.optimize.sharpness import BLURS, estimate_blur, gaussian


@pytest.fixture
def picture() -> torch.Tensor:
    return torch.rand(48, 40, 3, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("sigma", BLURS)
def test_the_blur_is_found_again_under_noise(picture: torch.Tensor, sigma: float):
    noise = torch.randn(picture.shape, generator=torch.Generator().manual_seed(1))
    edited = gaussian(picture, sigma) + 0.02 * noise
    assert estimate_blur(edited, picture, torch.ones(48, 40)) == sigma


def test_only_the_mask_counts(picture: torch.Tensor):
    mask = torch.zeros(48, 40)
    mask[:, :20] = 1
    edited = picture.clone()
    edited[:, 20:] = gaussian(picture, 2.0)[:, 20:]
    assert estimate_blur(edited, picture, mask) <= 0.5


def test_gradients():
    picture = torch.rand(9, 8, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda p: gaussian(p, 0.9), picture)


def test_white_stays_white_and_nothing_is_lost_inside():
    assert torch.equal(gaussian(torch.ones(20, 20, 3), 1.2), torch.ones(20, 20, 3))
    dot = torch.ones(31, 31, 3)
    dot[15, 15] = 0
    assert torch.allclose((1 - gaussian(dot, 1.6)).sum((0, 1)), torch.ones(3), atol=1e-5)
