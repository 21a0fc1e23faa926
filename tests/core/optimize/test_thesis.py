"""The thesis' method: a tuned copy of network and latents, stored as offsets."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch

from emoga_core.avatars import DirectSH, render_avatar
from emoga_core.losses import psnr
from emoga_core.optimize import OptimizeOptions, optimize_emotion
from emoga_core.optimize.thesis import TunedCopy


def test_exports_its_colours_closely(ball) -> None:
    colours = TunedCopy(ball)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in colours.tuned.parameters():
            parameter += 0.03 * torch.randn(parameter.shape, generator=generator)
    embedding, rows, values = colours.export(1.0)
    state = dataclasses.replace(
        ball.neutral_state("tuned"), embedding=embedding, latent_indices=rows, latent_values=values
    )
    trial = dataclasses.replace(ball, states={"tuned": state})
    with torch.no_grad():
        stored, wanted, neutral = trial.blended_sh({"tuned": 1.0}), colours.tuned.sh(), ball.blended_sh({})
    inside = ball.mask > 0.1
    error = (stored - wanted)[inside].square().mean().sqrt()
    assert error < 0.35 * (neutral - wanted)[inside].square().mean().sqrt()
    assert torch.equal(stored[ball.mask == 0], neutral[ball.mask == 0])


def test_exports_plain_coefficients_exactly(ball) -> None:
    plain = dataclasses.replace(ball, appearance=DirectSH.from_coefficients(ball.blended_sh({})), states={})
    colours = TunedCopy(plain)
    with torch.no_grad():
        for parameter in colours.tuned.parameters():
            parameter += 0.1
    embedding, rows, values = colours.export(1.0)
    state = dataclasses.replace(
        plain.neutral_state("tuned"), embedding=embedding, latent_indices=rows, latent_values=values
    )
    trial = dataclasses.replace(plain, states={"tuned": state})
    wanted = colours.tuned.sh()[rows]
    assert torch.allclose(trial.blended_sh({"tuned": 1.0})[rows], wanted, atol=2e-3)


def test_improves_on_neutral(ball, make_targets) -> None:
    targets = make_targets()
    result = optimize_emotion(ball, "truth", targets, OptimizeOptions(method="thesis", steps=150))

    def quality(weights) -> float:
        trial = dataclasses.replace(ball, states={"truth": result.state})
        pictures = [render_avatar(trial, t.camera, weights, t.frame)[0] for t in targets]
        return float(np.mean([psnr(p, t.image) for p, t in zip(pictures, targets, strict=True)]))

    assert quality({"truth": 1.0}) > quality({}) + 1.5
    assert result.report["method"] == "thesis"
    assert set(result.amplitudes) == {1.0} and set(np.round(result.weights, 6)) == {1.0}
