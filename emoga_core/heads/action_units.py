"""Facial Action Units (Ekman & Friesen's FACS) as ARKit coefficients.

The 17 units are those that text-to-emotion controllers name. The pairing follows what each unit's muscle
does and what Apple's documentation says each coefficient moves.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from emoga_core.errors import EmogaError
from emoga_core.heads.arkit import ARKIT_INDEX, ARKIT_NAMES


def _both(name: str, amount: float = 1.0) -> dict[str, float]:
    return {name + "Left": amount, name + "Right": amount}


ACTION_UNITS: dict[int, dict[str, float]] = {
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
    17: {"mouthShrugLower": 1.0, "mouthShrugUpper": 0.3},
    23: {"mouthRollLower": 0.5, "mouthRollUpper": 0.5, **_both("mouthPress", 0.4)},
    24: _both("mouthPress"),
    25: {**_both("mouthLowerDown", 0.45), **_both("mouthUpperUp", 0.25)},
    26: {"jawOpen": 0.45},
    45: _both("eyeBlink"),
}
ACTION_UNIT_NAMES: dict[int, str] = {
    1: "inner brow raiser", 2: "outer brow raiser", 4: "brow lowerer", 5: "upper lid raiser",
    6: "cheek raiser", 7: "lid tightener", 9: "nose wrinkler", 10: "upper lip raiser",
    12: "lip corner puller", 14: "dimpler", 15: "lip corner depressor", 17: "chin raiser",
    23: "lip tightener", 24: "lip pressor", 25: "lips part", 26: "jaw drop", 45: "blink",
}  # fmt: skip


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
            known = ", ".join(str(u) for u in ACTION_UNITS)
            raise EmogaError(f"action unit {unit} is not in the table; it has {known}")
        for name, amount in ACTION_UNITS[unit].items():
            out[ARKIT_INDEX[name]] += amount * intensity
    return out.clamp(0, 1)
