"""What the user may choose about a build, and the rates and schedule that come with it."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from pathlib import Path

from emoga_core.build.errors import BuildError


@dataclass(frozen=True)
class BuildOptions:
    """Choices of one build.

    Attributes:
        steps: optimiser steps; every schedule below is a fraction of them.
        size: longest side of the pictures in pixels; None: as captured.
        gaussians: number of Gaussians to grow to; never fewer than one per triangle.
        latent_dim: D, length of the latents behind the Colour MLP.
        sh_degree: degree of the spherical harmonics, 0 to 3.
        sh_only: optimise plain SH coefficients instead of latents and a Colour MLP.
        tune_tracking: refine expression, pose and translation of the training frames too.
        vgg_weights: file with VGG16 weights for the patch loss; None: the weight-free patch loss.
        holdout_cameras, holdout_frames: camera and timestep numbers kept for scoring. None for both: the
            capture's own val and test splits.
        seed: of everything random. device: "cpu" or "cuda".
    """

    steps: int = 9000
    size: int | None = None
    gaussians: int = 20_000
    latent_dim: int = 32
    sh_degree: int = 1
    sh_only: bool = False
    tune_tracking: bool = False
    vgg_weights: Path | None = None
    holdout_cameras: tuple[int, ...] | None = None
    holdout_frames: tuple[int, ...] | None = None
    seed: int = 0
    device: str = "cpu"
    recipe: Recipe = dataclasses.field(default_factory=lambda: Recipe())

    def __post_init__(self) -> None:
        for name, low, high in (
            ("steps", 1, 10_000_000),
            ("gaussians", 1, 2_000_000),
            ("latent_dim", 3, 1024),
            ("sh_degree", 0, 3),
            ("seed", 0, 2**63 - 1),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise BuildError(f"{name.replace('_', ' ')} is {value}; give a number from {low} to {high}")
        if self.size is not None and not 16 <= self.size <= 8192:
            raise BuildError(f"size is {self.size} pixels; give a number from 16 to 8192")
        if self.device not in ("cpu", "cuda"):
            raise BuildError(f"device is {self.device!r}; give cpu or cuda")

    def fingerprint(self) -> str:
        """JSON of everything that decides the result; a checkpoint continues only where it is equal."""
        table = dataclasses.asdict(self)
        table["vgg_weights"] = None if self.vgg_weights is None else str(self.vgg_weights)
        return json.dumps(table, sort_keys=True)


@dataclass(frozen=True)
class Recipe:
    """Start, rates and schedule; the numbers were tuned on 256-pixel captures.

    Rates are Adam's, falling exponentially to `rate_decay` of the start; `*_from` and `*_until` are fractions
    of the build. Regularisers: GaussianAvatars, section 3.3.
    """

    start_scale: float = 1.6  # times the square root of the triangle's second moment
    start_thickness: float = 0.12  # along the normal, in units of the triangle
    start_opacity: float = 0.9
    rate_means: float = 8e-3
    rate_log_scales: float = 1.5e-2
    rate_quaternions: float = 8e-3
    rate_opacity_logits: float = 4e-2
    rate_sh_constant: float = 1e-2
    rate_sh_rest: float = 2e-3
    rate_latents: float = 1e-2
    rate_network: float = 2e-3
    rate_expression: float = 1e-3
    rate_rotations: float = 1e-4
    rate_translation: float = 1e-5
    rate_decay: float = 0.03
    betas: tuple[float, float] = (0.9, 0.99)
    half_resolution_until: float = 0.25
    grow_from: float = 0.12
    grow_until: float = 0.36
    prune_opacity: float = 0.02
    ssim_weight: float = 0.2
    matte_weight: float = 0.2
    position_weight: float = 0.01
    position_threshold: float = 1.0
    scaling_weight: float = 1.0
    scaling_threshold: float = 0.6
    patch_weight: float = 0.02
    vgg_patch_weight: float = 0.001
    patches: int = 4
    patch_fraction: float = 0.25  # of the picture's longest side

    def rate_factor(self, progress: float) -> float:
        """Factor on every rate at `progress` in [0,1]."""
        return self.rate_decay**progress

    def grow_steps(self, steps: int, growth: float) -> tuple[int, ...]:
        """Steps before which Gaussians are split and pruned, to grow by the factor `growth`.

        A round at most doubles their number, and only of those that some picture shows: one round more than
        doubling needs, at least three.
        """
        rounds = max(3, math.ceil(math.log2(max(growth, 1))) + 1)
        stride = (self.grow_until - self.grow_from) / (rounds - 1)
        return tuple(sorted({round((self.grow_from + i * stride) * steps) for i in range(rounds)}))
