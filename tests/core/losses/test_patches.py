"""Patch losses: the weight-free pyramid, and VGG16 with (random) weights from disk."""

from __future__ import annotations

import os
import pickle
import warnings
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from emoga_core.losses import (
    PyramidPatchLoss,
    Vgg16Features,
    VggPatchLoss,
    VggWeightsError,
    cut_patches,
    load_vgg16,
    sample_patches,
)

INDICES = (0, 2, 5, 7, 10, 12, 14)


def torchvision_layout() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    convolutions = [c for block in Vgg16Features().blocks for c in block]  # type: ignore[attr-defined]
    return {
        f"features.{i}.{kind}": getattr(c, kind).detach().clone()
        for i, c in zip(INDICES, convolutions, strict=True)
        for kind in ("weight", "bias")
    }


def test_patches_lie_inside_and_are_centred_in_the_mask() -> None:
    mask = torch.zeros(40, 50)
    mask[0:3, 45:50] = 1
    corners = sample_patches(mask, 20, 16, torch.Generator().manual_seed(1))
    assert corners.shape == (20, 2) and (corners[:, 0] == 0).all() and (corners[:, 1] == 34).all()
    image = torch.rand(40, 50, 3)
    patches = cut_patches(image, corners[:2], 16)
    assert patches.shape == (2, 3, 16, 16) and torch.equal(patches[0].permute(1, 2, 0), image[0:16, 34:50])


def test_no_patches_without_a_mask_or_room() -> None:
    generator = torch.Generator()
    assert sample_patches(torch.zeros(40, 40), 3, 8, generator).shape == (0, 2)
    with pytest.raises(ValueError, match="do not fit"):
        sample_patches(torch.ones(6, 40), 3, 8, generator)


def test_pyramid_ignores_flat_colour_and_sees_detail() -> None:
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(2, 3, 32, 32, generator=generator)
    loss = PyramidPatchLoss()
    assert float(loss(target, target)) == 0
    assert float(loss(target + 0.1, target)) == pytest.approx(0, abs=1e-6)
    noise = 0.1 * torch.randn(2, 3, 32, 32, generator=generator)
    assert float(loss(target + noise, target)) > 0.05


@pytest.mark.parametrize("kind", ["safetensors", "pth"])
def test_vgg_weights_from_disk(tmp_path: Path, kind: str) -> None:
    path, state = tmp_path / f"vgg16.{kind}", torchvision_layout()
    save_file(state, path) if kind == "safetensors" else torch.save(state, path)
    network = load_vgg16(path)
    assert torch.equal(network.blocks[2][1].weight, state["features.12.weight"])  # type: ignore[index]
    images = torch.rand(2, 3, 32, 32).requires_grad_()
    taps = network(images)
    assert [tuple(t.shape) for t in taps] == [(2, 64, 32, 32), (2, 128, 16, 16), (2, 256, 8, 8)]
    loss = VggPatchLoss(network)(images, torch.zeros_like(images))
    loss.backward()
    assert float(loss.detach()) > 0 and images.grad is not None and images.grad.abs().sum() > 0


def test_vgg_bad_files(tmp_path: Path) -> None:
    with pytest.raises(VggWeightsError, match="no such file"):
        load_vgg16(tmp_path / "none.pth")
    rubbish = tmp_path / "rubbish.safetensors"
    rubbish.write_bytes(b"not weights at all")
    with pytest.raises(VggWeightsError, match="cannot be read"):
        load_vgg16(rubbish)
    for name, content in {"text.pth": b"hello", "evil.pth": pickle.dumps({"a": os.getcwd})}.items():
        (tmp_path / name).write_bytes(content)
        with warnings.catch_warnings(), pytest.raises(VggWeightsError, match="download") as caught:
            warnings.simplefilter("error")
            load_vgg16(tmp_path / name)
        assert "weights_only" not in str(caught.value)
    state = torchvision_layout()
    state["features.5.weight"] = torch.zeros(1)
    save_file(state, tmp_path / "wrong.safetensors")
    with pytest.raises(VggWeightsError, match=r"features\.5\.weight"):
        load_vgg16(tmp_path / "wrong.safetensors")
