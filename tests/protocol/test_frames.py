"""FRAME: size, accuracy, saturation, canonical rotations, layouts that do not fit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from emoga_protocol.codec import decode
from emoga_protocol.errors import ProtocolError
from emoga_protocol.frames import (
    Frame,
    FrameEncoder,
    canonical_rotations,
    check_layout,
    decode_frame,
    make_layout,
)
from emoga_protocol.messages import FrameField, FrameLayout
from emoga_protocol.reference import rotation_matrices

ANGLES = hnp.arrays(np.float64, (5, 3), elements=st.floats(-12, 12))


def frame(expressions: int = 4, slots: int = 2, **changes) -> Frame:
    rng = np.random.default_rng(3)
    values = {
        "seq": 9,
        "time": 10**15,
        "avatar": 3,
        "state_revision": 2**32 - 1,
        "translation": rng.normal(0, 0.2, 3),
        "joints": rng.normal(0, 0.4, (5, 3)),
        "expression": rng.normal(0, 1, expressions),
        "weights": rng.random(slots),
    }
    return Frame(**(values | changes))


def test_flame_with_sixteen_states_is_300_bytes():
    assert len(FrameEncoder(make_layout(100, 16)).encode(frame(100, 16))) == 300


def test_round_trip_within_half_a_step():
    layout = make_layout(4, 2)
    sent = frame()
    encoder = FrameEncoder(layout)
    received = decode_frame(decode(encoder.encode(sent)), layout)
    assert encoder.saturated == 0
    for field in layout.fields:
        error = np.abs(getattr(received, field.name) - getattr(sent, field.name)).max()
        assert error <= 0.5 * field.scale * (1 + 1e-9)
    assert (received.seq, received.time, received.avatar, received.state_revision) == (
        9,
        10**15,
        3,
        2**32 - 1,
    )


def test_saturation_is_clamped_and_counted():
    layout = make_layout(4, 2, ranges={"expression": 1.25})
    encoder = FrameEncoder(layout)
    data = encoder.encode(frame(expression=np.array([2.0, -9.0, 1.0, 0.0]), weights=np.array([0.5, 1.5])))
    received = decode_frame(decode(data), layout)
    np.testing.assert_allclose(received.expression, [1.25, -1.25, 1.0, 0.0], atol=1e-4)
    np.testing.assert_allclose(received.weights, [0.5, 1.0], atol=1e-4)
    assert encoder.saturated == 3
    encoder.encode(frame(weights=np.array([2.0, 0.0])))
    assert encoder.saturated == 3 + 1 + int((np.abs(frame().expression) > 1.25).sum())


@settings(max_examples=60, deadline=None)
@given(ANGLES)
def test_canonical_rotations_are_the_same_rotations(rotations):
    short = canonical_rotations(rotations)
    assert (np.linalg.norm(short, axis=1) <= math.pi + 1e-9).all()
    np.testing.assert_allclose(rotation_matrices(short), rotation_matrices(rotations), atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(ANGLES)
def test_any_rotation_survives_the_wire(rotations):
    layout = make_layout(4, 2)
    received = decode_frame(decode(FrameEncoder(layout).encode(frame(joints=rotations))), layout)
    np.testing.assert_allclose(rotation_matrices(received.joints), rotation_matrices(rotations), atol=3e-4)


def test_not_finite_or_wrong_sizes():
    encoder = FrameEncoder(make_layout(4, 2))
    with pytest.raises(ProtocolError, match="not a finite number"):
        encoder.encode(frame(expression=np.array([0, np.nan, 0, 0])))
    with pytest.raises(ProtocolError, match="3 values of weights, the layout has 2"):
        encoder.encode(frame(weights=np.zeros(3)))
    with pytest.raises(ProtocolError):
        encoder.encode(frame(avatar=70_000))


def test_other_layouts_are_refused():
    data = decode(FrameEncoder(make_layout(4, 2, revision=1)).encode(frame()))
    with pytest.raises(ProtocolError, match="revision 1, expected 2"):
        decode_frame(data, make_layout(4, 2, revision=2))
    with pytest.raises(ProtocolError, match="the layout needs"):
        decode_frame(data, make_layout(4, 3, revision=1))


def test_layouts_must_tile_the_frame():
    layout = make_layout(4, 2)
    assert check_layout(layout) == 3 + 15 + 4 + 2
    gap = [FrameField(name=f.name, offset=f.offset + (f.name == "weights"), count=f.count, scale=f.scale)
           for f in layout.fields]  # fmt: skip
    with pytest.raises(ProtocolError, match="weights starts at 23, not 22"):
        check_layout(FrameLayout(revision=1, fields=gap))
    with pytest.raises(ProtocolError, match="expected"):
        check_layout(FrameLayout(revision=1, fields=layout.fields[:3]))
    with pytest.raises(ProtocolError, match="at most"):
        make_layout(5000, 2)
