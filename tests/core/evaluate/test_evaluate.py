"""A whole evaluation on pictures of 64 pixels: a real capture, build and truth, and few optimiser steps."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

from emoga_core.evaluate import (
    METHOD_COLUMNS,
    EvaluateError,
    EvaluateInterrupted,
    EvaluateOptions,
    case_rows,
    evaluate_emotions,
    figures,
    method_rows,
    run,
)
from emoga_core.evaluate.benchmark import Layout
from emoga_core.evaluate.cases import Case, make_case, needed_stills
from emoga_core.evaluate.sheet import COLUMNS, contact_sheet
from emoga_core.evaluate.tasks import load_state, unfinished
from emoga_core.losses import psnr

TINY = Layout(
    cameras=4,
    frames=3,
    edit_frames=(0, 2),
    edit_angles=((0.0, 0.0), (25.0, 0.0)),
    unseen_frames=(30, 246),
    unseen_angles=((10.0, 4.0), (-15.0, 0.0)),
)


@pytest.fixture(scope="module")
def options(tmp_path_factory) -> EvaluateOptions:
    return EvaluateOptions(
        subjects=("kofi",),
        emotions=("happy",),
        levels=("perfect", "medium", "hard"),
        methods=("geometry", "texture", "no_weights", "no_tone", "no_prior"),
        editor="guided",
        steps=16,
        size=64,
        build_steps=60,
        gaussians=1,
        layout=TINY,
        cache=tmp_path_factory.mktemp("cache"),
    )


@pytest.fixture(scope="module")
def evaluation(options):
    return evaluate_emotions(options)


@pytest.fixture(scope="module")
def case(options, evaluation) -> Case:
    person = options.person("kofi")
    return make_case(person.avatar(), person, "happy", "medium")


def test_every_figure_is_there(evaluation):
    known = {figure.key: figure for figure in figures(evaluation)}
    wanted = {
        "full_minus_raw_db", "full_minus_geometry_db", "full_minus_geometry_lowpass_db",
        "full_minus_texture_db", "full_minus_no_weights_db", "full_minus_no_tone_db",
        "full_minus_no_prior_db",
        "vertex_rms_fraction_medium", "vertex_rms_fraction_hard", "strength_ratio", "flicker_fraction",
        "guided_psnr_db", "guided_vertex_rms_fraction",
        "outside_psnr_db", "amplitude_correlation", "raw_seen_psnr_db", "full_worst_db", "seconds",
    }  # fmt: skip
    assert wanted <= known.keys()
    assert all(figure.count == 1 for figure in known.values())
    assert all(math.isfinite(figure.value) for key, figure in known.items() if key in wanted)
    assert known["vertex_rms_fraction_medium"].target == "<= 0.3"


def test_rows_are_plain_json(evaluation):
    rows = json.loads(json.dumps(case_rows(evaluation), allow_nan=False))
    assert {row["method"] for row in rows} >= {"neutral", "edits", "full", "geometry"}
    assert all(len(values) == len(METHOD_COLUMNS) for _, _, values in method_rows(evaluation))


def test_perfect_edits_beat_corrupted_ones(evaluation):
    def value(key, variant, level):
        return evaluation.figure(key, variant, level)["kofi", "happy"]

    # Of perfect edits only the border of the mask differs from the truth.
    raw = [value("psnr_db", "edits", level) for level in ("perfect", "medium", "hard")]
    assert raw[0] > raw[1] + 2 > raw[2] + 2
    fraction = [value("vertex_rms_fraction", "full", level) for level in ("perfect", "hard")]
    assert fraction[0] < fraction[1]
    assert value("psnr_db", "full", "perfect") > value("psnr_db", "neutral", "medium")


def test_the_same_options_read_what_is_kept(options, evaluation, monkeypatch):
    assert not unfinished(options.tasks(), evaluation.code)
    monkeypatch.setattr(run, "code_hash", lambda: evaluation.code)
    monkeypatch.setattr(run, "run_task", lambda *_: pytest.fail("nothing was left to compute"))
    again = evaluate_emotions(options)
    assert again.results == evaluation.results


def test_an_interrupted_evaluation_says_how_to_go_on(options, evaluation):
    with pytest.raises(EvaluateInterrupted, match="the same command continues"):
        evaluate_emotions(EvaluateOptions(**{**vars(options), "seed": 5}), stop=lambda: True)


def test_sheet_shows_every_column(evaluation):
    sheet = contact_sheet(evaluation, picks=((0, 0), (1, 1)))
    assert sheet.shape[1] % len(COLUMNS) == 0 and sheet.dtype == np.float32
    tile = sheet.shape[1] // len(COLUMNS)
    neutral, truth = sheet[48 : 48 + tile, :tile], sheet[48 : 48 + tile, 4 * tile : 5 * tile]
    assert np.abs(neutral - truth).mean() > 0.01


def test_edits_leave_the_picture_alone_outside_the_mask(case):
    for shot in case.edits:
        outside = shot.mask == 0
        assert torch.equal(shot.edit[outside], shot.neutral[outside])


def test_truth_differs_from_the_neutral_truth_on_the_face_alone(case):
    shot = case.unseen[0]
    inside = (shot.truth - shot.neutral_truth).abs().amax(-1)
    assert float(inside[shot.face > 0.5].mean()) > 10 * float(inside[shot.face <= 0.5].mean())
    assert psnr(shot.neutral_truth, shot.truth, shot.face) < 30


def test_exact_geometry_has_no_vertex_error(case):
    from emoga_core.avatars.motion import MotionFrame
    from emoga_core.evaluate.truth import true_offset

    shot = case.unseen[0]
    offset = torch.from_numpy(true_offset("happy")).float()
    moved = case.avatar.clamp_expression(shot.frame.expression + offset)
    posed = case.avatar.pose(MotionFrame(moved, shot.frame.joint_rotations, shot.frame.translation))
    assert float((posed - shot.vertices).norm(dim=1).max()) < 1e-5


def test_the_state_that_was_kept_is_the_one_measured(options, evaluation):
    task = next(task for task in evaluation.results if task.variant == "full" and task.level == "medium")
    state = load_state(task.path(evaluation.code).with_suffix(".npz"), "happy")
    assert float(state.expression.abs().max()) > 0.05


def test_only_jittered_pictures_need_a_rendering_of_their_own(options, evaluation):
    person = options.person("kofi")
    avatar = person.avatar()
    keys = [
        {s.key for s in needed_stills(avatar, person, "happy", level, 0)} for level in ("perfect", "hard")
    ]
    assert keys[0] < keys[1]
    assert len(keys[0]) == 16  # eight pictures with and without the emotion


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"emotions": ("joyful",)}, "emotion 'joyful' is unknown; choose among happy"),
        ({"levels": ("cruel",)}, "level 'cruel' is unknown"),
        ({"methods": ("magic",)}, "method 'magic' is unknown"),
        ({"editor": "paint"}, "editor 'paint' is unknown; choose among corrupted, guided"),
        ({"emotions": ()}, "no emotion to evaluate"),
        ({"emotions": ("sad", "sad")}, "named twice"),
        ({"workers": 0}, "0 workers"),
    ],
)
def test_impossible_options_are_named(change, message):
    with pytest.raises(EvaluateError, match=message):
        EvaluateOptions(**change)
