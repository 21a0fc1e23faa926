"""An emotion state: everything in which the avatar with one emotion differs from the neutral avatar."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from emoga_core.avatars.appearance import EMBEDDING_SIZE
from emoga_core.avatars.errors import AvatarError
from emoga_core.avatars.names import check_name


@dataclass(frozen=True)
class EmotionState:
    """One emotion at full strength, relative to neutral. It shares nothing with other states.

    Attributes:
        name: see `check_name`.
        embedding: (32,) e_k, absolute.
        latent_indices: (M,) int64, strictly increasing: the Gaussians whose latents change.
        latent_values: (M, D) float16, their dz.
        expression: (E,) psi_k, added to the motion's expression.
        jaw: (3,) axis-angle, radians, added to the motion's jaw rotation.
        valence, arousal: each in [-1, 1], where the emotion lies on the circumplex (Russell 1980).
        provenance: JSON object: how the state was made.
    """

    name: str
    embedding: Tensor
    latent_indices: Tensor
    latent_values: Tensor
    expression: Tensor
    jaw: Tensor
    valence: float = 0.0
    arousal: float = 0.0
    provenance: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_name(self.name)
        count = self.latent_indices.shape[0] if self.latent_indices.ndim else 0
        shapes = {
            "embedding": (EMBEDDING_SIZE,),
            "latent_indices": (count,),
            "latent_values": (count, self.latent_values.shape[-1]),
            "expression": (self.expression.numel(),),
            "jaw": (3,),
        }
        for key, shape in shapes.items():
            tensor = getattr(self, key)
            if tuple(tensor.shape) != shape:
                raise AvatarError(
                    f"state {self.name}: {key} has shape {tuple(tensor.shape)}, expected {shape}"
                )
            if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
                raise AvatarError(f"state {self.name}: {key} holds numbers that are not finite")
        if self.latent_indices.dtype != torch.int64 or self.latent_values.dtype != torch.float16:
            raise AvatarError(f"state {self.name}: latents need int64 indices and float16 values")
        if count and (int(self.latent_indices[0]) < 0 or bool((self.latent_indices.diff() <= 0).any())):
            raise AvatarError(f"state {self.name}: latent indices must increase")
        for key in ("valence", "arousal"):
            if not -1 <= getattr(self, key) <= 1:
                raise AvatarError(f"state {self.name}: {key} is {getattr(self, key)}, expected -1 to 1")
        try:
            json.dumps(self.provenance, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise AvatarError(f"state {self.name}: its provenance is no JSON ({error})") from None

    def dense_latents(self, count: int) -> Tensor:
        """(N, D) float32 dz of all `count` Gaussians."""
        dense = self.embedding.new_zeros(count, self.latent_values.shape[1])
        return dense.index_copy_(0, self.latent_indices, self.latent_values.to(dense.dtype))

    def to(self, device: torch.device | str) -> EmotionState:
        """The same state on another device."""
        return replace(
            self,
            embedding=self.embedding.to(device),
            latent_indices=self.latent_indices.to(device),
            latent_values=self.latent_values.to(device),
            expression=self.expression.to(device),
            jaw=self.jaw.to(device),
        )
