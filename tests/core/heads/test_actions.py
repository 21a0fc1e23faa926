"""Action units on ARKit heads are exact; on a head of FLAME's form the landmarks move as they should."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from emoga_core.captures.studio.emotions import EMOTIONS, emotion_offset
from emoga_core.edit.prompts import read_prompt
from emoga_core.errors import EmogaError
from emoga_core.heads import (
    ACTION_UNITS,
    ARKIT_INDEX,
    ARKIT_NAMES,
    arkit_from_action_units,
    bundled_head,
    convert_flame,
    expression_from_action_units,
    landmarks,
)

SIZE = 1.15  # of the FLAME-like head over the bundled one


@pytest.fixture(scope="module")
def flame_like(tmp_path_factory, flame_model):
    """A FLAME file, converted: the bundled head's surface, larger; random mixtures of its actions but the
    jaw's, which turns on a joint; with landmarks."""
    import pickle

    source = bundled_head()
    rng = np.random.default_rng(0)
    basis = source.expression_basis.numpy() * SIZE
    jaw = np.linalg.norm(basis[..., ARKIT_INDEX["jawOpen"]], axis=1)
    others = [i for i, name in enumerate(ARKIT_NAMES) if not name.startswith("jaw")]
    mixing = rng.normal(size=(len(others), 100)).astype(np.float32) / 12
    weights = np.zeros((source.num_vertices, 5), np.float32)
    weights[:, 2] = np.clip(jaw / jaw.max() * 1.2, 0, 1)
    weights[:, 1] = 1 - weights[:, 2]
    identity = np.zeros((source.num_vertices, 3, 300), np.float32)
    model = flame_model() | {
        "v_template": source.template.numpy() * SIZE,
        "shapedirs": np.concatenate([identity, basis[..., others] @ mixing], 2),
        "posedirs": np.zeros((source.num_vertices, 3, 36), np.float32),
        "J_regressor": source.joint_regressor.numpy(),
        "weights": weights,
        "f": source.triangles.numpy().astype(np.uint32),
    }
    folder = tmp_path_factory.mktemp("flame")
    (folder / "generic_model.pkl").write_bytes(pickle.dumps(model, protocol=4))
    embedding = {
        "full_lmk_faces_idx": source.landmark_triangles.numpy()[None],
        "full_lmk_bary_coords": source.landmark_barycentric.numpy()[None],
    }
    np.save(folder / "landmarks.npy", np.array(embedding, dtype=object), allow_pickle=True)
    return convert_flame(folder / "generic_model.pkl", landmarks=folder / "landmarks.npy")


def shown(head, expression, jaw):
    """(68, 3) how the landmarks move."""
    joints = torch.zeros(1, 5, 3)
    joints[0, 2] = jaw
    still, none = torch.zeros(1, head.num_identities), torch.zeros(1, 3)
    moved = head.pose(still, expression[None], joints, none)
    rest = head.pose(still, torch.zeros(1, head.num_expressions), torch.zeros(1, 5, 3), none)
    return (landmarks(head, moved) - landmarks(head, rest))[0]


def wanted(units):
    source = bundled_head()
    return shown(source, arkit_from_action_units(units), torch.zeros(3)) * SIZE


def test_arkit_heads_are_exact():
    head = bundled_head()
    for unit, actions in ACTION_UNITS.items():
        expression, jaw = expression_from_action_units(head, {unit: 0.5})
        expected = {ARKIT_INDEX[name]: 0.5 * amount for name, amount in actions.items()}
        assert {int(i): float(expression[i]) for i in expression.nonzero()} == pytest.approx(expected)
        assert not jaw.any() and expression.shape == (52,)


def test_arkit_actions_in_another_order():
    head = bundled_head()
    order = torch.arange(51, -1, -1)
    turned = dataclasses.replace(
        head, expression_basis=head.expression_basis[..., order], expression_names=ARKIT_NAMES[::-1]
    )
    expression, _ = expression_from_action_units(turned, {12: 1.0})
    assert torch.equal(expression.flip(0), expression_from_action_units(head, {12: 1.0})[0])


@pytest.mark.parametrize("name", EMOTIONS)
def test_plain_emotion_words_come_close_to_the_studios_emotions(name):
    head = bundled_head()
    truth = torch.from_numpy(emotion_offset({name: 1.0})).float()
    expression, _ = expression_from_action_units(head, read_prompt(f"a {name} face").action_units)
    assert (expression - truth).abs().max() < 0.2
    away, size = head.expression_basis @ (expression - truth), head.expression_basis @ truth
    assert away.norm() < 0.08 * size.norm()
    for other in EMOTIONS:
        if other != name:
            distance = expression - torch.from_numpy(emotion_offset({other: 1.0})).float()
            assert (head.expression_basis @ distance).norm() > 4 * away.norm()


@pytest.mark.parametrize(
    "units",
    [
        {12: 1.0}, {12: 0.8, 6: 0.6}, {1: 1.0, 15: 1.0}, {4: 1.0, 9: 0.6}, {1: 0.9, 2: 1.0, 5: 0.9, 26: 0.8},
        {212: 1.0},
    ],
    ids=["smile", "happy", "sad", "angry", "surprised", "one-sided"],
)  # fmt: skip
def test_landmarks_of_a_flame_like_head_move_as_on_the_bundled_one(flame_like, units):
    assert flame_like.expression_names is None and flame_like.num_expressions == 100
    expression, jaw = expression_from_action_units(flame_like, units)
    assert expression.shape == (100,) and jaw.shape == (3,)
    found, target = shown(flame_like, expression, jaw)[17:], wanted(units)[17:]
    assert (found - target).norm() < 0.35 * target.norm()
    assert torch.dot(found.flatten(), target.flatten()) > 0.8 * target.square().sum()


def test_an_open_mouth_turns_the_jaw_joint(flame_like):
    expression, jaw = expression_from_action_units(flame_like, {27: 1.0})
    assert 0.1 < float(jaw[0]) <= 0.6 and not jaw[1:].any()
    chin, target = shown(flame_like, expression, jaw)[8], wanted({27: 1.0})[8]
    assert float(chin[1]) < 0.6 * float(target[1]) < 0
    _, closed = expression_from_action_units(flame_like, {1: 1.0})
    assert abs(float(closed[0])) < 0.03


def test_nothing_wanted_nothing_moved(flame_like):
    expression, jaw = expression_from_action_units(flame_like, {})
    assert not expression.any() and not jaw.any()


def test_the_result_is_deterministic_and_plausible(flame_like):
    first = expression_from_action_units(flame_like, {12: 1.0, 6: 1.0, 26: 1.0})
    second = expression_from_action_units(flame_like, {12: 1.0, 6: 1.0, 26: 1.0})
    assert torch.equal(first[0], second[0]) and torch.equal(first[1], second[1])
    assert float(first[0].norm()) < 15  # within reach of the prior: some standard deviations over all


def test_a_head_without_landmarks_says_so(flame_head):
    with pytest.raises(EmogaError, match=r"has no landmarks.*--landmarks FILE"):
        expression_from_action_units(flame_head[0], {12: 1.0})
    with pytest.raises(EmogaError, match="action unit 3 is not in the table"):
        expression_from_action_units(bundled_head(), {3: 1.0})
