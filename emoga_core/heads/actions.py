"""Action units on any head: expression coefficients and jaw rotation."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from emoga_core.errors import EmogaError
from emoga_core.heads.action_units import arkit_from_action_units
from emoga_core.heads.arkit import ARKIT_NAMES
from emoga_core.heads.head import Head


def expression_from_action_units(head: Head, activations: Mapping[int, float]) -> tuple[Tensor, Tensor]:
    """Expression (E,) and jaw rotation (3,) axis-angle, radians, of a set of action units.

    Raises:
        EmogaError: an unknown unit, or a head that cannot be matched.
    """
    if head.expression_names is not None and set(head.expression_names) <= set(ARKIT_NAMES):
        arkit = arkit_from_action_units(activations)
        order = [ARKIT_NAMES.index(name) for name in head.expression_names]
        device = head.template.device
        return arkit[order].to(device), torch.zeros(3, device=device)
    raise EmogaError(f"head {head.name} has no landmarks; convert it with --landmarks FILE")
