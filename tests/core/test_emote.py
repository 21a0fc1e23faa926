"""From words to an emotion, through the real editors and the real optimiser, on a small painted avatar."""

import dataclasses
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch

from emoga_core.avatars import Avatar, render_avatar
from emoga_core.captures.images import read_png, write_png
from emoga_core.edit.errors import EditCancelled, EditError
from emoga_core.edit.export import export_views
from emoga_core.edit.prompts import PromptError
from emoga_core.edit.skin_tone import Towards
from emoga_core.emote import EmotionRequest, make_emotion, plan_views, request, scale_state
from emoga_core.errors import EmogaError
from emoga_core.heads import ARKIT_INDEX
from emoga_core.optimize import METHODS
from emoga_server.bench.synthetic_avatar import synthetic_avatar

QUICK: dict[str, Any] = {"views": 2, "frames": 1, "size": 96, "steps": 12}


@pytest.fixture(scope="module")
def ann() -> Avatar:
    return synthetic_avatar("ann", 5000)


def same(a, b) -> bool:
    return all(
        torch.equal(getattr(a, key), getattr(b, key))
        for key in ("embedding", "latent_indices", "latent_values", "expression", "jaw")
    )


def test_words_become_a_state(ann: Avatar):
    before = {name: dataclasses.replace(state) for name, state in ann.states.items()}
    stages, shown, pictures = [], [], []

    def note(p):
        stages.append((p.stage, p.progress))
        if p.picture is not None:
            pictures.append(p.picture)

    result = make_emotion(
        ann, EmotionRequest("a very happy smile", **QUICK), progress=note, provisional=shown.append
    )
    state = result.state
    assert state.expression[ARKIT_INDEX["mouthSmileLeft"]] > 0.4 and state.valence > 0.3
    assert list(dict.fromkeys(stage for stage, _ in stages)) == [
        "views", "editing", "skin tone", "optimising", "done",
    ]  # fmt: skip
    steps = [value for _, value in stages]
    assert steps == sorted(steps) and steps[-1] == 1
    assert [name for _, name, _, _ in pictures] == [view.name for view in result.views]
    assert shown and shown[0].expression.abs().sum() > 0  # what the words say shows at once
    assert state.provenance["prompt"] == "a very happy smile" and "AU 12" in state.provenance["reading"]
    for view, edit in zip(result.views, result.edits, strict=True):
        outside = view.mask.numpy() == 0
        assert np.array_equal(edit[outside], view.image.numpy()[outside])
        assert not np.array_equal(edit, view.image.numpy())
    ann.check_state(state)
    assert all(same(before[name], ann.states[name]) for name in before) and state.name not in before


def test_the_same_seed_gives_the_same_state(ann: Avatar):
    request = EmotionRequest("sad", name="blue", **QUICK)
    first, again = (make_emotion(ann, request).state for _ in range(2))
    assert first.name == "blue" and same(first, again)


def test_the_device_can_be_named(ann: Avatar):
    request = EmotionRequest("sad", **QUICK)
    here, moved = make_emotion(ann, request, device="cpu").state, ann.to("cpu")
    assert same(here, make_emotion(moved, request, device="cpu").state)
    assert moved.appearance is not ann.appearance and set(moved.states) == set(ann.states)
    for device in ("toaster", "cuda:99"):
        if device == "toaster" or not torch.cuda.is_available():
            with pytest.raises(EditError, match="device"):
                make_emotion(ann, request, device=device)


def test_intensity_scales(ann: Avatar):
    weak = make_emotion(ann, EmotionRequest("angry", intensity=0.4, **QUICK)).state
    strong = make_emotion(ann, EmotionRequest("angry", intensity=1.0, **QUICK)).state
    assert 0.2 < float(weak.expression.norm() / strong.expression.norm()) < 0.7


def test_scaled_states_move_in_proportion(ann: Avatar):
    state = ann.states["happy"]
    half = scale_state(ann, state, 0.5)
    assert torch.allclose(half.expression, 0.5 * state.expression)
    assert torch.allclose(half.latent_values.float(), 0.5 * state.latent_values.float(), atol=1e-3)


def test_pictures_of_another_tool(ann: Avatar, tmp_path: Path):
    """Export, change with something that knows nothing of us, fit."""
    request = EmotionRequest("blushing", name="blush", editor="folder", folder=tmp_path / "edited", **QUICK)
    views = plan_views(ann, request)
    export_views(views, tmp_path / "views", request.prompt)
    (tmp_path / "edited").mkdir()
    for view in views:
        picture = read_png(tmp_path / "views" / f"{view.name}.png")
        picture[..., 1:] *= 0.8
        write_png(tmp_path / "edited" / f"{view.name}.png", picture)
    result = make_emotion(ann, dataclasses.replace(request, tone="off", steps=120))
    trial = dataclasses.replace(ann, states={"blush": result.state})
    for view, edit in zip(result.views, result.edits, strict=True):
        after = render_avatar(trial, view.camera, {"blush": 1.0}, view.frame)[0]
        wanted, inside = torch.from_numpy(edit), view.mask > 0.9
        gap = (wanted - view.image)[inside].abs().mean()
        assert (wanted - after)[inside].abs().mean() < 0.6 * gap


@pytest.mark.parametrize("stage", ["views", "editing", "skin tone", "optimising"])
def test_cancel_at_every_stage(ann: Avatar, stage: str):
    now = []

    def note(p):
        now.append(p.stage)

    with pytest.raises(EmogaError, match=r"cancelled|stopped"):
        make_emotion(ann, EmotionRequest("sad", **QUICK), progress=note, stop=lambda: stage in now)
    assert "done" not in now


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"prompt": ""}, "empty"),
        ({"prompt": "x" * 600}, "500"),
        ({"prompt": "happy", "name": "a/b"}, "name"),
        ({"prompt": "happy", "editor": "gided"}, "guided"),
        ({"prompt": "happy", "intensity": float("nan")}, "intensity"),
        ({"prompt": "happy", "views": 0}, "views"),
        ({"prompt": "happy", "size": 5}, "size"),
        ({"prompt": "happy", "tone": "sepia"}, "tone"),
        ({"prompt": "happy", "editor": "folder"}, "--folder"),
        ({"prompt": "happy", "motion": "dance"}, "dance"),
        ({"prompt": "qwertyuiop zxcvb"}, "not understood|ultraedit"),
    ],
)
def test_bad_wishes_are_refused_in_one_line(ann: Avatar, wish: dict, words: str):
    with pytest.raises(EmogaError, match=words) as caught:
        make_emotion(ann, EmotionRequest(**{**QUICK, **wish}))
    assert "\n" not in str(caught.value)


def test_choices_are_those_of_the_parts():
    assert request.METHODS == METHODS and get_args(Towards) == request.TONES


def test_errors_have_their_kinds():
    with pytest.raises(EditError):
        EmotionRequest("happy", frames=1000)
    assert issubclass(PromptError, EmogaError) and issubclass(EditCancelled, EmogaError)
