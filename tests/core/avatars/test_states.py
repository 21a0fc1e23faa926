"""Emotion states, motions and their names."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from emoga_core.avatars import AvatarError, Motion, check_name, name_from_text
from emoga_core.captures import FlameParameters


@pytest.mark.parametrize("name", ["happy", "very-sad", "a", "9lives", "x_y", "a" * 48])
def test_allowed_names(name):
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "Happy", "../x", "a/b", "a\\b", "a.b", "-a", "a-", "nul", "com3", "a" * 49, "é", None, 3, "a\n"],
)
def test_refused_names(name):
    with pytest.raises(AvatarError, match="not allowed"):
        check_name(name)


def test_neutral_is_no_state():
    with pytest.raises(AvatarError, match="neutral"):
        check_name("neutral")


@given(st.text(max_size=200))
def test_names_made_of_any_text_are_allowed_or_refused_clearly(text):
    try:
        name = name_from_text(text)
    except AvatarError:
        return
    assert check_name(name) == name


def test_name_from_text():
    assert name_from_text("  Très surprised! ") == "tres-surprised"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embedding": torch.zeros(31)}, "embedding has shape"),
        ({"jaw": torch.full((3,), torch.nan)}, "jaw holds numbers"),
        ({"latent_indices": torch.arange(3)}, "latent_values has shape"),
        ({"valence": 1.5}, "valence is 1.5"),
        ({"arousal": float("nan")}, "arousal is nan"),
        ({"provenance": {"x": {1, 2}}}, "provenance is no JSON"),
        ({"name": "Bad Name"}, "not allowed"),
    ],
)
def test_impossible_states(tiny_avatar, change, message):
    with pytest.raises(AvatarError, match=message):
        dataclasses.replace(tiny_avatar.states["happy"], **change)


def test_latent_rows_must_increase(tiny_avatar):
    state = tiny_avatar.states["happy"]
    with pytest.raises(AvatarError, match="must increase"):
        dataclasses.replace(state, latent_indices=state.latent_indices.flip(0))


def test_dense_latents(tiny_avatar):
    state = tiny_avatar.states["sad"]
    dense = state.dense_latents(160)
    assert torch.equal(dense[state.latent_indices], state.latent_values.float())
    assert (dense.abs().sum(1) > 0).sum() == len(state.latent_indices)


def test_motion_loops_and_knows_its_length(tiny_avatar):
    motion = tiny_avatar.motions["nod"]
    assert motion.seconds == pytest.approx(5 / 30)
    assert torch.equal(motion.frame(7).expression, motion.expression[2])


def test_motion_of_a_capture():
    rng = np.random.default_rng(0)
    tracked = FlameParameters(
        *(rng.normal(size=shape).astype(np.float32) for shape in ((6, 3), (6, 5, 3), (6, 4), (3,)))
    )
    motion = Motion.from_parameters("tracked", tracked, 25)
    assert np.array_equal(motion.joint_rotations.numpy(), tracked.joint_rotations) and len(motion) == 6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fps": 0.0}, "frames a second"),
        ({"translation": torch.zeros(4, 3)}, "translation has shape"),
        ({"expression": torch.full((5, 4), torch.inf)}, "not finite"),
        ({"expression": torch.zeros(0, 4)}, "expected \\(T, E\\)"),
    ],
)
def test_impossible_motions(tiny_avatar, change, message):
    with pytest.raises(AvatarError, match=message):
        dataclasses.replace(tiny_avatar.motions["nod"], **change)
