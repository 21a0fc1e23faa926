"""The avatar: pose, clamping, splats, and states that share nothing."""

import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from emoga_core.avatars import AvatarError, MotionFrame
from emoga_core.render import Cameras, rasterize

NAMES = ["happy", "sad", "angry", "calm"]


def _outputs(avatar, names):
    """Everything that a state decides, for each name alone and for all mixed."""
    frame = avatar.motions["nod"].frame(2)
    mixtures = [{name: 0.8} for name in names] + [dict.fromkeys(names, 0.3)]
    with torch.no_grad():
        return [
            t
            for w in mixtures
            for t in (*avatar.blend(w), avatar.pose(frame, w), avatar.splats(frame, w).means)
        ]


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(st.sampled_from(["edit", "add", "remove", "reorder"]), st.integers(0, 9)), max_size=6)
)
def test_changing_one_state_leaves_the_others_bit_identical(tiny, changes):
    avatar = tiny.avatar(tiny.head(), ("happy", "victim", "sad"))
    before = _outputs(avatar, ["happy", "sad"])
    for what, seed in changes:
        if what == "remove":
            avatar.states.pop("victim", None)
        elif what == "reorder" and "victim" in avatar.states:
            avatar.states["victim"] = avatar.states.pop("victim")
        else:
            avatar.add_state(tiny.state(avatar, "victim" if what == "edit" else f"extra-{seed}", seed + 10))
    for a, b in zip(before, _outputs(avatar, ["happy", "sad"]), strict=True):
        assert torch.equal(a, b)


def test_expression_is_clamped_only_for_heads_with_a_range(tiny):
    for ranged in (True, False):
        head = tiny.head(ranged=ranged)
        avatar = tiny.avatar(head)
        state = dataclasses.replace(
            avatar.states["happy"], expression=torch.full((4,), 0.9), jaw=torch.zeros(3)
        )
        avatar.add_state(state)
        frame = MotionFrame(torch.full((4,), 0.7), torch.zeros(5, 3), torch.zeros(3))
        wanted = avatar.vertices(
            torch.full((1, 4), 1.0 if ranged else 1.6), torch.zeros(1, 5, 3), torch.zeros(1, 3)
        )
        torch.testing.assert_close(avatar.pose(frame, {"happy": 1.0}), wanted[0])


def test_jaw_rotations_add_up(tiny_avatar):
    state = dataclasses.replace(
        tiny_avatar.states["happy"], expression=torch.zeros(4), jaw=torch.tensor([0.2, 0, 0.1])
    )
    tiny_avatar.add_state(state)
    joints = torch.zeros(5, 3)
    joints[2] = torch.tensor([0.1, 0.05, 0])
    frame = MotionFrame(torch.zeros(4), joints.clone(), torch.zeros(3))
    joints[2] = torch.tensor([0.2, 0.05, 0.05])
    wanted = tiny_avatar.vertices(torch.zeros(1, 4), joints[None], torch.zeros(1, 3))[0]
    torch.testing.assert_close(tiny_avatar.pose(frame, {"happy": 0.5}), wanted)
    assert torch.equal(frame.joint_rotations[2], torch.tensor([0.1, 0.05, 0])), (
        "the frame itself is untouched"
    )


def test_splats_can_be_drawn_and_emotions_show(tiny_avatar):
    camera = Cameras.orbit(0.0, distance=0.6, width=48, height=48, vertical_fov=0.6)
    with torch.no_grad():
        pictures = [
            rasterize(tiny_avatar.splats(tiny_avatar.rest_frame(), weights), camera, torch.ones(3))[0]
            for weights in ({}, {"happy": 0.5}, {"happy": 1.0})
        ]
    changes = [float((picture - pictures[0]).abs().mean()) for picture in pictures]
    assert 0.001 < changes[1] < changes[2]


def test_gaussians_with_mask_zero_keep_their_colour(tiny_avatar):
    with torch.no_grad():
        neutral, happy = tiny_avatar.blended_sh({}), tiny_avatar.blended_sh({"happy": 1.0})
    outside = tiny_avatar.mask == 0
    assert 0 < outside.sum() < len(outside)
    assert torch.equal(neutral[outside], happy[outside])
    assert not torch.equal(neutral[~outside], happy[~outside])


def test_a_neutral_state_changes_nothing(tiny_avatar):
    tiny_avatar.add_state(tiny_avatar.neutral_state("new"))
    frame = tiny_avatar.motions["nod"].frame(1)
    with torch.no_grad():
        plain, mixed = (tiny_avatar.splats(frame, weights) for weights in ({}, {"new": 1.0}))
    for field in ("means", "quaternions", "log_scales", "sh"):
        torch.testing.assert_close(getattr(plain, field), getattr(mixed, field))
    assert len(tiny_avatar.states["new"].latent_indices) == int((tiny_avatar.mask > 0).sum())


def test_gradients_reach_the_expression(tiny_avatar):
    expression = torch.full((1, 4), 0.5, requires_grad=True)
    vertices = tiny_avatar.vertices(expression, torch.zeros(1, 5, 3), torch.zeros(1, 3))[0]
    tiny_avatar.bound(vertices, tiny_avatar.blended_sh({})).means.square().sum().backward()
    assert expression.grad is not None and (expression.grad != 0).all()


def test_foreign_states_and_motions_are_refused(tiny, tiny_avatar):
    stranger = tiny.avatar(tiny.head(expressions=6), ("odd",))
    with pytest.raises(AvatarError, match="another avatar"):
        tiny_avatar.add_state(stranger.states["odd"])
    with pytest.raises(AvatarError, match="6 expression coefficients"):
        tiny_avatar.add_motion(stranger.motions["nod"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"identity": torch.zeros(2)}, "identity has shape"),
        ({"mask": torch.zeros(3)}, "mask has shape"),
        ({"mask": torch.full((160,), 2.0)}, "mask leaves"),
        ({"vertex_offset": torch.zeros(41, 3)}, "vertex_offset has shape"),
        ({"name": "bad\nname"}, "printable"),
    ],
)
def test_parts_that_do_not_fit_are_named(tiny_avatar, change, message):
    with pytest.raises(AvatarError, match=message):
        dataclasses.replace(tiny_avatar, **change)
