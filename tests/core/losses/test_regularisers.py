"""Position and scaling losses against the formula written out."""

from __future__ import annotations

import torch

from emoga_core.losses import position_loss, scaling_loss


def test_values_and_gradients() -> None:
    generator = torch.Generator().manual_seed(0)
    means = (1.2 * torch.randn(50, 3, generator=generator, dtype=torch.float64)).requires_grad_()
    log_scales = (torch.randn(50, 3, generator=generator, dtype=torch.float64) - 0.5).requires_grad_()
    visible = torch.rand(50, generator=generator) > 0.3
    expected_position = (means[visible].norm(dim=1) - 1).clamp(min=0).mean()
    excess = (log_scales[visible].exp() - 0.6).clamp(min=0)
    norms = torch.where(excess.sum(1) > 0, (excess.square().sum(1) + 1e-300).sqrt(), excess.sum(1))
    expected_scaling = norms.mean()
    wanted = torch.autograd.grad(expected_position + 2 * expected_scaling, (means, log_scales))
    position, scaling = position_loss(means, visible), scaling_loss(log_scales, visible)
    got = torch.autograd.grad(position + 2 * scaling, (means, log_scales))
    torch.testing.assert_close(position, expected_position)
    torch.testing.assert_close(scaling, expected_scaling)
    torch.testing.assert_close(got, wanted)


def test_small_and_central_gaussians_cost_nothing() -> None:
    visible = torch.ones(4, dtype=torch.bool)
    assert float(position_loss(torch.full((4, 3), 0.5), visible)) == 0
    assert float(scaling_loss(torch.full((4, 3), -1.0), visible)) == 0


def test_nothing_visible() -> None:
    visible = torch.zeros(3, dtype=torch.bool)
    means = torch.full((3, 3), 9.0, requires_grad=True)
    loss = position_loss(means, visible) + scaling_loss(means, visible)
    loss.backward()
    assert float(loss.detach()) == 0 and means.grad is not None and not means.grad.any()
