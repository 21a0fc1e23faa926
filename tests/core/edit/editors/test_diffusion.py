"""Every diffusers editor, on a tiny real model of its own classes."""

from __future__ import annotations

import importlib
import socket
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from emoga_core.edit.editors import EDITORS, make_editor
from emoga_core.edit.editors.base import CheckedEditor, EditProgress, EditRequest
from emoga_core.edit.errors import EditCancelled, EditError

NAMES = [name for name in EDITORS if EDITORS[name].needs_weights]
Make = Callable[..., EditRequest]
GetEditor = Callable[[str], CheckedEditor]


@pytest.mark.parametrize("name", NAMES)
def test_edits_inside_the_mask_alone(name: str, tiny_editor: GetEditor, make_request: Make) -> None:
    request, seen = make_request(), []
    [picture] = tiny_editor(name).edit([request], progress=seen.append)
    assert picture.shape == (64, 64, 3) and picture.dtype == np.float32
    assert np.array_equal(picture[request.mask == 0], request.image[request.mask == 0])
    inside = request.mask == 1
    assert np.abs(picture[inside] - request.image[inside]).mean() > 0.05  # random weights: far from the input
    assert [(p.step, p.steps) for p in seen] == [(0, 1), (1, 2), (2, 2), (2, 2)]
    assert seen[-1].picture is picture


@pytest.mark.parametrize("name", NAMES)
def test_seed_alone_decides(name: str, tiny_editor: GetEditor, make_request: Make) -> None:
    editor = tiny_editor(name)
    one, two = make_request(), make_request(seed=4)
    first, other, again = editor.edit([one, two, one])
    assert np.array_equal(first, again)  # whatever came in between
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("name", NAMES)
def test_cancels_at_every_step(name: str, tiny_editor: GetEditor, make_request: Make) -> None:
    editor, request = tiny_editor(name), make_request()
    [whole] = editor.edit([request])
    for at in range(3):
        seen: list[EditProgress] = []
        left = [at]

        def stop(left: list[int] = left) -> bool:
            left[0] -= 1
            return left[0] < 0

        with pytest.raises(EditCancelled):
            editor.edit([request], progress=seen.append, stop=stop)
        assert [p.step for p in seen] == list(range(at))
    [after] = editor.edit([request])
    assert np.array_equal(after, whole)  # nothing of the cancelled runs stays


@pytest.mark.parametrize("name", NAMES)
def test_other_sizes_come_back(name: str, tiny_editor: GetEditor, make_request: Make) -> None:
    request = make_request(height=50, width=90)
    [picture] = tiny_editor(name).edit([request])
    assert picture.shape == (50, 90, 3)
    assert np.array_equal(picture[request.mask == 0], request.image[request.mask == 0])


@pytest.mark.parametrize("name", NAMES)
def test_every_knob_acts_or_is_reported(name: str, tiny_editor: GetEditor, make_request: Make) -> None:
    editor = tiny_editor(name)
    [plain] = editor.edit([make_request()])
    knobs: dict[str, Any] = {
        "negative": "frowns",
        "text_guidance": 9.0,
        "image_guidance": 4.0,
        "strength": 0.5,
        "steps": 3,
    }
    for knob, value in knobs.items():
        request = make_request(**{knob: value})
        [picture] = editor.edit([request])
        told = any(knob.replace("_", " ") in line for line in editor.unsupported(request))
        assert told == np.array_equal(picture, plain), knob


@pytest.mark.parametrize("name", NAMES)
def test_prompt_and_picture_matter(name: str, tiny_editor: GetEditor, make_request: Make) -> None:
    editor, request = tiny_editor(name), make_request()
    flipped = make_request(image=np.ascontiguousarray(request.image[::-1]))
    plain, worded, turned = editor.edit([request, make_request(prompt="furious, teeth bared"), flipped])
    inside = request.mask == 1
    assert not np.array_equal(plain[inside], worded[inside])
    assert not np.array_equal(plain[inside], turned[inside])


@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith("-inpaint")])
def test_loads_and_edits_without_a_network(
    name: str, tiny_weights: Callable[[str], Any], make_request: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def refuse(_socket: Any, address: Any) -> None:
        tried.append(address)
        raise OSError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *where, **_: refuse(None, where))
    make_editor(name, model=str(tiny_weights(name)), device="cpu", size=64).edit([make_request()])
    assert tried == []


def test_native_masks_reach_the_model(tiny_editor: GetEditor, make_request: Make) -> None:
    """Where two masks are both open, editors that see the mask draw differently; the others cannot."""
    small = make_request().mask
    large = np.ones_like(small)
    inside = small == 1
    for name in NAMES:
        editor = tiny_editor(name)
        narrow, wide = editor.edit([make_request(), make_request(mask=large)])
        differs = not np.array_equal(narrow[inside], wide[inside])
        assert differs == editor.capabilities.native_mask, name


@pytest.mark.parametrize(("size", "says"), [(16, "working size 16"), (100_000, "working size")])
def test_size_limits(size: int, says: str, tiny_weights: Callable[[str], Any]) -> None:
    with pytest.raises(EditError, match=says):
        make_editor("flux-kontext", model=str(tiny_weights("flux-kontext")), size=size)


def test_working_size_is_used(tiny_weights: Callable[[str], Any], make_request: Make) -> None:
    """The picture reaches the model at the size asked for, and comes back at its own."""
    editor: Any = make_editor("qwen-image-edit", model=str(tiny_weights("qwen-image-edit")), size=96)
    tokens = []
    hook = editor.pipe.transformer.register_forward_pre_hook(
        lambda _m, _a, named: tokens.append(named["hidden_states"].shape[1]), with_kwargs=True
    )
    [picture] = editor.edit([make_request()])
    hook.remove()
    per_picture = (96 // (2 * editor.pipe.vae_scale_factor)) ** 2
    assert set(tokens) == {2 * per_picture} and picture.shape == (64, 64, 3)


def test_pipelines_are_left_as_they_were(tiny_editor: GetEditor, make_request: Make) -> None:
    module: Any = importlib.import_module("diffusers.pipelines.qwenimage.pipeline_qwenimage_edit")
    before = module.calculate_dimensions
    with pytest.raises(EditCancelled):
        tiny_editor("qwen-image-edit").edit([make_request()], stop=iter([False, True]).__next__)
    assert module.calculate_dimensions is before
    assert before(1024 * 1024, 1.0) == (1024, 1024, None)


@pytest.mark.parametrize("name", ["ultraedit", "instruct-pix2pix", "flux-kontext", "qwen-image-edit"])
def test_words_that_are_not_read_are_reported(name: str, tiny_editor: GetEditor, make_request: Make) -> None:
    editor = tiny_editor(name)
    long = "make the person smile " + "and then some more " * 5 + "with dimples"  # tiny models read letters
    told = " / ".join(editor.unsupported(make_request(prompt=long)))
    assert ("ignored at the end of the prompt" in told) == (name in ("ultraedit", "instruct-pix2pix"))
    assert ("dimples" in told) == (name in ("ultraedit", "instruct-pix2pix"))
    assert not any(
        "end of the prompt" in line for line in editor.unsupported(make_request(prompt="make a grin"))
    )


def test_undistilled_klein_has_guidance(tiny_models: Any, tmp_path: Any, make_request: Make) -> None:
    tiny_models.torch.manual_seed(0)
    tiny_models.flux2_klein(distilled=False).save_pretrained(tmp_path)
    editor = make_editor("flux2-klein", model=str(tmp_path), device="cpu", size=64)
    assert editor.capabilities.text_scale_name == "guidance_scale"
    low, high = editor.edit([make_request(text_guidance=1.0), make_request(text_guidance=8.0)])
    assert not np.array_equal(low, high)
