"""A set of 3D Gaussians with the parameters that 3D Gaussian splatting optimises."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from emoga_core.errors import EmogaError


@dataclasses.dataclass
class Gaussians:
    """N anisotropic Gaussians (Kerbl et al. 2023, "3D Gaussian Splatting").

    Attributes:
        means: (N, 3) centres in metres.
        quaternions: (N, 4) rotations as w, x, y, z; used normalised, need not be unit.
        log_scales: (N, 3) natural logarithm of the standard deviations in metres.
        opacity_logits: (N,) opacity before the sigmoid.
        sh: (N, K, 3) spherical-harmonic coefficients, K = (degree + 1)^2 for degree 0 to 3; the colour is
            max(SH(direction) + 0.5, 0).

    Raises:
        EmogaError: when the shapes do not belong together.
    """

    means: Tensor
    quaternions: Tensor
    log_scales: Tensor
    opacity_logits: Tensor
    sh: Tensor

    def __post_init__(self) -> None:
        count = self.means.shape[0] if self.means.ndim else 0
        wanted = {
            "means": (count, 3),
            "quaternions": (count, 4),
            "log_scales": (count, 3),
            "opacity_logits": (count,),
        }
        for name, shape in wanted.items():
            actual = tuple(getattr(self, name).shape)
            if actual != shape:
                raise EmogaError(f"Gaussians: {name} has shape {actual}, expected {shape} (N = {count}).")
        shape = tuple(self.sh.shape)
        if len(shape) != 3 or shape[0] != count or shape[2] != 3 or shape[1] not in (1, 4, 9, 16):
            raise EmogaError(
                f"Gaussians: sh has shape {shape}, expected ({count}, K, 3) with K = 1, 4, 9 or 16."
            )

    def __len__(self) -> int:
        return self.means.shape[0]

    def __getitem__(self, index: Tensor | slice | list[int]) -> Gaussians:
        """The chosen Gaussians (a boolean mask, indices or a slice)."""
        return self.map(lambda tensor: tensor[index])

    @property
    def sh_degree(self) -> int:
        """Degree of the spherical harmonics, 0 to 3."""
        return {1: 0, 4: 1, 9: 2, 16: 3}[self.sh.shape[1]]

    @property
    def scales(self) -> Tensor:
        """(N, 3) standard deviations in metres."""
        return self.log_scales.exp()

    @property
    def opacities(self) -> Tensor:
        """(N,) opacities in (0, 1)."""
        return self.opacity_logits.sigmoid()

    def map(self, function) -> Gaussians:
        """Applies a tensor -> tensor function to every field."""
        return Gaussians(*(function(getattr(self, field.name)) for field in dataclasses.fields(self)))

    def to(self, *args, **kwargs) -> Gaussians:
        """Moves or casts every field, as `Tensor.to`."""
        return self.map(lambda tensor: tensor.to(*args, **kwargs))

    def detach(self) -> Gaussians:
        """The same values outside the autograd graph."""
        return self.map(Tensor.detach)

    @staticmethod
    def cat(parts: list[Gaussians]) -> Gaussians:
        """Concatenates sets of the same SH degree."""
        if not parts:
            raise EmogaError("Gaussians.cat: nothing to concatenate.")
        return Gaussians(
            *(torch.cat([getattr(p, f.name) for p in parts]) for f in dataclasses.fields(Gaussians))
        )
