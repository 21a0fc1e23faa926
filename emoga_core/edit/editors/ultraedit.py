"""UltraEdit: the editor with which the method was first tried, and its settings for faces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from emoga_core.edit.editors.base import EditRequest, SizePolicy
from emoga_core.edit.editors.diffusion import DiffusionEditor
from emoga_core.edit.editors.instructions import THESIS_NEGATIVE, join_negatives
from emoga_core.edit.errors import EditError


class UltraEditEditor(DiffusionEditor):
    """Through `UltraEditPipeline`.

    Text guidance beyond 6 loses the identity; image guidance of 1 does too, above 2 it reddens the skin.
    """

    pipeline = "UltraEditPipeline"
    keywords: ClassVar[Mapping[str, str]] = {
        "text_guidance": "guidance_scale",
        "image_guidance": "image_guidance_scale",
        "negative": "negative_prompt",
        "steps": "num_inference_steps",
    }
    defaults: ClassVar[Mapping[str, float]] = {"text_guidance": 5.0, "image_guidance": 2.0, "steps": 50}
    mask_keyword = "mask_image"
    policy = SizePolicy(side=512, multiple=16)
    on_gpu = "float16"
    reads_all = False

    @classmethod
    def pipeline_class(cls) -> type[Any]:
        """Our own: diffusers has none that sees a mask."""
        from emoga_core.edit.editors.ultraedit_pipeline import UltraEditPipeline

        return UltraEditPipeline

    def check_pipeline(self) -> None:
        """The transformer must take noise, picture and mask: three times the latent channels (48)."""
        takes, latent = self.pipe.transformer.config.in_channels, self.pipe.vae.config.latent_channels
        if takes != 3 * latent:
            raise EditError(
                f"{self.name}: these weights take {takes} channels, UltraEdit with a mask {3 * latent};"
                " use those whose name ends in _w_mask"
            )

    def negative(self, request: EditRequest) -> str:
        """What must always be left alone, and what the user adds."""
        return join_negatives(THESIS_NEGATIVE, request.negative)
