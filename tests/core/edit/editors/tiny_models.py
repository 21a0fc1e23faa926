"""Small diffusers pipelines with random weights, of the same classes as the real ones, written to folders."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

diffusers: Any = importlib.import_module("diffusers")  # whose exports no type checker sees
transformers: Any = importlib.import_module("transformers")

CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,:'-!?"


def clip_tokenizer() -> Any:
    """Letters only."""
    words = ["<|startoftext|>", "<|endoftext|>", *CHARACTERS, *[f"{letter}</w>" for letter in CHARACTERS]]
    vocabulary = {word: index for index, word in enumerate(words)}
    return transformers.CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77)


def t5_tokenizer() -> Any:
    """Letters only."""
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581", -2.0)]
    pieces += [(letter, -3.0) for letter in CHARACTERS]
    return transformers.T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=77)


QWEN_SPECIAL = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
]


def qwen_tokenizer() -> Any:
    """Bytes, and the special tokens that the pipelines use."""
    from tokenizers.pre_tokenizers import ByteLevel

    vocabulary = {letter: index for index, letter in enumerate(sorted(ByteLevel.alphabet()))}
    for token in QWEN_SPECIAL:
        vocabulary[token] = len(vocabulary)
    tokenizer = transformers.Qwen2Tokenizer(vocab=vocabulary, merges=[], model_max_length=2048)
    tokenizer.add_special_tokens({"additional_special_tokens": QWEN_SPECIAL[1:]})
    tokenizer.chat_template = "{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}"
    return tokenizer


def clip_text(kind: Any) -> Any:
    """CLIP's text side, 32 wide."""
    config = transformers.CLIPTextConfig(
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
        hidden_size=32,
        intermediate_size=37,
        num_attention_heads=4,
        num_hidden_layers=2,
        vocab_size=200,
        projection_dim=32,
    )
    return kind(config).eval()


def t5_text() -> Any:
    """T5's encoder, 32 wide."""
    config = transformers.T5Config(vocab_size=200, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4)
    return transformers.T5EncoderModel(config).eval()


def small_vae(channels: int, **more: Any) -> Any:
    """An autoencoder that halves the picture once."""
    return diffusers.AutoencoderKL(
        in_channels=3,
        out_channels=3,
        block_out_channels=(8, 8),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        layers_per_block=1,
        latent_channels=channels,
        norm_num_groups=1,
        **more,
    ).eval()


def instruct_pix2pix(channels: int = 8) -> Any:
    """StableDiffusionInstructPix2PixPipeline."""
    unet = diffusers.UNet2DConditionModel(
        block_out_channels=(16, 32),
        layers_per_block=1,
        norm_num_groups=8,
        sample_size=32,
        in_channels=channels,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=8,
    )
    return diffusers.StableDiffusionInstructPix2PixPipeline(
        vae=small_vae(4),
        text_encoder=clip_text(transformers.CLIPTextModel),
        tokenizer=clip_tokenizer(),
        unet=unet,
        scheduler=diffusers.EulerAncestralDiscreteScheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def ultraedit(channels: int = 12) -> Any:
    """A Stable Diffusion 3 whose transformer takes noise, picture and mask."""
    transformer = diffusers.SD3Transformer2DModel(
        sample_size=32,
        patch_size=2,
        in_channels=channels,
        num_layers=1,
        attention_head_dim=8,
        num_attention_heads=4,
        caption_projection_dim=32,
        joint_attention_dim=32,
        pooled_projection_dim=64,
        out_channels=4,
    )
    return diffusers.StableDiffusion3Pipeline(
        transformer=transformer,
        vae=small_vae(
            4, use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.0609, scaling_factor=1.5035
        ),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        text_encoder=clip_text(transformers.CLIPTextModelWithProjection),
        tokenizer=clip_tokenizer(),
        text_encoder_2=clip_text(transformers.CLIPTextModelWithProjection),
        tokenizer_2=clip_tokenizer(),
        text_encoder_3=t5_text(),
        tokenizer_3=t5_tokenizer(),
    )


def flux_kontext() -> Any:
    """FluxKontextPipeline; the inpainting one loads the same folder."""
    return diffusers.FluxKontextPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        text_encoder=clip_text(transformers.CLIPTextModel),
        text_encoder_2=t5_text(),
        tokenizer=clip_tokenizer(),
        tokenizer_2=t5_tokenizer(),
        transformer=diffusers.FluxTransformer2DModel(
            patch_size=1,
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=32,
            pooled_projection_dim=32,
            axes_dims_rope=[4, 4, 8],
            guidance_embeds=True,
        ),
        vae=small_vae(
            4, use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.0609, scaling_factor=1.5035
        ),
    )


def flux2_klein(distilled: bool = True) -> Any:
    """Flux2KleinPipeline; its text states are layers 9, 18 and 27 of the language model."""
    language = transformers.Qwen3ForCausalLM(
        transformers.Qwen3Config(
            vocab_size=300,
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=28,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=8,
        )
    ).eval()
    return diffusers.Flux2KleinPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=diffusers.AutoencoderKLFlux2(
            block_out_channels=(4, 4),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            latent_channels=4,
            layers_per_block=1,
            norm_num_groups=1,
            use_quant_conv=False,
            use_post_quant_conv=False,
        ).eval(),
        text_encoder=language,
        tokenizer=qwen_tokenizer(),
        transformer=diffusers.Flux2Transformer2DModel(
            patch_size=1,
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=48,
            timestep_guidance_channels=256,
            axes_dims_rope=(4, 4, 4, 4),
            guidance_embeds=False,
        ),
        is_distilled=distilled,
    )


def qwen_image_edit() -> Any:
    """QwenImageEditPipeline, without the processor that only torchvision can make."""
    tokenizer = qwen_tokenizer()
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in QWEN_SPECIAL}
    language = transformers.Qwen2_5_VLForConditionalGeneration(
        transformers.Qwen2_5_VLConfig(
            text_config={
                "hidden_size": 16,
                "intermediate_size": 16,
                "num_hidden_layers": 2,
                "num_attention_heads": 2,
                "num_key_value_heads": 2,
                "rope_scaling": {"mrope_section": [1, 1, 2], "rope_type": "default", "type": "default"},
                "rope_theta": 1000000.0,
                "vocab_size": 300,
            },
            vision_config={
                "depth": 2,
                "hidden_size": 16,
                "intermediate_size": 16,
                "num_heads": 2,
                "out_hidden_size": 16,
                "fullatt_block_indexes": [1],
            },
            image_token_id=ids["<|image_pad|>"],
            vision_start_token_id=ids["<|vision_start|>"],
            vision_end_token_id=ids["<|vision_end|>"],
        )
    ).eval()
    return diffusers.QwenImageEditPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=diffusers.AutoencoderKLQwenImage(
            base_dim=8,
            z_dim=4,
            dim_mult=[1, 2, 4],
            num_res_blocks=1,
            temperal_downsample=[False, True],
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
        ).eval(),
        text_encoder=language,
        tokenizer=tokenizer,
        processor=None,
        transformer=diffusers.QwenImageTransformer2DModel(
            patch_size=2,
            in_channels=16,
            out_channels=4,
            num_layers=1,
            attention_head_dim=16,
            num_attention_heads=3,
            joint_attention_dim=16,
            guidance_embeds=False,
            axes_dims_rope=(8, 4, 4),
        ),
    )


def _save_qwen(folder: Path) -> None:
    qwen_image_edit().save_pretrained(folder)
    transformers.Qwen2VLImageProcessorPil(min_pixels=56 * 56, max_pixels=112 * 112).save_pretrained(
        folder / "processor"
    )
    index = folder / "model_index.json"
    parts = json.loads(index.read_text())
    parts["processor"] = ["transformers", "Qwen2VLProcessor"]  # as in the real one
    index.write_text(json.dumps(parts))


def _save_ultraedit(folder: Path) -> None:
    ultraedit().save_pretrained(folder)
    index = folder / "model_index.json"
    parts = json.loads(index.read_text())
    # as in the real one, which a fork of diffusers wrote
    parts |= {"_class_name": "StableDiffusion3InstructPix2PixPipeline", "_diffusers_version": "0.30.0.dev0"}
    for optional in ("image_encoder", "feature_extractor"):
        parts.pop(optional, None)
    index.write_text(json.dumps(parts))


MAKERS: dict[str, Callable[[Path], None]] = {
    "instruct-pix2pix": lambda folder: instruct_pix2pix().save_pretrained(folder),
    "ultraedit": _save_ultraedit,
    "flux-kontext": lambda folder: flux_kontext().save_pretrained(folder),
    "flux2-klein": lambda folder: flux2_klein().save_pretrained(folder),
    "qwen-image-edit": _save_qwen,
}


def save_tiny(name: str, folder: Path) -> Path:
    """Writes a tiny model that the editor `name` (or its inpainting twin) loads; returns `folder`."""
    torch.manual_seed(0)
    MAKERS[name.removesuffix("-inpaint")](folder)
    return folder
