"""From the results of all tasks to the figures that are published, each with its interval over cases."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emoga_core.evaluate.metrics import bootstrap, flicker_fraction
from emoga_core.evaluate.run import MAIN_LEVEL, Evaluation
from emoga_core.evaluate.tasks import EDITS, GUIDED, NEUTRAL
from emoga_core.evaluate.variants import VARIANTS

Values = Mapping[tuple[str, str], float]
"""By subject and emotion."""

_GEOMETRY_TARGETS = {"mild": "<= 0.15", "medium": "<= 0.3", "hard": "<= 0.5"}
_ABLATIONS = tuple(name for name in VARIANTS if name not in ("full", "geometry", "texture"))


@dataclass(frozen=True)
class Figure:
    """One number of the evaluation: a mean over cases.

    Attributes:
        low, high: 95 % bootstrap interval; NaN for a single case. count: cases.
        target: in words; "high > 0": no ablation is better than the full method beyond its interval.
    """

    key: str
    value: float
    unit: str
    target: str = ""
    low: float = math.nan
    high: float = math.nan
    count: int = 0


def figures(evaluation: Evaluation) -> list[Figure]:
    """All figures, those with targets first.

    Differences are paired: case by case, then averaged. `full_minus_raw_db` and the like compare mean PSNR on
    the face over unseen views and moments; raw are edits of those very pictures, corrupted like the others
    but never shown to the optimiser.
    """
    e = evaluation
    rows: list[Figure | None] = []
    if MAIN_LEVEL in e.options.levels:
        rows += _main(e)
    for level in e.options.levels:
        target = _GEOMETRY_TARGETS.get(level, "")
        fraction = e.figure("vertex_rms_fraction", "full", level)
        rows.append(_mean(f"vertex_rms_fraction_{level}", fraction, "", target))
        rows.append(_mean(f"vertex_rms_mm_{level}", e.figure("vertex_rms_mm", "full", level), "mm"))
        if level != MAIN_LEVEL:
            raw = _difference(e, "psnr_db", ("full", level), (EDITS, level))
            rows.append(_mean(f"full_minus_raw_db_{level}", raw, "dB"))
            rows.append(_mean(f"full_psnr_db_{level}", e.figure("psnr_db", "full", level), "dB"))
            rows.append(_mean(f"raw_psnr_db_{level}", e.figure("psnr_db", EDITS, level), "dB"))
    if e.options.editor == GUIDED:
        rows += _guided(e)
    return [row for row in rows if row is not None]


def flicker_fractions(evaluation: Evaluation, variant: str, level: str = MAIN_LEVEL) -> Values:
    """`metrics.flicker_fraction` of every case."""
    result = evaluation.figure("deviation", variant, level)
    raw = evaluation.figure("deviation", EDITS, level)
    own = evaluation.figure("own_deviation", NEUTRAL, _neutral_level(evaluation))
    return {c: flicker_fraction(result[c], raw[c], own[c]) for c in result if c in raw and c in own}


def case_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Every task's figures, for JSON: numbers that are not finite become None."""
    rows = []
    for task, result in evaluation.results.items():
        row: dict[str, Any] = {"subject": task.person.name, "emotion": task.emotion, "level": task.level}
        row["method"] = task.variant
        row |= {key: value if math.isfinite(value) else None for key, value in result["figures"].items()}
        rows.append(row)
    return rows


METHOD_COLUMNS = {
    "psnr_db": "PSNR dB", "psnr_worst_db": "worst dB", "ssim": "SSIM", "lowpass_psnr_db": "low-pass dB",
    "vertex_rms_mm": "vertices mm", "strength_ratio": "strength", "disagreement": "views disagree",
    "flicker": "flicker", "outside_psnr_db": "outside dB", "seconds": "s",
}  # fmt: skip
"""Columns of the table of methods: figure -> title. Means over cases; `psnr_worst_db`: the worst of all."""


def method_rows(evaluation: Evaluation) -> list[tuple[str, str, list[float]]]:
    """(level, method's title, a number for every column; NaN where there is none)."""
    seen: dict[tuple[str, str], None] = {}
    for task in evaluation.results:
        seen[task.level, task.variant] = None
    rows = []
    for level, name in sorted(seen, key=lambda row: row[0] != MAIN_LEVEL):
        title = {EDITS: "raw edits", NEUTRAL: "neutral avatar"}.get(name) or VARIANTS[name].title
        rows.append((level, title, [_cell(evaluation, key, name, level) for key in METHOD_COLUMNS]))
    return rows


def _cell(evaluation: Evaluation, key: str, name: str, level: str) -> float:
    if key == "flicker":
        values = flicker_fractions(evaluation, name, level).values() if level != GUIDED else ()
    else:
        values = evaluation.figure(key, name, level).values()
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return math.nan
    return min(known) if key == "psnr_worst_db" else sum(known) / len(known)


def _main(e: Evaluation) -> list[Figure | None]:
    """Figures at the level `medium`."""
    full = ("full", MAIN_LEVEL)

    def minus(name: str, key: str = "psnr_db") -> Values:
        return _difference(e, key, full, (name, _neutral_level(e) if name == NEUTRAL else MAIN_LEVEL))

    rows = [
        _mean("full_minus_raw_db", minus(EDITS), "dB", ">= 3.5"),
        _mean("full_minus_geometry_db", minus("geometry"), "dB", ">= 0.5"),
        _mean("full_minus_geometry_lowpass_db", minus("geometry", "lowpass_psnr_db"), "dB", ">= 2"),
        _mean("strength_ratio", e.figure("strength_ratio", *full), "", "0.9 to 1.1"),
        _mean("flicker_fraction", flicker_fractions(e, "full"), "", "<= 0.2"),
        _mean("outside_psnr_db", e.figure("outside_psnr_db", *full), "dB", ">= 55"),
        _mean("full_minus_texture_db", minus("texture"), "dB", "high > 0"),
    ]
    rows += [_mean(f"full_minus_{name}_db", minus(name), "dB", "high > 0") for name in _ABLATIONS]
    rows += [
        _mean("full_minus_neutral_db", minus(NEUTRAL), "dB"),
        _mean("amplitude_correlation", e.figure("amplitude_correlation", *full), ""),
        _mean("neutral_weight", e.figure("neutral_weight", *full), ""),
        _mean("aligned_strength", e.figure("aligned_strength", *full), ""),
        _mean("raw_seen_psnr_db", e.figure("seen_psnr_db", EDITS), "dB", "20 to 24"),
    ]
    for name, title in ((NEUTRAL, NEUTRAL), (EDITS, "raw"), *((v, v) for v in VARIANTS)):
        level = _neutral_level(e) if name == NEUTRAL else MAIN_LEVEL
        rows.append(_mean(f"{title}_psnr_db", e.figure("psnr_db", name, level), "dB"))
        worst = e.figure("psnr_worst_db", name, level)
        if worst and name in (EDITS, "full"):
            rows.append(
                Figure(f"{title}_worst_db", min(worst.values()), "dB, worst picture", count=len(worst))
            )
    rows += [
        _mean("full_ssim", e.figure("ssim", *full), ""),
        _mean("full_disagreement", e.figure("disagreement", *full), ""),
        _mean("raw_disagreement", e.figure("disagreement", EDITS), ""),
        _mean("avatar_own_psnr_db", e.figure("own_psnr_db", NEUTRAL, _neutral_level(e)), "dB"),
        _mean("seconds", e.figure("seconds", *full), "s, optimiser"),
    ]
    return rows


def _guided(e: Evaluation) -> list[Figure | None]:
    """Figures of the whole chain with the editor `guided`."""
    made = ("full", GUIDED)
    neutral = _difference(e, "psnr_db", made, (NEUTRAL, _neutral_level(e)))
    return [
        _mean("guided_minus_neutral_db", neutral, "dB"),
        _mean("guided_psnr_db", e.figure("psnr_db", *made), "dB"),
        _mean("guided_lowpass_psnr_db", e.figure("lowpass_psnr_db", *made), "dB"),
        _mean("guided_vertex_rms_fraction", e.figure("vertex_rms_fraction", *made), ""),
        _mean("guided_strength_ratio", e.figure("strength_ratio", *made), ""),
        _mean("guided_outside_psnr_db", e.figure("outside_psnr_db", *made), "dB"),
        _mean("guided_seconds", e.figure("seconds", *made), "s, whole chain"),
    ]


def _neutral_level(e: Evaluation) -> str:
    return MAIN_LEVEL if MAIN_LEVEL in e.options.levels else e.options.levels[0]


def _difference(e: Evaluation, key: str, first: tuple[str, str], second: tuple[str, str]) -> Values:
    a, b = e.figure(key, *first), e.figure(key, *second)
    return {case: a[case] - b[case] for case in a if case in b}


def _mean(key: str, values: Values, unit: str, target: str = "") -> Figure | None:
    """The mean over cases; None where no case has it."""
    found = bootstrap(list(values.values()))
    if not found.count:
        return None
    return Figure(key, found.mean, unit, target, found.low, found.high, found.count)
