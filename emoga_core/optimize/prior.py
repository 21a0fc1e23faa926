"""What keeps expressions plausible: the range of ARKit heads, the Mahalanobis length of statistical ones."""

from __future__ import annotations

import torch
from torch import Tensor

from emoga_core.heads import Head
from emoga_core.optimize.errors import OptimizeError

_BACK = 0.3
"""Share of the range by which an emotion may take back what the motion does."""

_STATISTICAL_UNIT = 3.0
"""Standard deviations that move a face about as far as a whole action does."""

_UNTOLD = 0.02
"""Share of the pull where nothing is known to pull to: enough to keep at rest what no picture shows, too
little to weaken an emotion."""

_LONGEST = 4.0
"""Statistical heads: no coefficient beyond so many standard deviations."""


class ExpressionPrior:
    """Limits and a quadratic pull.

    Attributes:
        unit: of a coefficient: the width of the head's range, or three standard deviations.
        towards: (E,) where the pull goes.
    """

    def __init__(self, head: Head, towards: Tensor | None) -> None:
        device = head.template.device
        self.range = head.expression_range
        self.unit = self.range[1] - self.range[0] if self.range else _STATISTICAL_UNIT
        self.towards = torch.zeros(head.num_expressions, device=device)
        low, high = (-_BACK * self.unit, self.unit) if self.range else (-_LONGEST, _LONGEST)
        self._low = torch.full_like(self.towards, low)
        self._high = torch.full_like(self.towards, high)
        self.share = _UNTOLD if towards is None else 1.0
        if towards is not None:
            if tuple(towards.shape) != (head.num_expressions,) or not bool(towards.isfinite().all()):
                raise OptimizeError(
                    f"prior_expression must be {head.num_expressions} finite numbers; "
                    f"got shape {tuple(towards.shape)}"
                )
            self.towards = towards.detach().to(device).float()

    def gradient(self, expression: Tensor) -> Tensor:
        """(E,) of half the squared distance in units: for statistical heads the Mahalanobis length."""
        return self.share * (expression - self.towards) / self.unit**2

    def narrow(self, motions: Tensor) -> None:
        """Tells the expressions (T,E) of all moments: an offset that leaves the range in all of them does no
        more than one at its end, but would show in other moments."""
        if self.range:
            self._low = torch.maximum(self._low, self.range[0] - motions.amax(0))
            self._high = torch.minimum(self._high, self.range[1] - motions.amin(0))

    def limit(self, expression: Tensor) -> Tensor:
        """The nearest offset (E,) that is allowed."""
        return torch.minimum(torch.maximum(expression, self._low), self._high)
