"""Rules shared by server and clients."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoga_protocol.errors import ProtocolError
from emoga_protocol.messages import EASINGS
from emoga_protocol.mixing import blend_expression, ease, normalize_weight_map, normalize_weights

FINITE = st.floats(-3, 3)


@given(st.lists(FINITE, max_size=16))
def test_weights_are_clamped_and_sum_to_at_most_one(weights):
    mixed = normalize_weights(np.array(weights))
    clamped = np.clip(weights, 0, 1)
    assert ((mixed >= 0) & (mixed <= 1)).all()
    assert mixed.sum() <= 1 + 1e-12
    if clamped.sum() <= 1:
        np.testing.assert_array_equal(mixed, clamped)
    else:
        np.testing.assert_allclose(mixed * clamped.sum(), clamped, atol=1e-12)


def test_weights_by_name_and_unusual_numbers():
    assert normalize_weight_map({"happy": 1, "sad": 1}) == {"happy": 0.5, "sad": 0.5}
    values = normalize_weights(np.array([math.nan, math.inf, -math.inf]))
    np.testing.assert_array_equal(values, [0, 1, 0])


def test_the_same_rule_as_the_avatars():
    from emoga_core.avatars.blending import normalize_weights as core_rule

    for weights in ({"a": 0.5, "b": 0.25}, {"a": 0.9, "b": 0.8, "c": -1.0}, {"a": 2.0}, {}):
        ours, theirs = normalize_weight_map(weights), core_rule(weights)
        for name in weights:
            assert ours[name] == pytest.approx(theirs.get(name, 0.0), abs=1e-12)


@pytest.mark.parametrize("name", EASINGS)
def test_easings_rise_from_0_to_1(name):
    values = [ease(name, t) for t in np.linspace(0, 1, 201)]
    assert values[0] == 0 and values[-1] == 1
    assert all(b >= a - 1e-12 for a, b in itertools.pairwise(values))
    assert max(np.diff(values)) < 0.05  # no jump where the two halves meet
    assert ease(name, -5) == 0 and ease(name, 5) == 1 and ease(name, math.nan) == 0


def test_known_easings():
    assert ease("linear", 0.3) == 0.3
    assert ease("smoothstep", 0.25) == 0.15625
    assert ease("cubic_in_out", 0.75) == 1 - (2 - 1.5) ** 3 / 2
    with pytest.raises(ProtocolError, match="known: linear"):
        ease("bounce", 0.5)


def test_expression_is_clamped_only_where_the_head_says_so():
    motion, offsets = np.array([0.5, 0.2]), np.array([[1.0, -1.0]])
    weights = np.array([0.8])
    np.testing.assert_allclose(blend_expression(motion, weights, offsets, None), [1.3, -0.6])
    np.testing.assert_allclose(blend_expression(motion, weights, offsets, (0.0, 1.0)), [1.0, 0.0])
