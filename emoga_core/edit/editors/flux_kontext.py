"""FLUX.1 Kontext: editing by instruction, whole picture or inside the mask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from emoga_core.edit.editors.base import EditRequest, SizePolicy
from emoga_core.edit.editors.diffusion import DiffusionEditor
from emoga_core.edit.editors.instructions import KEEP

if TYPE_CHECKING:
    from PIL.Image import Image

TRUE_GUIDANCE = 2.0
"""Classifier-free guidance beside the distilled one, which alone knows no negative prompt."""


class FluxKontextEditor(DiffusionEditor):
    """Through `FluxKontextPipeline`."""

    pipeline = "FluxKontextPipeline"
    keywords: ClassVar[Mapping[str, str]] = {
        "text_guidance": "guidance_scale",
        "negative": "negative_prompt",
        "steps": "num_inference_steps",
    }
    defaults: ClassVar[Mapping[str, float]] = {"text_guidance": 2.5, "steps": 28}
    needs_true_cfg = True
    policy = SizePolicy(side=1024, multiple=16)
    reminder = KEEP

    def arguments(self, request: EditRequest, picture: Image) -> dict[str, Any]:
        """Our own working size instead of the pipeline's choice; a second pass only for a negative prompt."""
        width, height = picture.size
        sized = {"height": height, "width": width, "max_area": height * width, "_auto_resize": False}
        return {**sized, "true_cfg_scale": TRUE_GUIDANCE} if self.negative(request) else sized


class FluxKontextInpaintEditor(FluxKontextEditor):
    """Through `FluxKontextInpaintPipeline`."""

    pipeline = "FluxKontextInpaintPipeline"
    keywords: ClassVar[Mapping[str, str]] = {**FluxKontextEditor.keywords, "strength": "strength"}
    defaults: ClassVar[Mapping[str, float]] = {**FluxKontextEditor.defaults, "strength": 1.0}
    mask_keyword = "mask_image"
