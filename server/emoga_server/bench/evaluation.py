"""An evaluation's figures as rows of a benchmark."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from emoga_server.bench import Row

if TYPE_CHECKING:
    from emoga_core.evaluate import Evaluation


def rows_of(evaluation: Evaluation) -> list[Row]:
    """The figures in the form that `emoga bench NAME --json` prints."""
    from emoga_core.evaluate import figures

    rows = []
    for figure in figures(evaluation):
        known = math.isfinite(figure.low) and math.isfinite(figure.high)
        interval = (figure.low, figure.high) if known else None
        rows.append(Row(figure.key, figure.value, figure.unit, figure.target, interval=interval))
    return rows
