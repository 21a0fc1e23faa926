"""The part of the posed head that a target shows, as a linear map of the emotion's coefficients.

Skinning is linear in the expression while the joints keep their rotations (also where the expression moves
the joints), so that one matrix for each moment gives vertices and gradients. Rotations of the jaw are
linearised around a reference, which follows the jaw.
"""

from __future__ import annotations

import torch
from torch import Tensor

from emoga_core.avatars import Avatar, MotionFrame
from emoga_core.avatars.motion import JAW
from emoga_core.heads.skinning import joint_transforms, rotation_matrices

_JAW_STEP = 0.01  # radians, of the central differences
_STALE = 0.01  # radians: turned so far, a chin that the expression has moved 5 mm is 50 micrometres off


class LinearPose:
    """Chosen vertices of one moment: vertices = origin + matrix [expression; jaw - reference].

    Args:
        rows: (R,) int64, the vertices wanted.
        with_jaw: whether the jaw moves; the matrix then has three more columns.
    """

    def __init__(self, avatar: Avatar, frame: MotionFrame, rows: Tensor, with_jaw: bool) -> None:
        device = avatar.identity.device
        self.avatar, self.rows, self.with_jaw = avatar, rows, with_jaw
        self.motion = frame.expression.to(device).float()
        self.joints = frame.joint_rotations.to(device).float()
        self.translation = frame.translation.to(device).float()
        self.reference = torch.zeros(3, device=device)
        self._around = self.motion
        self._linearise()

    def follow(self, expression: Tensor, jaw: Tensor) -> None:
        """Linearises anew around an expression (E,) and a jaw offset (3,); nothing to do without a jaw."""
        if self.with_jaw:
            self.reference, self._around = jaw.detach().clone(), expression.detach().clone()
            self._linearise()

    def reference_point(self) -> tuple[Tensor, Tensor]:
        """The expression (E,) and the jaw offset (3,) of the last `follow`."""
        return self._around, self.reference

    def stale(self, jaw: Tensor) -> bool:
        """Whether the jaw offset (3,) has left the reference so far that `follow` is due."""
        return self.with_jaw and float((jaw - self.reference).abs().max()) > _STALE

    def __call__(self, expression: Tensor, jaw: Tensor) -> Tensor:
        """(R,3) metres for the whole expression (E,), clamped already, and the emotion's jaw offset (3,)."""
        x = torch.cat([expression, jaw - self.reference]) if self.with_jaw else expression
        return _Affine.apply(x, self._matrix, self._transposed, self._origin)  # type: ignore[return-value]

    def _linearise(self) -> None:
        with torch.no_grad():
            columns = self._expression_columns()
            if self.with_jaw:
                columns = torch.cat([columns, self._jaw_columns()], 2)
        self._matrix = columns.flatten(0, 1).contiguous()
        self._transposed = self._matrix.T.contiguous()

    def _posed(self, expression: Tensor, jaw: Tensor) -> Tensor:
        """(B,R,3) of one expression (E,), for jaw offsets (B,3)."""
        joints = self.joints.repeat(len(jaw), 1, 1)
        joints[:, JAW] += jaw
        return self.avatar.vertices(expression[None], joints, self.translation[None])[:, self.rows]

    def _expression_columns(self) -> Tensor:
        """(R,3,E), and the origin on the way."""
        head = self.avatar.head
        joints = self.joints.clone()
        joints[JAW] += self.reference
        self._origin = self._posed(torch.zeros_like(self.motion), self.reference[None])[0]
        moved = torch.einsum("jv,vce->ejc", head.joint_regressor, head.expression_basis)
        rotations = rotation_matrices(joints[None])
        world, offsets = joint_transforms(rotations.expand(len(moved), -1, -1, -1), moved, head.parents)
        weights = head.skin_weights[self.rows]
        turns = torch.einsum("vj,jab->vab", weights, world[0])
        columns = torch.einsum("vab,vbe->vae", turns, head.expression_basis[self.rows])
        return columns + torch.einsum("vj,ejc->vce", weights, offsets)

    def _jaw_columns(self) -> Tensor:
        """(R,3,3)"""
        step = torch.eye(3, device=self.reference.device) * _JAW_STEP
        both = self._posed(self._around, torch.cat([self.reference + step, self.reference - step]))
        return ((both[:3] - both[3:]) / (2 * _JAW_STEP)).permute(1, 2, 0)


class _Affine(torch.autograd.Function):
    """origin + matrix x, with the transposed matrix at hand for the gradient."""

    @staticmethod
    def forward(ctx, x: Tensor, matrix: Tensor, transposed: Tensor, origin: Tensor) -> Tensor:  # type: ignore[override]
        ctx.transposed = transposed
        return origin + (matrix @ x).view_as(origin)

    @staticmethod
    def backward(ctx, gradient: Tensor):  # type: ignore[override]
        return ctx.transposed @ gradient.reshape(-1), None, None, None
