"""Action units on any head: expression coefficients and jaw rotation.

A head whose coefficients are ARKit's takes them as they are. On a statistical head (FLAME) the units are
found as the most probable coefficients whose landmarks move as the bundled head's do.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from emoga_core.errors import EmogaError
from emoga_core.heads.action_units import arkit_from_action_units
from emoga_core.heads.arkit import ARKIT_NAMES
from emoga_core.heads.bundled import bundled_head
from emoga_core.heads.head import JOINT_NAMES, Head
from emoga_core.heads.landmarks import GROUPS, landmarks

_NOISE = 0.7e-3
"""Metres by which corresponding landmarks of two heads are expected to move differently."""
_JAW_DEVIATION = 0.15
"""Radians: standard deviation of the jaw's angle in a face that does not speak."""
_JAW_LIMIT = 0.6
_JAW = JOINT_NAMES.index("jaw")
_STEPS = 4


def expression_from_action_units(head: Head, activations: Mapping[int, float]) -> tuple[Tensor, Tensor]:
    """Expression and jaw rotation that show a set of action units on `head`.

    Exact for heads with ARKit's coefficients (they open the mouth by a coefficient: the jaw stays at zero).
    For other heads a Gaussian prior on the coefficients (in standard deviations) and on the jaw's
    angle meets the landmark displacements of the bundled head: ridge regression, Gauss-Newton for the jaw.
    Where such a head has no coefficient for a movement (gaze, tongue), the unit has no effect.

    Args:
        head: any head; all but ARKit heads need landmarks.
        activations: unit -> intensity in [0, 1]; units as in `ACTION_UNITS`.
    Returns:
        expression (E,) and jaw (3,) axis-angle in radians, both float32 on the head's device.
    Raises:
        EmogaError: a unit that is not in the table, or a head without landmarks.
    """
    device = head.template.device
    arkit = arkit_from_action_units(activations)
    if head.expression_names is not None and set(head.expression_names) <= set(ARKIT_NAMES):
        order = [ARKIT_NAMES.index(name) for name in head.expression_names]
        return arkit[order].to(device), torch.zeros(3, device=device)
    if not len(head.landmark_triangles):
        raise EmogaError(
            f"head {head.name} has no landmarks, so action units cannot be shown on it; "
            "convert it with --landmarks FILE"
        )
    if not arkit.any():
        return torch.zeros(head.num_expressions, device=device), torch.zeros(3, device=device)
    with torch.no_grad():
        expression, angle = _fit(head.to("cpu"), arkit)
    jaw = torch.tensor([angle, 0.0, 0.0], device=device)
    return head.clamp_expression(expression).to(device), jaw


def _fit(head: Head, arkit: Tensor) -> tuple[Tensor, float]:
    """Coefficients (E,) and jaw angle for which the landmarks move as the bundled head's do."""
    source = bundled_head()
    rest = landmarks(source, source.template)
    own_rest = _posed(head, torch.zeros(head.num_expressions), 0.0)
    scale = _size(own_rest) / _size(rest)
    moved = scale * (landmarks(source, source.template + source.expression_basis @ arkit) - rest)
    weight = (_weights() / (_NOISE * float(scale)))[:, None]
    basis = landmarks(head, head.expression_basis.movedim(2, 0)).movedim(0, 2)  # (68,3,E)
    expression, angle = torch.zeros(head.num_expressions), 0.0
    for _ in range(_STEPS):
        now = _posed(head, expression, angle)
        turn = (_posed(head, expression, angle + 1e-2) - now) / 1e-2
        jacobian = torch.cat([basis, turn[..., None] * _JAW_DEVIATION], 2) * weight[..., None]
        residual = (moved - (now - own_rest)) * weight
        state = torch.cat([expression, torch.tensor([angle / _JAW_DEVIATION])])
        a = jacobian.flatten(0, 1).double()
        normal = a.T @ a + torch.eye(a.shape[1], dtype=a.dtype)
        step = torch.linalg.solve(normal, a.T @ residual.flatten().double() - state.double())
        state = state + step.float()
        expression = state[:-1]
        angle = min(max(float(state[-1]) * _JAW_DEVIATION, -0.05), _JAW_LIMIT)
    return expression, angle


def _posed(head: Head, expression: Tensor, angle: float) -> Tensor:
    """(68, 3) landmarks with the jaw turned by `angle`; the skull stays where it is."""
    joints = torch.zeros(1, len(head.parents), 3)
    joints[0, _JAW, 0] = angle
    still = torch.zeros(1, head.num_identities)
    return landmarks(head, head.pose(still, expression[None], joints, torch.zeros(1, 3)))[0]


def _size(points: Tensor) -> Tensor:
    """Spread of brows, eyes, nose and mouth: root mean square distance from their middle, metres."""
    inner = points[17:]
    return (inner - inner.mean(0)).square().sum(1).mean().sqrt()


def _weights() -> Tensor:
    """(68,) trust in each landmark: those on the contour are not points of the skin, except at the chin."""
    weights = torch.ones(68)
    weights[: GROUPS["jaw"].stop] = 0.1
    weights[7:10] = 0.5
    return weights
