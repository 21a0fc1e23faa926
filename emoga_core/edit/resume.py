"""Keeps the finished pictures of a long edit on disk, so that one that was stopped goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from emoga_core.edit.editors.base import (
    EditProgress,
    EditRequest,
    Picture,
    ProgressCallback,
    never,
    no_progress,
)
from emoga_core.files import write_atomic
from emoga_core.npz import pack_npz, unpack_npz

if TYPE_CHECKING:
    from emoga_core.edit.editors.base import Editor


def edit_resumably(
    editor: Editor,
    requests: Sequence[EditRequest],
    folder: Path,
    *,
    model: str = "",
    progress: ProgressCallback = no_progress,
    stop: Callable[[], bool] = never,
) -> list[Picture]:
    """`editor.edit`, but pictures that `folder` already holds are read, and finished ones are kept there.

    A picture is known again by everything that decides it: picture, mask, words, knobs, seed, editor, model.

    Args:
        folder: made when missing; delete it when the pictures are no longer wanted.
        model: which weights the editor runs.

    Raises:
        EditError, EditCancelled: as the editor does; what was finished by then is kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{_fingerprint(editor.name, model, request)}.npz" for request in requests]
    pictures = [_read(file, request) for file, request in zip(files, requests, strict=True)]
    count = len(requests)
    for index, picture in enumerate(pictures):
        if picture is not None:
            progress(EditProgress(index, count, 1, 1, picture))
    missing = [index for index, picture in enumerate(pictures) if picture is None]

    def keep(step: EditProgress) -> None:
        index = missing[step.index]
        if step.picture is not None:
            write_atomic(files[index], pack_npz({"picture": step.picture}))
        progress(replace(step, index=index, count=count))

    edited = editor.edit([requests[index] for index in missing], progress=keep, stop=stop) if missing else []
    for index, picture in zip(missing, edited, strict=True):
        pictures[index] = picture
    return [picture for picture in pictures if picture is not None]


def _fingerprint(editor: str, model: str, request: EditRequest) -> str:
    knobs = (
        request.prompt, request.negative, request.seed, request.text_guidance, request.image_guidance,
        request.strength, request.steps,
    )  # fmt: skip
    digest = hashlib.sha256(json.dumps([editor, model, *knobs]).encode())
    for array in (request.image, request.mask):
        digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:32]


def _read(file: Path, request: EditRequest) -> Picture | None:
    """The kept picture; None when there is none or it is damaged: then it is simply edited again."""
    try:
        picture = unpack_npz(file, ["picture"])["picture"]
    except (OSError, ValueError):
        return None
    fits = picture.shape == request.image.shape and picture.dtype == np.float32 and np.isfinite(picture).all()
    return picture if fits else None
