"""A target: one edited picture that an emotion shall explain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from emoga_core.avatars import Avatar, MotionFrame
from emoga_core.optimize.errors import OptimizeError
from emoga_core.render import Cameras


@dataclass(frozen=True)
class Target:
    """An edited picture of the avatar, with what it showed before.

    Attributes:
        frame: the moment that the picture shows.
        camera: one camera of the picture's size.
        image: (H,W,3) in [0,1], edited.
        neutral: (H,W,3) in [0,1], the avatar's own neutral picture of that view, over white.
        mask: (H,W) in [0,1], where the editor was allowed to change the picture.
        frontal: the view from the front: it carries the patch loss.
        weight: by hand, above 0; estimated weights multiply it.
        frame_id, view_id: which moment and which camera, for reports.
    """

    frame: MotionFrame
    camera: Cameras
    image: Tensor
    neutral: Tensor
    mask: Tensor
    frontal: bool = False
    weight: float = 1.0
    frame_id: int = 0
    view_id: int = 0

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"target f{self.frame_id:03d}_c{self.view_id:02d}"


def check_targets(avatar: Avatar, targets: Sequence[Target]) -> None:
    """Raises OptimizeError where a target cannot be used with this avatar."""
    if not targets:
        raise OptimizeError("no targets: give at least one edited picture")
    for target in targets:
        _check(avatar, target)


def _check(avatar: Avatar, target: Target) -> None:
    size = (target.camera.height, target.camera.width)
    if len(target.camera) != 1:
        raise OptimizeError(f"{target.name}: has {len(target.camera)} cameras; give one")
    if min(size) < 16:
        raise OptimizeError(f"{target.name}: {size[1]}x{size[0]} pixels are too few; give at least 16x16")
    expected = {"image": (*size, 3), "neutral": (*size, 3), "mask": size}
    for key, shape in expected.items():
        tensor = getattr(target, key)
        if tuple(tensor.shape) != shape:
            raise OptimizeError(
                f"{target.name}: {key} has shape {tuple(tensor.shape)}, its camera wants {shape}"
            )
        if not bool(torch.isfinite(tensor).all()):
            raise OptimizeError(f"{target.name}: {key} holds numbers that are not finite; edit it again")
        if float(tensor.min()) < -1e-3 or float(tensor.max()) > 1 + 1e-3:
            raise OptimizeError(f"{target.name}: {key} leaves [0, 1]; divide 8-bit pixels by 255")
    if not float(target.mask.max()) > 0.5:
        raise OptimizeError(f"{target.name}: its mask is empty; leave this picture out")
    if not (math.isfinite(target.weight) and target.weight > 0):
        raise OptimizeError(f"{target.name}: weight is {target.weight}; give a number above 0")
    expressions = avatar.head.num_expressions
    if tuple(target.frame.expression.shape) != (expressions,):
        raise OptimizeError(
            f"{target.name}: its frame has {tuple(target.frame.expression.shape)} expression coefficients, "
            f"avatar {avatar.name} has {expressions}; make views with this avatar"
        )
