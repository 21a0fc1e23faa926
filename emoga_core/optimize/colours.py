"""The colour variables of an emotion: latent offsets under the mask and an embedding."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from emoga_core.avatars import Avatar


class ColourChange:
    """dz (R,D) of the Gaussians that may change colour, and e (32,).

    Attributes:
        rows: (R,) Gaussians with m > 0, increasing. mask: (R,) their m.
        latents, embedding: the variables. neutral: (R,K,3) colours before.
    """

    def __init__(self, avatar: Avatar) -> None:
        self.rows = avatar.mask.gt(0).nonzero().squeeze(1)
        self.appearance = copy.deepcopy(avatar.appearance)
        self.appearance.resample(self.rows)
        self.appearance.requires_grad_(False)
        self.mask = avatar.mask[self.rows]
        self.first = avatar.appearance.neutral_embedding.detach().clone()
        size = (len(self.rows), avatar.appearance.latent_size)
        self.latents = torch.zeros(size, device=self.first.device, requires_grad=True)
        self.embedding = self.first.clone().requires_grad_()
        with torch.no_grad():
            self.neutral = self.appearance.sh()

    def change(self, strength: float = 1.0) -> Tensor:
        """(R+1,K,3) what the emotion adds to the neutral colours; the last row is zero. Differentiable."""
        latents, embedding = self.latents, self.embedding
        if strength != 1.0:
            latents, embedding = strength * latents, self.first + strength * (embedding - self.first)
        sh = self.appearance.sh(latents, embedding, self.mask)
        return torch.cat([sh - self.neutral, self.neutral.new_zeros(1, *self.neutral.shape[1:])])
