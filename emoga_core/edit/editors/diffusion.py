"""The part that all diffusers editors share: knobs by table, size, noise, progress, cancelling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray

from emoga_core.edit.editors.base import (
    Capabilities,
    CheckedEditor,
    EditorOptions,
    EditRequest,
    SizePolicy,
    Step,
)
from emoga_core.edit.editors.instructions import instruction
from emoga_core.edit.editors.loading import load_pipeline, quiet_libraries
from emoga_core.edit.editors.pictures import mask_to_pil, resize, to_pil
from emoga_core.edit.editors.registry import EditorInfo
from emoga_core.edit.editors.weights import check_installed, find_weights
from emoga_core.edit.errors import EditError

if TYPE_CHECKING:
    from PIL.Image import Image

MIN_SIZE, MAX_SIZE = 64, 2048


class DiffusionEditor(CheckedEditor):
    """An editor around one diffusers pipeline; subclasses fill in the tables.

    Attributes:
        pipeline: name of the diffusers class.
        keywords: knob of `EditRequest` -> keyword of the pipeline; a knob not named here is unsupported.
        defaults: knob -> value when the request leaves it at None.
        mask_keyword: of the pipeline's mask input, or None.
        policy: its working size.
        reminder: said after every instruction.
        reads_all: its text encoder takes prompts of any sensible length (CLIP's stops at 77 tokens).
        on_gpu: usual number type on a GPU.
    """

    pipeline: ClassVar[str]
    keywords: ClassVar[Mapping[str, str]]
    defaults: ClassVar[Mapping[str, float]]
    mask_keyword: ClassVar[str | None] = None
    needs_true_cfg: ClassVar[bool] = False
    multi_image: ClassVar[bool] = False
    policy: ClassVar[SizePolicy]
    reminder: ClassVar[str] = ""
    reads_all: ClassVar[bool] = True
    on_gpu: ClassVar[str] = "bfloat16"

    def __init__(self, info: EditorInfo, pipe: Any, size: int | None = None) -> None:
        """Wraps a loaded pipeline; `size` replaces the side of the working square."""
        self.name = info.name
        self.pipe = pipe
        if size is not None and not MIN_SIZE <= size <= MAX_SIZE:
            raise EditError(f"working size {size}: use {MIN_SIZE} to {MAX_SIZE} pixels")
        self.capabilities = Capabilities(
            native_mask=self.mask_keyword is not None,
            image_guidance="image_guidance" in self.keywords,
            negative="negative" in self.keywords,
            strength="strength" in self.keywords,
            steps="steps" in self.keywords,
            text_scale_name=self.keywords.get("text_guidance"),
            needs_true_cfg=self.needs_true_cfg,
            size_policy=replace(self.policy, side=size or self.policy.side),
            multi_image=self.multi_image,
            deterministic=True,
            licence=info.licence,
            download_gb=info.download_gb,
        )
        self.check_pipeline()

    @classmethod
    def pipeline_class(cls) -> type[Any]:
        """The class of `pipeline`, imported only when the editor is made.

        Raises:
            EditError: the installed diffusers does not have it.
        """
        import diffusers

        kind = getattr(diffusers, cls.pipeline, None)
        if kind is None:
            raise EditError(
                f"diffusers {diffusers.__version__} lacks {cls.pipeline}; run: pip install -U diffusers"
            )
        return kind

    @classmethod
    def make(cls, info: EditorInfo, options: EditorOptions) -> Self:
        """Finds the weights on this machine and loads them; see `make_editor`."""
        if options.folder is not None:
            raise EditError(f"the editor {info.name!r} takes no folder of pictures; leave it out")
        check_installed(info)
        folder = find_weights(info, options.model)
        quiet_libraries()
        pipe = load_pipeline(
            cls.pipeline_class(),
            folder,
            options,
            name=info.name,
            on_gpu=cls.on_gpu,
            parts=dict.fromkeys(info.unused),
        )
        cls.complete(pipe, folder)
        return cls(info, pipe, options.size)

    @classmethod
    def complete(cls, pipe: Any, folder: Path) -> None:
        """Adds to the pipeline what diffusers cannot load itself; raises EditError when it is not there."""

    def check_pipeline(self) -> None:
        """Raises EditError when the weights are of another kind than this editor's."""

    def prompt(self, request: EditRequest) -> str:
        """The words that the model gets."""
        return instruction(request.prompt, self.reminder)

    def negative(self, request: EditRequest) -> str:
        """The words that the model is held away from; empty = none."""
        return request.negative.strip()

    def unsupported(self, request: EditRequest) -> list[str]:
        """Knobs that the editor does not have, and words beyond the length that its text encoder reads."""
        told = super().unsupported(request)
        if self.reads_all:
            return told
        tokenizer = self.pipe.tokenizer
        limit = int(tokenizer.model_max_length)
        given = [("prompt", self.prompt(request)), ("negative prompt", self.negative(request))]
        for what, text in given:
            tokens = tokenizer(text)["input_ids"]
            if len(tokens) > limit:
                lost = tokenizer.decode(tokens[limit - 1 : -1]).strip()
                told.append(f"{self.name} reads {limit} tokens; ignored at the end of the {what}: {lost!r}")
        return told

    def arguments(self, request: EditRequest, picture: Image) -> dict[str, Any]:
        """Keywords of this pipeline beyond the shared ones; `picture` is at the working size."""
        return {}

    def knobs(self, request: EditRequest) -> dict[str, Any]:
        """The request's knobs under the pipeline's names, defaults filled in."""
        found: dict[str, Any] = {}
        for knob, keyword in self.keywords.items():
            if knob == "negative":
                if self.negative(request):
                    found[keyword] = self.negative(request)
                continue
            given = getattr(request, knob)
            found[keyword] = self.defaults[knob] if given is None else given
        return found

    def draw(self, request: EditRequest, step: Step) -> NDArray[np.floating]:
        """Fits the picture to the model's size, runs the pipeline, and fits the result back."""
        own_height, own_width = request.image.shape[:2]
        height, width = self.capabilities.size_policy.fit(own_height, own_width)
        picture = to_pil(resize(request.image, height, width))
        arguments = {
            "prompt": self.prompt(request),
            "image": picture,
            **self.knobs(request),
            **self.arguments(request, picture),
        }
        if self.mask_keyword:
            arguments[self.mask_keyword] = mask_to_pil(request.mask, height, width)

        def after_step(pipe: Any, index: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            step(index + 1, int(pipe.num_timesteps))
            return tensors

        try:
            images = self.run(
                **arguments,
                # drawn on the CPU, so that a seed means the same noise on every device
                generator=torch.Generator("cpu").manual_seed(request.seed),
                output_type="np",
                callback_on_step_end=after_step,
            ).images
        finally:
            self.pipe.maybe_free_model_hooks()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
        return resize(np.asarray(images[0], np.float32), own_height, own_width)

    def run(self, **arguments: Any) -> Any:
        """Calls the pipeline."""
        return self.pipe(**arguments)
