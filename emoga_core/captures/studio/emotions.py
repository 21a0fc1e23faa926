"""Six emotions as ARKit activations, with their place on the plane of valence and arousal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from emoga_core.heads import ARKIT_INDEX, ARKIT_NAMES

from ..errors import CaptureError


@dataclass(frozen=True)
class Emotion:
    """`activations`: ARKit name -> [0, 1]; valence and arousal in [-1, 1] (Russell's circumplex)."""

    activations: Mapping[str, float]
    valence: float
    arousal: float


def _both(single: Mapping[str, float] | None = None, /, **pairs: float) -> dict[str, float]:
    """NAME=w becomes NAMELeft and NAMERight; `single` is added as it is."""
    table = {name + side: w for name, w in pairs.items() for side in ("Left", "Right")}
    return table | dict(single or {})


EMOTIONS: dict[str, Emotion] = {
    "happy": Emotion(
        _both({"jawOpen": 0.14}, mouthSmile=1.0, cheekSquint=0.85, eyeSquint=0.32, mouthUpperUp=0.62,
              mouthDimple=0.2, mouthStretch=0.28, mouthLowerDown=0.22),
        0.85, 0.45,
    ),
    "sad": Emotion(
        _both({"browInnerUp": 1.0, "mouthShrugLower": 0.55}, browDown=0.22, mouthFrown=1.0, mouthStretch=0.12,
              eyeLookDown=0.35, eyeSquint=0.30, cheekSquint=0.10, eyeBlink=0.12),
        -0.75, -0.40,
    ),
    "angry": Emotion(
        _both({"mouthRollLower": 0.2, "jawForward": 0.3, "mouthRollUpper": 0.1}, browDown=1.0, noseSneer=0.50,
              eyeSquint=0.45, eyeWide=0.30, mouthPress=0.60, mouthFrown=0.40, browOuterUp=0.20),
        -0.60, 0.70,
    ),
    "surprised": Emotion(
        _both({"browInnerUp": 0.95, "jawOpen": 0.58, "mouthFunnel": 0.38}, browOuterUp=1.0, eyeWide=0.90),
        0.15, 0.85,
    ),
    "disgust": Emotion(
        _both({"mouthShrugLower": 0.35}, noseSneer=1.0, mouthUpperUp=0.95, browDown=0.60, cheekSquint=0.65,
              eyeSquint=0.65, mouthFrown=0.50, mouthLowerDown=0.15),
        -0.70, 0.30,
    ),
    "fear": Emotion(
        _both({"browInnerUp": 1.0, "jawOpen": 0.16}, browDown=0.42, browOuterUp=0.25, eyeWide=1.0,
              mouthStretch=1.0, mouthLowerDown=0.80, mouthUpperUp=0.15, mouthFrown=0.25),
        -0.65, 0.80,
    ),
}  # fmt: skip
"""Names in the order in which they are shown."""


def parse_emotions(text: str) -> dict[str, float]:
    """Weights from `NAME[=WEIGHT],...`; empty or "neutral" means none.

    Raises:
        CaptureError: an unknown name, a weight that is no number in [0, 1], a name given twice.
    """
    weights: dict[str, float] = {}
    for item in (part.strip() for part in text.split(",")):
        if not item or item == "neutral":
            continue
        name, equals, value = item.partition("=")
        name = name.strip()
        if name not in EMOTIONS:
            raise CaptureError(f"unknown emotion {name!r}: choose among neutral, {', '.join(EMOTIONS)}")
        try:
            weight = float(value) if equals else 1.0
        except ValueError:
            weight = float("nan")
        if not 0 <= weight <= 1:
            raise CaptureError(f"emotion {name}: the weight {value!r} is not a number from 0 to 1")
        if name in weights:
            raise CaptureError(f"emotion {name} is given twice")
        weights[name] = weight
    return weights


def emotion_offset(weights: Mapping[str, float]) -> np.ndarray:
    """Expression offset (52,) of a mixture; weights whose sum exceeds 1 are scaled to sum 1."""
    scale = max(1.0, sum(weights.values()))
    offset = np.zeros(len(ARKIT_NAMES))
    for name, weight in weights.items():
        for action, value in EMOTIONS[name].activations.items():
            offset[ARKIT_INDEX[action]] += weight / scale * value
    return offset
