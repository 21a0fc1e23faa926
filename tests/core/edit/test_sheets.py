"""Where pictures and words land on a sheet."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from emoga_core.edit.errors import EditError
from emoga_core.edit.sheets import before_after_sheet, contact_sheet, thumbnail, view_labels
from emoga_core.edit.views import make_views, view_angles


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, np.float32)


def find(sheet: np.ndarray, picture: np.ndarray) -> tuple[int, int]:
    score = cv2.matchTemplate(sheet, picture, cv2.TM_SQDIFF)
    _, _, (x, y), _ = cv2.minMaxLoc(score)
    assert np.array_equal(sheet[y : y + picture.shape[0], x : x + picture.shape[1]], picture)
    return x, y


def test_pictures_stand_in_rows_and_columns_unchanged():
    rows = [[noise(20, 30, 3, seed=4 * r + c) for c in range(3 - r)] for r in range(2)]
    sheet = contact_sheet(rows)
    at = [[find(sheet, picture) for picture in row] for row in rows]
    assert at[0][0][1] == at[0][1][1] == at[0][2][1] < at[1][0][1] == at[1][1][1]
    assert at[0][0][0] == at[1][0][0] < at[0][1][0] == at[1][1][0] < at[0][2][0]
    assert at[1][0][1] - at[0][0][1] > 20 and at[0][1][0] - at[0][0][0] > 30


def test_labels_take_their_own_room_and_leave_ink():
    rows = [[noise(40, 60, 3)], [noise(40, 60, 3, seed=1)]]
    bare = contact_sheet(rows)
    sheet = contact_sheet(
        rows, row_labels=["before", "after"], column_labels=["front"], title="a tired smile"
    )
    x, y = find(sheet, rows[0][0])
    assert x > find(bare, rows[0][0])[0] + 20 and y > find(bare, rows[0][0])[1] + 20
    assert sheet[y : y + 40, :x].min() < 0.5  # the label of the row
    assert sheet[:y].min() < 0.5 and bare[: find(bare, rows[0][0])[1]].min() > 0.9


def test_letters_that_the_font_lacks_do_no_harm_and_long_labels_are_cut():
    sheet = contact_sheet(
        [[noise(30, 30, 3)] * 2], column_labels=["ein müdes Lächeln 微笑" * 3, "b"], title="😀 é"
    )
    assert sheet.shape[1] < 200 and np.isfinite(sheet).all()


def test_nothing_to_show_is_an_error():
    for rows in ([], [[]]):
        with pytest.raises(EditError, match="at least one picture"):
            contact_sheet(rows)
    with pytest.raises(EditError, match="expected"):
        contact_sheet([[np.zeros((5, 5), np.float32)]])


@pytest.mark.parametrize(("shape", "expected"), [((256, 512), (64, 128)), ((40, 30), (40, 30))])
def test_thumbnails_fit_128_pixels_and_keep_their_shape(shape, expected):
    data = thumbnail(np.full((*shape, 3), (0.8, 0.4, 0.2), np.float32))
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None and picture.shape[:2] == expected
    assert np.abs(picture[0, 0][::-1] / 255 - (0.8, 0.4, 0.2)).max() < 0.01


def test_before_and_after_show_the_views_the_edits_and_the_emotion(kofi):
    views = make_views(kofi, [kofi.rest_frame()], view_angles(2), 64)
    edits = [noise(64, 64, 3, seed=k) for k in range(2)]
    state = kofi.states["happy"]
    sheet = before_after_sheet(kofi, state, views, edits)
    x, y = find(sheet, views[0].image.numpy())
    assert find(sheet, edits[0])[0] == x and find(sheet, edits[0])[1] > y + 64
    after = sheet[find(sheet, edits[0])[1] + 72 :, x : x + 64][:64]
    assert 0.003 < np.abs(after - views[0].image.numpy()).mean() < 0.1  # changed, and still him
    assert view_labels(views) == ["front", "35 left, 4 above"]
    with pytest.raises(EditError, match="1 edited pictures for 2 views"):
        before_after_sheet(kofi, state, views, edits[:1])
