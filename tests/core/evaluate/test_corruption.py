"""Faults of pseudo edits: the same every time, and larger at every level."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from emoga_core.evaluate.corruption import LEVELS, composite, corrupt, plan
from emoga_core.evaluate.errors import EvaluateError


@pytest.fixture
def face() -> np.ndarray:
    """A smooth picture with some detail, 96 pixels."""
    draw = np.random.default_rng(0)
    coarse = draw.uniform(0.25, 0.75, (12, 12, 3)).astype(np.float32)
    return cv2.resize(coarse, (96, 96), interpolation=cv2.INTER_CUBIC).clip(0, 1)


@pytest.fixture
def mouth() -> np.ndarray:
    mask = np.zeros((96, 96), np.float32)
    mask[60:72, 30:66] = 1
    return mask


def _error(a: np.ndarray, b: np.ndarray) -> float:
    return float(((a - b) ** 2).mean())


def test_the_same_plan_and_picture_every_time(face, mouth):
    for name in LEVELS:
        first, again = plan(name, 20, 3), plan(name, 20, 3)
        assert first == again
        pictures = [corrupt(face, fault, mouth) for fault in first[:3]]
        assert all(np.array_equal(p, corrupt(face, f, mouth)) for p, f in zip(pictures, again, strict=False))
    assert plan("medium", 20, 3) != plan("medium", 20, 4)


def test_levels_are_ordered_in_every_picture(face, mouth):
    plans = [plan(name, 20, 1) for name in ("mild", "medium", "hard")]
    for faults in zip(*plans, strict=True):
        errors = [_error(corrupt(face, fault, mouth), face) for fault in faults]
        assert 0 < errors[0] < errors[1] < errors[2]


def test_medium_of_twenty_leaves_three_neutral_and_four_with_teeth():
    faults = plan("medium", 20)
    assert sum(f.neutral for f in faults) == 3
    assert sum(f.teeth for f in faults) == 4
    shown = [f.amplitude for f in faults if not f.neutral]
    assert min(shown) >= 0.75 and max(shown) <= 1.25 and np.std(shown) > 0.08
    assert all(f.skew == 0 and f.gain == 1 for f in faults)


def test_hard_has_overcooked_and_crooked_pictures_besides_neutral_ones():
    faults = plan("hard", 20)
    cooked = [f for f in faults if f.gain > 1]
    crooked = [f for f in faults if f.skew]
    assert len(cooked) == 2 and len(crooked) == 2
    assert all(f.amplitude > 1.5 for f in cooked) and not any(f.neutral for f in cooked + crooked)
    assert sum(f.neutral for f in faults) == 6


def test_neutral_pictures_of_a_level_stay_neutral_at_the_next():
    sets = [{i for i, f in enumerate(plan(name, 40)) if f.neutral} for name in ("mild", "medium", "hard")]
    assert sets[0] < sets[1] < sets[2]


def test_tint_has_the_stated_colour_difference(face):
    grey = np.full((96, 96, 3), 0.5, np.float32)
    fault = plan("medium", 1)[0]
    still = type(fault)(**{**vars(fault), "warp": 0.0, "blur": 0.0, "noise": 0.0, "teeth": False})
    lab = [cv2.cvtColor(p, cv2.COLOR_RGB2LAB) for p in (grey, corrupt(grey, still))]
    assert np.sqrt(((lab[1] - lab[0]) ** 2).sum(-1).mean()) == pytest.approx(6.0, rel=0.02)


def test_warp_moves_a_line_by_no_more_than_stated():
    width = 200
    ramp = np.repeat(np.linspace(0, 1, width, dtype=np.float32)[None, :, None], width, 0).repeat(3, 2)
    fault = plan("hard", 1)[0]
    only = type(fault)(**{**vars(fault), "tint": 0.0, "blur": 0.0, "noise": 0.0, "teeth": False, "gain": 1.0})
    moved = np.abs(corrupt(ramp, only) - ramp).max() * (width - 1)
    assert 1.0 < moved <= 0.02 * width + 0.05


def test_wrong_teeth_are_bright_and_stay_near_the_mouth(face, mouth):
    fault = next(f for f in plan("medium", 20) if f.teeth)
    only = type(fault)(**{**vars(fault), "tint": 0.0, "warp": 0.0, "blur": 0.0, "noise": 0.0})
    changed = np.abs(corrupt(face * 0.3, only, mouth) - face * 0.3).max(-1) > 0.05
    assert changed.sum() > 40
    near = cv2.dilate(mouth, np.ones((9, 9))) > 0
    assert not changed[~near].any()


def test_perfect_changes_nothing(face, mouth):
    for fault in plan("perfect", 20):
        assert fault.amplitude == 1
        assert np.array_equal(corrupt(face, fault, mouth), face)


def test_composite_keeps_what_the_mask_forbids_bit_for_bit(face):
    mask = np.zeros((96, 96), np.float32)
    mask[20:60, 20:60] = 0.5
    edited = composite(1 - face, face, mask)
    assert np.array_equal(edited[mask == 0], face[mask == 0])
    assert np.allclose(edited[30, 30], 0.5)


def test_an_unknown_level_is_named():
    with pytest.raises(EvaluateError, match=r"'cruel'.*perfect, mild, medium, hard"):
        plan("cruel", 3)
