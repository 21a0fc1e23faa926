"""The thesis' colours: for every emotion its own copy of the colour network and of all latents, tuned.

A bundle stores an emotion as latent offsets under the mask and an embedding, for the avatar's one network.
`TunedCopy.export` finds the offsets with which that network comes closest, in least squares, to the colours
that the copy gives. Each Gaussian has more latents than coefficients, so the fit is close where m is not
small; where m is 0 the copy's colours are lost, and the identity is safer for it.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from emoga_core.avatars import Avatar, ColorMLP
from emoga_core.optimize.colours import sparse

_ROUNDS = 8
_ROWS = 4096  # at a time
_DAMPING = 1e-3
_LEAST_MASK = 0.02


class TunedCopy:
    """Network, latents and embedding of one emotion.

    Attributes:
        rows: (N,) all Gaussians. neutral: (N,K,3) colours before.
    """

    def __init__(self, avatar: Avatar) -> None:
        self.avatar = avatar
        self.tuned = copy.deepcopy(avatar.appearance).requires_grad_(True)
        self.rows = torch.arange(len(avatar.gaussians), device=avatar.mask.device)
        with torch.no_grad():
            self.neutral = avatar.appearance.sh().detach()

    def variables(self) -> dict[str, Tensor]:
        """What is optimised; the part of a name before the slash says which rate."""
        kinds = {"z": "latents", "sh0": "latents", "sh_rest": "latents", "neutral_embedding": "embedding"}
        return {f"{kinds.get(n, 'network')}/{n}": p for n, p in self.tuned.named_parameters()}

    def change(self) -> Tensor:
        """(N+1,K,3) what the emotion adds to the neutral colours; the last row is zero. Differentiable."""
        zero = self.neutral.new_zeros(1, *self.neutral.shape[1:])
        return torch.cat([self.tuned.sh() - self.neutral, zero])

    def export(self, strength: float) -> tuple[Tensor, Tensor, Tensor]:
        """Embedding (32,), rows (M,) and dz (M,D) float16 for the avatar's own network.

        Args: strength: 1; the thesis knows no other.
        """
        avatar = self.avatar
        rows = avatar.mask.gt(_LEAST_MASK).nonzero().squeeze(1)
        with torch.no_grad():
            wanted = self.neutral[rows] + strength * (self.tuned.sh(rows=rows) - self.neutral[rows])
            embedding = self.tuned.neutral_embedding.detach().clone()
            parts = [self._solve(r, w, embedding) for r, w in zip(rows.split(_ROWS), wanted.split(_ROWS),
                                                                 strict=True)]  # fmt: skip
        return embedding, *sparse(rows, torch.cat(parts))

    def _solve(self, rows: Tensor, wanted: Tensor, embedding: Tensor) -> Tensor:
        """(R,D) damped Gauss-Newton on the latents of `rows` towards coefficients (R,K,3)."""
        model, mask = self.avatar.appearance, self.avatar.mask[rows]
        if not isinstance(model, ColorMLP):
            return (wanted - self.neutral[rows]).flatten(1) / mask[:, None]
        offset = wanted.new_zeros(len(rows), model.latent_size)
        bias = model.bias + model.weight_embedding @ model.neutral_embedding
        shift = model.weight_embedding @ (embedding - model.neutral_embedding)
        for _ in range(_ROUNDS):
            z = model.z[rows] + mask[:, None] * offset
            hidden = z @ model.weight_latent.T + bias + mask[:, None] * shift
            out = hidden.clamp_min(0) @ model.weight_out.T + model.bias_out
            slope = model.weight_latent[None] * ((hidden > 0) * mask[:, None])[..., None]  # (R,H,D)
            jacobian = model.weight_out @ slope  # (R,3K,D)
            gram = jacobian @ jacobian.transpose(1, 2)
            damping = _DAMPING * gram.diagonal(dim1=1, dim2=2).mean(1).clamp_min(1e-8)
            gram = gram + damping[:, None, None] * torch.eye(gram.shape[1], device=gram.device)
            residual = wanted.flatten(1) - out
            step = torch.linalg.solve(gram, residual[..., None])
            offset = offset + (jacobian.transpose(1, 2) @ step)[..., 0]
        return offset
