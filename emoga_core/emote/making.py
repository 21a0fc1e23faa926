"""Making an emotion: views, editing, skin tone, optimising."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from emoga_core.avatars import Avatar, EmotionState
from emoga_core.avatars.names import check_name
from emoga_core.edit.editors import DEFAULT_EDITOR, editor_info, make_editor
from emoga_core.edit.editors.base import EditGeometry, EditProgress, EditRequest
from emoga_core.edit.errors import EditCancelled, EditError
from emoga_core.edit.face_classes import mask_note
from emoga_core.edit.prompts import PromptReading, read_prompt, suggest_name
from emoga_core.edit.resume import edit_resumably
from emoga_core.edit.skin_tone import harmonise
from emoga_core.edit.user_masks import read_masks
from emoga_core.edit.views import EditView, choose_frames, make_views, view_angles
from emoga_core.emote.request import EmotionRequest
from emoga_core.emote.result import EmoteProgress, EmotionResult
from emoga_core.heads.actions import expression_from_action_units
from emoga_core.optimize import OptimizeOptions, OptimizeProgress, Target, optimize_emotion

if TYPE_CHECKING:
    from emoga_core.edit.editors.base import Editor, Picture

_SIZE_DRAWN, _SIZE_DIFFUSED = 256, 512
_EDITING_DRAWN, _EDITING_DIFFUSED = 0.25, 0.8  # share of editing in the whole work


def make_emotion(
    avatar: Avatar,
    request: EmotionRequest,
    *,
    editor: Editor | None = None,
    keep: Path | None = None,
    device: str | None = None,
    progress: Callable[[EmoteProgress], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
    provisional: Callable[[EmotionState], None] | None = None,
) -> EmotionResult:
    """Makes the emotion that `request` asks for; the avatar is not changed.

    Args:
        editor: one that is loaded already; None: made from the request.
        keep: folder for finished pictures, so that a stopped edit goes on where it was.
        device: where the optimiser works, "cpu" or "cuda"; None: CUDA where it can be used. Pictures are
            drawn where the avatar is.
        stop: asked often; True ends the work.
        provisional: given the emotion as it stands, first as the words alone tell it, then about twice a
            second while it is optimised.

    Raises:
        EmogaError: a prompt, editor, picture or option that cannot be used.
        EditCancelled, OptimizeCancelled: after `stop`.
    """
    return _Making(avatar, request, editor, keep, optimiser_device(device), progress, stop, provisional).run()


def optimiser_device(wanted: str | None = None) -> str:
    """The device called `wanted`, or the best one that the rasteriser can draw on.

    Raises:
        EditError: there is no such device on this machine.
    """
    usable = torch.cuda.is_available() and importlib.util.find_spec("gsplat") is not None
    if wanted is None:
        return "cuda" if usable else "cpu"
    try:
        kind = torch.device(wanted).type
    except RuntimeError:
        kind = ""
    if kind not in ("cpu", "cuda"):
        raise EditError(f"device {wanted!r} is unknown; give cpu, cuda, or cuda:1 and so on")
    if kind == "cuda" and not usable:
        raise EditError(f"device {wanted!r}: needs an NVIDIA GPU and pip install 'emoga[cuda]'; or give cpu")
    return wanted


def plan_views(
    avatar: Avatar,
    request: EmotionRequest,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
    stop: Callable[[], bool] = lambda: False,
) -> list[EditView]:
    """The pictures that will be edited, with their masks, named as the `folder` editor expects them."""
    start = _told_by_words(avatar, read_prompt(request.prompt).scaled(request.intensity))
    info = editor_info(request.editor)
    drawn = not info.needs_weights and request.editor != "folder"
    size = request.size or (_SIZE_DRAWN if drawn else _SIZE_DIFFUSED)
    frames = choose_frames(avatar, request.frames, request.motion, request.seed)
    angles = view_angles(request.views)
    views = make_views(avatar, frames, angles, size, reach=start, progress=progress, stop=stop)
    if request.masks is None:
        return views
    masks = read_masks(request.masks, views)
    return [replace(view, mask=mask) for view, mask in zip(views, masks, strict=True)]


class _Making:
    """One run: its inputs, its clock, and what it says about itself."""

    def __init__(
        self,
        avatar: Avatar,
        request: EmotionRequest,
        editor: Editor | None,
        keep: Path | None,
        device: str,
        progress: Callable[[EmoteProgress], None],
        stop: Callable[[], bool],
        provisional: Callable[[EmotionState], None] | None,
    ) -> None:
        self.avatar, self.request, self.editor, self.keep = avatar, request, editor, keep
        self.device, self.home = device, avatar.identity.device
        self.progress, self.stop, self.provisional = progress, stop, provisional
        self.reading = read_prompt(request.prompt)
        self.name = request.name or suggest_name(request.prompt)
        check_name(self.name)
        self.seconds: dict[str, float] = {}
        info = editor_info(request.editor)
        self.drawn = not info.needs_weights
        self.editing_share = _EDITING_DRAWN if self.drawn else _EDITING_DIFFUSED

    def run(self) -> EmotionResult:
        start = self._start()
        if self.provisional is not None and start is not None:
            self.provisional(start)
        editor = self.editor or make_editor(
            self.request.editor, model=self.request.model, folder=self.request.folder
        )
        views = self._timed("views", self._views)
        requests = [self._edit_request(view, editor) for view in views]
        wishes = (note for one in requests for note in editor.unsupported(one))
        notes = list(dict.fromkeys([*wishes, *filter(None, [mask_note(self.avatar.head)])]))
        raw = self._timed("editing", lambda: self._edit(editor, views, requests))
        edits = self._timed("skin tone", lambda: self._harmonise(views, raw))
        result = self._timed("optimising", lambda: self._optimise(views, edits, start))
        state = replace(
            result.state,
            valence=self._scaled.valence,
            arousal=self._scaled.arousal,
            provenance=self._provenance(editor, result.report),
        )
        if not self._drawn_at_intensity:
            state = scale_state(self.avatar, state, self.request.intensity)
        self._say("done", 1, 1, 1.0, seconds_left=0.0)
        report = {
            "seconds": {stage: round(value, 3) for stage, value in self.seconds.items()},
            "weights": {view.name: round(w, 3) for view, w in zip(views, result.weights, strict=True)},
            "amplitudes": {view.name: round(a, 3) for view, a in zip(views, result.amplitudes, strict=True)},
            **result.report,
        }
        return EmotionResult(state, self.reading, views, edits, notes, report)

    # -- stages

    @property
    def _drawn_at_intensity(self) -> bool:
        """Whether the pictures show the wanted intensity; other editors only know the words."""
        return self.request.editor == DEFAULT_EDITOR

    @property
    def _scaled(self) -> PromptReading:
        return self.reading.scaled(self.request.intensity)

    def _start(self) -> EmotionState | None:
        """The emotion as the words alone tell it: geometry only; None where they tell nothing."""
        told = _told_by_words(self.avatar, self._scaled if self._drawn_at_intensity else self.reading)
        if told is None:
            return None
        return replace(self.avatar.neutral_state(self.name), expression=told[0], jaw=told[1])

    def _views(self) -> list[EditView]:
        total = self.request.views * self.request.frames
        self._say("views", 0, total, 0.0)
        return plan_views(
            self.avatar,
            self.request,
            progress=lambda done, total: self._say("views", done, total, 0.05 * done / max(total, 1)),
            stop=self.stop,
        )

    def _edit_request(self, view: EditView, editor: Editor) -> EditRequest:
        request = self.request
        geometry = None
        if editor.capabilities.needs_geometry:
            geometry = EditGeometry(self.avatar, view.frame, view.camera, self.reading, request.intensity)
        return EditRequest(
            image=_array(view.image),
            mask=_array(view.mask),
            prompt=request.prompt,
            negative=request.negative,
            seed=request.seed,
            text_guidance=request.text_guidance,
            image_guidance=request.image_guidance,
            strength=request.strength,
            steps=request.editor_steps,
            geometry=geometry,
            name=view.name,
        )

    def _edit(
        self, editor: Editor, views: Sequence[EditView], requests: Sequence[EditRequest]
    ) -> list[Picture]:
        began, count = time.monotonic(), len(requests)

        def report(step: EditProgress) -> None:
            done = step.index + (step.picture is not None)
            overall = 0.05 + self.editing_share * step.fraction
            spent = time.monotonic() - began
            left = spent / step.fraction - spent if step.fraction > 0.02 and not self.drawn else None
            picture = None
            if step.picture is not None:
                picture = (step.index, views[step.index].name, requests[step.index].image, step.picture)
            self._say("editing", done, count, overall, seconds_left=left, picture=picture)

        if self.keep is None or self.drawn:
            return editor.edit(requests, progress=report, stop=self.stop)
        model = self.request.model or ""
        return edit_resumably(editor, requests, self.keep, model=model, progress=report, stop=self.stop)

    def _harmonise(self, views: Sequence[EditView], raw: list[Picture]) -> list[Picture]:
        if self.stop():
            raise EditCancelled("cancelled before the skin tone was harmonised")
        self._say("skin tone", 0, len(raw), 0.05 + self.editing_share)
        return harmonise(
            raw,
            [_array(view.image) for view in views],
            [_array(view.skin) for view in views],
            where=[_array(view.mask) for view in views],
            groups=[view.view_id for view in views],
            towards=self.request.tone,  # type: ignore[arg-type]
        )

    def _optimise(self, views: Sequence[EditView], edits: Sequence[Picture], start: EmotionState | None):
        targets = [_target(view, edit, self.device) for view, edit in zip(views, edits, strict=True)]
        avatar = self.avatar if self.home == torch.device(self.device) else self.avatar.to(self.device)
        options = OptimizeOptions(
            method=self.request.method,  # type: ignore[arg-type]
            steps=self.request.steps,
            seed=self.request.seed,
        )
        before = 0.07 + self.editing_share

        def report(step: OptimizeProgress) -> None:
            overall = before + (1 - before) * step.step / step.steps
            self._say("optimising", step.step, step.steps, overall, step.loss, step.seconds_left)

        show = self.provisional
        result = optimize_emotion(
            avatar,
            self.name,
            targets,
            options,
            start_expression=None if start is None else start.expression,
            start_jaw=None if start is None else start.jaw,
            prior_expression=None if start is None else start.expression,
            checkpoint=None if self.keep is None or self.drawn else self.keep / "optimiser",
            progress=report,
            stop=self.stop,
            provisional=None if show is None else lambda state: show(state.to(self.home)),
        )
        return replace(result, state=result.state.to(self.home))

    # -- what is said about it

    def _timed(self, stage: str, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        try:
            return work()
        finally:
            self.seconds[stage] = time.perf_counter() - began

    def _say(
        self,
        stage: str,
        done: int,
        total: int,
        progress: float,
        loss: float | None = None,
        seconds_left: float | None = None,
        picture: tuple[int, str, Picture, Picture] | None = None,
    ) -> None:
        self.progress(EmoteProgress(stage, done, total, min(progress, 1.0), loss, seconds_left, picture))

    def _provenance(self, editor: Editor, report: dict[str, Any]) -> dict[str, Any]:
        request = self.request
        return {
            "made_by": "emoga edit",
            "prompt": request.prompt,
            "reading": self.reading.describe(),
            "editor": editor.name,
            "model": request.model,
            "negative": request.negative,
            "intensity": request.intensity,
            "seed": request.seed,
            "views": request.views,
            "frames": request.frames,
            "size": request.size,
            "method": request.method,
            "tone": request.tone,
            "optimiser": report,
        }


def scale_state(avatar: Avatar, state: EmotionState, factor: float) -> EmotionState:
    """The emotion `factor` times as strong: its offsets and the embedding's distance from neutral."""
    neutral = avatar.appearance.neutral_embedding.detach()
    return replace(
        state,
        expression=avatar.clamp_expression(state.expression * factor),
        jaw=state.jaw * factor,
        embedding=neutral + factor * (state.embedding - neutral),
        latent_values=(state.latent_values.float() * factor).half(),
    )


def _told_by_words(avatar: Avatar, reading: PromptReading) -> tuple[Tensor, Tensor] | None:
    """Expression (E,) and jaw (3,) that a reading asks for; None where it names no action."""
    if not reading.action_units:
        return None
    expression, jaw = expression_from_action_units(avatar.head, reading.action_units)
    return expression.to(avatar.identity), jaw.to(avatar.identity)


def _target(view: EditView, edit: Picture, device: str) -> Target:
    return Target(
        frame=view.frame,
        camera=view.camera.to(device),
        image=torch.from_numpy(edit).to(device),
        neutral=view.image.to(device),
        mask=view.mask.to(device),
        frontal=view.frontal,
        weight=view.weight,
        frame_id=view.frame_id,
        view_id=view.view_id,
    )


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy().astype(np.float32, copy=False)
