"""Amplitudes and weights from projections on the consensus."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from emoga_core.optimize.optimizer import EmotionOptimizer
from emoga_core.optimize.trust import judge, projections


def test_neutral_and_overcooked_pictures_stop_counting() -> None:
    trust = judge(np.array([1.0, 0.8, 1.2, 0.0, 0.05, 1.1, 2.9, 0.95]))
    assert trust.weights[[3, 4]].max() < 0.05
    assert trust.weights[6] < 0.05
    assert trust.weights[[0, 1, 2, 5, 7]].min() == 1
    assert trust.amplitudes[0] == pytest.approx(1.0, abs=0.05)


def test_amplitudes_do_not_depend_on_how_far_the_consensus_has_come() -> None:
    shares = np.array([1.0, 0.75, 1.2, 0.0, 0.9])
    assert np.allclose(judge(shares).amplitudes, judge(3 * shares).amplitudes)


def test_no_change_anywhere_is_no_reason_for_distrust() -> None:
    assert judge(np.zeros(4)).weights.tolist() == [1, 1, 1, 1]


def test_projections_see_the_emotion_and_not_the_tint(ball, make_targets, truth) -> None:
    amplitudes = [1.0, 0.6, 0.0]
    run = EmotionOptimizer(ball, "x", make_targets(amplitudes, colour=False))
    with torch.no_grad():
        run.expression.copy_(truth.expression)
    changes = [m.change(run.render(n)) for n, m in enumerate(run.meters)]
    found = projections(run.meters, changes)
    assert found == pytest.approx(amplitudes, abs=0.2)
    for meter in run.meters:
        tint = meter.change(meter.neutral * torch.tensor([0.8, 1.0, 0.9]) + 0.05)
        assert np.abs(tint).max() < 1e-5
