"""Weights and mixtures of states."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from emoga_core.avatars import AvatarError, normalize_weights, parse_weights
from emoga_core.avatars.blending import active_states
from emoga_protocol.mixing import normalize_weight_map

WEIGHTS = st.dictionaries(
    st.sampled_from(["happy", "sad", "angry", "fear", "calm"]), st.floats(allow_nan=True, allow_infinity=True)
)


@given(WEIGHTS)
def test_normalised_weights_are_a_mixture(weights):
    mixed = normalize_weights(weights)
    assert list(mixed) == list(weights)
    assert all(0 <= weight <= 1 for weight in mixed.values())
    assert sum(mixed.values()) <= 1 + 1e-12


@given(WEIGHTS)
def test_the_rule_is_the_protocols_bit_for_bit(weights):
    assert normalize_weights(weights) == normalize_weight_map(weights)


def test_weights_that_leave_room_for_neutral_stay():
    assert normalize_weights({"happy": 0.3, "sad": 0.4}) == {"happy": 0.3, "sad": 0.4}
    assert normalize_weights({"happy": 1.0, "sad": 1.0}) == {"happy": 0.5, "sad": 0.5}
    assert normalize_weights({"happy": -1.0, "sad": 7.0, "fear": math.nan}) == {
        "happy": 0,
        "sad": 1,
        "fear": 0,
    }


def test_parse_weights():
    assert parse_weights("happy=0.6, surprised = 0.4") == {"happy": 0.6, "surprised": 0.4}
    assert parse_weights("happy") == {"happy": 1.0}
    assert parse_weights("") == {}


@pytest.mark.parametrize("text", ["happy=2", "happy=x", "=1", "happy=", "happy=nan", "happy=-1", "a=1,a=1"])
def test_parse_weights_refuses(text):
    with pytest.raises(AvatarError, match="NAME=WEIGHT"):
        parse_weights(text)


def test_unknown_and_neutral_weights_are_refused(tiny_avatar):
    with pytest.raises(AvatarError, match="no emotion 'bored'; this avatar has: happy, sad"):
        tiny_avatar.blend({"bored": 1.0})
    with pytest.raises(AvatarError, match="neutral has no weight"):
        tiny_avatar.blend({"neutral": 1.0})


def test_blend_follows_the_formulas(tiny_avatar):
    expression, jaw, sh = tiny_avatar.blend({"happy": 0.5, "sad": 0.25})
    happy, sad, look = tiny_avatar.states["happy"], tiny_avatar.states["sad"], tiny_avatar.appearance
    torch.testing.assert_close(expression, 0.5 * happy.expression + 0.25 * sad.expression)
    torch.testing.assert_close(jaw, 0.5 * happy.jaw + 0.25 * sad.jaw)
    offset = 0.5 * happy.dense_latents(160) + 0.25 * sad.dense_latents(160)
    e0 = look.neutral_embedding
    embedding = e0 + 0.5 * (happy.embedding - e0) + 0.25 * (sad.embedding - e0)
    torch.testing.assert_close(sh, look.sh(offset, embedding, tiny_avatar.mask))


def test_no_weight_is_neutral_bit_for_bit(tiny_avatar):
    for weights in ({}, {"happy": 0.0}, {"happy": 0.0, "sad": -1.0}):
        expression, jaw, sh = tiny_avatar.blend(weights)
        assert not expression.any() and not jaw.any()
        assert torch.equal(sh, tiny_avatar.appearance.sh())


def test_order_of_weights_does_not_matter(tiny_avatar):
    first, second = ({"happy": 0.9, "sad": 0.7}, {"sad": 0.7, "happy": 0.9})
    assert active_states(tiny_avatar.states, first) == active_states(tiny_avatar.states, second)
    for a, b in zip(tiny_avatar.blend(first), tiny_avatar.blend(second), strict=True):
        assert torch.equal(a, b)
