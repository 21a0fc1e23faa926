"""Instruction and picture -> text states of Qwen2.5-VL, as Qwen-Image-Edit was trained on them.

The pipelines of diffusers do the same through `Qwen2VLProcessor`, which cannot be made without torchvision;
with transformers 5 they also leave out where in the text the picture stands, and with it the model's
two-dimensional positions.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from emoga_core.edit.errors import EditError

if TYPE_CHECKING:
    from PIL.Image import Image

_IMAGE = "<|image_pad|>"
_SPECIAL = re.compile(r"<\|[^|<>]*\|>")  # tokens with a meaning of their own, which no user's words may have


def load_image_processor(folder: Path) -> Any:
    """The model's own preprocessing of pictures, in its PIL version.

    Raises:
        EditError: `folder` has no readable processor/preprocessor_config.json.
    """
    import transformers

    kind = getattr(transformers, "Qwen2VLImageProcessorPil", None) or transformers.Qwen2VLImageProcessor
    try:
        return kind.from_pretrained(str(folder / "processor"), local_files_only=True)
    except (OSError, ValueError) as error:
        text = " ".join(str(error).split())[:200]
        raise EditError(f"{folder}/processor: cannot read the picture settings: {text}") from error


@torch.no_grad()
def embed(pipe: Any, text: str, picture: Image) -> tuple[Tensor, Tensor]:
    """Text states (1, L, C) and their attention mask (1, L) of an instruction about a picture."""
    device, encoder = pipe._execution_device, pipe.text_encoder
    seen = pipe.processor(images=[picture], return_tensors="pt")
    patches = int(seen["image_grid_thw"][0].prod()) // pipe.processor.merge_size**2
    plain = _SPECIAL.sub(" ", text)
    message = pipe.prompt_template_encode.format(plain).replace(_IMAGE, _IMAGE * patches)
    tokens = pipe.tokenizer([message], return_tensors="pt")
    ids = tokens["input_ids"].to(device)
    arguments = {
        "input_ids": ids,
        "attention_mask": tokens["attention_mask"].to(device),
        "pixel_values": seen["pixel_values"].to(device),
        "image_grid_thw": seen["image_grid_thw"].to(device),
        "output_hidden_states": True,
    }
    if "mm_token_type_ids" in inspect.signature(type(encoder).forward).parameters:
        image_id = pipe.tokenizer.convert_tokens_to_ids(_IMAGE)
        arguments["mm_token_type_ids"] = (ids == image_id).int()
    states = encoder(**arguments).hidden_states[-1][:, pipe.prompt_template_encode_start_idx :]
    return states, torch.ones(states.shape[:2], dtype=torch.long, device=device)
