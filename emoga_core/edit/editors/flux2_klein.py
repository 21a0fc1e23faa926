"""FLUX.2 [klein]: editing by instruction in few steps, whole picture or inside the mask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from emoga_core.edit.editors.base import EditRequest, SizePolicy
from emoga_core.edit.editors.diffusion import DiffusionEditor
from emoga_core.edit.editors.instructions import KEEP
from emoga_core.edit.editors.registry import EditorInfo

if TYPE_CHECKING:
    from PIL.Image import Image

DISTILLED_STEPS = 4


class Flux2KleinEditor(DiffusionEditor):
    """Through `Flux2KleinPipeline`. Distilled weights run four steps and know no guidance."""

    pipeline = "Flux2KleinPipeline"
    keywords: ClassVar[Mapping[str, str]] = {
        "text_guidance": "guidance_scale",
        "steps": "num_inference_steps",
    }
    defaults: ClassVar[Mapping[str, float]] = {"text_guidance": 4.0, "steps": 50}
    multi_image = True
    policy = SizePolicy(side=1024, multiple=16, least=64)
    reminder = KEEP

    def __init__(self, info: EditorInfo, pipe: Any, size: int | None = None) -> None:
        super().__init__(info, pipe, size)
        self.distilled = bool(pipe.config.is_distilled)
        if self.distilled:
            self.capabilities = replace(self.capabilities, text_scale_name=None)

    def knobs(self, request: EditRequest) -> dict[str, Any]:
        """Distilled: no guidance, few steps."""
        found = super().knobs(request)
        if self.distilled:
            found["guidance_scale"] = 1.0
            found["num_inference_steps"] = request.steps or DISTILLED_STEPS
        return found

    def arguments(self, request: EditRequest, picture: Image) -> dict[str, Any]:
        """Our own working size."""
        return {"height": picture.height, "width": picture.width}


class Flux2KleinInpaintEditor(Flux2KleinEditor):
    """Through `Flux2KleinInpaintPipeline`."""

    pipeline = "Flux2KleinInpaintPipeline"
    keywords: ClassVar[Mapping[str, str]] = {**Flux2KleinEditor.keywords, "strength": "strength"}
    defaults: ClassVar[Mapping[str, float]] = {**Flux2KleinEditor.defaults, "strength": 0.8}
    mask_keyword = "mask_image"
