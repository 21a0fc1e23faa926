"""`Head`: batches, offsets, hashes and refusals, on the bundled head and on a FLAME-format one."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from emoga_core.errors import EmogaError
from emoga_core.heads import ARKIT_NAMES, bundled_head


def neutral(head, batch=1, dtype=torch.float32):
    return (
        torch.zeros(batch, head.num_identities, dtype=dtype),
        torch.zeros(batch, head.num_expressions, dtype=dtype),
        torch.zeros(batch, 5, 3, dtype=dtype), torch.zeros(batch, 3, dtype=dtype),
    )  # fmt: skip


def test_zero_gives_the_template(flame_head):
    for head in (bundled_head(), flame_head[0]):
        torch.testing.assert_close(head.pose(*neutral(head))[0], head.template, atol=1e-6, rtol=0)


def test_translation_is_added_last():
    head = bundled_head()
    identity, expression, rotations, _ = neutral(head)
    rotations[0, 0] = torch.tensor([0.3, -0.7, 0.2])
    moved = head.pose(identity, expression, rotations, torch.tensor([[1.0, 2.0, 3.0]]))
    still = head.pose(identity, expression, rotations, torch.zeros(1, 3))
    torch.testing.assert_close(
        moved - still, torch.tensor([1.0, 2.0, 3.0]).expand_as(still), atol=1e-5, rtol=0
    )


def test_batches_equal_single_frames_and_broadcast_identity(flame_head):
    head = flame_head[0].to(torch.float64)
    generator = torch.Generator().manual_seed(1)
    draw = {n: torch.randn(3, n, generator=generator, dtype=torch.float64) for n in (100, 3)}
    identity = torch.randn(1, 300, generator=generator, dtype=torch.float64)
    rotations = torch.randn(3, 5, 3, generator=generator, dtype=torch.float64)
    together = head.pose(identity, draw[100], rotations, draw[3])
    for i in range(3):
        alone = head.pose(identity, draw[100][i : i + 1], rotations[i : i + 1], draw[3][i : i + 1])
        torch.testing.assert_close(together[i], alone[0])


def test_offset_moves_joints_too():
    head = bundled_head()
    identity, expression, *_ = neutral(head)
    offset = torch.full((head.num_vertices, 3), 0.01)
    _, before = head.rest(identity, expression)
    shaped, after = head.rest(identity, expression, offset)
    torch.testing.assert_close(after - before, torch.full_like(before, 0.01), atol=1e-5, rtol=0)
    torch.testing.assert_close(shaped[0], head.template + 0.01)


def test_pose_does_not_change_its_inputs():
    head = bundled_head()
    inputs = neutral(head)
    copies = [t.clone() for t in inputs]
    template = head.template.clone()
    head.pose(*inputs, torch.ones(head.num_vertices, 3))
    assert all(torch.equal(a, b) for a, b in zip(inputs, copies, strict=True))
    assert torch.equal(head.template, template)


def test_shapes_that_do_not_fit_are_refused():
    head = bundled_head()
    identity, expression, rotations, translation = neutral(head)
    with pytest.raises(EmogaError, match=r"expression has shape \(1, 100\), expected \(any, 52\)"):
        head.pose(identity, torch.zeros(1, 100), rotations, translation)
    with pytest.raises(EmogaError, match="joint_rotations has shape"):
        head.pose(identity, expression, rotations[:, :4], translation)
    with pytest.raises(EmogaError, match="batch sizes differ: expression 2, translation 3"):
        head.pose(identity, expression.expand(2, -1), rotations, translation.expand(3, -1))
    with pytest.raises(EmogaError, match="offset has shape"):
        head.pose(identity, expression, rotations, translation, torch.zeros(7, 3))


def test_hash_follows_geometry_only():
    head = bundled_head()
    assert head.hash == dataclasses.replace(head, credit="someone else").hash
    moved = head.template.clone()
    moved[5, 1] += 1e-6
    assert head.hash != dataclasses.replace(head, template=moved).hash
    assert head.hash != dataclasses.replace(head, expression_basis=head.expression_basis.flip(2)).hash


def test_inconsistent_heads_cannot_be_made():
    head = bundled_head()
    with pytest.raises(EmogaError, match="skin_weights has shape"):
        dataclasses.replace(head, skin_weights=head.skin_weights[:-1])
    with pytest.raises(EmogaError, match="triangles name vertices outside"):
        dataclasses.replace(head, triangles=head.triangles + head.num_vertices)
    with pytest.raises(EmogaError, match="51 names for 52 expressions"):
        dataclasses.replace(head, expression_names=ARKIT_NAMES[1:])


def test_clamp_is_for_arkit_heads_only(flame_head):
    wild = torch.tensor([-1.0, 0.5, 2.0])
    assert bundled_head().clamp_expression(wild).tolist() == [0.0, 0.5, 1.0]
    assert torch.equal(flame_head[0].clamp_expression(wild), wild)
