"""Growing and pruning Gaussians during a build, on a dict of tensors and its Adam state.

Rows of every tensor in `rows` belong together: row i is Gaussian i. Children ride on their parent's triangle,
and a triangle that has a Gaussian never loses its last one.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

_SPLIT_SHRINK = 1.7  # of the longest axis
_SPLIT_OFFSET = 0.7  # of the longest standard deviation, to either side
_LATENT_JITTER = 0.01


def prunable(
    opacities: Tensor,  # (N,)
    parents: Tensor,  # (N,) int64
    threshold: float,
) -> Tensor:
    """Which Gaussians (N,) may go: less opaque than the threshold, never the most opaque of a triangle."""
    count, number = int(parents.max()) + 1, torch.arange(len(parents), device=parents.device)
    highest = opacities.new_zeros(count).scatter_reduce(0, parents, opacities, "amax", include_self=False)
    best = opacities == highest[parents]
    # Of equally opaque ones, the first.
    first = number.new_zeros(count).scatter_reduce(0, parents[best], number[best], "amin", include_self=False)
    return (opacities < threshold) & (first[parents] != number)


def choose_splits(
    detail: Tensor,  # (N,) mean screen-space gradient
    keep: Tensor,  # (N,) bool
    count: int,
) -> Tensor:
    """Indices of the `count` kept Gaussians with the largest positive gradient, largest first."""
    candidates = torch.where(keep & (detail > 0), detail, torch.full_like(detail, -1))
    count = max(0, min(count, int((candidates > 0).sum())))
    return torch.argsort(candidates, descending=True, stable=True)[:count]


def select_rows(
    rows: dict[str, Tensor], optimizer: torch.optim.Optimizer, index: Tensor
) -> dict[str, Tensor]:
    """Keeps (or repeats) rows, with the optimiser's memory of them; returns the new leaf tensors."""
    fresh: dict[str, Tensor] = {}
    for name, old in rows.items():
        new = torch.nn.Parameter(old.detach()[index].contiguous())
        for group in optimizer.param_groups:
            for i, parameter in enumerate(group["params"]):
                if parameter is old:
                    group["params"][i] = new
                    state = optimizer.state.pop(old, None)
                    if state is not None:
                        for key in ("exp_avg", "exp_avg_sq"):
                            state[key] = state[key][index].contiguous()
                        optimizer.state[new] = state
        fresh[name] = new
    return fresh


def split(
    rows: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
    keep: Tensor,  # (N,) bool
    chosen: Tensor,  # (S,) indices of kept rows
    generator: torch.Generator,
) -> tuple[dict[str, Tensor], Tensor]:
    """Keeps rows and splits the chosen ones in two along their longest axis.

    Returns: the new tensors, and for each new row the old row (N',) that it comes from.
    """
    kept = torch.where(keep)[0]
    source = torch.cat([kept, chosen])
    place = torch.full((len(keep),), -1, dtype=torch.int64, device=keep.device)
    place[kept] = torch.arange(len(kept), device=keep.device)
    first = place[chosen]
    second = torch.arange(len(kept), len(source), device=keep.device)
    rows = select_rows(rows, optimizer, source)
    with torch.no_grad():
        axis = rows["log_scales"][first].argmax(1)
        sigma = rows["log_scales"][first, axis].exp()
        direction = _axis_directions(rows["quaternions"][first], axis)
        offset = _SPLIT_OFFSET * sigma[:, None] * direction
        rows["means"][first] -= offset
        rows["means"][second] += offset
        for half in (first, second):
            rows["log_scales"][half, axis] -= math.log(_SPLIT_SHRINK)
        if "z" in rows:
            shape = (len(second), rows["z"].shape[1])
            noise = _LATENT_JITTER * torch.randn(shape, generator=generator)
            noise[:, :3] = 0  # These carry the colour.
            rows["z"][second] += noise.to(keep.device)
        for name in ("means", "log_scales"):
            state = optimizer.state.get(rows[name])
            if state:
                # The gradient's running mean belonged to the undivided Gaussian.
                state["exp_avg"][first] = 0
                state["exp_avg"][second] = 0
    return rows, source


def _axis_directions(quaternions: Tensor, axis: Tensor) -> Tensor:
    """Column `axis` (S,) of the rotation matrices of quaternions (S,4) wxyz: (S,3)."""
    w, x, y, z = torch.nn.functional.normalize(quaternions, dim=1).unbind(1)
    columns = torch.stack(
        [
            torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)], 1),
            torch.stack([2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)], 1),
            torch.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)], 1),
        ],
        1,
    )
    return columns[torch.arange(len(axis), device=axis.device), axis]
