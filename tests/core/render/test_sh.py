import numpy as np
import pytest
import torch
from scipy.special import sph_harm_y

from emoga_core.errors import EmogaError
from emoga_core.render import evaluate_sh
from emoga_core.render.sh import evaluate_sh_torch, sh_basis


def random(count: int, coefficients: int, dtype=torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(coefficients)
    sh = torch.randn(count, coefficients, 3, generator=generator, dtype=dtype) * 0.4
    return sh, torch.randn(count, 3, generator=generator, dtype=dtype)


def test_the_basis_is_that_of_real_spherical_harmonics():
    directions = torch.nn.functional.normalize(random(50, 1)[1], dim=-1)
    basis = sh_basis(directions, 16).numpy()
    x, y, z = directions.numpy().T
    polar, azimuth = np.arccos(z), np.arctan2(y, x)
    for degree in range(4):
        for order in range(-degree, degree + 1):
            value = sph_harm_y(degree, abs(order), polar, azimuth)  # with the Condon-Shortley phase
            if order == 0:
                expected = value.real
            else:
                expected = np.sqrt(2) * (value.real if order > 0 else value.imag)
            np.testing.assert_allclose(basis[:, degree * degree + degree + order], expected, atol=1e-12)


@pytest.mark.parametrize("coefficients", [1, 4, 9, 16])
def test_kernels_and_their_gradients_match_the_torch_twin(coefficients: int):
    sh, directions = random(40, coefficients)
    results = []
    for function in (evaluate_sh, evaluate_sh_torch):
        inputs = [sh.clone().requires_grad_(), directions.clone().requires_grad_()]
        colors = function(*inputs)
        weights = torch.linspace(-1, 1, colors.numel(), dtype=torch.float64).reshape(colors.shape)
        grads = torch.autograd.grad((colors * weights).sum(), inputs, materialize_grads=True)
        results.append((colors.detach(), *grads))
    for ours, theirs in zip(*results, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-12)


def test_only_wanted_gradients_are_returned():
    sh, directions = random(10, 9, torch.float32)
    sh.requires_grad_()
    evaluate_sh(sh, directions).sum().backward()
    assert sh.grad is not None and directions.grad is None


def test_clamped_colors_get_no_gradient():
    sh = torch.full((1, 1, 3), -10.0, requires_grad=True)
    colors = evaluate_sh(sh, torch.ones(1, 3))
    colors.sum().backward()
    assert torch.equal(colors, torch.zeros(1, 3))
    assert sh.grad is not None and not sh.grad.any()


def test_a_camera_inside_a_splat_does_not_break_it():
    assert bool(evaluate_sh(torch.ones(1, 16, 3), torch.zeros(1, 3)).isfinite().all())


def test_no_gaussians():
    assert evaluate_sh(torch.zeros(0, 4, 3), torch.zeros(0, 3)).shape == (0, 3)


@pytest.mark.parametrize("shapes", [((2, 5, 3), (2, 3)), ((2, 4, 3), (3, 3)), ((2, 4), (2, 3))])
def test_wrong_shapes(shapes):
    with pytest.raises(EmogaError, match="evaluate_sh"):
        evaluate_sh(torch.zeros(shapes[0]), torch.zeros(shapes[1]))
