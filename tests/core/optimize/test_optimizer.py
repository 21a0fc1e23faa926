"""The optimiser finds emotions that are there, and nothing else changes."""

from __future__ import annotations

import dataclasses

import numba
import numpy as np
import pytest
import torch

from emoga_core.avatars import EmotionState, render_avatar
from emoga_core.losses import psnr
from emoga_core.optimize import (
    EmotionOptimizer,
    OptimizeCancelled,
    OptimizeError,
    OptimizeOptions,
    optimize_emotion,
)

QUICK = OptimizeOptions(steps=60, prior_weight=0.0)


def _quality(avatar, state: EmotionState | None, targets) -> float:
    """Mean PSNR of the targets' pictures."""
    trial = dataclasses.replace(avatar, states={} if state is None else {"truth": state})
    weights = {} if state is None else {"truth": 1.0}
    return float(
        np.mean([psnr(render_avatar(trial, t.camera, weights, t.frame)[0], t.image) for t in targets])
    )


def _same(a: EmotionState, b: EmotionState) -> bool:
    keys = ("expression", "jaw", "embedding", "latent_indices", "latent_values")
    return all(torch.equal(getattr(a, key), getattr(b, key)) for key in keys)


def test_recovers_geometry_and_colour_from_clean_pictures(ball, truth, make_targets) -> None:
    targets = make_targets()
    result = optimize_emotion(ball, "truth", targets, dataclasses.replace(QUICK, steps=150))
    assert _quality(ball, result.state, targets) > _quality(ball, None, targets) + 8
    assert (result.state.expression - truth.expression).abs().max() < 0.15
    assert result.losses[-1] < 0.5 * result.losses[0]


def test_geometry_alone_and_texture_alone_keep_to_themselves(ball, make_targets) -> None:
    targets = make_targets()
    only = dataclasses.replace(QUICK, texture=False)
    geometry = optimize_emotion(ball, "truth", targets, only).state
    assert not len(geometry.latent_indices) and bool(geometry.expression.any())
    assert torch.equal(geometry.embedding, ball.appearance.neutral_embedding)
    only = dataclasses.replace(QUICK, geometry=False)
    texture = optimize_emotion(ball, "truth", targets, only, start_expression=torch.full((4,), 0.3)).state
    assert not bool(texture.expression.any()) and len(texture.latent_indices)
    neutral = _quality(ball, None, targets)
    assert min(_quality(ball, state, targets) for state in (geometry, texture)) > neutral + 1


def test_amplitudes_follow_and_neutral_pictures_are_rejected(ball, make_targets, truth) -> None:
    amplitudes = [1.0, 0.8, 1.2, 0.0, 0.9, 1.15, 1.0, 0.0, 0.85]
    targets = make_targets(amplitudes)
    result = optimize_emotion(ball, "truth", targets, dataclasses.replace(QUICK, steps=120))
    assert np.corrcoef(result.amplitudes, amplitudes)[0, 1] > 0.9
    weights = np.array(result.weights)
    assert weights[[3, 7]].max() < 0.1 * weights[[0, 1, 2, 4, 5, 6, 8]].min()
    assert (result.state.expression - truth.expression).abs().max() < 0.2
    plain = dataclasses.replace(QUICK, steps=120, weights=False, amplitudes=False, calibration=False)
    without = optimize_emotion(ball, "truth", targets, plain)
    assert set(np.round(without.weights, 6)) == {1.0} and set(without.amplitudes) == {1.0}
    error = (result.state.expression - truth.expression).norm()
    assert error < (without.state.expression - truth.expression).norm()


def test_starts_from_the_guess(ball, make_targets, truth) -> None:
    run = EmotionOptimizer(ball, "truth", make_targets(), QUICK, start_expression=truth.expression)
    assert torch.equal(run.state().expression, truth.expression)


def test_is_deterministic_for_any_number_of_threads(ball, make_targets) -> None:
    targets = make_targets()
    options = dataclasses.replace(QUICK, steps=25)
    threads = torch.get_num_threads(), numba.get_num_threads()
    states = []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            numba.set_num_threads(min(count, threads[1]))
            states.append(optimize_emotion(ball, "truth", targets, options).state)
    finally:
        torch.set_num_threads(threads[0])
        numba.set_num_threads(threads[1])
    assert _same(*states)
    other = optimize_emotion(ball, "truth", targets, dataclasses.replace(options, seed=1)).state
    assert not _same(states[0], other)


@pytest.mark.parametrize("method", ["emoga", "thesis"])
def test_resumes_to_the_same_bits(ball, make_targets, tmp_path, method) -> None:
    targets = make_targets((1.0, 0.8, 0.0, 1.1))
    options = dataclasses.replace(QUICK, steps=20, method=method)
    jaw = torch.tensor([0.05, 0.0, 0.0])

    def fresh() -> EmotionOptimizer:
        return EmotionOptimizer(ball, "truth", targets, options, start_jaw=jaw)

    whole, first, second = fresh(), fresh(), fresh()
    for _ in range(20):
        whole.step()
    for _ in range(9):
        first.step()
    first.checkpoint(tmp_path / "c")
    second.resume(tmp_path / "c")
    assert second.step_number == 9
    for _ in range(11):
        second.step()
    assert _same(whole.state(), second.state())
    assert whole.losses == second.losses


def test_refuses_the_checkpoint_of_something_else(ball, make_targets, tmp_path) -> None:
    run = EmotionOptimizer(ball, "truth", make_targets(), QUICK)
    run.step()
    run.checkpoint(tmp_path / "c")
    for other in (
        EmotionOptimizer(ball, "truth", make_targets((1.0, 0.9)), QUICK),
        EmotionOptimizer(ball, "other", make_targets(), QUICK),
        EmotionOptimizer(ball, "truth", make_targets(), dataclasses.replace(QUICK, seed=4)),
    ):
        with pytest.raises(OptimizeError, match="another avatar, other pictures or options"):
            other.resume(tmp_path / "c")
    (tmp_path / "c").write_bytes((tmp_path / "c").read_bytes()[:100])
    with pytest.raises(OptimizeError, match="cannot resume"):
        run.resume(tmp_path / "c")
    with pytest.raises(OptimizeError, match="there is no checkpoint"):
        run.resume(tmp_path / "none")


def test_an_interrupted_run_continues_from_its_checkpoint(ball, make_targets, tmp_path) -> None:
    targets, path = make_targets(), tmp_path / "c"
    options = dataclasses.replace(QUICK, steps=12)
    run = EmotionOptimizer(ball, "truth", targets, options)
    for _ in range(5):
        run.step()
    run.checkpoint(path)
    seen = []
    result = optimize_emotion(
        ball, "truth", targets, options, checkpoint=path, progress=lambda p: seen.append(p.step)
    )
    assert seen == list(range(6, 13))
    assert not path.exists()
    assert _same(result.state, optimize_emotion(ball, "truth", targets, options).state)


def test_stops_at_once_with_the_last_state_kept(ball, make_targets) -> None:
    steps, states = [], []
    with pytest.raises(OptimizeCancelled, match="stopped at step 7 of 60"):
        optimize_emotion(
            ball, "truth", make_targets(), QUICK, stop=lambda: len(steps) == 7, provisional=states.append,
            progress=steps.append, provisional_interval=0.0,
        )  # fmt: skip
    assert [p.step for p in steps] == list(range(1, 8))
    assert len(states) == 8 and bool(states[-1].expression.any())
    ball.check_state(states[-1])


@pytest.mark.parametrize("method", ["emoga", "thesis"])
def test_nothing_else_changes(ball, make_targets, method) -> None:
    before = {
        "sh": ball.blended_sh({"happy": 0.7, "sad": 0.2}).clone(),
        "pose": ball.pose(ball.motions["nod"].frame(2), {"happy": 1.0}).clone(),
        "neutral": ball.blended_sh({}).clone(),
    }
    parameters = {n: p.clone() for n, p in ball.appearance.named_parameters()}
    result = optimize_emotion(
        ball, "truth", make_targets(), dataclasses.replace(QUICK, steps=8, method=method)
    )
    assert list(ball.states) == ["happy", "sad"]
    ball.add_state(result.state)
    assert torch.equal(before["sh"], ball.blended_sh({"happy": 0.7, "sad": 0.2}))
    assert torch.equal(before["pose"], ball.pose(ball.motions["nod"].frame(2), {"happy": 1.0}))
    assert torch.equal(before["neutral"], ball.blended_sh({}))
    for name, parameter in ball.appearance.named_parameters():
        assert torch.equal(parameter, parameters[name]) and parameter.grad is None


def test_divergence_is_one_clear_error(ball, make_targets) -> None:
    run = EmotionOptimizer(ball, "truth", make_targets(), QUICK)
    for _ in range(3):
        run.step()
    good = run.state()
    with torch.no_grad():
        run.amplitudes.fill_(torch.nan)
    with pytest.raises(OptimizeError, match="state truth: the optimisation diverged at step 3 of 60"):
        run.step()
    assert _same(good, run.state())


@pytest.mark.parametrize("value", [torch.zeros(3), torch.tensor([0.0, torch.nan, 0.0, 0.0])])
def test_refuses_bad_guesses(ball, make_targets, value) -> None:
    for what in ("start_expression", "prior_expression"):
        with pytest.raises(OptimizeError, match=f"{what} must be 4 finite numbers"):
            EmotionOptimizer(ball, "truth", make_targets(), QUICK, **{what: value})


def test_the_prior_decides_where_pictures_do_not(ball, make_targets) -> None:
    targets = make_targets()
    towards = torch.tensor([0.0, 0.9, 0.0, 0.9])
    strong = dataclasses.replace(QUICK, prior_weight=10.0)
    state = optimize_emotion(ball, "truth", targets, strong, prior_expression=towards).state
    assert (state.expression / state.expression.max() - towards / 0.9).abs().max() < 0.1
    off = dataclasses.replace(strong, prior=False)
    state = optimize_emotion(ball, "truth", targets, off, prior_expression=towards).state
    assert (state.expression - towards).abs().max() > 0.5


def test_expressions_stay_in_range(ball, tiny, make_targets) -> None:
    free = dataclasses.replace(ball, head=tiny.head(ranged=False))
    strong = dataclasses.replace(free.neutral_state("truth"), expression=torch.tensor([1.8, 0.0, 0.5, 0.0]))
    trial = dataclasses.replace(free, states={"truth": strong})
    targets = [
        dataclasses.replace(t, image=render_avatar(trial, t.camera, {"truth": 1.0}, t.frame)[0])
        for t in make_targets()
    ]
    for avatar, least, most in ((ball, 0.9, 1.0), (free, 1.3, 2.3)):
        found = optimize_emotion(avatar, "truth", targets, dataclasses.replace(QUICK, steps=120)).state
        assert least < float(found.expression[0]) <= most


def test_statistical_heads_move_their_jaw(tiny, ball, make_targets) -> None:
    free = dataclasses.replace(ball, head=tiny.head(ranged=False))
    targets = make_targets()
    jaw = torch.tensor([0.12, 0.0, 0.0])
    opened = dataclasses.replace(free.neutral_state("truth"), jaw=jaw)
    trial = dataclasses.replace(free, states={"truth": opened})
    targets = [
        dataclasses.replace(t, image=render_avatar(trial, t.camera, {"truth": 1.0}, t.frame)[0])
        for t in targets
    ]
    state = optimize_emotion(free, "truth", targets, dataclasses.replace(QUICK, steps=120)).state
    assert float(state.jaw[0]) > 0.03
    assert _quality(free, state, targets) > _quality(free, None, targets) + 3
