"""Facial Action Units (Ekman & Friesen's FACS) as ARKit coefficients.

The pairing follows what each unit's muscle does and what Apple's documentation says each coefficient moves.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from emoga_core.errors import EmogaError
from emoga_core.facs import ACTION_UNIT_NAMES, LEFT, RIGHT, SIDED
from emoga_core.heads.arkit import ARKIT_INDEX, ARKIT_NAMES


def _both(name: str, amount: float = 1.0) -> dict[str, float]:
    return {name + "Left": amount, name + "Right": amount}


_SYMMETRIC: dict[int, dict[str, float]] = {
    1: {"browInnerUp": 1.0},
    2: _both("browOuterUp"),
    4: _both("browDown"),
    5: _both("eyeWide"),
    6: _both("cheekSquint"),
    7: _both("eyeSquint"),
    9: _both("noseSneer"),
    10: _both("mouthUpperUp"),
    12: _both("mouthSmile"),
    14: _both("mouthDimple"),
    15: _both("mouthFrown"),
    16: _both("mouthLowerDown"),
    17: {"mouthShrugLower": 1.0, "mouthShrugUpper": 0.3},
    18: {"mouthPucker": 1.0},
    19: {"tongueOut": 1.0, "jawOpen": 0.2},
    20: _both("mouthStretch"),
    22: {"mouthFunnel": 1.0},
    23: {"mouthRollLower": 0.5, "mouthRollUpper": 0.5, **_both("mouthPress", 0.4)},
    24: _both("mouthPress"),
    25: {**_both("mouthLowerDown", 0.45), **_both("mouthUpperUp", 0.25)},
    26: {"jawOpen": 0.45},
    27: {"jawOpen": 1.0},
    28: {"mouthRollLower": 1.0, "mouthRollUpper": 1.0},
    29: {"jawForward": 1.0},
    34: {"cheekPuff": 1.0},
    41: _both("eyeBlink", 0.45),
    43: _both("eyeBlink"),
    44: {**_both("eyeSquint"), **_both("eyeBlink", 0.25)},
    45: _both("eyeBlink"),
}
# The eyes turn towards the subject's left when the left eye looks outwards and the right one inwards.
_ONE_WAY: dict[int, dict[str, float]] = {
    46: {"eyeBlinkLeft": 1.0, "cheekSquintLeft": 0.5, "eyeSquintLeft": 0.4},
    61: {"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0},
    62: {"eyeLookInLeft": 1.0, "eyeLookOutRight": 1.0},
    63: _both("eyeLookUp"),
    64: _both("eyeLookDown"),
}


def _on_side(actions: dict[str, float], side: str) -> dict[str, float]:
    return {name: amount for name, amount in actions.items() if name.endswith(side)}


ACTION_UNITS: dict[int, dict[str, float]] = {
    **_SYMMETRIC,
    **_ONE_WAY,
    **{LEFT + unit: _on_side(_SYMMETRIC[unit], "Left") for unit in SIDED},
    **{RIGHT + unit: _on_side(_SYMMETRIC[unit], "Right") for unit in SIDED},
}
"""Unit -> ARKit action -> amount at full intensity. 100 + n and 200 + n are unit n on one side
(`emoga_core.facs`); those of `TEXT_ACTION_UNITS` are what text-to-emotion controllers name."""


def arkit_from_action_units(activations: Mapping[int, float]) -> Tensor:
    """ARKit coefficients (52,) float32 in [0,1] of a set of action units.

    Args:
        activations: action unit number to intensity in [0,1]; contributions of several units add up.
    Raises:
        EmogaError: a unit that is not in `ACTION_UNITS`.
    """
    out = torch.zeros(len(ARKIT_NAMES))
    for unit, intensity in activations.items():
        if unit not in ACTION_UNITS:
            known = ", ".join(str(u) for u in ACTION_UNIT_NAMES if u < LEFT)
            raise EmogaError(f"action unit {unit} is not in the table; it has {known}")
        for name, amount in ACTION_UNITS[unit].items():
            out[ARKIT_INDEX[name]] += amount * intensity
    return out.clamp(0, 1)
