"""Idle behaviour against what is known of real faces."""

from __future__ import annotations

import numpy as np
import pytest

from emoga_server.idle import LEFT_EYE, NECK, Blinks, Gaze, IdleAmounts, IdleMotion

NAMES = ["eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookUpLeft", "browInnerUp", "noseSneerLeft"]
MINUTES = 20


def closures(seed: int, fps: float = 100.0) -> np.ndarray:
    blinks = Blinks((seed,))
    return np.array([blinks(t) for t in np.arange(0, 60 * MINUTES, 1 / fps)])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_blinks_come_about_seventeen_times_a_minute_and_are_short(seed):
    closed = closures(seed) > 0.3
    starts = np.flatnonzero(np.diff(closed.astype(int)) == 1)
    ends = np.flatnonzero(np.diff(closed.astype(int)) == -1)
    assert 14 < len(starts) / MINUTES < 20
    durations = (ends[: len(starts)] - starts[: len(ends)]) / 100
    assert 0.08 < durations.mean() < 0.4
    waits = np.diff(starts) / 100
    assert waits.std() > 0.8 and np.median(waits) < waits.mean()  # irregular, with a tail of long waits


def test_closing_is_faster_than_opening():
    lids = closures(0)
    assert -np.diff(lids).min() < np.diff(lids).max()


def test_same_seed_same_motion_at_any_frame_rate_and_order():
    times = np.arange(0, 30, 1 / 30)
    a, b = IdleMotion(NAMES, 6, seed=4), IdleMotion(NAMES, 6, seed=4)
    for t in np.arange(0, 30, 1 / 97):
        b(float(t))  # other instants in between leave no trace
    backwards = {t: b(float(t)) for t in times[::-1]}
    for t in times:
        one, two = a(float(t)), backwards[t]
        np.testing.assert_array_equal(one.expression, two.expression)
        np.testing.assert_array_equal(one.joint_rotations, two.joint_rotations)
    other = IdleMotion(NAMES, 6, seed=5)
    assert any((other(float(t)).joint_rotations != a(float(t)).joint_rotations).any() for t in times)


def test_gaze_jumps_and_rests_within_comfort():
    gaze = Gaze((3,))
    track = np.degrees([gaze(t) for t in np.arange(0, 600, 0.005)])
    assert np.abs(track[:, 0]).max() <= 7.0 and np.abs(track[:, 1]).max() <= 4.0
    moving = np.linalg.norm(np.diff(track, axis=0), axis=1) > 1e-9
    assert 0.005 < moving.mean() < 0.12  # mostly fixating
    speed = np.linalg.norm(np.diff(track, axis=0), axis=1).max() / 0.005
    assert 80 < speed < 700  # degrees a second: saccades, not glides


def test_head_and_breath_are_small_and_smooth():
    idle = IdleMotion(NAMES, 6)
    poses = [idle(t) for t in np.arange(0, 120, 1 / 60)]
    neck = np.degrees([p.joint_rotations[NECK] for p in poses])
    assert np.abs(neck).max() < 4.0 and 0.2 < neck[:, 1].std() < 2.0
    breath = np.array([p.translation[1] for p in poses])
    assert np.abs(breath).max() < 0.002
    crossings = np.count_nonzero(np.diff(np.sign(breath)) > 0) / 2
    assert 12 <= crossings <= 16  # breaths a minute


def test_eyes_hold_their_target_while_the_head_sways():
    idle = IdleMotion(NAMES, 6)
    amounts = IdleAmounts(gaze=1.0, micro_motion=1.0, breathing=0.0)
    poses = [idle(t, amounts) for t in np.arange(0, 120, 1 / 30)]
    neck = np.array([p.joint_rotations[NECK, 1] for p in poses])
    eyes = np.array([p.joint_rotations[LEFT_EYE, 1] for p in poses])
    look = Gaze((0, 2))
    gaze = np.array([look(t)[0] for t in np.arange(0, 120, 1 / 30)])
    assert np.corrcoef(eyes - gaze, neck)[0, 1] < -0.5


def test_amounts_of_zero_are_stillness():
    idle = IdleMotion(NAMES, 6)
    still = IdleAmounts(0.0, 0.0, 0.0, 0.0)
    for t in np.arange(0, 60, 0.1):
        pose = idle(float(t), still)
        assert not pose.expression.any() and not pose.joint_rotations.any() and not pose.translation.any()


def test_a_head_without_named_expressions_still_breathes_and_looks_around():
    idle = IdleMotion(None, 100)
    poses = [idle(t) for t in np.arange(0, 30, 0.1)]
    assert not any(p.expression.any() for p in poses)
    assert any(p.joint_rotations[LEFT_EYE].any() for p in poses) and any(p.translation.any() for p in poses)
