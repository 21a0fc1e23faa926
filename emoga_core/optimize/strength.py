"""Calibration: how strong intensity 1 is.

What is fitted to pictures that disagree comes out weaker than any of them: edges that lie differently in each
leave a blur, and the last steps are small. The strength is read off afterwards, coarsely, so that warps do
not matter: factors on geometry and colour that bring the rendered changes closest, in least squares over the
trusted pictures, to the edited ones. Noise and warps can only lower such a regression, never raise it;
geometry is therefore never weakened by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from emoga_core.optimize.optimizer import EmotionOptimizer

_GEOMETRY, _COLOUR = (1.0, 1.25), (0.95, 1.25)
_STEP = 0.1


def find_strength(run: EmotionOptimizer) -> tuple[float, float]:
    """Factors on geometry (expression and jaw) and on colour (latents and embedding)."""
    change = run.colour_change()
    amplitudes = run.amplitudes.detach().double().cpu().numpy()
    gram, pull = np.zeros((2, 2)), np.zeros(2)
    for number, meter in enumerate(run.meters):
        weight = float(run.weights[number])
        if weight < 0.1 * run.weights.max():
            continue
        a = float(amplitudes[number])

        def seen(geometry: float, colour: float, number: int = number, a: float = a) -> np.ndarray:
            return run.meters[number].change(run.render(number, a * geometry, a * colour, change))

        now = seen(1.0, 1.0)
        slopes = [(seen(1 + _STEP, 1.0) - now) / _STEP, (seen(1.0, 1 + _STEP) - now) / _STEP]
        for i, slope in enumerate(slopes):
            pull[i] += weight * float((slope * (meter.edited - now)).sum())
            for j, other in enumerate(slopes):
                gram[i, j] += weight * float((slope * other).sum())
    # A variable that changes nothing has no strength to find.
    gram += np.eye(2) * (1e-3 * gram.trace() + 1e-12)
    geometry, colour = 1 + np.linalg.solve(gram, pull)
    return float(np.clip(geometry, *_GEOMETRY)), float(np.clip(colour, *_COLOUR))
