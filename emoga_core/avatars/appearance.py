"""Colour of every Gaussian as a function of its latent and of an emotion embedding.

Two models with one interface: a small network from latent and embedding to spherical harmonics (`ColorMLP`),
and plain spherical harmonics per Gaussian (`DirectSH`), for comparison and for avatars made elsewhere.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from emoga_core.avatars.errors import AvatarError

EMBEDDING_SIZE = 32
SH_C0 = 0.28209479177387814
"""Value of the spherical harmonic of degree 0."""


class Appearance(nn.Module, ABC):
    """What decides the colours of N Gaussians.

    Attributes:
        sh_degree: 0..3; K = (sh_degree + 1)^2 coefficients a channel.
        neutral_embedding: (32,) e0, the embedding of the neutral face.
    """

    kind: ClassVar[str]
    """Name of the model in a bundle."""

    sh_degree: int
    neutral_embedding: Tensor

    @property
    @abstractmethod
    def latents(self) -> Tensor:
        """(N, D) what is stored for each Gaussian."""

    @abstractmethod
    def sh(
        self,
        latent_offset: Tensor | None = None,
        embedding: Tensor | None = None,
        mask: Tensor | None = None,
        rows: Tensor | None = None,
    ) -> Tensor:
        """Spherical harmonics, of the neutral face or of an emotion.

            sh_i = f(z_i + m_i dz_i, e0 + m_i (embedding - e0))

        Args:
            latent_offset: (M, D) dz, or None for zero.
            embedding: (32,), or None for e0.
            mask: (M,) m in [0, 1]; None = 1 everywhere.
            rows: (M,) which Gaussians; None = all N, then M = N.

        Returns:
            (M, K, 3) coefficients; colour = max(SH(direction) + 0.5, 0).
        """

    @abstractmethod
    def resample(self, index: Tensor) -> None:
        """Keeps, drops, repeats or reorders Gaussians: the new number i is the old number index[i] (M,).

        The parameters are replaced by new ones: rebuild the optimiser.
        """

    @property
    def count(self) -> int:
        """N."""
        return self.latents.shape[0]

    @property
    def latent_size(self) -> int:
        """D."""
        return self.latents.shape[1]

    @property
    def num_coefficients(self) -> int:
        """K."""
        return (self.sh_degree + 1) ** 2


class ColorMLP(Appearance):
    """linear(D + 32 -> H), ReLU, linear(H -> 3 K); the first layer's weight is split by its two inputs.

    Attributes:
        z: (N, D) latents.
        weight_latent: (H, D); weight_embedding: (H, 32); bias: (H,).
        weight_out: (3 K, H); bias_out: (3 K,), coefficient-major (K, 3).
    """

    kind = "mlp"

    def __init__(self, count: int, latent_size: int = 32, sh_degree: int = 1, hidden: int = 64) -> None:
        super().__init__()
        _check_degree(sh_degree)
        outputs = 3 * (sh_degree + 1) ** 2
        self.sh_degree = sh_degree
        self.z = nn.Parameter(torch.zeros(count, latent_size))
        self.neutral_embedding = nn.Parameter(torch.zeros(EMBEDDING_SIZE))
        self.weight_latent = nn.Parameter(torch.zeros(hidden, latent_size))
        self.weight_embedding = nn.Parameter(torch.zeros(hidden, EMBEDDING_SIZE))
        self.bias = nn.Parameter(torch.zeros(hidden))
        self.weight_out = nn.Parameter(torch.zeros(outputs, hidden))
        self.bias_out = nn.Parameter(torch.zeros(outputs))

    @staticmethod
    def create(
        count: int,
        latent_size: int = 32,
        sh_degree: int = 1,
        hidden: int = 64,
        colors: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> ColorMLP:
        """A random start.

        With `colors` (N, 3) in [0, 1], known from the pictures, the first three latents hold them and three
        hidden units pass them on to SH degree 0, while everything else starts small: training then begins
        from a coloured head instead of noise.
        """
        model = ColorMLP(count, latent_size, sh_degree, hidden)

        def uniform(tensor: Tensor, bound: float) -> None:
            tensor.copy_(torch.rand(tensor.shape, generator=generator) * (2 * bound) - bound)

        def normal(tensor: Tensor, deviation: float) -> None:
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * deviation)

        first = 1 / math.sqrt(latent_size + EMBEDDING_SIZE)
        with torch.no_grad():
            normal(model.z, 1.0 if colors is None else 0.3)
            normal(model.neutral_embedding, 1.0)
            for tensor in (model.weight_latent, model.weight_embedding, model.bias):
                uniform(tensor, first)
            uniform(model.weight_out, 1 / math.sqrt(hidden))
            if colors is not None:
                model._pass_through(colors)
        return model

    def _pass_through(self, colors: Tensor) -> None:
        if tuple(colors.shape) != (self.count, 3) or self.latent_size < 3 or len(self.bias) < 3:
            raise AvatarError(
                f"colours have shape {tuple(colors.shape)}, expected ({self.count}, 3) with 3 or more latents"
            )
        self.z[:, :3] = colors.clamp(0, 1)
        for tensor in (self.weight_latent, self.weight_embedding, self.bias):
            tensor[:3] = 0
        self.weight_out *= 0.05
        self.weight_out[:, :3] = 0
        for channel in range(3):
            self.weight_latent[channel, channel] = 1
            self.weight_out[channel, channel] = 1 / SH_C0
            self.bias_out[channel] = -0.5 / SH_C0

    @property
    def latents(self) -> Tensor:
        return self.z

    def sh(
        self,
        latent_offset: Tensor | None = None,
        embedding: Tensor | None = None,
        mask: Tensor | None = None,
        rows: Tensor | None = None,
    ) -> Tensor:
        z = self.z if rows is None else self.z[rows]
        if latent_offset is not None:
            z = z + (latent_offset if mask is None else mask[:, None] * latent_offset)
        # The first layer is linear: the embedding, common to all, costs one matrix-vector product.
        bias = self.bias + self.weight_embedding @ self.neutral_embedding
        hidden = functional.linear(z, self.weight_latent, bias)
        if embedding is not None:
            shift = self.weight_embedding @ (embedding - self.neutral_embedding)
            hidden = hidden + (shift if mask is None else mask[:, None] * shift)
        out = functional.linear(functional.relu(hidden), self.weight_out, self.bias_out)
        return out.view(len(z), self.num_coefficients, 3)

    def resample(self, index: Tensor) -> None:
        self.z = nn.Parameter(self.z.detach()[index].clone())


class DirectSH(Appearance):
    """Spherical harmonics stored per Gaussian; its latents are the coefficients, D = 3 K.

    An emotion's latent offset adds to the coefficients; the embedding has no effect.

    Attributes:
        sh0: (N, 1, 3); sh_rest: (N, K - 1, 3).
    """

    kind = "sh"

    def __init__(self, count: int, sh_degree: int = 1) -> None:
        super().__init__()
        _check_degree(sh_degree)
        self.sh_degree = sh_degree
        self.sh0 = nn.Parameter(torch.zeros(count, 1, 3))
        self.sh_rest = nn.Parameter(torch.zeros(count, (sh_degree + 1) ** 2 - 1, 3))
        self.register_buffer("neutral_embedding", torch.zeros(EMBEDDING_SIZE))

    @staticmethod
    def create(count: int, sh_degree: int = 1, colors: Tensor | None = None) -> DirectSH:
        """Starts grey, or with `colors` (N, 3) in [0, 1]."""
        model = DirectSH(count, sh_degree)
        if colors is not None:
            with torch.no_grad():
                model.sh0.copy_((colors[:, None] - 0.5) / SH_C0)
        return model

    @staticmethod
    def from_coefficients(sh: Tensor) -> DirectSH:
        """From coefficients (N, K, 3)."""
        degree = math.isqrt(sh.shape[1]) - 1
        model = DirectSH(len(sh), degree)
        if (degree + 1) ** 2 != sh.shape[1]:
            raise AvatarError(f"{sh.shape[1]} SH coefficients; expected 1, 4, 9 or 16")
        with torch.no_grad():
            model.sh0.copy_(sh[:, :1])
            model.sh_rest.copy_(sh[:, 1:])
        return model

    @property
    def latents(self) -> Tensor:
        return torch.cat([self.sh0, self.sh_rest], 1).flatten(1)

    def sh(
        self,
        latent_offset: Tensor | None = None,
        embedding: Tensor | None = None,
        mask: Tensor | None = None,
        rows: Tensor | None = None,
    ) -> Tensor:
        coefficients = torch.cat([self.sh0, self.sh_rest], 1)
        if rows is not None:
            coefficients = coefficients[rows]
        if latent_offset is not None:
            offset = latent_offset if mask is None else mask[:, None] * latent_offset
            coefficients = coefficients + offset.view_as(coefficients)
        return coefficients

    def resample(self, index: Tensor) -> None:
        self.sh0 = nn.Parameter(self.sh0.detach()[index].clone())
        self.sh_rest = nn.Parameter(self.sh_rest.detach()[index].clone())


def _check_degree(sh_degree: int) -> None:
    if sh_degree not in (0, 1, 2, 3):
        raise AvatarError(f"SH degree {sh_degree}; expected 0, 1, 2 or 3")
