"""What a rasterisation tells beside its picture; the same for every backend."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import torch
from torch import Tensor


@dataclasses.dataclass
class RasterInfo:
    """What happened to each of N Gaussians in each of C pictures.

    Attributes:
        means2d: (C, N, 2) positions in px. Part of the graph and `.grad` is kept: after `backward()` it
            holds the screen-space gradients that densification looks at.
        radii: (C, N) larger half extent in px of the region with alpha >= 1/255; 0 where not visible.
        depths: (C, N) metres along the camera's axis; 0 behind the camera.
    """

    means2d: Tensor
    radii: Tensor
    depths: Tensor
    draw_depth: Callable[[], Tensor] = dataclasses.field(repr=False)

    @property
    def visible(self) -> Tensor:
        """(C, N) bool."""
        return self.radii > 0

    def depth(self) -> Tensor:
        """(C, H, W) expected depth in metres, weighted by each splat's share of the pixel; 0 where empty.

        Drawn when asked for, by one more pass.
        """
        return self.draw_depth()


def expected_depth(weighted: Tensor, alphas: Tensor) -> Tensor:
    """Sum of weight x depth over sum of weights, 0 where nothing was drawn."""
    return torch.where(alphas > 0, weighted / alphas.clamp_min(1e-10), torch.zeros_like(weighted))
