"""Rotations and skinning: closed forms, gradients, symmetries."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from emoga_core.errors import EmogaError
from emoga_core.heads.skinning import (
    joint_transforms,
    pose_feature,
    require_shape,
    rotation_matrices,
    skin,
)

PARENTS = (-1, 0, 1, 1, 1)
vectors = st.tuples(*[st.floats(-4, 4)] * 3)


@given(vectors)
def test_rotations_are_proper_and_equal_scipys(v):
    got = rotation_matrices(torch.tensor(v, dtype=torch.float64))
    expected = torch.from_numpy(Rotation.from_rotvec(v).as_matrix())
    torch.testing.assert_close(got, expected, atol=1e-12, rtol=0)
    assert torch.linalg.det(got).item() == pytest.approx(1)


@pytest.mark.parametrize("angle", [0.0, 1e-9, 9.9e-4, 1.0001e-3, 0.01, 3.0])
def test_rotation_gradients_are_exact_at_every_size(angle):
    v = torch.tensor([0.6, -0.48, 0.64], dtype=torch.float64) * angle
    assert torch.autograd.gradcheck(rotation_matrices, v.requires_grad_(), atol=1e-7)


def test_half_turn_in_float32():
    got = rotation_matrices(torch.tensor([0.0, math.pi, 0.0]))
    torch.testing.assert_close(got, torch.diag(torch.tensor([-1.0, 1.0, -1.0])), atol=1e-6, rtol=0)


def _inputs(batch=2, points=4):
    generator = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_()

    weights = torch.rand(points, 5, generator=generator, dtype=torch.float64)
    return (
        draw(batch, points, 3),
        draw(batch, 5, 3),
        draw(batch, 5, 3),
        weights / weights.sum(1, keepdim=True),
    )


def test_skinning_gradcheck():
    points, joints, axis_angle, weights = _inputs()

    def run(points, joints, axis_angle):
        return skin(points, weights, *joint_transforms(rotation_matrices(axis_angle), joints, PARENTS))

    assert torch.autograd.gradcheck(run, (points, joints, axis_angle))


def test_joints_stay_joined():
    """A point at a joint moves the same whether its parent or its child carries it."""
    _, joints, axis_angle, _ = _inputs()
    rotation, offset = joint_transforms(rotation_matrices(axis_angle), joints, PARENTS)
    for child, parent in enumerate(PARENTS):
        if parent >= 0:
            pivot = joints[:, child, :, None]
            by_child = rotation[:, child] @ pivot + offset[:, child, :, None]
            by_parent = rotation[:, parent] @ pivot + offset[:, parent, :, None]
            torch.testing.assert_close(by_child, by_parent)
    root = joints[:, 0, :, None]
    torch.testing.assert_close(rotation[:, 0] @ root + offset[:, 0, :, None], root)


@settings(max_examples=25, deadline=None)
@given(vectors)
def test_turning_the_root_is_a_rigid_motion(v):
    points, joints, axis_angle, weights = (t.detach() for t in _inputs())
    axis_angle[:, 0] = 0
    still = skin(points, weights, *joint_transforms(rotation_matrices(axis_angle), joints, PARENTS))
    axis_angle[:, 0] = torch.tensor(v, dtype=torch.float64)
    turned = skin(points, weights, *joint_transforms(rotation_matrices(axis_angle), joints, PARENTS))
    rotation = rotation_matrices(axis_angle[:, :1])
    expected = (rotation @ (still - joints[:, :1])[..., None])[..., 0] + joints[:, :1]
    torch.testing.assert_close(turned, expected)


def test_pose_feature_leaves_the_root_out():
    rotations = rotation_matrices(torch.randn(3, 5, 3, generator=torch.Generator().manual_seed(0)))
    feature = pose_feature(rotations)
    assert feature.shape == (3, 36)
    torch.testing.assert_close(feature[:, :9], (rotations[:, 1] - torch.eye(3)).flatten(1))


def test_shapes_are_named_in_errors():
    with pytest.raises(EmogaError, match=r"thing has shape \(2, 3\), expected \(any, 4\)"):
        require_shape("thing", torch.zeros(2, 3), None, 4)
