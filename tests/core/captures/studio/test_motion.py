"""Motions: in range, repeatable, smooth, varied."""

from __future__ import annotations

import numpy as np
import pytest

from emoga_core.captures.studio import HeadMotion, capture_motion, idle_motion, speech_motion
from emoga_core.heads import ARKIT_INDEX


def column(motion: HeadMotion, name: str) -> np.ndarray:
    return motion.expression[:, ARKIT_INDEX[name]]


@pytest.mark.parametrize("make", [speech_motion, idle_motion, capture_motion])
@pytest.mark.parametrize("frames", [1, 24, 200])
def test_shapes_ranges_and_seeds(make, frames: int) -> None:
    motion = make(frames, 3)
    assert motion.expression.shape == (frames, 52) and motion.joint_rotations.shape == (frames, 5, 3)
    assert motion.translation.shape == (frames, 3) and len(motion) == frames
    assert motion.expression.min() >= 0 and motion.expression.max() <= 1
    assert np.abs(np.degrees(motion.joint_rotations)).max() < 25 and np.abs(motion.translation).max() < 0.02
    again = make(frames, 3)
    np.testing.assert_array_equal(motion.expression, again.expression)
    np.testing.assert_array_equal(motion.joint_rotations, again.joint_rotations)
    if frames > 1:
        assert not np.array_equal(motion.expression, make(frames, 4).expression)


def test_speech_talks_blinks_and_is_smooth() -> None:
    motion = speech_motion(600, 0)
    jaw = column(motion, "jawOpen")
    assert jaw.max() > 0.3 and jaw.min() < 0.03 and jaw.std() > 0.06
    assert column(motion, "eyeBlinkLeft").max() > 0.8 and np.median(column(motion, "eyeBlinkLeft")) < 0.05
    assert np.abs(np.diff(jaw)).max() < 0.35
    assert np.degrees(np.abs(np.diff(motion.joint_rotations[:, 1], axis=0))).max() < 1.5


def test_idle_keeps_the_mouth_shut() -> None:
    assert column(idle_motion(300, 0), "jawOpen").max() < 0.02


def test_lids_follow_the_eyes() -> None:
    motion = speech_motion(3000, 1)
    down = motion.joint_rotations[:, 3, 0] > np.radians(3)
    assert down.any() and (column(motion, "eyeLookDownLeft")[down] > 0.1).all()
    left = motion.joint_rotations[:, 3, 1] > np.radians(3)
    assert left.any() and (column(motion, "eyeLookOutLeft")[left] > 0.05).all()
    assert (column(motion, "eyeLookInRight")[left] > 0.05).all()


def test_captures_show_teeth_closed_eyes_and_open_mouths_in_training() -> None:
    motion = capture_motion(24, 0)
    assert not motion.expression[0].any() and not motion.joint_rotations[0].any()
    trained = HeadMotion(
        "t", 30.0, motion.expression[:17], motion.joint_rotations[:17], motion.translation[:17]
    )
    assert column(trained, "jawOpen").max() > 0.7
    assert column(trained, "eyeBlinkLeft").max() > 0.95
    assert column(trained, "mouthUpperUpLeft").max() > 0.5
    apart = np.linalg.norm(trained.expression[:, None] - trained.expression, axis=2) + 9 * np.eye(17)
    assert apart.min() > 0.1


def test_as_motion_keeps_numbers() -> None:
    motion = speech_motion(30, 0)
    played = motion.as_motion()
    assert played.fps == 30 and played.name == "speech"
    np.testing.assert_allclose(played.expression.numpy(), motion.expression, atol=1e-7)
