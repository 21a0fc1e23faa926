"""Loads diffusers pipelines from this machine's disk, onto the device and in the number type asked for."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from emoga_core.edit.editors.base import SAVE_MEMORY, EditorOptions, out_of_memory
from emoga_core.edit.errors import EditError

OFFLOADS = ("none", "model", "sequential")
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def choose_device(wanted: str | None) -> torch.device:
    """The device called `wanted`, or the best there is.

    Raises:
        EditError: no such device on this machine.
    """
    if wanted is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(wanted)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError):
        raise EditError(f"device {wanted!r} is not available here; try cpu, or leave it out") from None
    return device


def choose_dtype(wanted: str | None, device: torch.device, on_gpu: str) -> torch.dtype:
    """The number type called `wanted`, or the usual one: float32 on the CPU, `on_gpu` elsewhere."""
    name = wanted or ("float32" if device.type == "cpu" else on_gpu)
    if name not in _DTYPES:
        raise EditError(f"number type {name!r}: use {', '.join(_DTYPES)}")
    return _DTYPES[name]


def load_pipeline(
    kind: type[Any], folder: Path, options: EditorOptions, *, name: str, on_gpu: str, parts: Mapping[str, Any]
) -> Any:
    """Loads `kind.from_pretrained(folder)`; no network, no pickles, no code from the folder.

    Args:
        parts: components that replace those in the folder (None = leave out).
        name: of the editor, for messages; on_gpu: its usual number type on a GPU.
    Raises:
        EditError: the files do not fit, the device does not exist, or memory ran out.
    """
    device = choose_device(options.device)
    dtype = choose_dtype(options.dtype, device, on_gpu)
    if options.offload not in OFFLOADS:
        raise EditError(f"offload {options.offload!r}: use {', '.join(OFFLOADS)}")
    if options.offload != "none" and device.type == "cpu":
        raise EditError(f"offload {options.offload!r} moves weights off a GPU; on the CPU use none")
    exhausted = ""
    try:
        pipe = kind.from_pretrained(
            str(folder), torch_dtype=dtype, local_files_only=True, use_safetensors=True, **parts
        )
        pipe.set_progress_bar_config(disable=True)
        if options.offload == "model":
            pipe.enable_model_cpu_offload(device=device)
        elif options.offload == "sequential":
            pipe.enable_sequential_cpu_offload(device=device)
        else:
            pipe.to(device)
    except Exception as error:
        if not out_of_memory(error):
            text = " ".join(str(error).split())[:300]
            raise EditError(
                f"the editor {name!r} cannot load {folder}: {type(error).__name__}: {text}"
            ) from error
        exhausted = f"the editor {name!r} ran out of memory while loading {folder}; {SAVE_MEMORY}"
    if exhausted:
        raise EditError(exhausted)
    return pipe


def quiet_libraries() -> None:
    """Keeps the libraries off the network and off the terminal; call before the first import of diffusers."""
    for variable in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
        os.environ.setdefault(variable, "1")
    # "torch_dtype" is the name that all supported versions of diffusers know
    warnings.filterwarnings("ignore", message=".*torch_dtype", category=FutureWarning)
    import diffusers
    import transformers

    for library in (diffusers.utils.logging, transformers.logging):
        library.set_verbosity_error()
        library.disable_progress_bar()
