"""Whole builds of a small capture: quality, determinism, interruption and resuming, errors."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from emoga_core.avatars import Avatar
from emoga_core.avatars.bundle import load_avatar, save_avatar
from emoga_core.build import (
    BuildError,
    BuildInterrupted,
    BuildOptions,
    BuildProgress,
    Recipe,
    build_avatar,
)
from emoga_core.captures import read_capture
from emoga_core.heads import Head
from emoga_core.losses import Vgg16Features

OPTIONS = BuildOptions(steps=60, gaussians=330, latent_dim=8)


def tensors(avatar: Avatar) -> dict[str, torch.Tensor]:
    found = {f"gaussians.{k}": v for k, v in vars(avatar.gaussians).items()}
    return found | dict(avatar.appearance.state_dict()) | {"parents": avatar.binding.triangles}


def assert_same_bits(a: Avatar, b: Avatar) -> None:
    first, second = tensors(a), tensors(b)
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), name


@pytest.fixture(scope="module")
def built(ball_capture: Path, ball_head: Head):
    return build_avatar(read_capture(ball_capture), ball_head, OPTIONS, name="ball")


def test_held_out_pictures_are_reproduced(built, ball_head: Head) -> None:
    report = built.report
    assert report.held_out and report.groups == ["val", "test"] and len(report.shots) == 10
    assert report.mean().psnr > 28 and report.mean().whole_psnr > report.mean().psnr
    assert report.mean(camera=4).ssim > 0.9
    avatar = built.avatar
    assert len(avatar.gaussians) == 330 == report.gaussians
    assert torch.equal(avatar.binding.triangles.unique(), torch.arange(ball_head.num_triangles))
    assert "pyramid" in report.patch_loss
    assert avatar.provenance["build"]["scores"]["groups"].keys() == {"val", "test"}


def test_avatar_survives_its_bundle_unchanged(built, ball_head: Head, tmp_path: Path) -> None:
    save_avatar(built.avatar, tmp_path / "ball.emoga")
    again = load_avatar(tmp_path / "ball.emoga", ball_head)
    assert_same_bits(again, built.avatar)
    assert again.motions.keys() == {"capture"} and len(again.motions["capture"]) == 6


def test_same_seed_same_bits_and_another_seed_differs(built, ball_capture: Path, ball_head: Head) -> None:
    capture = read_capture(ball_capture)
    assert_same_bits(build_avatar(capture, ball_head, OPTIONS, name="ball").avatar, built.avatar)
    other = build_avatar(capture, ball_head, dataclasses.replace(OPTIONS, seed=1), name="ball").avatar
    assert not torch.equal(other.appearance.sh(), built.avatar.appearance.sh())


@pytest.mark.parametrize("at", [1, 17, 22, 59])
def test_resumed_build_is_bit_identical(
    built, ball_capture: Path, ball_head: Head, tmp_path: Path, at: int
) -> None:
    capture, checkpoint = read_capture(ball_capture), tmp_path / "checkpoint"
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > at

    with pytest.raises(BuildInterrupted, match=f"step {at} of 60"):
        build_avatar(capture, ball_head, OPTIONS, name="ball", checkpoint=checkpoint, stop=stop)
    resumed = build_avatar(capture, ball_head, OPTIONS, name="ball", checkpoint=checkpoint, resume=True)
    assert_same_bits(resumed.avatar, built.avatar)
    assert [s.score for s in resumed.report.shots] == [s.score for s in built.report.shots]


def test_resume_refuses_what_does_not_fit(ball_capture: Path, ball_head: Head, tmp_path: Path) -> None:
    capture, checkpoint = read_capture(ball_capture), tmp_path / "checkpoint"
    with pytest.raises(BuildError, match="no checkpoint to resume"):
        build_avatar(capture, ball_head, OPTIONS, checkpoint=checkpoint, resume=True)
    with pytest.raises(BuildInterrupted):
        build_avatar(capture, ball_head, OPTIONS, checkpoint=checkpoint, stop=lambda: True)
    with pytest.raises(BuildError, match="other options"):
        build_avatar(
            capture, ball_head, dataclasses.replace(OPTIONS, steps=70), checkpoint=checkpoint, resume=True
        )
    checkpoint.write_bytes(checkpoint.read_bytes()[:200])
    with pytest.raises(BuildError, match="cannot resume"):
        build_avatar(capture, ball_head, OPTIONS, checkpoint=checkpoint, resume=True)


def test_sh_only_builds_without_a_network(ball_capture: Path, ball_head: Head) -> None:
    options = dataclasses.replace(OPTIONS, sh_only=True, sh_degree=0)
    result = build_avatar(read_capture(ball_capture), ball_head, options)
    assert result.avatar.appearance.kind == "sh" and result.avatar.appearance.num_coefficients == 1
    assert result.report.mean().psnr > 28


def test_tuning_recovers_disturbed_tracking(ball_capture: Path, ball_head: Head) -> None:
    capture = read_capture(ball_capture)
    true = capture.parameters
    noise = torch.randn(true.expression.shape, generator=torch.Generator().manual_seed(0)).numpy()
    wrong = dataclasses.replace(true, expression=(true.expression + 0.15 * noise).clip(0, 1))
    disturbed = dataclasses.replace(capture, parameters=wrong)
    recipe = Recipe(rate_expression=2e-2)
    options = dataclasses.replace(OPTIONS, steps=150, tune_tracking=True, recipe=recipe)
    result = build_avatar(disturbed, ball_head, options)
    tuned = result.avatar.motions["capture"].expression.numpy()[:5]  # timestep 5 is held out
    before, after = abs(wrong.expression[:5] - true.expression[:5]), abs(tuned - true.expression[:5])
    assert after.mean() < 0.75 * before.mean()
    assert tuned.min() >= 0 and tuned.max() <= 1


def test_progress_tells_phases(ball_capture: Path, ball_head: Head) -> None:
    heard: list[BuildProgress] = []
    build_avatar(
        read_capture(ball_capture), ball_head, dataclasses.replace(OPTIONS, steps=5), progress=heard.append
    )
    assert heard[0].phase == "reading" and heard[-1].phase == "scoring" and heard[-1].step == 5


def test_parameters_that_explode_are_one_clear_error(ball_capture: Path, ball_head: Head) -> None:
    options = dataclasses.replace(OPTIONS, recipe=Recipe(rate_means=float("nan")))
    with pytest.raises(BuildError, match="diverged at step"):
        build_avatar(read_capture(ball_capture), ball_head, options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"latent_dim": 2}, "latent dim is 2"),
        ({"sh_degree": 4}, "sh degree is 4"),
        ({"size": 3}, "size is 3"),
        ({"device": "tpu"}, "'tpu'"),
    ],
)
def test_impossible_options(change: dict, message: str) -> None:
    with pytest.raises(BuildError, match=message):
        dataclasses.replace(OPTIONS, **change)


@pytest.mark.parametrize(("growth", "rounds"), [(0.5, 3), (1.7, 3), (3.4, 3), (8.5, 5), (60.0, 7)])
def test_growth_has_rounds_enough_to_double(growth: float, rounds: int) -> None:
    steps = Recipe().grow_steps(1000, growth)
    assert len(steps) == rounds and steps[0] == 120 and steps[-1] == 360
    assert 2 ** (rounds - 1) >= growth
    assert len(Recipe().grow_steps(3, growth)) == len(set(Recipe().grow_steps(3, growth))) >= 1


def test_large_budgets_are_reached(ball_capture: Path, ball_head: Head) -> None:
    options = dataclasses.replace(OPTIONS, steps=80, gaussians=1500)
    result = build_avatar(read_capture(ball_capture), ball_head, options)
    assert result.report.gaussians == 1500


def test_vgg_weights_from_disk_are_used_and_named(
    ball_capture: Path, ball_head: Head, tmp_path: Path
) -> None:
    network, state = Vgg16Features(), {}
    convolutions = [c for block in network.blocks for c in block]  # type: ignore[attr-defined]
    for index, convolution in zip((0, 2, 5, 7, 10, 12, 14), convolutions, strict=True):
        state[f"features.{index}.weight"] = convolution.weight.detach()
        state[f"features.{index}.bias"] = convolution.bias.detach()
    torch.save(state, tmp_path / "vgg16.pth")
    options = dataclasses.replace(OPTIONS, steps=8, vgg_weights=tmp_path / "vgg16.pth")
    with_vgg = build_avatar(read_capture(ball_capture), ball_head, options)
    assert "VGG16" in with_vgg.report.patch_loss
    without = build_avatar(read_capture(ball_capture), ball_head, dataclasses.replace(OPTIONS, steps=8))
    assert not torch.equal(with_vgg.avatar.gaussians.means, without.avatar.gaussians.means)
