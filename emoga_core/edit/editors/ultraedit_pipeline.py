"""Stable Diffusion 3 as an instruct-pix2pix model with a mask (UltraEdit, Zhao et al., NeurIPS 2024)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from diffusers.pipelines.stable_diffusion_3.pipeline_output import StableDiffusion3PipelineOutput
from diffusers.pipelines.stable_diffusion_3.pipeline_stable_diffusion_3 import StableDiffusion3Pipeline
from PIL.Image import Image
from torch import Tensor


class UltraEditPipeline(StableDiffusion3Pipeline):
    """Loads `BleachNick/SD3_UltraEdit_w_mask` with the stock parts of diffusers.

    The transformer takes noise, picture and mask side by side (3 x 16 latent channels). As it was trained,
    the latents of picture and mask are neither shifted nor scaled, and decoding adds no shift.
    """

    @property
    def num_timesteps(self) -> int:
        """Steps of the run at hand."""
        return self._num_timesteps

    @torch.no_grad()
    def __call__(  # type: ignore[override]
        self: Any,
        *,
        prompt: str,
        image: Image,
        mask_image: Image,
        negative_prompt: str = "",
        guidance_scale: float = 7.5,
        image_guidance_scale: float = 1.5,
        num_inference_steps: int = 50,
        generator: torch.Generator | None = None,
        output_type: str = "np",
        callback_on_step_end: Callable[[Any, int, Any, dict[str, Any]], dict[str, Any]] | None = None,
    ) -> StableDiffusion3PipelineOutput:
        """Edits one picture.

        Args:
            image: sides a multiple of 16; mask_image: of the same size, white = edit.
            guidance_scale: towards the text; image_guidance_scale: towards the picture.
            output_type: as in diffusers' image processor ("np": (1, H, W, 3) in [0, 1]).
        """
        text, pooled = self._encode_three(prompt, negative_prompt)
        seen = [self._condition(picture, text.dtype) for picture in (image, mask_image.convert("RGB"))]
        conditions = torch.cat(seen, dim=1)
        shape = (1, self.vae.config.latent_channels, *conditions.shape[-2:])
        latents = torch.randn(shape, generator=generator).to(conditions.device, text.dtype)
        self.scheduler.set_timesteps(num_inference_steps, device=conditions.device)
        self._num_timesteps = len(self.scheduler.timesteps)
        with self.progress_bar(total=self._num_timesteps) as bar:
            for index, time in enumerate(self.scheduler.timesteps):
                velocities = self.transformer(
                    hidden_states=torch.cat([latents.repeat(3, 1, 1, 1), conditions], dim=1),
                    timestep=time.expand(3),
                    encoder_hidden_states=text,
                    pooled_projections=pooled,
                    return_dict=False,
                )[0]
                velocity = three_way_guidance(velocities, guidance_scale, image_guidance_scale)
                latents = self.scheduler.step(velocity, time, latents, return_dict=False)[0]
                if callback_on_step_end is not None:
                    latents = callback_on_step_end(self, index, time, {"latents": latents})["latents"]
                bar.update()
        decoded = self.vae.decode(latents / self.vae.config.scaling_factor, return_dict=False)[0]
        images = self.image_processor.postprocess(decoded, output_type=output_type)
        self.maybe_free_model_hooks()
        return StableDiffusion3PipelineOutput(images=images)

    def _encode_three(self: Any, prompt: str, negative_prompt: str) -> tuple[Tensor, Tensor]:
        """Text states (3, L, C) and pooled states (3, P) of the branches: prompt, negative, negative."""
        text, negative, pooled, negative_pooled = self.encode_prompt(
            prompt,
            None,
            None,
            negative_prompt=negative_prompt,
            device=self._execution_device,
            do_classifier_free_guidance=True,
            max_sequence_length=self.tokenizer_max_length,  # T5 too: the length it was trained with
        )
        return torch.cat([text, negative, negative]), torch.cat([pooled, negative_pooled, negative_pooled])

    def _condition(self: Any, image: Image, dtype: torch.dtype) -> Tensor:
        """(3, C, h, w): the raw latents for the branches with the picture, zeros for the one without."""
        pixels = self.image_processor.preprocess(image).to(self._execution_device, dtype)
        latents = self.vae.encode(pixels).latent_dist.mode()
        return torch.cat([latents, latents, torch.zeros_like(latents)])


def three_way_guidance(velocities: Tensor, text_scale: float, image_scale: float) -> Tensor:
    """InstructPix2Pix, equation 3: v_0 + s_I (v_image - v_0) + s_T (v_text - v_image).

    Args:
        velocities: (3, ...) with text and image, with image alone, with neither.
    Returns:
        (1, ...).
    """
    both, image, neither = velocities.chunk(3)
    return neither + text_scale * (both - image) + image_scale * (image - neither)
