"""How strongly each edited picture shows the emotion, and how far it can be trusted.

Each picture's change (edited - neutral) is projected on the consensus: the change that the emotion fitted to
all pictures makes in the same view. A picture that the editor left neutral projects to nothing and one that
it overcooked to far more than the others; neither is judged by its residual, which would also throw out
the pictures that show most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from emoga_core.optimize.shots import Shot

_CELLS = 40  # cells across the larger side of a face: warps of one per cent stay within a cell
_LEFT = 0.25  # an amplitude below this share of the usual one: left neutral
_SHOWN = 0.65  # from this share on a picture counts in full
_OVERCOOKED = (1.6, 2.4)  # where distrust of exaggeration begins, and where it is complete
_LEAST = 0.02


@dataclass(frozen=True)
class Trust:
    """amplitudes: (T,) of every target, 1 = usual; weights: (T,) in (0, 1]; strength: the change in the
    trusted pictures over the consensus change, before amplitudes are divided by their median."""

    amplitudes: np.ndarray
    weights: np.ndarray
    strength: float


class ChangeMeter:
    """Compares changes coarsely, and blind to tints: what a smooth factor on the colours could explain."""

    def __init__(self, shot: Shot) -> None:
        self.factor = max(1, round(max(shot.mask.shape) / _CELLS))
        self.mask = shot.mask
        self.weight = self._pool(shot.mask[..., None]).sqrt()
        neutral = self._pool(shot.neutral * shot.mask[..., None])
        ones = self._pool(shot.mask[..., None])
        height, width = neutral.shape[:2]
        y = torch.linspace(-1, 1, height, device=neutral.device)[:, None, None].expand(height, width, 1)
        x = torch.linspace(-1, 1, width, device=neutral.device)[None, :, None].expand(height, width, 1)
        basis = torch.stack([neutral, neutral * x, neutral * y, ones.expand_as(neutral)], -1)
        flat = basis.reshape(-1, 3, 4).double().cpu().numpy()
        self.basis = np.stack([np.linalg.qr(flat[:, c])[0] for c in range(3)])  # (3,P,4)
        self.neutral = shot.neutral
        self.edited = self.change(shot.goal.image)

    def change(self, image: Tensor) -> np.ndarray:
        """(P,3) of a picture (h,w,3) against the neutral one."""
        difference = (image.detach() - self.neutral) * self.mask[..., None]
        flat = self._pool(difference).reshape(-1, 3).double().cpu().numpy()
        for c, basis in enumerate(self.basis):
            parts = np.einsum("pk,p->k", basis, flat[:, c])
            flat[:, c] -= np.einsum("pk,k->p", basis, parts)
        return flat

    def _pool(self, image: Tensor) -> Tensor:
        planar = image.permute(2, 0, 1)[None]
        return functional.avg_pool2d(planar, self.factor, ceil_mode=True)[0].permute(1, 2, 0)


def projections(meters: Sequence[ChangeMeter], changes: Sequence[np.ndarray]) -> np.ndarray:
    """(T,) how much of each consensus change (P,3) its edited picture shows."""
    values = []
    for meter, change in zip(meters, changes, strict=True):
        power = float((change * change).sum())
        values.append(float((meter.edited * change).sum()) / power if power > 1e-12 else 1.0)
    return np.array(values)


def judge(amounts: np.ndarray) -> Trust:
    """From projections (T,) to amplitudes and weights."""
    positive = np.maximum(amounts, 0)
    usual = float(np.quantile(positive, 0.7))
    if usual <= 1e-6:
        return Trust(np.ones_like(amounts), np.ones_like(amounts), 1.0)
    shown = (positive > 0.4 * usual) & (positive < 2 * usual)
    usual = float(np.median(positive[shown])) if shown.any() else usual
    share = positive / usual
    weights = np.clip((share - _LEFT) / (_SHOWN - _LEFT), _LEAST, 1)
    low, high = _OVERCOOKED
    weights = np.minimum(weights, np.clip((high - share) / (high - low), _LEAST, 1))
    return Trust(np.clip(share, 0, 2), weights, usual)
