"""The fused L1 + SSIM loss against the torch formula, finite differences and known values."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from emoga_core.losses import (
    l1_ssim,
    l1_ssim_reference,
    prepare_target,
    ssim_map,
    ssim_map_reference,
)


def pair(height: int, width: int, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(height * 1000 + width)
    target = torch.rand(height, width, 3, generator=generator, dtype=dtype)
    return (target + 0.2 * torch.randn(height, width, 3, generator=generator, dtype=dtype)), target


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 40), (11, 11), (37, 29), (64, 17)])
@pytest.mark.parametrize("weight", [0.0, 0.2, 1.0])
def test_value_and_gradient_equal_the_torch_formula(height: int, width: int, weight: float) -> None:
    image, target = pair(height, width)
    fused, reference = image.clone().requires_grad_(), image.clone().requires_grad_()
    a, b = l1_ssim(fused, target, weight), l1_ssim_reference(reference, target, weight)
    (3 * a).backward()
    (3 * b).backward()
    assert fused.grad is not None and reference.grad is not None
    torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(fused.grad, reference.grad, rtol=1e-8, atol=1e-12)


def test_gradient_by_finite_differences() -> None:
    image, target = pair(13, 16)
    assert torch.autograd.gradcheck(lambda x: l1_ssim(x, target), (image.requires_grad_(),), atol=1e-7)


def test_float32_stays_close_to_float64() -> None:
    image, target = pair(80, 70)
    single = image.float().requires_grad_()
    double = image.clone().requires_grad_()
    l1_ssim(single, target.float()).backward()
    l1_ssim(double, target).backward()
    assert single.grad is not None and double.grad is not None
    assert (single.grad.double() - double.grad).abs().max() < 1e-4 * double.grad.abs().max()


def test_equal_pictures_cost_nothing() -> None:
    _, target = pair(32, 32, torch.float32)
    assert float(l1_ssim(target, target)) == pytest.approx(0, abs=1e-6)


def test_prepared_target_gives_the_same_value() -> None:
    image, target = pair(30, 41, torch.float32)
    assert torch.equal(l1_ssim(image, prepare_target(target)), l1_ssim(image, target))


def test_ssim_map_equals_the_torch_formula() -> None:
    image, target = pair(25, 33)
    torch.testing.assert_close(
        ssim_map(image, target), ssim_map_reference(image, target), rtol=1e-9, atol=1e-12
    )


def test_same_bits_for_one_and_two_threads() -> None:
    import numba

    if numba.config.NUMBA_NUM_THREADS < 2:  # type: ignore[attr-defined]
        pytest.skip("numba was started with one thread")
    image, target = pair(61, 47, torch.float32)
    gradients = []
    before = numba.get_num_threads()
    try:
        for threads in (1, 2):
            numba.set_num_threads(threads)
            x = image.clone().requires_grad_()
            l1_ssim(x, target).backward()
            assert x.grad is not None
            gradients.append(x.grad.numpy())
    finally:
        numba.set_num_threads(before)
    assert np.array_equal(*gradients)


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        l1_ssim(torch.zeros(4, 5, 3), torch.zeros(5, 4, 3))
    with pytest.raises(ValueError, match=r"\(H,W,3\)"):
        l1_ssim(torch.zeros(3, 4, 5), torch.zeros(3, 4, 5))
