"""gsplat on CUDA against the CPU kernels: `pytest tests/gpu` on a machine with a GPU and gsplat."""

import dataclasses

import pytest
import torch

from emoga_core.render import Cameras, Gaussians, rasterize

pytestmark = pytest.mark.gpu

if not torch.cuda.is_available():
    pytest.skip("needs a CUDA device", allow_module_level=True)
pytest.importorskip("gsplat")


def shell(count: int) -> Gaussians:
    generator = torch.Generator().manual_seed(0)

    def random(*shape):
        return torch.randn(*shape, generator=generator)

    means = torch.nn.functional.normalize(random(count, 3), dim=-1) * torch.tensor([0.075, 0.11, 0.095])
    return Gaussians(
        means, random(count, 4), random(count, 3) * 0.3 - 5.5, random(count), random(count, 16, 3) * 0.2
    )


def draw(gaussians: Gaussians, cameras: Cameras):
    leaf = gaussians.map(lambda tensor: tensor.detach().clone().requires_grad_())
    colors, alphas, info = rasterize(leaf, cameras, torch.ones(3, device=leaf.means.device))
    (colors.square().sum() + alphas.sum()).backward()
    grads = [getattr(leaf, field.name).grad.cpu() for field in dataclasses.fields(leaf)]
    return colors.detach().cpu(), alphas.detach().cpu(), info.depth().detach().cpu(), grads, info


def test_pictures_and_gradients_agree():
    gaussians = shell(5000)
    cameras = Cameras.orbit([0.0, 0.7], [0.0, 0.2], width=200, height=180)
    colors, alphas, depth, grads, info = draw(gaussians, cameras)
    there = draw(gaussians.to("cuda"), cameras.to("cuda"))
    assert float((colors - there[0]).abs().mean()) < 1e-4
    assert float((alphas - there[1]).abs().mean()) < 1e-4
    assert float((depth - there[2]).abs().mean()) < 1e-3
    for ours, theirs in zip(grads, there[3], strict=True):
        assert float((ours - theirs).abs().mean() / theirs.abs().mean()) < 1e-2
    assert torch.allclose(info.means2d.detach(), there[4].means2d.detach().cpu(), atol=1e-2)
    assert float((info.visible == there[4].visible.cpu()).float().mean()) > 0.99
    assert there[4].means2d.grad is not None
