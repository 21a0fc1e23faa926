"""UltraEdit's arithmetic, against the same steps written out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from emoga_core.edit.editors.base import CheckedEditor, EditRequest
from emoga_core.edit.editors.instructions import THESIS_NEGATIVE
from emoga_core.edit.editors.pictures import mask_to_pil, to_pil


@pytest.fixture
def editor(tiny_editor: Callable[[str], CheckedEditor]) -> Any:
    return tiny_editor("ultraedit")


def test_guidance_combines_three_branches(editor: Any) -> None:
    from emoga_core.edit.editors.ultraedit_pipeline import three_way_guidance

    both, image, neither = torch.randn(3, 4, 8, 8).split(1)
    velocities = torch.cat([both, image, neither])
    assert torch.allclose(three_way_guidance(velocities, 1, 1), both, atol=1e-6)
    assert torch.allclose(three_way_guidance(velocities, 0, 1), image, atol=1e-6)
    assert torch.equal(three_way_guidance(velocities, 0, 0), neither)


@pytest.mark.parametrize(
    ("text_scale", "image_scale", "words", "sees"),
    [(1, 1, "smile", True), (0, 1, "teeth", True), (0, 0, "teeth", False)],
)
@torch.no_grad()
def test_each_branch_written_out(
    text_scale: int,
    image_scale: int,
    words: str,
    sees: bool,
    editor: Any,
    make_request: Callable[..., EditRequest],
) -> None:
    """At scales of 0 and 1 one branch is left alone: a plain Euler flow with its words and its picture."""
    pipe, request = editor.pipe, make_request()
    image, mask = to_pil(request.image), mask_to_pil(request.mask, 64, 64)
    edited = pipe(
        prompt="smile",
        negative_prompt="teeth",
        image=image,
        mask_image=mask,
        guidance_scale=text_scale,
        image_guidance_scale=image_scale,
        num_inference_steps=3,
        generator=torch.Generator().manual_seed(5),
    ).images

    text, _, pooled, _ = pipe.encode_prompt(words, None, None, max_sequence_length=77)
    assert text.shape[1] == 77 + 77

    def raw_latents(picture: np.ndarray) -> torch.Tensor:
        pixels = torch.from_numpy(picture.astype(np.float32)).permute(2, 0, 1)[None] / 127.5 - 1
        return pipe.vae.encode(pixels).latent_dist.mode()

    grey = np.repeat(np.asarray(mask)[:, :, None], 3, axis=2)
    conditions = torch.cat([raw_latents(np.asarray(image)), raw_latents(grey)], dim=1) * float(sees)
    latents = torch.randn(1, 4, 32, 32, generator=torch.Generator().manual_seed(5))
    pipe.scheduler.set_timesteps(3)
    sigmas, times = pipe.scheduler.sigmas.clone(), pipe.scheduler.timesteps.clone()
    for index, time in enumerate(times):
        velocity = pipe.transformer(
            hidden_states=torch.cat([latents, conditions], dim=1),
            timestep=time[None],
            encoder_hidden_states=text,
            pooled_projections=pooled,
            return_dict=False,
        )[0]
        latents = latents + (sigmas[index + 1] - sigmas[index]) * velocity
    decoded = pipe.vae.decode(latents / pipe.vae.config.scaling_factor, return_dict=False)[0]
    written_out = (decoded / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).numpy()
    assert np.abs(edited - written_out).max() < 1e-4


def test_settings_for_faces(editor: Any, make_request: Callable[..., EditRequest]) -> None:
    knobs = editor.knobs(make_request(negative="glasses", steps=None))
    assert knobs["guidance_scale"] == 5.0 and knobs["image_guidance_scale"] == 2.0
    assert knobs["negative_prompt"] == f"{THESIS_NEGATIVE}, glasses"
    assert editor.knobs(make_request())["negative_prompt"] == THESIS_NEGATIVE
    assert editor.prompt(make_request(prompt="happy")) == "What if the person had a subtle smiling face?"


def test_size_policy_is_512(editor: Any) -> None:
    assert type(editor).policy.fit(256, 256) == (512, 512)
    assert type(editor).policy.fit(550, 802) == (416, 624)  # the same area, sides a multiple of 16
