"""Mixing emotion states by weights. Neutral is the origin and has no weight."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from emoga_core.avatars.errors import AvatarError
from emoga_core.avatars.names import NEUTRAL
from emoga_core.avatars.states import EmotionState


def normalize_weights(weights: Mapping[str, float]) -> dict[str, float]:
    """Clamps each weight to [0, 1] and, where their sum exceeds 1, rescales the sum to 1. NaN counts as 0.

    The sum runs in the mapping's order in float64: the rule of the wire protocol, with the same bits.
    """
    clamped = {name: 0.0 if math.isnan(w) else min(max(float(w), 0.0), 1.0) for name, w in weights.items()}
    total = 0.0
    for weight in clamped.values():
        total += weight
    return {name: weight / total for name, weight in clamped.items()} if total > 1 else clamped


def parse_weights(text: str) -> dict[str, float]:
    """Weights as people type them: "happy=0.6,surprised=0.4"; a name alone counts 1.

    Raises:
        AvatarError: something is not NAME=NUMBER, or a number is outside [0, 1].
    """
    weights: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, equals, number = (piece.strip() for piece in part.partition("="))
        try:
            weight = float(number) if equals else 1.0
        except ValueError:
            weight = math.nan
        if not 0 <= weight <= 1 or not name or name in weights:
            raise AvatarError(
                f"emotion {part!r}: write NAME=WEIGHT with a weight from 0 to 1, each name once"
            )
        weights[name] = weight
    return weights


def active_states(
    states: Mapping[str, EmotionState], weights: Mapping[str, float]
) -> list[tuple[float, EmotionState]]:
    """Normalised weights above zero with their states, in the order of `states`.

    States with no weight take no part, so that they cannot change a single bit of the result.

    Raises:
        AvatarError: a weight for a state that does not exist.
    """
    check_states(weights, states)
    mixed = normalize_weights({name: weights[name] for name in states if name in weights})
    return [(weight, states[name]) for name, weight in mixed.items() if weight > 0]


def check_states(wanted: Iterable[str], states: Iterable[str]) -> None:
    """Raises AvatarError when one of the names `wanted` is not among `states`."""
    known = list(states)
    for name in wanted:
        if name == NEUTRAL:
            raise AvatarError("neutral has no weight: it is what shows where the weights leave room")
        if name not in known:
            raise AvatarError(f"there is no emotion {name!r}; this avatar has: {', '.join(known) or 'none'}")


@dataclass(frozen=True)
class BlendedLatents:
    """Input of the appearance for a mixture.

    Attributes:
        latent_offset: (N, D) sum_k w_k dz_k.
        embedding: (32,) e0 + sum_k w_k (e_k - e0).
    """

    latent_offset: Tensor
    embedding: Tensor


def blend_geometry(active: Sequence[tuple[float, EmotionState]], expressions: int) -> tuple[Tensor, Tensor]:
    """sum_k w_k psi_k (E,) and sum_k w_k j_k (3,)."""
    if not active:
        return torch.zeros(expressions), torch.zeros(3)
    expression = sum(
        (w * state.expression for w, state in active[1:]), active[0][0] * active[0][1].expression
    )
    jaw = sum((w * state.jaw for w, state in active[1:]), active[0][0] * active[0][1].jaw)
    return expression, jaw  # type: ignore[return-value]


def blend_latents(
    active: Sequence[tuple[float, EmotionState]], count: int, neutral_embedding: Tensor
) -> BlendedLatents | None:
    """The mixture's latents for N = `count` Gaussians; None when nothing is active."""
    if not active:
        return None
    size = active[0][1].latent_values.shape[1]
    offset = neutral_embedding.new_zeros(count, size)
    embedding = neutral_embedding
    for weight, state in active:
        values = state.latent_values.to(offset.dtype) * weight
        offset = offset.index_add(0, state.latent_indices, values)
        embedding = embedding + weight * (state.embedding - neutral_embedding)
    return BlendedLatents(offset, embedding)
