"""Emotions: real ARKit names, strengths in range, mixtures, clear errors."""

from __future__ import annotations

import numpy as np
import pytest

from emoga_core.captures.errors import CaptureError
from emoga_core.captures.studio import EMOTIONS, emotion_offset, parse_emotions
from emoga_core.captures.studio.wrinkles import wrinkle_height, wrinkles_of
from emoga_core.heads import ARKIT_INDEX


def test_activations_are_arkit_within_range() -> None:
    assert set(EMOTIONS) == {"happy", "sad", "angry", "surprised", "disgust", "fear"}
    for emotion in EMOTIONS.values():
        assert set(emotion.activations) <= set(ARKIT_INDEX)
        assert all(0 < w <= 1 for w in emotion.activations.values())
        assert -1 <= emotion.valence <= 1 and -1 <= emotion.arousal <= 1


def test_emotions_differ_clearly() -> None:
    offsets = [emotion_offset({name: 1.0}) for name in EMOTIONS]
    for i, a in enumerate(offsets):
        for b in offsets[:i]:
            assert np.linalg.norm(a - b) > 0.8


def test_mixtures_are_linear_below_one_and_scaled_above() -> None:
    happy, sad = emotion_offset({"happy": 1.0}), emotion_offset({"sad": 1.0})
    np.testing.assert_allclose(emotion_offset({"happy": 0.25, "sad": 0.5}), 0.25 * happy + 0.5 * sad)
    np.testing.assert_allclose(emotion_offset({"happy": 1.0, "sad": 1.0}), 0.5 * happy + 0.5 * sad)
    assert not emotion_offset({}).any()


def test_parse() -> None:
    assert parse_emotions("neutral") == {} == parse_emotions("")
    assert parse_emotions("happy") == {"happy": 1.0}
    assert parse_emotions(" happy=0.25, surprised = 0.5") == {"happy": 0.25, "surprised": 0.5}


@pytest.mark.parametrize(
    "text", ["glad", "happy=2", "happy=-0.1", "happy=x", "happy=nan", "happy,happy", "=1"]
)
def test_parse_rejects(text: str) -> None:
    with pytest.raises(CaptureError) as caught:
        parse_emotions(text)
    assert "\n" not in str(caught.value)


def test_wrinkles_follow_the_muscles() -> None:
    calm = wrinkles_of({}, 0.1, 0.0)
    frown = wrinkles_of({"browDownLeft": 1.0, "browDownRight": 1.0}, 0.1, 0.0)
    furrow = (0.006, 0.7455, 0.145)
    assert wrinkle_height(*furrow, frown) < wrinkle_height(*furrow, calm) - 3e-4
    assert frown.rage == 0 and calm.joy == 0
    left = wrinkles_of({"mouthSmileLeft": 1.0}, 0.1, 0.0)
    assert left.nasolabial.left > left.nasolabial.right
    assert wrinkles_of({}, 0.9, 0.0).forehead.left > calm.forehead.left
