"""PSNR and SSIM on known pictures."""

from __future__ import annotations

import math

import pytest
import torch

from emoga_core.losses import dilate, psnr, score, ssim


def test_psnr_of_a_constant_error() -> None:
    target = torch.rand(8, 8, 3)
    assert psnr(target + 0.1, target) == pytest.approx(20, abs=1e-4)
    assert psnr(target, target) == math.inf


def test_mask_selects_pixels() -> None:
    target = torch.zeros(8, 8, 3)
    image = target.clone()
    image[:, 4:] = 1
    mask = torch.zeros(8, 8)
    mask[:, :4] = 1
    assert psnr(image, target, mask) == math.inf and psnr(image, target, 1 - mask) == pytest.approx(0)


def test_ssim_is_one_for_equal_pictures() -> None:
    target = torch.rand(20, 20, 3)
    assert ssim(target, target) == pytest.approx(1, abs=1e-5)


def test_dilation_is_a_disc_of_four_pixels() -> None:
    matte = torch.zeros(21, 21)
    matte[10, 10] = 1
    near = dilate(matte)
    assert near[10, 6] == 1 and near[10, 5] == 0 and near[6, 6] == 0


def test_score_counts_fringes_beside_the_subject() -> None:
    target, matte = torch.ones(40, 40, 3), torch.zeros(40, 40)
    matte[10:30, 10:30] = 1
    image = target.clone()
    image[31, 15] = 0
    result = score(image, target, matte)
    assert result.psnr < result.whole_psnr < math.inf
