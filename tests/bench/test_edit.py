"""Pieces of `emoga bench edit` that need no server: lateness, and when a face counts as changed."""

from __future__ import annotations

import numpy as np
import pytest

from emoga_protocol.deltas import decode_delta
from emoga_server.baking import bake_avatar
from emoga_server.bench import Row
from emoga_server.bench.edit_watch import Screen, Watch
from emoga_server.bench.lateness import lateness
from emoga_server.errors import ServerError


def test_lateness_counts_what_exceeds_the_period():
    arrivals = np.cumsum([0.0] + [0.010] * 97 + [0.030, 0.010, 0.060])
    found = lateness(arrivals.tolist(), 0.010)
    assert found["frames"] == 101
    assert found["p50_ms"] == pytest.approx(0, abs=1e-6)
    assert found["p99_ms"] == pytest.approx(50, abs=1e-6)
    assert found["worst_ms"] == pytest.approx(50, abs=1e-6)


def test_a_frame_that_comes_early_is_not_late():
    assert lateness([0.0, 0.002, 0.004], 0.010)["worst_ms"] == 0
    assert lateness([1.0], 0.010)["worst_ms"] == 0


@pytest.fixture(scope="module")
def screen_and_delta(tiny):
    """What a client that follows the tiny avatar shows, and the delta of its emotion "happy"."""
    avatar = tiny.avatar(tiny.head())
    baked = bake_avatar(avatar)
    info = baked.info
    blobs = [baked.blobs[ref.sha256] for ref in (info.head_blob, info.splats_blob)]
    delta = next(baked.blobs[s.blob.sha256] for s in info.states if s.name == "happy")
    return Screen(avatar, *blobs), delta


def test_the_first_visible_change_is_where_the_weight_reaches_the_threshold(screen_and_delta):
    screen, blob = screen_and_delta
    delta = decode_delta(blob)
    steps = np.linspace(0, 1, 41)
    seen = [screen.changed(delta, weight) for weight in steps]
    assert not seen[0] and seen[-1]
    first = seen.index(True)
    watch = Watch(slot=0, puts=[(1.0, blob)])
    watch.weights = [(2.0 + 0.01 * k, float(weight)) for k, weight in enumerate(steps)]
    assert screen.first_change(watch) == pytest.approx(2.0 + 0.01 * first)


def test_weights_before_the_state_arrived_do_not_count(screen_and_delta):
    screen, blob = screen_and_delta
    watch = Watch(slot=0, puts=[(5.0, blob)], weights=[(1.0, 1.0), (6.0, 1.0)])
    assert screen.first_change(watch) == 6.0


def test_a_face_that_never_changes_is_an_error(screen_and_delta):
    screen, blob = screen_and_delta
    watch = Watch(slot=0, puts=[(1.0, blob)], weights=[(2.0, 1e-6)])
    with pytest.raises(ServerError, match="never changed"):
        screen.first_change(watch)


def test_a_row_may_carry_an_interval():
    assert Row("a", 1.0, "dB", interval=(0.5, 1.5)).interval == (0.5, 1.5)
