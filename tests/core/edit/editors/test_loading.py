"""Weights that do not fit, devices that do not exist, options that make no sense."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from emoga_core.edit.editors import make_editor
from emoga_core.edit.editors.base import EditRequest
from emoga_core.edit.errors import EditError

Weights = Callable[[str], Path]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"device": "cuda:99"}, "device 'cuda:99' is not available"),
        ({"device": "toaster"}, "device 'toaster'"),
        ({"dtype": "int8"}, "number type 'int8': use float32, bfloat16, float16"),
        ({"offload": "moon"}, "offload 'moon': use none, model, sequential"),
        ({"device": "cpu", "offload": "model"}, "on the CPU use none"),
        ({"folder": Path(".")}, "takes no folder"),
    ],
)
def test_options(tiny_weights: Weights, options: dict[str, Any], says: str) -> None:
    with pytest.raises(EditError, match=says):
        make_editor("flux-kontext", model=str(tiny_weights("flux-kontext")), **options)


def test_number_type(tiny_weights: Weights, make_request: Callable[..., EditRequest]) -> None:
    where = str(tiny_weights("flux-kontext"))
    editor: Any = make_editor("flux-kontext", model=where, device="cpu", dtype="bfloat16", size=64)
    assert editor.pipe.transformer.dtype == torch.bfloat16
    [picture] = editor.edit([make_request()])
    assert picture.dtype == "float32"


def test_cut_weights(tiny_weights: Weights, tmp_path: Path) -> None:
    shutil.copytree(tiny_weights("flux-kontext"), tmp_path / "cut")
    [file] = (tmp_path / "cut" / "transformer").glob("*.safetensors")
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(EditError, match="cannot load") as caught:
        make_editor("flux-kontext", model=str(tmp_path / "cut"))
    assert "\n" not in str(caught.value)


def test_pickles_are_not_read(tiny_weights: Weights, tmp_path: Path) -> None:
    shutil.copytree(tiny_weights("flux-kontext"), tmp_path / "old")
    [file] = (tmp_path / "old" / "transformer").glob("*.safetensors")
    file.unlink()
    torch.save({}, tmp_path / "old" / "transformer" / "diffusion_pytorch_model.bin")
    with pytest.raises(EditError, match="cannot load"):
        make_editor("flux-kontext", model=str(tmp_path / "old"))


def test_weights_of_another_kind(tiny_weights: Weights, tiny_models: Any, tmp_path: Path) -> None:
    with pytest.raises(EditError, match="cannot load"):
        make_editor("ultraedit", model=str(tiny_weights("flux-kontext")))
    tiny_models.ultraedit(channels=4).save_pretrained(tmp_path / "sd3")
    with pytest.raises(EditError, match="take 4 channels, UltraEdit with a mask 12"):
        make_editor("ultraedit", model=str(tmp_path / "sd3"))
    tiny_models.instruct_pix2pix(channels=4).save_pretrained(tmp_path / "sd15")
    with pytest.raises(EditError, match="take 4 channels, an instruct-pix2pix model 8"):
        make_editor("instruct-pix2pix", model=str(tmp_path / "sd15"))


def test_qwen_without_its_picture_settings(tiny_weights: Weights, tmp_path: Path) -> None:
    shutil.copytree(tiny_weights("qwen-image-edit"), tmp_path / "q")
    shutil.rmtree(tmp_path / "q" / "processor")
    with pytest.raises(EditError, match="cannot read the picture settings"):
        make_editor("qwen-image-edit", model=str(tmp_path / "q"))


def test_found_in_the_hub_cache(
    tiny_weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_request: Any
) -> None:
    repository = tmp_path / "models--timbrooks--instruct-pix2pix"
    shutil.copytree(tiny_weights("instruct-pix2pix"), repository / "snapshots" / "abc")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    [picture] = make_editor("instruct-pix2pix", device="cpu", size=64).edit([make_request()])
    assert picture.shape == (64, 64, 3)


def test_broken_model_is_one_line(tiny_weights: Weights, make_request: Callable[..., EditRequest]) -> None:
    """A model whose weights are not numbers, and one that fails in the middle."""
    editor: Any = make_editor("flux-kontext", model=str(tiny_weights("flux-kontext")), device="cpu", size=64)
    with torch.no_grad():
        editor.pipe.transformer.proj_out.weight.fill_(float("nan"))
    with pytest.raises(EditError, match=r"flux-kontext: picture 1 of 1 \(f000_c00\).*not numbers"):
        editor.edit([make_request()])
    editor.pipe.transformer.proj_out = torch.nn.Linear(3, 3)
    with pytest.raises(EditError, match=r"picture 1 of 1 \(f000_c00\) failed: RuntimeError"):
        editor.edit([make_request()])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("offload", ["none", "model", "sequential"])
@pytest.mark.parametrize("name", ["ultraedit", "flux-kontext", "qwen-image-edit"])
def test_offloading(name: str, offload: str, tiny_weights: Weights, make_request: Any) -> None:
    where = str(tiny_weights(name))
    moved = make_editor(name, model=where, device="cuda", dtype="float32", offload=offload, size=64)
    first, again = moved.edit([make_request(), make_request()])
    assert abs(first - again).max() < 1e-5
    [on_cpu] = make_editor(name, model=where, device="cpu", size=64).edit([make_request()])
    assert abs(first - on_cpu).max() < 0.05
