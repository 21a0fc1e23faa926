"""From a reading to a pose: actions add to speech, negation damps, ranges hold."""

from __future__ import annotations

import torch

from emoga_core.avatars import MotionFrame
from emoga_core.edit.guided.pose import pose_change
from emoga_core.edit.prompts import PromptReading
from emoga_core.heads import ARKIT_INDEX

JAW_OPEN, SMILE, BROW = ARKIT_INDEX["jawOpen"], ARKIT_INDEX["mouthSmileLeft"], ARKIT_INDEX["browInnerUp"]


def reading(units: dict[int, float], damped: frozenset[int] = frozenset()) -> PromptReading:
    return PromptReading("words", units, damped)


def frame_with(**coefficients: float) -> MotionFrame:
    frame = MotionFrame.rest(52)
    for name, value in coefficients.items():
        frame.expression[ARKIT_INDEX[name]] = value
    return frame


def test_actions_add_to_what_the_face_does(kofi):
    change = pose_change(kofi, frame_with(jawOpen=0.4, mouthSmileLeft=0.3), reading({12: 0.5, 1: 0.8}), 1.0)
    then = change.target.expression
    assert torch.allclose(then[[JAW_OPEN, SMILE, BROW]], torch.tensor([0.4, 0.8, 0.8]))
    assert change.activations_now["mouthSmileLeft"] == torch.tensor(0.3).item()
    assert not change.still
    assert change.target.joint_rotations is change.present.joint_rotations


def test_intensity_scales_and_the_range_limits(kofi):
    half = pose_change(kofi, frame_with(), reading({12: 0.8}), 0.5).target.expression
    double = pose_change(kofi, frame_with(mouthSmileLeft=0.5), reading({12: 0.8}), 2.0).target.expression
    assert abs(float(half[SMILE]) - 0.4) < 1e-6 and float(double[SMILE]) == 1.0


def test_negated_units_are_damped_but_not_what_they_share(kofi):
    """AU 25 and AU 10 share the upper lip's action: what is wanted wins over what is not."""
    frame = frame_with(browInnerUp=0.6, mouthUpperUpLeft=0.5)
    damped = pose_change(kofi, frame, reading({10: 0.2}, frozenset({1, 25})), 1.0).target.expression
    assert float(damped[BROW]) == 0.0
    assert abs(float(damped[ARKIT_INDEX["mouthUpperUpLeft"]]) - 0.7) < 1e-6
    weak = pose_change(kofi, frame, reading({}, frozenset({1})), 0.5).target.expression
    assert abs(float(weak[BROW]) - 0.3) < 1e-6


def test_nothing_asked_is_nothing_moved(kofi, statistical):
    assert pose_change(kofi, frame_with(jawOpen=0.4), reading({}, frozenset({12})), 1.0).still
    assert pose_change(kofi, frame_with(), reading({12: 1.0}), 0.0).still
    assert pose_change(statistical, MotionFrame.rest(52), reading({}), 1.0).still


def test_a_statistical_head_smiles_and_its_wrinkles_know(statistical):
    change = pose_change(statistical, MotionFrame.rest(52), reading({12: 1.0}), 1.0)
    assert not change.still and change.activations_now == {}
    assert change.activations_then["mouthSmileRight"] == 1.0
