"""The live state, stepped through by hand: weights, easing, playback, cross-fades, cuts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoga_protocol.messages import EASINGS, ErrorCode
from emoga_protocol.mixing import ease
from emoga_server.director import CommandError, Director
from emoga_server.errors import ServerError
from emoga_server.motion import axis_angles, make_motion, multiply, quaternions, read_motion, slerp

NAMES = ["eyeBlinkLeft", "eyeBlinkRight", "jawOpen", "browInnerUp"]


def ramp(name: str = "ramp", frames: int = 31, fps: float = 10.0, axis: int = 1):
    """jawOpen from 0 to 1 and the neck from 0 to 60 degrees about one axis."""
    t = np.linspace(0, 1, frames)
    expression = np.zeros((frames, 4))
    expression[:, 2] = t
    joints = np.zeros((frames, 5, 3))
    joints[:, 1, axis] = math.radians(60) * t
    return make_motion(name, fps, expression, joints, np.zeros((frames, 3)), blink_columns=(0, 1))


def director(idle: bool = False, **options) -> Director:
    made = Director({"ramp": ramp()}, {"happy": 0, "sad": 1}, 4, NAMES, (0.0, 1.0), **options)
    made.set_idle(enabled=idle)
    made._damping[:] = float(idle)
    return made


@pytest.mark.parametrize("easing", EASINGS)
def test_a_weight_follows_its_curve_and_stays(easing):
    live = director()
    live.set_weights({"happy": 0.6}, 10.0, duration=2.0, easing=easing)
    for x in (0.0, 0.25, 0.5, 0.9):
        assert live.weights(10.0 + 2.0 * x)["happy"] == pytest.approx(0.6 * ease(easing, x), abs=1e-12)
    assert live.weights(12.0)["happy"] == live.weights(1e6)["happy"] == 0.6


def test_a_new_target_starts_from_where_the_weight_is():
    live = director()
    live.set_weights({"happy": 1.0}, 0.0, duration=1.0, easing="linear")
    live.set_weights({"happy": 0.0}, 0.5, duration=1.0, easing="linear")
    assert live.weights(0.5)["happy"] == pytest.approx(0.5)
    assert live.weights(1.0)["happy"] == pytest.approx(0.25)
    assert live.weights(1.5)["happy"] == 0.0


def test_exclusive_sends_the_others_to_zero():
    live = director()
    live.set_weights({"happy": 1.0}, 0.0, duration=0.0)
    live.set_weights({"sad": 0.4}, 1.0, duration=1.0)
    assert live.targets == {"happy": 1.0, "sad": 0.4}
    live.set_weights({"sad": 0.4}, 1.0, duration=1.0, exclusive=True)
    assert live.targets == {"happy": 0.0, "sad": 0.4}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["happy", "sad"]),
            st.floats(-2, 3),
            st.floats(0, 2),
            st.sampled_from(sorted(EASINGS)),
        ),
        max_size=8,
    ),
    st.floats(0, 10),
)
def test_weights_obey_the_rule_at_every_instant(changes, now):
    live = director()
    for i, (name, weight, duration, easing) in enumerate(changes):
        live.set_weights({name: weight}, 0.3 * i, duration, easing)
    values = list(live.weights(max(now, 0.3 * len(changes))).values())
    assert all(0.0 <= value <= 1.0 for value in values) and sum(values) <= 1.0 + 1e-12


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_weights_that_are_not_finite_are_refused_whole(bad):
    live = director()
    with pytest.raises(CommandError) as caught:
        live.set_weights({"happy": 0.5, "sad": bad}, 0.0, duration=0.0)
    assert caught.value.code is ErrorCode.INVALID_ARGUMENT
    assert live.targets == {"happy": 0.0, "sad": 0.0}


def test_playback_interpolates_between_frames():
    live = director()
    live.choose_motion("ramp", 0.0, loop=False, blend=0.0)
    instant, _ = live.tick(1.55)  # frame 15.5 of 30
    assert instant.expression[2] == pytest.approx(15.5 / 30)
    np.testing.assert_allclose(instant.joints[1], [0, math.radians(60) * 15.5 / 30, 0], atol=1e-9)


def test_a_motion_that_does_not_loop_ends_once_and_holds():
    live = director()
    live.choose_motion("ramp", 0.0, loop=False, blend=0.0)
    assert not live.tick(3.0)[1]
    assert live.tick(3.2)[1]
    assert not live.tick(3.3)[1]
    assert live.tick(9.0)[0].expression[2] == 1.0
    live.play(10.0)
    assert live.tick(10.5)[0].expression[2] == pytest.approx(0.5 / 3.0)


def test_pause_speed_and_seek():
    live = director()
    live.choose_motion("ramp", 0.0, blend=0.0)
    live.pause(1.0)
    assert live.tick(5.0)[0].expression[2] == pytest.approx(1 / 3)
    live.play(5.0, speed=0.5)
    assert live.tick(6.0)[0].expression[2] == pytest.approx(0.5)
    live.seek(0.3, 6.0)
    instant, _ = live.tick(6.0)
    assert instant.cut and instant.expression[2] == pytest.approx(0.1)
    assert not live.tick(6.1)[0].cut


def test_repeating_is_chosen_while_paused_without_playing_on():
    live = director()
    live.choose_motion("ramp", 0.0, loop=False, blend=0.0)
    live.pause(1.5)
    live.set_loop(True, 2.0)
    assert live.player is not None and live.player.loop and not live.player.playing
    assert live.tick(4.0)[0].expression[2] == pytest.approx(0.5)
    live.choose_motion(None, 5.0)
    with pytest.raises(CommandError, match="no motion is chosen"):
        live.set_loop(True, 5.0)


def test_a_motion_that_has_ended_keeps_its_last_pose_when_it_shall_repeat():
    live = director()
    live.choose_motion("ramp", 0.0, loop=False, blend=0.0)
    live.tick(4.0)
    live.set_loop(True, 5.0)
    assert live.tick(6.0)[0].expression[2] == 1.0


def test_idle_behaviour_skips_the_time_that_nobody_saw():
    live = director(idle=True)
    before = live.tick(20.0)[0]
    week = 7 * 86400.0
    after = live.tick(week)[0]
    steps = live._idle._blinks.start
    assert steps < 30.0  # it has not lived through a week of blinks
    assert np.abs(after.joints - before.joints).max() < 0.3


def test_the_seam_of_a_loop_has_no_jump():
    live = director()
    live.choose_motion("ramp", 0.0, blend=0.0)
    values = [live.tick(t)[0].expression[2] for t in np.arange(0.0, 12.0, 1 / 60)]
    assert max(abs(np.diff(values))) < 0.12  # unblended, the wrap alone would jump by 1


@pytest.mark.parametrize("target", ["ramp", None])
def test_a_cross_fade_has_no_jump_and_no_cut(target):
    live = director()
    live.choose_motion("ramp", 0.0, loop=False, blend=0.0)
    live.tick(2.9)
    live.choose_motion(target, 3.0, blend=0.5)
    instants = [live.tick(t)[0] for t in np.arange(3.0, 4.0, 1 / 60)]
    values = [i.expression[2] for i in instants]
    assert not any(i.cut for i in instants)
    assert values[0] == pytest.approx(1.0, abs=0.02)
    assert max(abs(np.diff(values))) < 0.06
    assert values[-1] == pytest.approx(0.0 if target is None else 1 / 3, abs=0.02)


def test_a_cross_fade_that_is_cut_short_has_no_jump():
    live = director()
    live.choose_motion("ramp", 0.0, loop=False, blend=0.0)
    live.tick(2.9)
    live.choose_motion(None, 3.0, blend=0.5)
    before = [live.tick(t)[0] for t in (3.0, 3.1)]
    live.choose_motion("ramp", 3.1, blend=0.5)
    after = live.tick(3.1)[0]
    assert 0.5 < before[1].expression[2] < 0.95 and not after.cut
    assert after.expression[2] == pytest.approx(before[1].expression[2])
    np.testing.assert_allclose(after.joints, before[1].joints, atol=1e-9)


def test_another_avatar_goes_on_from_where_it_stood():
    live = director()
    live.choose_motion("ramp", 0.0, blend=0.0)
    live.tick(1.0)
    live.resume(100.0)
    instant, _ = live.tick(100.0)
    assert instant.cut and instant.expression[2] == pytest.approx(1 / 3)


def test_idle_is_damped_by_a_motion_that_blinks_itself():
    t = np.arange(300) / 30
    expression = np.zeros((300, 4))
    expression[:, :2] = (t % 3 < 0.2)[:, None]
    blinking = make_motion("b", 30.0, expression, np.zeros((300, 5, 3)), np.zeros((300, 3)), (0, 1))
    assert blinking.own_blinks and not blinking.own_head
    live = Director({"b": blinking}, {}, 4, NAMES, (0.0, 1.0))
    live.choose_motion("b", 0.0, blend=0.0)
    open_times = [
        now
        for now in np.arange(2.0, 60.0, 1 / 60)
        if live.player and 0.3 < live.player.position(now) % 3 < 2.9
    ]
    closures = [live.tick(now)[0].expression[0] for now in open_times]
    assert max(closures) < 0.02
    live.pause(60.0)
    assert max(live.tick(now)[0].expression[0] for now in np.arange(60.0, 90.0, 1 / 60)) > 0.5


def test_idle_stays_within_the_expression_range_and_can_be_turned_off():
    live = director(idle=True)
    frames = [live.tick(t)[0].expression for t in np.arange(0.0, 60.0, 1 / 30)]
    assert np.min(frames) >= 0.0 and np.max(frames) <= 1.0 and np.max(np.array(frames)[:, 0]) > 0.5
    live.set_idle(enabled=False)
    live.tick(61.0)
    assert not live.tick(70.0)[0].expression.any()


def test_a_new_state_gets_its_own_slot():
    live = director()
    live.set_weights({"sad": 0.5}, 0.0, duration=0.0)
    live.add_state("angry", 4)
    live.set_weights({"angry": 0.25}, 0.0, duration=0.0)
    np.testing.assert_allclose(live.tick(1.0)[0].weights, [0, 0.5, 0, 0, 0.25])


vectors = st.lists(st.floats(-3, 3), min_size=3, max_size=3).map(np.array)


@given(vectors, vectors, st.floats(0, 1))
def test_quaternion_algebra(a, b, t):
    for v in (a, b):
        angle = np.linalg.norm(v)
        if angle < math.pi - 1e-3:
            np.testing.assert_allclose(axis_angles(quaternions(v)), v, atol=1e-9)
    qa, qb = quaternions(a), quaternions(b)
    assert np.linalg.norm(slerp(qa, qb, t)) == pytest.approx(1.0)
    if abs(qa @ qb) > 1e-6:
        same = abs(slerp(qa, qb, 0.0) @ qa), abs(slerp(qa, qb, 1.0) @ qb)
        assert same == pytest.approx((1.0, 1.0))
        # half way twice is the whole way: slerp(a, b, 1/2) = h with h a^-1 h = b up to sign
        half = slerp(qa, qb, 0.5)
        inverse = qa * np.array([1, -1, -1, -1])
        assert abs(multiply(multiply(half, inverse), half) @ qb) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fps": 0.0}, "fps"),
        ({"expression": np.zeros((3, 5))}, "expression has shape"),
        ({"translation": np.full((3, 3), np.nan)}, "not finite"),
        ({"joint_rotations": None}, "not a motion file"),
    ],
)
def test_a_damaged_motion_is_named(tmp_path, change, words):
    arrays = {
        "fps": 30.0,
        "expression": np.zeros((3, 4)),
        "joint_rotations": np.zeros((3, 5, 3)),
        "translation": np.zeros((3, 3)),
    }
    path = tmp_path / "talk.npz"
    np.savez(path, **{k: v for k, v in (arrays | change).items() if v is not None})
    with pytest.raises(ServerError, match=words) as caught:
        read_motion(path, 4)
    assert "talk.npz" in str(caught.value)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_file_is_a_motion_or_an_error(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("m") / "x.npz"
    path.write_bytes(data)
    with pytest.raises(ServerError):
        read_motion(path, 4)
