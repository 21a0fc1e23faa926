"""Poses of a capture's timesteps as the optimiser sees them: fixed, or fine-tuned with the avatar."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from emoga_core.captures import FlameParameters
from emoga_core.heads import Head


class Tracking:
    """Expression, joint rotations and translation of T timesteps.

    Args:
        tune: timesteps (of the training pictures) to refine; empty keeps everything fixed.
    """

    def __init__(self, head: Head, parameters: FlameParameters, tune: Iterable[int] = ()) -> None:
        device = head.template.device
        self.head = head
        self.identity = torch.from_numpy(parameters.identity).to(device)
        offset = parameters.static_offset
        self.offset = None if offset is None else torch.from_numpy(offset).to(device)
        self.tables = {
            "expression": torch.from_numpy(parameters.expression).to(device),
            "rotations": torch.from_numpy(parameters.joint_rotations).to(device),
            "translation": torch.from_numpy(parameters.translation).to(device),
        }
        self.tunable = frozenset(tune)
        if self.tunable:
            self.tables = {name: nn.Parameter(table.clone()) for name, table in self.tables.items()}

    def tuned(self, timestep: int) -> bool:
        """Whether the optimiser changes this timestep."""
        return timestep in self.tunable

    def parameters(self) -> dict[str, Tensor]:
        """What the optimiser may change."""
        return dict(self.tables) if self.tunable else {}

    def restore(self, tables: dict[str, Tensor]) -> None:
        """Takes over tables that a checkpoint held."""
        if self.tunable:
            self.tables = {
                name: nn.Parameter(value.to(self.identity.device)) for name, value in tables.items()
            }

    def project(self) -> None:
        """Puts expressions back into the range of the head."""
        if self.tunable and self.head.expression_range is not None:
            with torch.no_grad():
                self.tables["expression"].clamp_(*self.head.expression_range)

    def vertices_at(self, timestep: int) -> Tensor:
        """(V,3) of one timestep, differentiable in what is tuned."""
        return self._pose(slice(timestep, timestep + 1))[0]

    def vertices(self) -> Tensor:
        """(T,V,3) of all timesteps, outside the autograd graph."""
        with torch.no_grad():
            return self._pose(slice(None))

    def _pose(self, rows: slice) -> Tensor:
        return self.head.pose(
            self.identity[None],
            self.tables["expression"][rows],
            self.tables["rotations"][rows],
            self.tables["translation"][rows],
            self.offset,
        )
