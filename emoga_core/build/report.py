"""Scores of a build on pictures that it never saw."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from emoga_core.build.pictures import Shot
from emoga_core.losses import Score, score


@dataclass(frozen=True)
class ShotScore:
    """Quality of one picture."""

    timestep: int
    camera_index: int
    camera_id: str
    group: str
    score: Score


@dataclass
class BuildReport:
    """What a build achieved.

    Attributes:
        shots: scores of the held-out pictures. patch_loss: which patch loss was used.
        held_out: False when the capture left nothing to hold out and training pictures were scored.
    """

    shots: list[ShotScore] = field(default_factory=list)
    patch_loss: str = ""
    held_out: bool = True
    gaussians: int = 0
    steps: int = 0
    seconds: float = 0.0

    def mean(self, group: str | None = None, camera: int | None = None) -> Score:
        """Mean over pictures of a group and camera (None: all) of dB and SSIM; NaN where there is none."""
        chosen = [
            s.score
            for s in self.shots
            if (group is None or s.group == group) and (camera is None or s.camera_index == camera)
        ]
        return mean_score(chosen)

    @property
    def groups(self) -> list[str]:
        """Groups in order of appearance."""
        return list(dict.fromkeys(s.group for s in self.shots))

    @property
    def cameras(self) -> list[int]:
        """Camera numbers scored."""
        return sorted({s.camera_index for s in self.shots})

    def summary(self) -> dict[str, Any]:
        """JSON for the avatar's provenance."""

        def row(value: Score) -> dict[str, float | None]:
            return {
                "psnr_db": _rounded(value.psnr, 3),
                "ssim": _rounded(value.ssim, 4),
                "whole_psnr_db": _rounded(value.whole_psnr, 3),
                "whole_ssim": _rounded(value.whole_ssim, 4),
            }

        return {
            "held_out": self.held_out,
            "pictures": len(self.shots),
            "overall": row(self.mean()),
            "groups": {group: row(self.mean(group)) for group in self.groups},
            "cameras": {str(camera): row(self.mean(camera=camera)) for camera in self.cameras},
        }


def mean_score(scores: Sequence[Score]) -> Score:
    """Mean of each figure over the pictures that have it (without a subject there is none); NaN for none."""
    return Score(
        _mean([s.psnr for s in scores]),
        _mean([s.ssim for s in scores]),
        _mean([s.whole_psnr for s in scores]),
        _mean([s.whole_ssim for s in scores]),
    )


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan


def _rounded(value: float, digits: int) -> float | None:
    return round(value, digits) if math.isfinite(value) else None


def score_shots(
    groups: dict[str, list[Shot]],
    render: Callable[[Shot], Tensor],  # whole picture (H,W,3)
) -> list[ShotScore]:
    """Renders and scores every shot of every group."""
    results = []
    with torch.no_grad():
        for group, shots in groups.items():
            for shot in shots:
                value = score(render(shot).cpu(), shot.full.image.cpu(), torch.from_numpy(shot.matte) / 255)
                frame = shot.frame
                results.append(ShotScore(frame.timestep, frame.camera_index, frame.camera_id, group, value))
    return results
