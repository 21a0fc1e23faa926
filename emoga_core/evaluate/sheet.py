"""The contact sheet: what an editor gave, what became of it, and the truth, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from emoga_core.evaluate.cases import Case, Shot
from emoga_core.evaluate.errors import EvaluateError
from emoga_core.evaluate.measure import geometry_of, render_state
from emoga_core.evaluate.run import MAIN_LEVEL, Evaluation
from emoga_core.evaluate.tasks import GUIDED, Task, load_case, load_state

COLUMNS = ("neutral", "raw edit", "geometry", "full", "truth", "error x 4")
_ERROR_GAIN = 4.0
_TILE = 224
_PICKS = ((0, 1), (1, 2), (3, 0))
"""Rows of one case: (moment, view) of the unseen shots."""


def contact_sheet(evaluation: Evaluation, picks: tuple[tuple[int, int], ...] = _PICKS) -> NDArray[np.float32]:
    """(H, W, 3) in [0, 1]: rows are unseen pictures of every case, columns see `COLUMNS`.

    "geometry" is the part of the full emotion that geometry carries. The level is `medium`, else the first.
    """
    levels = evaluation.options.levels
    level = MAIN_LEVEL if MAIN_LEVEL in levels else levels[0]
    rows = [_strip(COLUMNS)]
    for task in evaluation.results:
        if task.variant == "full" and task.level in (level, GUIDED):
            rows += _case_rows(evaluation, task, picks)
    if len(rows) == 1:
        raise EvaluateError("the evaluation has no case to show")
    return np.concatenate(rows, 0)


def _case_rows(evaluation: Evaluation, task: Task, picks: tuple[tuple[int, int], ...]) -> list[NDArray]:
    case = load_case(task)
    chosen = [shot for pick in picks for shot in case.unseen if (shot.frame_id, shot.view_id) == pick]
    state = load_state(task.path(evaluation.code).with_suffix(".npz"), task.emotion)
    geometry = render_state(case.avatar, geometry_of(case.avatar, state), chosen)
    full = render_state(case.avatar, state, chosen)
    rows = [_strip([f"{case.subject}, {case.emotion}, {task.level}"])]
    for number, shot in enumerate(chosen):
        error = ((full[number] - shot.truth).abs() * _ERROR_GAIN).clamp(0, 1)
        pictures = [shot.neutral, shot.edit, geometry[number], full[number], shot.truth, error]
        tiles = [_tile(picture, shot) for picture in pictures]
        rows.append(np.concatenate(tiles, 1))
    return rows


def edits_sheet(case: Case) -> NDArray[np.float32]:
    """(H, W, 3): the raw edits that the optimiser is shown above their truths; a row of either per moment."""
    rows = []
    for moment in sorted({shot.frame_id for shot in case.edits}):
        here = [shot for shot in case.edits if shot.frame_id == moment]
        for kind in ("edit", "truth"):
            rows.append(np.concatenate([_tile(getattr(shot, kind), shot) for shot in here], 1))
    return np.concatenate(rows, 0)


def _tile(picture: Tensor, shot: Shot) -> NDArray[np.float32]:
    """The face, `_TILE` pixels square."""
    rows, columns = np.nonzero(shot.face.numpy() > 0.5)
    if not len(rows):
        rows, columns = (np.arange(side) for side in shot.face.shape)
    middle = (rows.min() + rows.max()) / 2, (columns.min() + columns.max()) / 2
    half = 0.58 * max(np.ptp(rows), np.ptp(columns)) + 1
    scale = _TILE / (2 * half)
    place = np.array([[scale, 0, _TILE / 2 - scale * middle[1]], [0, scale, _TILE / 2 - scale * middle[0]]])
    pixels = np.ascontiguousarray(picture.detach().cpu().numpy(), np.float32)
    tile = cv2.warpAffine(pixels, place, (_TILE, _TILE), flags=cv2.INTER_CUBIC, borderValue=(1.0, 1.0, 1.0))
    return np.clip(tile, 0, 1).astype(np.float32)


def _strip(words: Sequence[str]) -> NDArray[np.float32]:
    """A line of text as wide as the sheet, a word per column."""
    picture = np.full((24, _TILE * len(COLUMNS), 3), 255, np.uint8)
    for number, word in enumerate(words):
        place = (number * _TILE + 6, 17)
        cv2.putText(picture, word, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    return (picture / 255).astype(np.float32)
