"""`emoga evaluate emotions`: what the command line makes of its options, and its one-line errors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from emoga_core.evaluate import EvaluateOptions, Evaluation
from emoga_server.cli.evaluate import make_options, show

EMOGA = str(Path(sys.executable).with_name("emoga"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--levels", "cruel"], "level 'cruel' is unknown; choose among perfect, mild, medium, hard"),
        (["--sheet", "sheet.jpg"], "give --sheet sheet.png"),
    ],
)
def test_a_wrong_option_gives_one_line(arguments, message, tmp_path):
    done = subprocess.run(
        [EMOGA, "evaluate", "emotions", *arguments], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 1
    assert message in done.stderr and done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_quick_is_one_subject_and_two_emotions():
    options = make_options(quick=True, workers=1)
    assert len(options.subjects) == 1 and len(options.emotions) == 2
    assert options.levels == ("mild", "medium", "hard")


def test_a_number_of_subjects_counts_and_a_large_one_is_a_seed():
    assert len(make_options(subjects="6").subjects) == 6
    assert make_options(subjects="4711").subjects == ("4711",)
    assert make_options(subjects="elena, 12").subjects == ("elena", "12")


def test_json_has_rows_settings_and_cases(tmp_path, capsys):
    options = EvaluateOptions(
        subjects=("kofi",), emotions=("happy",), levels=("medium",), methods=(), cache=tmp_path
    )
    figures = {"neutral": 21.0, "edits": 23.0, "full": 27.0}
    results = {task: {"figures": {"psnr_db": figures[task.variant]}} for task in options.tasks()}
    show(Evaluation(options, results, "code"), as_json=True)
    printed = json.loads(capsys.readouterr().out)
    row = next(row for row in printed["rows"] if row["key"] == "full_minus_raw_db")
    assert row["value"] == 4.0 and row["target"] == ">= 3.5" and row["interval"] is None
    assert printed["settings"]["subjects"] == ["kofi"] and len(printed["cases"]) == 3
