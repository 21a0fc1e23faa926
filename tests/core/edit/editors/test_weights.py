"""Finding weights on this machine, and saying what to do when they are not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emoga_core.edit.editors import EDITORS, make_editor, weights
from emoga_core.edit.editors.weights import download_command, find_weights, hub_cache, readiness
from emoga_core.edit.errors import EditError

DIFFUSION = [name for name in EDITORS if EDITORS[name].needs_weights]
CACHE = ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME")


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub cache with nothing in it."""
    for variable in CACHE:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def write_model(folder: Path) -> Path:
    """The layout of a diffusers model: two parts, one of them in shards."""
    for part in ("unet", "vae"):
        (folder / part).mkdir(parents=True)
        (folder / part / "config.json").write_text("{}")
    index = {"_class_name": "P", "unet": ["d", "U"], "vae": ["d", "V"], "feature_extractor": [None, None]}
    (folder / "model_index.json").write_text(json.dumps(index))
    shards = {"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}
    (folder / "unet" / "model.safetensors.index.json").write_text(json.dumps(shards))
    for name in ("one", "two"):
        (folder / "unet" / f"{name}.safetensors").write_bytes(b"x")
    return folder


@pytest.mark.parametrize("name", DIFFUSION)
def test_missing_weights_say_what_to_run(name: str, empty_cache: Path) -> None:
    info = EDITORS[name]
    with pytest.raises(EditError) as caught:
        find_weights(info)
    message = str(caught.value)
    for part in (f"{info.download_gb:g} GB", info.licence, f"hf download {info.model}", str(empty_cache)):
        assert part in message
    assert "\n" not in message
    assert ("accept the licence" in message) == info.gated
    assert not empty_cache.exists()  # looked, and made nothing


def test_make_editor_tells_the_same(empty_cache: Path) -> None:
    pytest.importorskip("diffusers")
    with pytest.raises(EditError, match="hf download BleachNick/SD3_UltraEdit_w_mask"):
        make_editor("ultraedit")
    with pytest.raises(EditError, match="hf download some/other"):
        make_editor("ultraedit", model="some/other")


def test_command_leaves_out_what_is_not_needed() -> None:
    command = download_command(EDITORS["instruct-pix2pix"])
    assert command.startswith('hf download timbrooks/instruct-pix2pix --exclude "safety_checker/*"')
    assert download_command(EDITORS["instruct-pix2pix"], "a/b") == "hf download a/b"


def test_snapshot_of_the_main_branch(empty_cache: Path) -> None:
    repository = empty_cache / "models--timbrooks--instruct-pix2pix"
    older = write_model(repository / "snapshots" / "aaa")
    newer = write_model(repository / "snapshots" / "bbb")
    assert find_weights(EDITORS["instruct-pix2pix"]) in (older, newer)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("aaa\n")
    assert find_weights(EDITORS["instruct-pix2pix"]) == older
    assert readiness("instruct-pix2pix").ready or "pip install" in readiness("instruct-pix2pix").note


def test_local_folder(tmp_path: Path, empty_cache: Path) -> None:
    folder = write_model(tmp_path / "mine")
    assert find_weights(EDITORS["ultraedit"], str(folder)) == folder


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda folder: (folder / "model_index.json").unlink(), "no model_index.json"),
        (lambda folder: (folder / "model_index.json").write_text("{"), "damaged"),
        (lambda folder: (folder / "model_index.json").write_text("[]"), "damaged"),
        (lambda folder: (folder / "vae" / "config.json").unlink(), "lacks the part 'vae'"),
        (lambda folder: (folder / "unet" / "two.safetensors").unlink(), "lacks unet/two.safetensors"),
        (lambda folder: (folder / "unet" / "model.safetensors.index.json").write_text("3"), "lacks unet/"),
    ],
)
def test_incomplete_downloads(tmp_path: Path, damage, says: str) -> None:
    folder = write_model(tmp_path / "half")
    damage(folder)
    with pytest.raises(EditError, match=says) as caught:
        find_weights(EDITORS["ultraedit"], str(folder))
    assert "hf download" in str(caught.value)


@pytest.mark.parametrize("model", ["nowhere", "../up/there/it/is", "a b/c", "https://example.org/x"])
def test_neither_folder_nor_hub_id(model: str, empty_cache: Path) -> None:
    with pytest.raises(EditError, match="neither a folder nor a hub id"):
        find_weights(EDITORS["ultraedit"], model)


def test_cache_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in CACHE:
        monkeypatch.delenv(variable, raising=False)
    assert hub_cache() == Path.home() / ".cache" / "huggingface" / "hub"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert hub_cache() == tmp_path / "xdg" / "huggingface" / "hub"
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    assert hub_cache() == tmp_path / "home" / "hub"
    monkeypatch.setenv("HF_HUB_CACHE", "~/elsewhere")
    assert hub_cache() == Path.home() / "elsewhere"


def test_missing_packages_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_NEEDED", ("numpy", "emoga_no_such_package"))
    with pytest.raises(EditError, match=r'needs emoga_no_such_package; .*pip install "emoga\[diffusion\]"'):
        make_editor("flux2-klein")
    assert not readiness("flux2-klein").ready


def test_readiness(tmp_path: Path, empty_cache: Path) -> None:
    assert readiness("guided").ready
    assert not readiness("folder").ready
    assert readiness("folder", folder=tmp_path).ready
    assert (
        "hf download" in readiness("qwen-image-edit").note
        or "pip install" in readiness("qwen-image-edit").note
    )
    with pytest.raises(EditError):
        readiness("nothing")
