"""From results to figures: pairing, intervals and the rows of the table, on numbers computed by hand."""

from __future__ import annotations

import math

import pytest

from emoga_core.evaluate import EvaluateOptions, Evaluation, case_rows, figures, method_rows
from emoga_core.evaluate.table import METHOD_COLUMNS, flicker_fractions

_NUMBERS = {
    # emotion: (neutral, raw, geometry, full) dB
    "happy": (21.0, 22.0, 25.0, 27.0),
    "sad": (22.0, 23.0, 26.0, 26.5),
}


@pytest.fixture
def evaluation(tmp_path) -> Evaluation:
    options = EvaluateOptions(
        subjects=("kofi",),
        emotions=("happy", "sad"),
        levels=("medium",),
        methods=("geometry",),
        cache=tmp_path,
    )
    columns = {"neutral": 0, "edits": 1, "geometry": 2, "full": 3}
    deviations = {"neutral": 0.05, "edits": 0.05, "geometry": 0.03, "full": 0.02}
    results = {}
    for task in options.tasks():
        psnr = _NUMBERS[task.emotion][columns[task.variant]]
        row = {"psnr_db": psnr, "psnr_worst_db": psnr - 2, "lowpass_psnr_db": 2 * psnr}
        row |= {"deviation": deviations[task.variant]}
        if task.variant == "neutral":
            row["own_deviation"] = 0.01
        if task.variant == "full":
            row |= {"vertex_rms_fraction": 0.25, "seconds": math.nan}
        results[task] = {"figures": row}
    return Evaluation(options, results, "code")


def test_differences_are_paired_by_case(evaluation):
    known = {figure.key: figure for figure in figures(evaluation)}
    assert known["full_minus_raw_db"].value == pytest.approx((5.0 + 3.5) / 2)
    assert known["full_minus_geometry_db"].value == pytest.approx((2.0 + 0.5) / 2)
    assert known["full_minus_geometry_lowpass_db"].value == pytest.approx(4.0 + 0.5 - 2.0)
    assert known["full_minus_neutral_db"].value == pytest.approx((6.0 + 4.5) / 2)
    # of two cases the interval spans both
    assert (known["full_minus_raw_db"].low, known["full_minus_raw_db"].high) == (3.5, 5.0)
    assert known["full_minus_raw_db"].count == 2
    assert known["full_worst_db"].value == 24.5


def test_flicker_is_taken_against_the_raw_edits(evaluation):
    assert list(flicker_fractions(evaluation, "full").values()) == pytest.approx([0.25, 0.25])


def test_figures_without_a_case_are_left_out(evaluation):
    keys = {figure.key for figure in figures(evaluation)}
    assert "full_minus_thesis_db" not in keys and "guided_psnr_db" not in keys and "seconds" not in keys


def test_case_rows_turn_what_is_not_finite_into_none(evaluation):
    full = [row for row in case_rows(evaluation) if row["method"] == "full"]
    assert [row["seconds"] for row in full] == [None, None]
    assert [row["emotion"] for row in full] == ["happy", "sad"]


def test_rows_of_the_table_average_over_cases(evaluation):
    rows = {title: values for _, title, values in method_rows(evaluation)}
    assert list(rows) == ["neutral avatar", "raw edits", "full", "geometry only"]
    columns = list(METHOD_COLUMNS)
    assert rows["full"][columns.index("psnr_db")] == pytest.approx(26.75)
    assert rows["full"][columns.index("psnr_worst_db")] == 24.5
    assert rows["raw edits"][columns.index("flicker")] == pytest.approx(1.0)
    assert math.isnan(rows["raw edits"][columns.index("strength_ratio")])
