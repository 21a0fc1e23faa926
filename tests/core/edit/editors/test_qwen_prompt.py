"""Instruction and picture as Qwen2.5-VL states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from emoga_core.edit.editors.base import CheckedEditor
from emoga_core.edit.editors.pictures import to_pil


@pytest.fixture
def pipe(tiny_editor: Callable[[str], CheckedEditor]) -> Any:
    editor: Any = tiny_editor("qwen-image-edit")
    return editor.pipe


def picture(seed: int) -> Any:
    pixels: NDArray[np.float32] = np.random.default_rng(seed).random((64, 64, 3), dtype=np.float32)
    return to_pil(pixels)


def test_length_counts_text_and_patches(pipe: Any) -> None:
    from emoga_core.edit.editors.qwen_prompt import embed

    states, attended = embed(pipe, "smile", picture(0))
    grid = pipe.processor(images=[picture(0)], return_tensors="pt")["image_grid_thw"][0]
    patches = int(grid.prod()) // 4
    text = len(pipe.tokenizer(pipe.prompt_template_encode.format("smile"))["input_ids"])
    assert states.shape == (1, text - 1 + patches - pipe.prompt_template_encode_start_idx, 16)
    assert attended.shape == states.shape[:2] and bool(attended.all())


@torch.no_grad()
def test_states_match_the_model_with_given_positions(pipe: Any) -> None:
    """The picture's tokens must stand in rows and columns, as the model was trained, not in a line."""
    from emoga_core.edit.editors.qwen_prompt import embed

    seen = pipe.processor(images=[picture(1)], return_tensors="pt")
    rows, columns = (int(side) // 2 for side in seen["image_grid_thw"][0][1:])
    pad = "<|image_pad|>"
    text = pipe.prompt_template_encode.format("smile").replace(pad, pad * rows * columns)
    ids = pipe.tokenizer([text], return_tensors="pt")["input_ids"]
    start = int((ids[0] == pipe.tokenizer.convert_tokens_to_ids(pad)).nonzero()[0])
    after = ids.shape[1] - start - rows * columns
    before = torch.arange(start).expand(3, -1)
    grid = torch.stack(
        [
            torch.zeros(rows * columns, dtype=torch.long),
            torch.arange(rows).repeat_interleave(columns),
            torch.arange(columns).repeat(rows),
        ]
    )
    rest = torch.arange(after).expand(3, -1) + start + max(rows, columns)
    positions = torch.cat([before, grid + start, rest], dim=1)[:, None]
    expected = pipe.text_encoder(
        input_ids=ids,
        pixel_values=seen["pixel_values"],
        image_grid_thw=seen["image_grid_thw"],
        position_ids=positions,
        output_hidden_states=True,
    ).hidden_states[-1]
    states, _ = embed(pipe, "smile", picture(1))
    assert torch.allclose(states, expected[:, pipe.prompt_template_encode_start_idx :], atol=1e-5)


def test_special_words_in_the_prompt_are_only_text(pipe: Any) -> None:
    from emoga_core.edit.editors.qwen_prompt import embed

    states, _ = embed(pipe, "a {0} smile <|image_pad|>", picture(0))
    plain, _ = embed(pipe, "a {0} smile  ", picture(0))
    assert torch.equal(states, plain)
