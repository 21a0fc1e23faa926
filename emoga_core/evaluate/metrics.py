"""The figures of the evaluation, each defined once.

Pictures are (H, W, 3) float tensors in [0, 1], masks (H, W) float with 1 where pixels count, vertices
(V, 3) m.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emoga_core.losses import psnr

LOWPASS = 3.0 / 256
"""Standard deviation of the low-pass, of the picture's width: three pixels of 256."""


def lowpass_psnr(image: Tensor, target: Tensor, mask: Tensor) -> float:
    """PSNR (dB) on the mask of both pictures blurred by `LOWPASS`: is the broad change right, wrinkles aside.

    The blur runs over the whole picture, before the mask.
    """
    return psnr(_blurred(image), _blurred(target), mask)


def _blurred(image: Tensor) -> Tensor:
    import cv2

    pixels = image.detach().cpu().numpy().astype(np.float32)
    return torch.from_numpy(cv2.GaussianBlur(pixels, (0, 0), LOWPASS * pixels.shape[1]))


def vertex_rms(vertices: Tensor, truth: Tensor, rows: Tensor) -> float:
    """Root mean square distance (m) of the vertices `rows` (bool or indices) from their true places."""
    difference = (vertices - truth)[rows].double()
    return math.sqrt(float((difference**2).sum(-1).mean()))


def strength(vertices: Tensor, neutral: Tensor, truth: Tensor, rows: Tensor) -> float:
    """Size of the change over that of the true one: RMS displacement from neutral of the vertices `rows`,
    over the same of the truth."""
    return vertex_rms(vertices, neutral, rows) / vertex_rms(truth, neutral, rows)


def aligned_strength(vertices: Tensor, neutral: Tensor, truth: Tensor, rows: Tensor) -> float:
    """The share of the true displacement that was reached: <d, d*> / <d*, d*> over the vertices `rows`."""
    found, true = ((v - neutral)[rows].double() for v in (vertices, truth))
    return float((found * true).sum() / (true * true).sum())


def temporal_deviation(
    images: Sequence[Tensor], references: Sequence[Tensor], masks: Sequence[Tensor]
) -> float:
    """How much the error of one view changes from frame to frame.

    The mean over consecutive frames a, b, pixels in both masks, and channels, of |(X_a - T_a) - (X_b - T_b)|;
    images X and references T of one camera in order of time. NaN where no pixel is in both masks.
    """
    total, count = 0.0, 0
    for a in range(len(images) - 1):
        b = a + 1
        both = (masks[a] > 0.5) & (masks[b] > 0.5)
        change = (images[a] - references[a]) - (images[b] - references[b])
        total += float(change[both].abs().double().sum())
        count += 3 * int(both.sum())
    return total / count if count else math.nan


def flicker_fraction(result: float, raw: float, neutral: float) -> float:
    """Temporal deviation that the emotion adds to the avatar's own, over what the raw edits add to it.

    (D(result, truth) - D(neutral avatar, neutral truth)) / (D(raw edits, truth) - the same); D is
    `temporal_deviation`. Negative when the emotional avatar is steadier than the neutral one. NaN when the
    edits are as steady as the avatar.
    """
    added = raw - neutral
    return (result - neutral) / added if added > 0 else math.nan


def view_disagreement(
    errors: Sequence[Tensor], triangle_ids: Sequence[Tensor], triangles: int, smallest: int = 3
) -> float:
    """How much the error at one place of the face differs between the views of one moment.

    For every triangle, the mean error (X - T) of its pixels in each view that shows at least `smallest` of
    them; the standard deviation of that over views (population), root mean square over triangles seen in two
    views or more and over channels. NaN where there is none. `triangle_ids` (H, W), -1 where nothing counts.
    """
    sums = torch.zeros(len(errors), triangles, 3, dtype=torch.float64)
    counts = torch.zeros(len(errors), triangles, dtype=torch.float64)
    for view, (error, ids) in enumerate(zip(errors, triangle_ids, strict=True)):
        shown = ids >= 0
        rows = ids[shown].long()
        sums[view].index_add_(0, rows, error[shown].double())
        counts[view].index_add_(0, rows, torch.ones(len(rows), dtype=torch.float64))
    seen = counts >= smallest
    twice = seen.sum(0) >= 2
    if not bool(twice.any()):
        return math.nan
    seen, mean = seen[:, twice, None], (sums / counts.clamp(min=1)[..., None])[:, twice]
    number = seen.sum(0)
    middle = (mean * seen).sum(0) / number
    variance = (((mean - middle) ** 2) * seen).sum(0) / number
    return math.sqrt(float(variance.mean()))


def correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """Pearson's coefficient; NaN where one of the two does not vary."""
    x, y = np.asarray(a, float), np.asarray(b, float)
    if len(x) < 2 or np.ptp(x) < 1e-12 or np.ptp(y) < 1e-12:
        return math.nan
    return float(np.corrcoef(x, y)[0, 1])


@dataclass(frozen=True)
class Interval:
    """A mean over cases and its 95 % interval; `low` and `high` are NaN for a single case."""

    mean: float
    low: float
    high: float
    count: int


def bootstrap(values: Sequence[float] | NDArray[np.floating], draws: int = 10_000, seed: int = 0) -> Interval:
    """Percentile bootstrap of the mean over cases (Efron 1979). Of paired differences it is the paired test.

    Values that are not finite are left out.
    """
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    if not len(known):
        return Interval(math.nan, math.nan, math.nan, 0)
    if len(known) == 1:
        return Interval(float(known[0]), math.nan, math.nan, 1)
    picks = np.random.default_rng(seed).integers(0, len(known), (draws, len(known)))
    low, high = np.quantile(known[picks].mean(1), [0.025, 0.975])
    return Interval(float(known.mean()), float(low), float(high), len(known))
