"""Fitting an emotion: it reproduces unseen pictures of the emotion, and touches nothing else."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from emoga_core.build import BuildError, BuildInterrupted, BuildOptions, StateOptions, build_avatar, fit_state
from emoga_core.captures import read_capture
from emoga_core.heads import Head


@pytest.fixture(scope="module")
def avatar(ball_capture: Path, ball_head: Head):
    options = BuildOptions(steps=120, gaussians=330, latent_dim=8)
    return build_avatar(read_capture(ball_capture), ball_head, options, name="ball").avatar


@pytest.fixture(scope="module")
def fitted(avatar, happy_ball_capture: Path):
    before = {k: v.clone() for k, v in avatar.appearance.state_dict().items()}
    result = fit_state(avatar, read_capture(happy_ball_capture), "happy", StateOptions(steps=60))
    for name, value in avatar.appearance.state_dict().items():
        assert torch.equal(value, before[name]), f"fitting changed the avatar's {name}"
    assert not avatar.states
    return result


def test_full_beats_geometry_beats_neutral(fitted) -> None:
    scores = fitted.scores
    assert scores.pictures == 10
    assert scores.geometry > scores.neutral + 0.5
    assert scores.full > scores.geometry + 2
    assert scores.worst <= scores.full


def test_geometry_starts_from_the_tracked_change(fitted) -> None:
    # The cheeks rise by 0.5 (less where the capture's range ends), the chin moves as in the neutral capture.
    assert 0.3 < float(fitted.state.expression[0]) < 0.6
    assert abs(float(fitted.state.expression[1])) < 0.1


def test_nothing_outside_the_face_changes_colour(avatar, fitted) -> None:
    outside = avatar.mask == 0
    assert outside.any() and (avatar.mask > 0).any()
    trial = dataclasses.replace(avatar, states={"happy": fitted.state})
    sh = trial.blended_sh({"happy": 1.0})
    assert torch.equal(sh[outside], avatar.blended_sh({})[outside])
    assert not torch.equal(sh, avatar.blended_sh({}))
    assert not outside[fitted.state.latent_indices].any()


def test_avatar_without_statistics_is_refused(avatar, happy_ball_capture: Path) -> None:
    blank = dataclasses.replace(avatar, provenance={})
    with pytest.raises(BuildError, match="mean expression"):
        fit_state(blank, read_capture(happy_ball_capture), "happy")


def test_another_person_is_refused(avatar, happy_ball_capture: Path) -> None:
    other = dataclasses.replace(avatar, identity=avatar.identity + 2)
    with pytest.raises(BuildError, match="another person"):
        fit_state(other, read_capture(happy_ball_capture), "happy")


def test_stop_leaves_the_avatar_alone(avatar, happy_ball_capture: Path) -> None:
    with pytest.raises(BuildInterrupted):
        fit_state(avatar, read_capture(happy_ball_capture), "happy", stop=lambda: True)
    assert not avatar.states


def test_plain_sh_avatars_take_emotions_too(
    ball_capture: Path, happy_ball_capture: Path, ball_head: Head
) -> None:
    options = BuildOptions(steps=120, gaussians=330, sh_only=True)
    plain = build_avatar(read_capture(ball_capture), ball_head, options).avatar
    scores = fit_state(plain, read_capture(happy_ball_capture), "happy", StateOptions(steps=60)).scores
    assert scores.full > scores.geometry + 1
