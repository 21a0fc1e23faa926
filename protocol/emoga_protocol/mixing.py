"""Rules that server and clients share: emotion weights and easing curves."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from emoga_protocol.errors import ProtocolError
from emoga_protocol.messages import EASINGS


def normalize_weights(weights: np.ndarray) -> np.ndarray:
    """Clamps emotion weights (K,) to [0, 1] and, where their sum exceeds 1, rescales it to 1.

    NaN counts as 0. The sum runs in slot order in float64, so every language gets the same bits.
    """
    clamped = np.clip(np.nan_to_num(np.asarray(weights, np.float64), nan=0.0), 0.0, 1.0)
    total = 0.0
    for weight in clamped.tolist():  # not np.sum: its pairwise order differs from a loop's
        total += weight
    return clamped / total if total > 1.0 else clamped


def normalize_weight_map(weights: Mapping[str, float]) -> dict[str, float]:
    """`normalize_weights` for weights by name, in the mapping's order."""
    values = normalize_weights(np.array(list(weights.values()), np.float64))
    return dict(zip(weights, values.tolist(), strict=True))


def ease(name: str, t: float) -> float:
    """Value of an easing curve at `t`, clamped to [0, 1]; 0 -> 0 and 1 -> 1.

    A curve is a polynomial below one half and one from there on (table `easings` of the schema), evaluated
    by Horner's rule in float64. Raises ProtocolError for an unknown name.
    """
    if name not in EASINGS:
        raise ProtocolError(f"unknown easing {name!r}; known: {', '.join(EASINGS)}")
    if math.isnan(t):
        return 0.0
    t = min(max(float(t), 0.0), 1.0)
    first, second = EASINGS[name]
    value = 0.0
    for coefficient in reversed(first if t < 0.5 else second):
        value = value * t + coefficient
    return value


def blend_expression(
    motion: np.ndarray,
    weights: np.ndarray,
    offsets: np.ndarray,
    expression_range: tuple[float, float] | None,
) -> np.ndarray:
    """clamp(motion + sum_k w_k psi_k).

    Args:
        motion: (E,) expression of the motion.
        weights: (K,) emotion weights, already normalised.
        offsets: (K, E) expression offset of each state.
        expression_range: bounds of the head's coefficients; None: not clamped.
    """
    blended = motion + weights @ offsets
    return blended if expression_range is None else np.clip(blended, *expression_range)
