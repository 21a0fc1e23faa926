"""Sheets of pictures with labels, and thumbnails."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from emoga_core.avatars import Avatar, EmotionState, render_avatar
from emoga_core.captures.images import encode_png
from emoga_core.edit.errors import EditError
from emoga_core.edit.views import EditView

Picture = NDArray[np.float32]

_PAPER, _INK = 0.93, 0.15
_MARGIN = 8
_TEXT = 13  # pixels, height of a line
_FINER = 4


def contact_sheet(
    rows: Sequence[Sequence[Picture]],
    *,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
    title: str = "",
) -> Picture:
    """(H, W, 3) pictures (h, w, 3) in rows on light paper, with labels to the left and above.

    Rows may differ in length and pictures in size; every column is as wide as its widest picture.

    Raises:
        EditError: no pictures, or one that is not (h, w, 3).
    """
    pictures = [[np.asarray(picture, np.float32) for picture in row] for row in rows]
    if not any(pictures):
        raise EditError("a sheet needs at least one picture")
    for picture in (p for row in pictures for p in row):
        if picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
            raise EditError(f"a picture on a sheet has shape {picture.shape}, expected (height, width, 3)")
    columns = max(len(row) for row in pictures)
    widths = [max((row[k].shape[1] for row in pictures if k < len(row)), default=0) for k in range(columns)]
    heights = [max((p.shape[0] for p in row), default=0) for row in pictures]
    left = _MARGIN + (max(_text_width(label) for label in row_labels) + _MARGIN if row_labels else 0)
    top = _MARGIN + (_TEXT + _MARGIN) * (bool(title) + bool(column_labels))
    page_width = max(left + sum(widths) + _MARGIN * columns, _text_width(title) + 2 * _MARGIN)
    page = np.full((top + sum(heights) + _MARGIN * len(heights), page_width, 3), _PAPER, np.float32)
    _write(page, title, _MARGIN, _MARGIN)
    for label, width, x in zip(column_labels, widths, _starts(left, widths), strict=False):
        _write(page, label, x, top - _TEXT - _MARGIN // 2, width)
    for number, (row, y) in enumerate(zip(pictures, _starts(top, heights), strict=True)):
        if number < len(row_labels):
            _write(page, row_labels[number], _MARGIN, y + (heights[number] - _TEXT) // 2)
        for picture, x in zip(row, _starts(left, widths), strict=False):
            page[y : y + picture.shape[0], x : x + picture.shape[1]] = picture.clip(0, 1)
    return page


def before_after_sheet(
    avatar: Avatar,
    state: EmotionState,
    views: Sequence[EditView],
    edits: Sequence[Picture],
    *,
    frames: int = 2,
) -> Picture:
    """(H, W, 3): of the first `frames` moments the avatar before, its edited pictures, and it with `state`.

    `avatar` need not hold the state.
    """
    if len(views) != len(edits):
        raise EditError(f"{len(edits)} edited pictures for {len(views)} views")
    shown = dataclasses.replace(avatar, states={state.name: state})
    rows, labels = [], []
    for frame_id in sorted({view.frame_id for view in views})[:frames]:
        here = [k for k, view in enumerate(views) if view.frame_id == frame_id]
        rows.append([views[k].image.cpu().numpy() for k in here])
        rows.append([np.asarray(edits[k], np.float32) for k in here])
        rows.append([
            render_avatar(shown, views[k].camera, {state.name: 1.0}, views[k].frame)[0].cpu().numpy()
            for k in here
        ])  # fmt: skip
        labels += ["before", "edited", "after"]
    prompt = str(state.provenance.get("prompt", ""))
    title = f"{state.name}: {prompt}" if prompt else state.name
    return contact_sheet(rows, row_labels=labels, column_labels=view_labels(views), title=title)


def view_labels(views: Sequence[EditView]) -> list[str]:
    """A label for every angle, as "front" or "25 left, 6 up": which side of the face is seen, in degrees."""
    labels = {}
    for view in views:
        azimuth, elevation = round(np.degrees(view.azimuth)), round(np.degrees(view.elevation))
        parts = [f"{abs(azimuth)} {'left' if azimuth > 0 else 'right'}"] if azimuth else []
        parts += [f"{abs(elevation)} {'above' if elevation > 0 else 'below'}"] if elevation else []
        labels[view.view_id] = ", ".join(parts) or "front"
    return [labels[key] for key in sorted(labels)]


def thumbnail(picture: Picture, size: int = 128) -> bytes:
    """PNG of a picture (H, W, 3) in [0, 1], reduced so that neither side exceeds `size` pixels."""
    height, width = picture.shape[:2]
    scale = min(1.0, size / max(height, width))
    if scale < 1:
        shape = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = np.asarray(cv2.resize(picture, shape, interpolation=cv2.INTER_AREA), np.float32)
    return encode_png(picture, name="thumbnail")


def _starts(first: int, lengths: Sequence[int]) -> list[int]:
    return [first + sum(lengths[:k]) + _MARGIN * k for k in range(len(lengths))]


_FONT = cv2.FONT_HERSHEY_SIMPLEX
_SCALE = _FINER * _TEXT / 30.0


def _plain(text: str) -> str:
    """The text in the letters that the font has."""
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join(letters.split())


def _text_width(text: str) -> int:
    width = cv2.getTextSize(_plain(text), _FONT, _SCALE, _FINER)[0][0]
    return -(-width // _FINER) + 2 if text else 0


def _write(page: Picture, text: str, x: int, y: int, width: int | None = None) -> None:
    """Writes a line with its top left corner at (x, y), drawn larger and reduced for smooth letters."""
    text = _plain(text)
    while width is not None and text and _text_width(text) > width:
        text = text[:-1].rstrip()
    area = page[y : y + _TEXT + 3, x : x + _text_width(text)]
    if not text or not area.size:
        return
    ink = np.zeros((area.shape[0] * _FINER, area.shape[1] * _FINER), np.uint8)
    cv2.putText(ink, text, (0, (_TEXT - 2) * _FINER), _FONT, _SCALE, 255, _FINER, cv2.LINE_AA)
    amount = cv2.resize(ink, (area.shape[1], area.shape[0]), interpolation=cv2.INTER_AREA)[..., None] / 255
    area[:] = area * (1 - amount) + _INK * amount
