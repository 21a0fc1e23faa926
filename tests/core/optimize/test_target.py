"""Targets that cannot be used are refused with what is wrong and where."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from emoga_core.avatars import MotionFrame
from emoga_core.optimize import OptimizeError, check_targets


def test_accepts_good_targets(ball, make_targets) -> None:
    check_targets(ball, make_targets())


def test_refuses_none(ball) -> None:
    with pytest.raises(OptimizeError, match="no targets"):
        check_targets(ball, [])


def _with_nan(image: torch.Tensor) -> torch.Tensor:
    image = image.clone()
    image[3, 4, 1] = torch.nan
    return image


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: {"image": _with_nan(t.image)}, "f001_c00: image holds numbers that are not finite"),
        (lambda t: {"image": t.image[:40]}, r"f001_c00: image has shape \(40, 48, 3\)"),
        (lambda t: {"image": 255 * t.image}, "image leaves .0, 1.; divide"),
        (lambda t: {"neutral": t.neutral[..., :1]}, "neutral has shape"),
        (lambda t: {"mask": 0 * t.mask}, "its mask is empty"),
        (lambda t: {"weight": 0.0}, "weight is 0.0"),
        (lambda t: {"weight": float("nan")}, "weight is nan"),
        (lambda t: {"frame": MotionFrame.rest(52)}, "its frame has .52,. expression coefficients"),
    ],
)
def test_refuses(ball, make_targets, change, message: str) -> None:
    targets = make_targets()
    targets[3] = dataclasses.replace(targets[3], **change(targets[3]))
    with pytest.raises(OptimizeError, match=message) as error:
        check_targets(ball, targets)
    assert "\n" not in str(error.value)
