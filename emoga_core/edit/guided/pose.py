"""Where the face is now and where the prompt wants it: frames, and the actions that wrinkle the skin."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from emoga_core.avatars import Avatar, MotionFrame
from emoga_core.avatars.motion import JAW
from emoga_core.edit.prompts import PromptReading
from emoga_core.heads import ARKIT_NAMES, Head, arkit_from_action_units
from emoga_core.heads.actions import expression_from_action_units

_INVOLVED = 1e-6


@dataclass(frozen=True)
class PoseChange:
    """A moment before and after.

    Attributes:
        present, target: the two poses.
        activations_now, activations_then: ARKit action -> [0, 1], for the skin's wrinkles and blood. A head
            without ARKit actions does not tell which of them its present pose holds: then none.
    """

    present: MotionFrame
    target: MotionFrame
    activations_now: dict[str, float]
    activations_then: dict[str, float]

    @property
    def still(self) -> bool:
        """Whether nothing moves."""
        return all(
            torch.equal(getattr(self.present, key), getattr(self.target, key))
            for key in ("expression", "joint_rotations", "translation")
        )


def has_arkit(head: Head) -> bool:
    """Whether the head's coefficients are ARKit's actions by name."""
    return head.expression_names is not None and set(head.expression_names) <= set(ARKIT_NAMES)


def pose_change(avatar: Avatar, frame: MotionFrame, reading: PromptReading, intensity: float) -> PoseChange:
    """The pose that a prompt asks for, starting from `frame`.

    Actions add to what the face does already, so that speech goes on under the emotion; what the prompt
    negates is damped, in proportion to the intensity, where the frame holds it. The result stays in the
    head's range.
    """
    head = avatar.head
    units = dict(reading.scaled(intensity).action_units)
    offset, jaw = expression_from_action_units(head, units)
    present = frame.expression
    kept = present * (1 - min(1.0, intensity) * _damping(head, reading).to(present))
    expression = avatar.clamp_expression(kept + offset.to(present))
    if bool((expression == avatar.clamp_expression(present)).all()):
        expression = present
    joints = frame.joint_rotations
    if bool(jaw.any()):
        joints = joints.clone()
        joints[JAW] += jaw.to(joints)
    target = MotionFrame(expression, joints, frame.translation)
    if has_arkit(head):
        return PoseChange(frame, target, _named(head, present), _named(head, expression))
    then = arkit_from_action_units(units).tolist()
    return PoseChange(frame, target, {}, dict(zip(ARKIT_NAMES, then, strict=True)))


def _damping(head: Head, reading: PromptReading) -> torch.Tensor:
    """(E,) 1 for the head's actions that belong to a negated unit alone, else 0."""
    damped = torch.zeros(head.num_expressions)
    if not reading.damped or not has_arkit(head):
        return damped
    for unit in reading.damped:
        damped = torch.maximum(damped, expression_from_action_units(head, {unit: 1.0})[0].cpu())
    wanted = expression_from_action_units(head, dict(reading.action_units))[0].cpu()
    return (damped > _INVOLVED).float() * (wanted <= _INVOLVED)


def _named(head: Head, expression: torch.Tensor) -> dict[str, float]:
    assert head.expression_names is not None
    return dict(zip(head.expression_names, expression.clamp(0, 1).tolist(), strict=True))
