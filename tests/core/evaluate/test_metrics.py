"""The evaluation's figures on cases small enough to compute by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from emoga_core.evaluate import metrics


def _flat(value: float, size: int = 4) -> torch.Tensor:
    return torch.full((size, size, 3), value)


ONES = torch.ones(4, 4)


def test_vertex_rms_and_strength_of_three_points():
    neutral = torch.zeros(3, 3)
    truth = torch.tensor([[2.0, 0, 0], [0, 2.0, 0], [9.0, 9, 9]])
    found = torch.tensor([[1.0, 0, 0], [0, 1.0, 0], [0.0, 0, 0]])
    rows = torch.tensor([True, True, False])
    assert metrics.vertex_rms(found, truth, rows) == pytest.approx(1.0)
    assert metrics.strength(found, neutral, truth, rows) == pytest.approx(0.5)
    assert metrics.aligned_strength(found, neutral, truth, rows) == pytest.approx(0.5)


def test_a_change_across_the_true_one_has_size_but_no_alignment():
    neutral, truth = torch.zeros(1, 3), torch.tensor([[2.0, 0, 0]])
    across = torch.tensor([[0.0, 2.0, 0]])
    assert metrics.strength(across, neutral, truth, torch.tensor([0])) == pytest.approx(1.0)
    assert metrics.aligned_strength(across, neutral, truth, torch.tensor([0])) == 0


def test_temporal_deviation_counts_changes_of_the_error_only():
    truth = [_flat(0.2), _flat(0.6), _flat(0.4)]
    steady = [t + 0.1 for t in truth]
    masks = [ONES] * 3
    assert metrics.temporal_deviation(steady, truth, masks) == pytest.approx(0, abs=1e-7)
    jumping = [_flat(0.2), _flat(0.7), _flat(0.4)]  # errors 0, 0.1, 0: changes 0.1 and 0.1
    assert metrics.temporal_deviation(jumping, truth, masks) == pytest.approx(0.1, rel=1e-5)


def test_temporal_deviation_needs_pixels_in_both_masks():
    left, right = ONES.clone(), ONES.clone()
    left[:, 2:], right[:, :2] = 0, 0
    pictures = [_flat(0.0), _flat(1.0)]
    assert math.isnan(metrics.temporal_deviation(pictures, [_flat(0.0)] * 2, [left, right]))


def test_flicker_fraction():
    assert metrics.flicker_fraction(0.02, 0.06, 0.01) == pytest.approx(0.2)
    assert metrics.flicker_fraction(0.01, 0.06, 0.01) == 0
    assert math.isnan(metrics.flicker_fraction(0.02, 0.01, 0.01))


def test_views_that_err_alike_agree():
    ids = torch.zeros(4, 4, dtype=torch.long)
    ids[:, 2:] = 1
    same = [_flat(0.3), _flat(0.3)]
    assert metrics.view_disagreement(same, [ids, ids], 2) == pytest.approx(0, abs=1e-7)


def test_disagreement_is_the_deviation_over_views_of_each_triangle():
    ids = torch.zeros(4, 4, dtype=torch.long)
    other = torch.full((4, 4), -1, dtype=torch.long)
    other[:2] = 0
    # triangle 0: errors 0.1 and 0.3 -> deviation 0.1; triangle 1 is seen in one view alone
    ids[3] = 1
    errors = [_flat(0.1), _flat(0.3)]
    assert metrics.view_disagreement(errors, [ids, other], 2) == pytest.approx(0.1, rel=1e-5)
    assert math.isnan(metrics.view_disagreement(errors, [ids, other], 2, smallest=9))


def test_lowpass_forgives_fine_lines_but_not_a_tint():
    fine = _flat(0.5, 64)
    fine[::2] += 0.1
    fine[1::2] -= 0.1
    mask = torch.zeros(64, 64)
    mask[16:48, 16:48] = 1
    flat, tinted = _flat(0.5, 64), _flat(0.6, 64)
    assert metrics.lowpass_psnr(fine, flat, mask) > 34  # 0.75 px of blur leaves a sixteenth of the lines
    assert metrics.lowpass_psnr(tinted, flat, mask) == pytest.approx(20, abs=1e-3)


def test_correlation():
    assert metrics.correlation([1, 2, 3], [2, 4, 6]) == pytest.approx(1)
    assert metrics.correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert math.isnan(metrics.correlation([1, 1, 1], [1, 2, 3]))


def test_bootstrap_of_one_case_has_no_interval_and_of_none_no_mean():
    one = metrics.bootstrap([2.0])
    assert (one.mean, one.count) == (2.0, 1) and math.isnan(one.low)
    assert math.isnan(metrics.bootstrap([math.nan]).mean)


def test_bootstrap_interval_is_near_the_normal_one_and_deterministic():
    values = np.random.default_rng(0).normal(1.0, 0.5, 400)
    found = metrics.bootstrap(values)
    half = 1.96 * values.std() / 20
    assert found.low == pytest.approx(values.mean() - half, abs=0.006)
    assert found.high == pytest.approx(values.mean() + half, abs=0.006)
    assert found == metrics.bootstrap(values)
    assert metrics.bootstrap([*values, math.nan]).count == 400
