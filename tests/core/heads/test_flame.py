"""FLAME files: every pickle protocol, exact pose and gradients, and a clear refusal of everything else."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from emoga_core.errors import EmogaError
from emoga_core.heads import convert_flame, vertices_in


def reference_pose(model, identity, expression, rotations, translation, offset):
    """FLAME's equations written out with 4x4 matrices in float64."""
    template, shape = model["v_template"], model["shapedirs"].x
    weights, correctives = model["weights"].x, model["posedirs"]
    csc = model["J_regressor"]
    regressor = np.zeros(csc._shape)
    for c in range(csc._shape[1]):
        for k in range(csc.indptr[c], csc.indptr[c + 1]):
            regressor[csc.indices[k], c] = csc.data[k]
    shaped = template + shape @ np.concatenate([identity, expression]) + offset
    joints = regressor @ shaped
    matrices = []
    for v in rotations:
        angle = np.linalg.norm(v)
        axis = v / angle if angle else v
        k = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
        matrices.append(np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k)
    feature = np.concatenate([(m - np.eye(3)).ravel() for m in matrices[1:]])
    posed = shaped + correctives @ feature
    chain = []
    for j, parent in enumerate((-1, 0, 1, 1, 1)):
        local = np.eye(4)
        local[:3, :3] = matrices[j]
        local[:3, 3] = joints[j] - (joints[parent] if parent >= 0 else 0)
        chain.append(local if parent < 0 else chain[parent] @ local)
    for j, m in enumerate(chain):
        m[:3, 3] -= m[:3, :3] @ joints[j]
    blended = np.einsum("vj,jab->vab", weights, np.stack(chain))
    return np.einsum("vab,vb->va", blended[:, :3, :3], posed) + blended[:, :3, 3] + translation


def random_inputs(vertices, seed=3):
    rng = np.random.default_rng(seed)
    return (
        rng.normal(size=300), rng.normal(size=100), rng.normal(0, 0.5, (5, 3)), rng.normal(size=3),
        rng.normal(0, 0.01, (vertices, 3)),
    )  # fmt: skip


def tensors(inputs, dtype=torch.float64):
    identity, expression, rotations, translation, offset = (torch.tensor(x, dtype=dtype) for x in inputs)
    return identity[None], expression[None], rotations[None], translation[None], offset


def test_true_sizes_convert_and_pose_like_the_reference(tmp_path, flame_model, pickled):
    model = flame_model(5023, 9976)
    path = tmp_path / "flame2023.pkl"
    path.write_bytes(pickled(model, 2))
    head = convert_flame(path)
    assert (head.num_vertices, head.num_triangles, head.num_identities, head.num_expressions) == (
        5023, 9976, 300, 100,
    )  # fmt: skip
    assert head.version == "2023" and not head.redistributable and head.expression_range is None
    inputs = random_inputs(5023)
    got = head.pose(*tensors(inputs, torch.float32))[0].numpy()
    np.testing.assert_allclose(got, reference_pose(model, *inputs), atol=2e-6)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_every_protocol_gives_the_same_head(tmp_path, flame_model, pickled, protocol):
    model = flame_model()
    path = tmp_path / "generic_model.pkl"
    path.write_bytes(pickled(model, protocol))
    head = convert_flame(path)
    np.testing.assert_array_equal(head.template.numpy(), model["v_template"].astype(np.float32))
    np.testing.assert_array_equal(
        head.expression_basis.numpy(), model["shapedirs"].x[:, :, 300:].astype(np.float32)
    )
    np.testing.assert_array_equal(head.triangles.numpy(), model["f"])
    assert head.version == "2020"


def test_gradients_equal_finite_differences_of_the_reference(flame_head):
    head, model = flame_head
    model = {**model}
    head = head.to(torch.float64)
    inputs = random_inputs(60)
    arguments = [t.requires_grad_() for t in tensors(inputs)]
    probe = np.random.default_rng(1).normal(size=(60, 3))
    (head.pose(*arguments)[0] * torch.tensor(probe)).sum().backward()
    rng = np.random.default_rng(2)
    for i, argument in enumerate(arguments):
        assert argument.grad is not None
        gradient = argument.grad.numpy().reshape(inputs[i].shape)
        for _ in range(4):
            direction = rng.normal(size=inputs[i].shape)
            values = []
            for step in (1e-5, -1e-5):
                moved = list(inputs)
                moved[i] = inputs[i] + step * direction
                values.append((reference_pose(model, *moved) * probe).sum())
            expected = (values[0] - values[1]) / 2e-5
            assert (gradient * direction).sum() == pytest.approx(expected, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("v_template", np.zeros((60, 2)), r"v_template has shape \(60, 2\), expected \(n, 3\)"),
        ("shapedirs", np.zeros((60, 3, 150)), r"shapedirs has shape .*expected \(60, 3, 400\)"),
        ("posedirs", np.zeros((60, 3, 207)), r"expected \(60, 3, 36\)"),
        ("weights", np.zeros((60, 5)), "rows of weights must sum to 1"),
        ("weights", np.ones((59, 5)) / 5, r"weights has shape \(59, 5\)"),
        ("J_regressor", np.full((5, 60), np.nan), "not finite"),
        ("kintree_table", np.array([[-1, 0, 1, 2, 3], [0, 1, 2, 3, 4]]), "joints hang together"),
        ("f", np.array([[0, 1, 60]], np.uint32), "whole numbers from 0 to 59"),
        ("f", np.array([[0.0, 1.0, 2.0]]), "whole numbers"),
        ("f", "text", "expected an array of numbers"),
    ],
)
def test_wrong_contents_are_named(tmp_path, flame_model, pickled, key, value, message):
    path = tmp_path / "generic_model.pkl"
    path.write_bytes(pickled({**flame_model(), key: value}))
    with pytest.raises(EmogaError, match=message):
        convert_flame(path)


def test_missing_key_and_other_files(tmp_path, flame_model, pickled):
    path = tmp_path / "x.pkl"
    model = flame_model()
    del model["posedirs"]
    path.write_bytes(pickled(model))
    with pytest.raises(EmogaError, match="has no 'posedirs'"):
        convert_flame(path)
    path.write_bytes(pickled([1, 2]))
    with pytest.raises(EmogaError, match="holds a list"):
        convert_flame(path)


@pytest.mark.parametrize(
    ("name", "version", "redistributable"),
    [
        ("flame2023_Open.pkl", "2023-open", True),
        ("flame2023.pkl", "2023", False),
        ("mine.pkl", "unknown", False),
    ],
)
def test_licence_follows_the_version(tmp_path, flame_model, pickled, name, version, redistributable):
    path = tmp_path / name
    path.write_bytes(pickled(flame_model()))
    head = convert_flame(path)
    assert (head.version, head.redistributable) == (version, redistributable)


def test_landmark_and_mask_files(tmp_path, flame_model, pickled):
    rng = np.random.default_rng(0)
    path, points, masks = tmp_path / "generic_model.pkl", tmp_path / "lmk.npy", tmp_path / "masks.pkl"
    path.write_bytes(pickled(flame_model()))
    table = {
        "full_lmk_faces_idx": rng.integers(0, 100, (1, 105)),
        "full_lmk_bary_coords": rng.dirichlet([1, 1, 1], (1, 105)),
    }
    np.save(points, np.array(table, dtype=object), allow_pickle=True)
    names = [
        "boundary", "neck", "scalp", "face", "forehead", "left_eye_region", "right_eye_region", "nose",
        "lips", "left_ear", "right_ear", "left_eyeball", "right_eyeball", "eye_region",
    ]  # fmt: skip
    ids = {name: np.arange(4 * i, 4 * i + 4) for i, name in enumerate(names)}
    masks.write_bytes(pickled(ids))
    head = convert_flame(path, landmarks=points, masks=masks)
    np.testing.assert_array_equal(head.landmark_triangles.numpy(), table["full_lmk_faces_idx"][0, :68])
    assert torch.equal(vertices_in(head, ["lips"]).nonzero()[:, 0], torch.tensor(ids["lips"]))
    with pytest.raises(EmogaError, match="has no 'left_eyeball'"):
        masks.write_bytes(pickled({k: v for k, v in ids.items() if k != "left_eyeball"}))
        convert_flame(path, masks=masks)
    with pytest.raises(EmogaError, match="whole numbers from 0 to 99"):
        table["full_lmk_faces_idx"][:] = 100
        np.save(points, np.array(table, dtype=object), allow_pickle=True)
        convert_flame(path, landmarks=points)
