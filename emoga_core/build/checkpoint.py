"""Checkpoints of a build: one safetensors file, replaced atomically, with all that the next step needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from emoga_core.build.errors import BuildError
from emoga_core.files import write_atomic

_FORMAT = "emoga-build-checkpoint"
_VERSION = 1


def save_checkpoint(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Writes tensors and JSON-able facts atomically."""
    metadata = {"format": _FORMAT, "version": str(_VERSION), "facts": json.dumps(facts)}
    data = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_atomic(path, save(data, metadata))


def load_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Reads what `save_checkpoint` wrote.

    Raises: BuildError when the file is missing, damaged or of another version.
    """
    if not path.is_file():
        raise BuildError(f"{path}: there is no checkpoint to resume from; start without --resume")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            # Clones: a mapped file may lie unaligned, and vectorised sums then differ in the last bit.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
        if metadata.get("format") != _FORMAT:
            raise ValueError("not a build checkpoint")
        if metadata.get("version") != str(_VERSION):
            raise ValueError(f"version {metadata.get('version')}, this program writes {_VERSION}")
        facts = json.loads(metadata["facts"])
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise BuildError(f"{path}: cannot resume from it ({error}); start anew with --force") from error
    return tensors, facts


def pack_optimizer(optimizer: torch.optim.Optimizer) -> tuple[dict[str, Tensor], dict[str, float]]:
    """Adam's memory by group name (one parameter a group): tensors, and the number of steps taken."""
    tensors, steps = {}, {}
    for group in optimizer.param_groups:
        state = optimizer.state.get(group["params"][0])
        if state:
            tensors[f"mean/{group['name']}"] = state["exp_avg"]
            tensors[f"square/{group['name']}"] = state["exp_avg_sq"]
            steps[group["name"]] = float(state["step"])
    return tensors, steps


def unpack_optimizer(
    optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor], steps: dict[str, float]
) -> None:
    """Restores what `pack_optimizer` returned."""
    for group in optimizer.param_groups:
        name, parameter = group["name"], group["params"][0]
        if name in steps:
            optimizer.state[parameter] = {
                "step": torch.tensor(steps[name], device=parameter.device),
                "exp_avg": tensors[f"mean/{name}"].to(parameter),
                "exp_avg_sq": tensors[f"square/{name}"].to(parameter),
            }
