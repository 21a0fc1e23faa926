"""Choices, rates and schedules of the emotion optimiser."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from emoga_core.optimize.errors import OptimizeError

Method = Literal["emoga", "thesis"]
METHODS: tuple[Method, ...] = ("emoga", "thesis")

_STEPS, _BATCH = 160, 4
_EPOCHS = 800


@dataclass(frozen=True)
class OptimizeOptions:
    """How an emotion is optimised. The steps decide the result, never the clock.

    Rates are per step of Adam; those of expressions are in units of the head's range (1 for ARKit heads) or
    of three standard deviations (statistical heads).

    Attributes:
        steps: optimiser steps of `batch` pictures; None: 160, or for the thesis 800 epochs.
        batch: pictures in a step; None: 4, or for the thesis all.
        method: "emoga", or "thesis": the recipe of the EMO-GA thesis to the letter.
        warm_up, cycle: fractions of the steps: geometry alone; one round of geometry alone, then both.
        geometry_share: part of every cycle in which geometry moves alone.
        later_geometry: factor on the expression rate after the warm-up, so that texture does not eat it.
        decay: factor on all rates at the end.
        rate_*: start rates. rate_embedding and rate_latents move colour.
        ssim_weight: of 1 - SSIM against L1; little (0.2 in the thesis), for SSIM learns the noise of edits.
        patch_weight: of the patch loss on frontal views. vgg_weights: VGG16 file for it; None: pyramid bands.
        prior_weight: pull towards the prior expression.
        expression_multiplier: of the thesis; its variable times this is the offset.
        geometry, texture: which of the two may change.
        weights, amplitudes, calibration, prior, sharpness: the estimates and the geometric prior; off for
            ablations.
        seed: decides the order of the pictures and the patches.
    """

    steps: int | None = None
    batch: int | None = None
    method: Method = "emoga"
    warm_up: float = 150 / 800
    cycle: float = 25 / 800
    geometry_share: float = 0.3
    later_geometry: float = 0.15
    decay: float = 0.1
    rate_expression: float = 0.04
    rate_jaw: float = 4e-3
    rate_latents: float = 5e-3
    rate_embedding: float = 5e-3
    rate_network: float = 1e-4
    rate_amplitude: float = 0.03
    ssim_weight: float = 0.05
    patch_weight: float = 0.05
    vgg_weights: str | None = None
    prior_weight: float = 5e-3
    expression_multiplier: float = 10.0
    geometry: bool = True
    texture: bool = True
    weights: bool = True
    amplitudes: bool = True
    calibration: bool = True
    prior: bool = True
    sharpness: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise OptimizeError(f"method {self.method!r} is unknown; choose from: {', '.join(METHODS)}")
        if self.steps is not None and not 1 <= self.steps <= 1_000_000:
            raise OptimizeError(f"steps is {self.steps}; give a number from 1 to 1000000")
        if self.batch is not None and not 1 <= self.batch <= 10_000:
            raise OptimizeError(f"batch is {self.batch}; give a number from 1 to 10000")
        if not (self.geometry or self.texture):
            raise OptimizeError("geometry and texture are both off: nothing could change")
        if not 0 < self.cycle <= 1 or not 0 <= self.warm_up <= 1 or not 0 < self.decay <= 1:
            raise OptimizeError("warm_up, cycle and decay are fractions: give numbers from 0 to 1")
        numbers = [value for value in vars(self).values() if isinstance(value, float)]
        if not all(math.isfinite(value) and value >= 0 for value in numbers):
            raise OptimizeError("an option is negative or no number; give finite numbers from 0")

    def settled(self, targets: int) -> OptimizeOptions:
        """The same with steps and batch filled in for so many targets; the thesis with its own recipe:
        its rates, weights by hand alone, and nothing estimated."""
        literal = self.method == "thesis"
        steps = self.steps or (_EPOCHS if literal else _STEPS)
        batch = min(self.batch or (targets if literal else _BATCH), targets)
        if not literal:
            return replace(self, steps=steps, batch=batch)
        return replace(
            self, steps=steps, batch=batch, rate_expression=5e-3, rate_jaw=5e-3, rate_latents=1e-4,
            rate_embedding=1e-4, rate_network=1e-4, prior_weight=0.0, weights=False, amplitudes=False,
            calibration=False, prior=False, sharpness=False, ssim_weight=0.2,
        )  # fmt: skip
