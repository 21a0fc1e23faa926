"""Qwen-Image-Edit: editing by instruction, whole picture or inside the mask."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from emoga_core.edit.editors.base import EditRequest, SizePolicy
from emoga_core.edit.editors.diffusion import DiffusionEditor
from emoga_core.edit.editors.instructions import KEEP
from emoga_core.edit.editors.qwen_prompt import embed, load_image_processor

if TYPE_CHECKING:
    from PIL.Image import Image

_PATCHING = threading.Lock()


class QwenImageEditEditor(DiffusionEditor):
    """Through `QwenImageEditPipeline`; its text guidance is true classifier-free guidance."""

    pipeline = "QwenImageEditPipeline"
    keywords: ClassVar[Mapping[str, str]] = {
        "text_guidance": "true_cfg_scale",
        "negative": "negative_prompt",
        "steps": "num_inference_steps",
    }
    defaults: ClassVar[Mapping[str, float]] = {"text_guidance": 4.0, "steps": 40}
    needs_true_cfg = True
    policy = SizePolicy(side=1024, multiple=32)
    reminder = KEEP

    @classmethod
    def complete(cls, pipe: Any, folder: Path) -> None:
        """The picture half of the model's processor, whose other half would need torchvision."""
        pipe.processor = load_image_processor(folder)

    def arguments(self, request: EditRequest, picture: Image) -> dict[str, Any]:
        """The words as embeddings; guidance needs something to be held against, if only a space."""
        words, attended = embed(self.pipe, self.prompt(request), picture)
        against, against_attended = embed(self.pipe, self.negative(request) or " ", picture)
        return {
            "prompt": None,
            "negative_prompt": None,
            "prompt_embeds": words,
            "prompt_embeds_mask": attended,
            "negative_prompt_embeds": against,
            "negative_prompt_embeds_mask": against_attended,
        }

    def run(self, **arguments: Any) -> Any:
        """Holds the pipeline to the size of the picture that it is given."""
        with _own_size(type(self.pipe), arguments["image"]):
            return self.pipe(**arguments)


class QwenImageEditInpaintEditor(QwenImageEditEditor):
    """Through `QwenImageEditInpaintPipeline`."""

    pipeline = "QwenImageEditInpaintPipeline"
    keywords: ClassVar[Mapping[str, str]] = {**QwenImageEditEditor.keywords, "strength": "strength"}
    defaults: ClassVar[Mapping[str, float]] = {**QwenImageEditEditor.defaults, "strength": 0.6}
    mask_keyword = "mask_image"


@contextmanager
def _own_size(kind: type[Any], picture: Image) -> Iterator[None]:
    """Replaces, for one run, the function by which the pipelines blow every picture up to a megapixel.

    They have no argument for it. Where a version of diffusers has no such function, nothing changes: the
    pipeline then works at its own size, and the result is resized as ever.
    """
    module: Any = importlib.import_module(kind.__module__)
    original = getattr(module, "calculate_dimensions", None)
    if original is None:
        yield
        return
    with _PATCHING:
        module.calculate_dimensions = lambda _area, _ratio: (picture.width, picture.height, None)
        try:
            yield
        finally:
            module.calculate_dimensions = original
