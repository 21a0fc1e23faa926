"""InstructPix2Pix (Brooks et al., CVPR 2023): Stable Diffusion 1.5 on a picture and an instruction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from emoga_core.edit.editors.base import SizePolicy
from emoga_core.edit.editors.diffusion import DiffusionEditor
from emoga_core.edit.errors import EditError


class InstructPix2PixEditor(DiffusionEditor):
    """Through `StableDiffusionInstructPix2PixPipeline`."""

    pipeline = "StableDiffusionInstructPix2PixPipeline"
    keywords: ClassVar[Mapping[str, str]] = {
        "text_guidance": "guidance_scale",
        "image_guidance": "image_guidance_scale",
        "negative": "negative_prompt",
        "steps": "num_inference_steps",
    }
    defaults: ClassVar[Mapping[str, float]] = {"text_guidance": 7.5, "image_guidance": 1.5, "steps": 50}
    policy = SizePolicy(side=512, multiple=8)
    on_gpu = "float16"
    reads_all = False

    def check_pipeline(self) -> None:
        """The U-Net must take noise and picture, twice the latent channels."""
        takes, latent = self.pipe.unet.config.in_channels, self.pipe.vae.config.latent_channels
        if takes != 2 * latent:
            raise EditError(
                f"{self.name}: these weights take {takes} channels, an instruct-pix2pix model {2 * latent};"
                " they are of another kind"
            )
