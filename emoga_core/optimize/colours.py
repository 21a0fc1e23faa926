"""The colour variables of an emotion: latent offsets under the mask and an embedding."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from emoga_core.avatars import Avatar

_SMALLEST = 1e-3
_WELL_SEEN = 0.1  # of the median coverage
_LARGEST = 6e4  # float16 ends a little later


class ColourChange:
    """dz (R,D) of the Gaussians that may change colour, and e (32,).

    Attributes:
        rows: (R,) Gaussians with m > 0, increasing. mask: (R,) their m.
        latents, embedding: the variables. neutral: (R,K,3) colours before.
        seen: (R,) in [0, 1], factor on dz.
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
        self.seen = torch.ones_like(self.mask)
        with torch.no_grad():
            self.neutral = self.appearance.sh()

    def trust_seen(self, coverage: Tensor) -> None:
        """Tells how many pixels (R,) each Gaussian covers over all targets: who is hardly seen, such as a lid
        that is folded away, changes by less, for noise is most of what its gradient says."""
        usual = coverage[coverage > 0].median() if bool((coverage > 0).any()) else coverage.new_ones(())
        self.seen = (coverage / (_WELL_SEEN * usual)).clamp(0, 1)

    def variables(self) -> dict[str, Tensor]:
        """What is optimised, by the name of its rate."""
        return {"latents": self.latents, "embedding": self.embedding}

    def change(self) -> Tensor:
        """(R+1,K,3) what the emotion adds to the neutral colours; the last row is zero. Differentiable."""
        latents, embedding = self.latents, self.embedding
        sh = self.appearance.sh(self.seen[:, None] * latents, embedding, self.mask)
        return torch.cat([sh - self.neutral, self.neutral.new_zeros(1, *self.neutral.shape[1:])])

    def export(self, strength: float) -> tuple[Tensor, Tensor, Tensor]:
        """Embedding (32,), rows (M,) and dz (M,D) float16 of an emotion `strength` times as strong."""
        embedding = self.first + strength * (self.embedding.detach() - self.first)
        return embedding, *sparse(self.rows, strength * self.seen[:, None] * self.latents.detach())


def sparse(rows: Tensor, latents: Tensor) -> tuple[Tensor, Tensor]:
    """The rows (M,) whose offsets (M,D) are worth keeping, as float16."""
    values = latents.clamp(-_LARGEST, _LARGEST)
    kept = values.abs().amax(1) > _SMALLEST
    return rows[kept], values[kept].half()
