"""The numpy reference against the library that builds avatars: two implementations, one meaning."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from emoga_core.avatars import triangle_frames
from emoga_core.avatars.avatar import LocalGaussians
from emoga_core.avatars.binding import bind
from emoga_core.heads.skinning import joint_transforms, pose_feature, rotation_matrices, skin
from emoga_core.render import evaluate_sh
from emoga_protocol import reference
from emoga_protocol.sh import reduce_degree, sh_basis, viewing_directions

PROTOCOL = Path(__file__).resolve().parents[2] / "protocol"


@pytest.fixture(scope="module")
def rig():
    """The rig of the golden scene: five joints, expressions that move joints, pose correctives."""
    sys.path.insert(0, str(PROTOCOL))
    try:
        from make_golden import small_rig
    finally:
        sys.path.remove(str(PROTOCOL))
    return small_rig(correctives=True)


def test_skinning(rig):
    rng = np.random.default_rng(0)
    expression, joints = rng.random(3), rng.normal(0, 0.6, (5, 3))
    translation = rng.normal(0, 0.1, 3)
    ours = reference.skin(rig, expression, joints, translation)

    def tensor(values: np.ndarray) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float64)

    rotations = rotation_matrices(tensor(joints)[None])
    shaped = tensor(rig.template + np.tensordot(expression, rig.expression_basis, 1))[None]
    shaped = shaped + torch.einsum("bp,pvc->bvc", pose_feature(rotations), tensor(rig.pose_correctives))
    rest = tensor(rig.rest_joints + np.tensordot(expression, rig.joint_shifts, 1))[None]
    world, offsets = joint_transforms(rotations, rest, tuple(rig.parents))
    theirs = skin(shaped, tensor(rig.skin_weights), world, offsets) + tensor(translation)
    np.testing.assert_allclose(ours, theirs[0].numpy(), atol=1e-7)  # FLAME's Rodrigues adds 1e-8


def test_zero_pose_is_the_template(rig):
    rest = reference.skin(rig, np.zeros(3), np.zeros((5, 3)), np.zeros(3))
    np.testing.assert_allclose(rest, rig.template, atol=1e-12)


def test_the_root_turns_about_its_joint(rig):
    joints = np.zeros((5, 3))
    joints[0] = [0, 0.7, 0]
    turned = reference.skin(rig, np.zeros(3), joints, np.zeros(3))
    pivot, rotation = rig.rest_joints[0], reference.rotation_matrices(joints)[0]
    np.testing.assert_allclose(turned - pivot, (rig.template - pivot) @ rotation.T, atol=1e-12)


def test_binding(rig):
    rng = np.random.default_rng(1)
    count = 200
    vertices = rig.template + rng.normal(0, 0.01, rig.template.shape)
    means, quaternions = rng.normal(0, 0.5, (count, 3)), rng.normal(size=(count, 4))
    log_scales, parent = rng.normal(-1, 0.5, (count, 3)), rng.integers(0, len(rig.triangles), count)
    centers, rotations, scales = reference.triangle_frames(vertices, rig.triangles)
    unit = quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True)
    ours_q = reference.multiply_quaternions(reference.quaternions_from_matrices(rotations)[parent], unit)
    ours_m = scales[parent, None] * np.einsum("nij,nj->ni", rotations[parent], means) + centers[parent]

    tensors = [torch.tensor(v) for v in (means, quaternions, log_scales)]
    local = LocalGaussians(tensors[0], tensors[1], tensors[2], torch.zeros(count))
    frames = triangle_frames(torch.tensor(vertices), torch.tensor(rig.triangles))
    theirs_m, theirs_q, theirs_s = bind(local, torch.tensor(parent), frames)
    np.testing.assert_allclose(ours_m, theirs_m.numpy(), atol=1e-12)
    np.testing.assert_allclose(np.abs((ours_q * theirs_q.numpy()).sum(axis=1)), 1, atol=1e-12)
    np.testing.assert_allclose(scales[parent, None] * np.exp(log_scales), theirs_s.numpy(), rtol=1e-12)


def test_degenerate_triangles_stay_finite():
    vertices = np.zeros((3, 3))
    centers, rotations, scales = reference.triangle_frames(vertices, np.array([[0, 1, 2]]))
    assert np.isfinite(centers).all() and np.isfinite(rotations).all() and np.isfinite(scales).all()


@pytest.mark.parametrize("coefficients", [1, 4, 9, 16])
def test_spherical_harmonics(coefficients):
    rng = np.random.default_rng(2)
    directions = rng.normal(size=(50, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    sh = rng.normal(0, 0.3, (50, coefficients, 3))
    ours = np.maximum(np.einsum("nk,nkc->nc", sh_basis(directions, coefficients), sh) + 0.5, 0)
    theirs = evaluate_sh(torch.tensor(sh), torch.tensor(directions)).numpy()
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_fewer_coefficients_fit_where_cameras_look():
    rng = np.random.default_rng(4)
    sh = rng.normal(0, 0.2, (300, 16, 3))
    directions = viewing_directions()
    exact = np.einsum("dk,nkc->dnc", sh_basis(directions, 16), sh)

    def error(low: np.ndarray) -> float:
        return float(((np.einsum("dk,nkc->dnc", sh_basis(directions, 4), low) - exact) ** 2).mean())

    assert error(reduce_degree(sh, 4, directions)) < 0.7 * error(sh[:, :4])
    low = rng.normal(0, 0.2, (10, 4, 3))
    np.testing.assert_array_equal(reduce_degree(low, 4, directions), low.astype(np.float32))
    padded = np.concatenate([low, np.zeros((10, 12, 3))], axis=1)
    np.testing.assert_allclose(reduce_degree(padded, 4, directions), low, atol=1e-6)
