"""Checkpoints of an optimisation: one safetensors file, replaced atomically."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from emoga_core.files import write_atomic
from emoga_core.optimize.errors import OptimizeError

if TYPE_CHECKING:
    from emoga_core.optimize.optimizer import EmotionOptimizer

_FORMAT = "emoga-emotion-checkpoint"
_VERSION = "2"


def save_checkpoint(path: Path, run: EmotionOptimizer) -> None:
    """Writes variables, Adam's memory, estimates and the generator."""
    tensors: dict[str, Tensor] = {}
    steps: dict[str, float] = {}
    for group in run.optimizer.param_groups:
        name, parameter = group["name"], group["params"][0]
        tensors[f"variable/{name}"] = parameter
        memory = run.optimizer.state.get(parameter)
        if memory:
            tensors[f"mean/{name}"], tensors[f"square/{name}"] = memory["exp_avg"], memory["exp_avg_sq"]
            steps[name] = float(memory["step"])
    tensors["weights"] = torch.from_numpy(np.ascontiguousarray(run.weights))
    tensors["blurs"] = torch.from_numpy(np.ascontiguousarray(run.blurs))
    tensors["order"] = torch.tensor(run.order, dtype=torch.int64)
    tensors["losses"] = torch.tensor(run.losses, dtype=torch.float64)
    tensors["generator"] = run.generator.get_state()
    tensors |= {f"pose/{n}": reference for n, reference in enumerate(run.pose_references())}
    facts = {"step": run.step_number, "adam": steps, "strength": run.strength, "spent": run.spent,
             "of": fingerprint(run)}  # fmt: skip
    metadata = {"format": _FORMAT, "version": _VERSION, "facts": json.dumps(facts)}
    data = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_atomic(path, save(data, metadata))


def load_checkpoint(path: Path, run: EmotionOptimizer) -> None:
    """Restores what `save_checkpoint` wrote; `run` must be made from the same things."""
    tensors, facts = _read(path)
    if facts["of"] != fingerprint(run):
        raise OptimizeError(
            f"{path}: was written for another avatar, other pictures or options; start anew without it"
        )
    with torch.no_grad():
        for group in run.optimizer.param_groups:
            name, parameter = group["name"], group["params"][0]
            parameter.copy_(tensors[f"variable/{name}"])
            if name in facts["adam"]:
                run.optimizer.state[parameter] = {
                    "step": torch.tensor(facts["adam"][name]),
                    "exp_avg": tensors[f"mean/{name}"].to(parameter),
                    "exp_avg_sq": tensors[f"square/{name}"].to(parameter),
                }
    run.restore_poses([tensors[k] for k in sorted(tensors) if k.startswith("pose/")])
    run.weights = tensors["weights"].numpy()
    run.blurs = tensors["blurs"].numpy()
    run.order = tensors["order"].tolist()
    run.losses = tensors["losses"].tolist()
    run.generator.set_state(tensors["generator"])
    run.step_number, run.spent = facts["step"], facts["spent"]
    run.strength = (facts["strength"][0], facts["strength"][1])


def fingerprint(run: EmotionOptimizer) -> str:
    """SHA-256 over everything that a run is made from."""
    digest = hashlib.sha256()
    options = dataclasses.asdict(run.options) | {"name": run.start.name, "head": run.avatar.head.hash}
    digest.update(json.dumps(options, sort_keys=True).encode())
    tensors = [run.avatar.appearance.latents, run.avatar.mask, run.prior.towards, run.avatar.identity]
    for target in run.targets:
        tensors += [target.image, target.neutral, target.mask, target.camera.intrinsics,
                    target.camera.world_to_camera, *vars(target.frame).values()]  # fmt: skip
        digest.update(f"{target.name} {target.weight} {target.frontal};".encode())
    for tensor in tensors:
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    if not path.is_file():
        raise OptimizeError(f"{path}: there is no checkpoint to resume from; start without one")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            # Clones: a mapped file may lie unaligned, and vectorised sums then differ in the last bit.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
        if metadata.get("format") != _FORMAT or metadata.get("version") != _VERSION:
            raise ValueError("not a checkpoint of an emotion, or of another version")
        facts = json.loads(metadata["facts"])
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise OptimizeError(f"{path}: cannot resume from it ({error}); start anew without it") from error
    return tensors, facts
