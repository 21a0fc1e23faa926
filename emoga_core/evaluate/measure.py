"""All figures of one outcome of one case, and of what it is compared with."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from emoga_core.avatars import Avatar, EmotionState, MotionFrame
from emoga_core.evaluate import metrics
from emoga_core.evaluate.cases import Case, Shot, draw, face_vertices
from emoga_core.losses import dilate, psnr, ssim
from emoga_core.render import Cameras, rasterize

Figures = dict[str, float]
FRINGE = 4
"""Pixels by which the masks grow before what lies outside them is compared."""


class Seen(Protocol):
    """A moment and a camera."""

    @property
    def frame(self) -> MotionFrame: ...
    @property
    def camera(self) -> Cameras: ...


def render_state(avatar: Avatar, state: EmotionState | None, shots: Sequence[Seen]) -> list[Tensor]:
    """The avatar's pictures (H, W, 3) of every shot with the emotion at full strength."""
    trial, weights = _wearing(avatar, state)
    with torch.no_grad():
        sh = trial.blended_sh(weights)
        return [draw(trial, trial.pose(shot.frame, weights), sh, shot.camera) for shot in shots]


def geometry_of(avatar: Avatar, state: EmotionState) -> EmotionState:
    """The emotion without its colours: the expression and the jaw alone."""
    plain = avatar.neutral_state(state.name)
    return dataclasses.replace(plain, expression=state.expression, jaw=state.jaw)


def measure_state(case: Case, state: EmotionState) -> Figures:
    """Figures of an emotion on the unseen shots of a case.

    See `measure_pictures`; besides:
        vertex_rms_mm, vertex_rms_fraction: RMS distance of the face's vertices from the truth, and the same
            over that of the neutral face; over all unseen moments.
        strength_ratio, aligned_strength: see `metrics`; means over unseen moments.
        outside_psnr_db, outside_psnr_worst_db: mean and worst PSNR against the neutral avatar outside the
            editable masks of the neutral and the edited face grown by `FRINGE` pixels, inside the avatar's
            matte.
    """
    with torch.no_grad():
        pictures = render_state(case.avatar, state, case.unseen)
        figures = measure_pictures(case.unseen, pictures, case.avatar.head.num_triangles)
        return figures | _geometry(case, state) | _outside(case, state, pictures)


def measure_edits(case: Case) -> Figures:
    """The same figures of the raw edits at the unseen shots, which no optimiser saw; and of those it saw:

    seen_psnr_db: mean PSNR on the face of the edits that are shown to the optimiser.
    """
    pictures = [shot.edit for shot in case.unseen]
    figures = measure_pictures(case.unseen, pictures, case.avatar.head.num_triangles)
    figures["seen_psnr_db"] = _mean([psnr(s.edit, s.truth, s.face) for s in case.edits])
    return figures


def measure_neutral(case: Case) -> Figures:
    """The same figures of the avatar that shows no emotion, and of its own quality:

    own_psnr_db: mean PSNR on the face of the neutral avatar against the neutral truth.
    own_deviation: its temporal deviation against it.
    """
    pictures = [shot.neutral for shot in case.unseen]
    figures = measure_pictures(case.unseen, pictures, case.avatar.head.num_triangles)
    figures["own_psnr_db"] = _mean([psnr(s.neutral, s.neutral_truth, s.face) for s in case.unseen])
    figures["own_deviation"] = _deviation(case.unseen, pictures, lambda shot: shot.neutral_truth)
    still = torch.zeros(case.avatar.head.num_expressions)
    plain = dataclasses.replace(case.avatar.neutral_state("none"), expression=still)
    return figures | {key: _geometry(case, plain)[key] for key in ("vertex_rms_mm",)}


def measure_pictures(shots: Sequence[Shot], pictures: Sequence[Tensor], triangles: int) -> Figures:
    """Pictures of an emotion against the truth.

    psnr_db, psnr_worst_db: mean and worst PSNR on the face. ssim: mean on the face.
    lowpass_psnr_db: see `metrics.lowpass_psnr`; mean.
    deviation: see `metrics.temporal_deviation`; mean over views.
    disagreement: see `metrics.view_disagreement`; mean over moments.
    """
    pairs = list(zip(pictures, shots, strict=True))
    decibels = [psnr(picture, shot.truth, shot.face) for picture, shot in pairs]
    moments = sorted({shot.frame_id for shot in shots})
    spread = []
    for moment in moments:
        here = [(p - s.truth, s.triangle_ids) for p, s in pairs if s.frame_id == moment]
        errors, ids = zip(*here, strict=True)
        spread.append(metrics.view_disagreement(errors, ids, triangles))
    return {
        "psnr_db": _mean(decibels),
        "psnr_worst_db": min(decibels),
        "ssim": _mean([ssim(picture, shot.truth, shot.face) for picture, shot in pairs]),
        "lowpass_psnr_db": _mean([metrics.lowpass_psnr(p, s.truth, s.face) for p, s in pairs]),
        "deviation": _deviation(shots, pictures, lambda shot: shot.truth),
        "disagreement": _mean(spread),
    }


def _deviation(
    shots: Sequence[Shot], pictures: Sequence[Tensor], reference: Callable[[Shot], Tensor]
) -> float:
    values = []
    for view in sorted({shot.view_id for shot in shots}):
        rows = [i for i, shot in enumerate(shots) if shot.view_id == view]
        rows.sort(key=lambda i: shots[i].frame_id)
        values.append(
            metrics.temporal_deviation(
                [pictures[i] for i in rows],
                [reference(shots[i]) for i in rows],
                [shots[i].face for i in rows],
            )
        )
    return _mean(values)


def _geometry(case: Case, state: EmotionState) -> Figures:
    trial, weights = _wearing(case.avatar, state)
    rows = face_vertices(trial)
    squares, neutral_squares, ratios, aligned = [], [], [], []
    for shot in {shot.frame_id: shot for shot in case.unseen}.values():
        found = trial.pose(shot.frame, weights)
        squares.append(metrics.vertex_rms(found, shot.vertices, rows) ** 2)
        neutral_squares.append(metrics.vertex_rms(shot.neutral_vertices, shot.vertices, rows) ** 2)
        places = (found, shot.neutral_vertices, shot.vertices, rows)
        ratios.append(metrics.strength(*places))
        aligned.append(metrics.aligned_strength(*places))
    rms, reach = math.sqrt(_mean(squares)), math.sqrt(_mean(neutral_squares))
    return {
        "vertex_rms_mm": 1e3 * rms,
        "vertex_rms_fraction": rms / reach,
        "strength_ratio": _mean(ratios),
        "aligned_strength": _mean(aligned),
    }


def _outside(case: Case, state: EmotionState, pictures: Sequence[Tensor]) -> Figures:
    from emoga_core.edit.masks import edit_mask

    trial, weights = _wearing(case.avatar, state)
    sh, values = trial.blended_sh({}), []
    for shot, picture in zip(case.unseen, pictures, strict=True):
        posed = trial.pose(shot.frame, weights)
        masks = [
            edit_mask(trial, shot.neutral_vertices, shot.camera, kind="soft", reach=posed),
            edit_mask(trial, posed, shot.camera, kind="soft"),
        ]
        alpha = rasterize(trial.bound(shot.neutral_vertices, sh), shot.camera)[1][0, ..., 0]
        inside = dilate(((masks[0] > 0) | (masks[1] > 0)).float(), FRINGE) > 0.5
        outside = ((alpha > 0.5) & ~inside).float()
        if bool(outside.any()):
            values.append(min(psnr(picture, shot.neutral, outside), 100.0))
    return {"outside_psnr_db": _mean(values), "outside_psnr_worst_db": min(values, default=math.nan)}


def _wearing(avatar: Avatar, state: EmotionState | None) -> tuple[Avatar, dict[str, float]]:
    """A copy that has only this emotion, and the weights that show it."""
    if state is None:
        return dataclasses.replace(avatar, states={}), {}
    return dataclasses.replace(avatar, states={state.name: state}), {state.name: 1.0}


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan
