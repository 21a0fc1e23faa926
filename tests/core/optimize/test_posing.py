"""The linear pose is the head's own pose."""

from __future__ import annotations

import torch

from emoga_core.avatars import Avatar, MotionFrame
from emoga_core.optimize.posing import LinearPose


def _frame(seed: int) -> MotionFrame:
    g = torch.Generator().manual_seed(seed)
    return MotionFrame(
        torch.rand(4, generator=g), 0.2 * torch.randn(5, 3, generator=g), 0.1 * torch.randn(3, generator=g)
    )


def _exact(avatar: Avatar, frame: MotionFrame, expression: torch.Tensor, jaw: torch.Tensor) -> torch.Tensor:
    joints = frame.joint_rotations.clone()
    joints[2] += jaw
    return avatar.vertices(expression[None], joints[None], frame.translation[None])[0]


def test_is_exact_in_the_expression(ball) -> None:
    # The tiny head's joints move with its expressions: the hard case.
    frame, rows = _frame(1), torch.tensor([0, 3, 17, 41])
    pose = LinearPose(ball, frame, rows, with_jaw=False)
    expression = torch.tensor([0.9, -0.5, 2.0, 0.3])
    wanted = _exact(ball, frame, expression, torch.zeros(3))[rows]
    assert (pose(expression, torch.zeros(3)) - wanted).abs().max() < 1e-7


def test_is_close_in_the_jaw_and_follows_it(ball) -> None:
    frame, rows = _frame(2), torch.arange(42)
    pose = LinearPose(ball, frame, rows, with_jaw=True)
    jaw = torch.tensor([0.15, -0.02, 0.01])
    assert pose.stale(jaw)
    pose.follow(frame.expression, jaw)
    assert not pose.stale(jaw + 0.005)
    for turn, error in ((torch.zeros(3), 1e-7), (torch.tensor([0.005, 0.0, -0.003]), 5e-6)):
        wanted = _exact(ball, frame, frame.expression, jaw + turn)
        assert (pose(frame.expression, jaw + turn) - wanted).abs().max() < error


def test_gradients_are_those_of_the_head(ball) -> None:
    frame, rows = _frame(3), torch.arange(42)
    pose = LinearPose(ball, frame, rows, with_jaw=True)
    pulls = torch.randn(42, 3, generator=torch.Generator().manual_seed(4))
    found = [frame.expression.clone().requires_grad_(), torch.zeros(3).requires_grad_()]
    wanted = [frame.expression.clone().requires_grad_(), torch.zeros(3).requires_grad_()]
    pose.follow(frame.expression, torch.zeros(3))
    (pose(*found) * pulls).sum().backward()
    (_exact(ball, frame, *wanted) * pulls).sum().backward()
    for a, b in zip(found, wanted, strict=True):
        assert a.grad is not None and b.grad is not None
        assert torch.allclose(a.grad, b.grad, rtol=2e-3, atol=1e-5)
