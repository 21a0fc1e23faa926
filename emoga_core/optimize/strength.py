"""Calibration: how strong intensity 1 is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from emoga_core.optimize.trust import projections

if TYPE_CHECKING:
    from emoga_core.optimize.optimizer import EmotionOptimizer

_RANGE = (0.85, 1.3)


def find_strength(optimizer: EmotionOptimizer) -> tuple[float, float]:
    """Factors on geometry and colour."""
    change = optimizer.colour_change()
    weights = optimizer.weights
    amplitudes = optimizer.amplitudes.detach().double().cpu().numpy()
    factor = 1.0
    for _ in range(2):
        changes = [
            m.change(
                optimizer.render(n, factor * float(amplitudes[n]), factor * float(amplitudes[n]), change)
            )
            for n, m in enumerate(optimizer.meters)
        ]
        power = np.array([float((c * c).sum()) for c in changes])
        share = projections(optimizer.meters, changes)
        factor *= float((weights * power * share).sum() / max(1e-12, float((weights * power).sum())))
        factor = float(np.clip(factor, *_RANGE))
    return factor, factor
