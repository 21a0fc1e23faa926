"""Motion of a head over time: expression, joints, translation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from emoga_core.avatars.errors import AvatarError
from emoga_core.avatars.names import check_name

if TYPE_CHECKING:
    from emoga_core.captures.parameters import FlameParameters

JAW = 2
"""Number of the jaw among the joints: root, neck, jaw, left eye, right eye."""


@dataclass(frozen=True)
class MotionFrame:
    """A head at one moment.

    Attributes:
        expression: (E,) coefficients.
        joint_rotations: (5, 3) axis-angle, radians: root, neck, jaw, left eye, right eye.
        translation: (3,) metres.
    """

    expression: Tensor
    joint_rotations: Tensor
    translation: Tensor

    @staticmethod
    def rest(expressions: int) -> MotionFrame:
        """The rest pose for a head with E = `expressions`."""
        return MotionFrame(torch.zeros(expressions), torch.zeros(5, 3), torch.zeros(3))


@dataclass(frozen=True)
class Motion:
    """T frames at a constant rate.

    Attributes:
        name: see `check_name`.
        fps: frames a second.
        expression: (T, E); joint_rotations: (T, 5, 3); translation: (T, 3); as in `MotionFrame`.
    """

    name: str
    fps: float
    expression: Tensor
    joint_rotations: Tensor
    translation: Tensor

    def __post_init__(self) -> None:
        check_name(self.name, "motion")
        count = self.expression.shape[0] if self.expression.ndim else 0
        if self.expression.ndim != 2 or not count:
            raise AvatarError(
                f"motion {self.name}: expression has shape {tuple(self.expression.shape)}, expected (T, E)"
            )
        for key, shape in (("joint_rotations", (count, 5, 3)), ("translation", (count, 3))):
            if tuple(getattr(self, key).shape) != shape:
                raise AvatarError(
                    f"motion {self.name}: {key} has shape {tuple(getattr(self, key).shape)}, expected {shape}"
                )
        for key in ("expression", "joint_rotations", "translation"):
            if not bool(getattr(self, key).isfinite().all()):
                raise AvatarError(f"motion {self.name}: {key} holds numbers that are not finite")
        if not 1 <= self.fps <= 1000:
            raise AvatarError(f"motion {self.name}: {self.fps} frames a second; expected 1 to 1000")

    @staticmethod
    def from_parameters(name: str, parameters: FlameParameters, fps: float) -> Motion:
        """The motion that a capture tracked."""
        arrays = (parameters.expression, parameters.joint_rotations, parameters.translation)
        return Motion(name, fps, *(torch.as_tensor(array, dtype=torch.float32) for array in arrays))

    def __len__(self) -> int:
        return self.expression.shape[0]

    @property
    def seconds(self) -> float:
        """Length in time."""
        return len(self) / self.fps

    def frame(self, index: int) -> MotionFrame:
        """Frame `index`; counts on from the start after the end, so that a motion loops."""
        k = index % len(self)
        return MotionFrame(self.expression[k], self.joint_rotations[k], self.translation[k])
