"""An emotion from a capture that shows it: geometry from the tracking, texture from the pictures.

The neutral avatar, its network and latents stay as they are. What is fitted belongs to the emotion alone: an
expression and jaw offset, an embedding, and latent offsets where the face mask allows them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from emoga_core.avatars import Avatar, EmotionState, triangle_frames
from emoga_core.avatars.drawing import draw
from emoga_core.avatars.motion import JAW
from emoga_core.build.errors import BuildError, BuildInterrupted
from emoga_core.build.face_mask import face_mask
from emoga_core.build.pictures import Shot, View, check_pictures, hold_out, load_shots
from emoga_core.captures import Capture, FlameParameters
from emoga_core.losses import l1_ssim, psnr
from emoga_core.render import rasterize_mesh

_MARGIN = 8  # pixels around the face
_SMALLEST_OFFSET = 1e-3


@dataclass(frozen=True)
class StateOptions:
    """Choices and rates of fitting an emotion.

    Attributes:
        steps: optimiser steps of `batch` pictures. size: longest side in pixels; None: as captured.
        geometry_first: fraction of the steps that move geometry alone; then its rate drops to `rate_later` of
            itself, for otherwise texture and geometry explain the same change twice.
        holdout_cameras, holdout_frames: as in `BuildOptions`.
    """

    steps: int = 200
    batch: int = 4
    size: int | None = None
    rate_expression: float = 4e-3
    rate_jaw: float = 4e-4
    rate_latents: float = 1e-2
    rate_embedding: float = 5e-3
    rate_later: float = 0.1
    rate_decay: float = 0.1
    geometry_first: float = 0.2
    ssim_weight: float = 0.2
    holdout_cameras: tuple[int, ...] | None = None
    holdout_frames: tuple[int, ...] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= 1_000_000:
            raise BuildError(f"steps is {self.steps}; give a number from 1 to 1000000")
        if self.size is not None and not 16 <= self.size <= 8192:
            raise BuildError(f"size is {self.size} pixels; give a number from 16 to 8192")


@dataclass(frozen=True)
class StateProgress:
    """Where a fit stands."""

    step: int
    steps: int
    loss: float


@dataclass(frozen=True)
class StateScores:
    """PSNR on the face mask over held-out pictures of the emotion, dB: means, and the worst of the full."""

    neutral: float
    geometry: float
    full: float
    worst: float
    pictures: int


@dataclass(frozen=True)
class StateFit:
    """A fitted emotion and how well it reproduces pictures that it never saw."""

    state: EmotionState
    scores: StateScores


def fit_state(
    avatar: Avatar,
    capture: Capture,
    name: str,
    options: StateOptions | None = None,
    *,
    progress: Callable[[StateProgress], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> StateFit:
    """Fits one emotion to a capture of it; the avatar is not changed.

    The offsets start at the mean tracked expression of this capture minus that of the capture that the avatar
    was built from; the motion that remains of each frame is what the tracking says minus this start.

    Raises:
        BuildError: the avatar does not know the mean expression of its neutral capture.
        CaptureError: pictures or parameters missing, damaged, or of another head.
        BuildInterrupted: after `stop`.
    """
    options = options or StateOptions()
    fit = _Fit(avatar, capture, name, options)
    for step in range(options.steps):
        if stop():
            raise BuildInterrupted(f"stopped at step {step} of {options.steps} of emotion {name}")
        loss = fit.advance(step)
        progress(StateProgress(step + 1, options.steps, loss))
    state = fit.state()
    scores = fit.scores(state)
    figures = dataclasses.asdict(scores)
    report = {key: round(value, 3) for key, value in figures.items() if math.isfinite(value)}
    made = {"made_by": "emoga state fit", "capture": capture.path.name, "face_psnr_db": report}
    return StateFit(dataclasses.replace(state, provenance=made), scores)


class _Fit:
    """Variables, pictures and optimiser of one fit."""

    def __init__(self, avatar: Avatar, capture: Capture, name: str, options: StateOptions) -> None:
        self.avatar, self.capture, self.options = avatar, capture, options
        self.parameters = capture.parameters_for(avatar.head)
        _same_person(avatar, self.parameters, capture)
        self.parts = hold_out(capture, options.holdout_cameras, options.holdout_frames)
        self.triangle_mask = face_mask(avatar.head)
        check_pictures(self.parts.held_out)
        shots = load_shots(self.parts.train, options.size)
        self.views = [(shot, self._face_view(shot)) for shot in shots]
        self.generator = torch.Generator().manual_seed(options.seed)
        self.order: list[int] = []
        start = dataclasses.replace(avatar.neutral_state(name), **_emotion_place(capture))
        expression, jaw = tracked_change(avatar, self.parameters)
        self.start = dataclasses.replace(start, expression=expression, jaw=jaw)
        self.rows = start.latent_indices
        self.row_mask = avatar.mask[self.rows]
        with torch.no_grad():
            self.neutral_sh = avatar.appearance.sh().detach()
        self.expression = expression.clone().requires_grad_()
        self.jaw = jaw.clone().requires_grad_()
        self.embedding = start.embedding.clone().requires_grad_()
        self.latents = start.latent_values.float().requires_grad_()
        groups = [
            {"params": [self.expression], "rate": options.rate_expression, "geometry": True},
            {"params": [self.jaw], "rate": options.rate_jaw, "geometry": True},
            {"params": [self.latents], "rate": options.rate_latents, "geometry": False},
            {"params": [self.embedding], "rate": options.rate_embedding, "geometry": False},
        ]
        self.optimizer = torch.optim.Adam(groups, lr=1e-3, betas=(0.9, 0.99), eps=1e-10)

    # -- optimisation

    def advance(self, step: int) -> float:
        """One step over a batch of pictures; returns their mean loss."""
        options = self.options
        progress = step / options.steps
        geometry_only = progress < options.geometry_first
        late = max(0.0, (progress - options.geometry_first) / (1 - options.geometry_first))
        for group in self.optimizer.param_groups:
            later = 1.0 if geometry_only else options.rate_later
            group["lr"] = group["rate"] * options.rate_decay**late * (later if group["geometry"] else 1)
        self.optimizer.zero_grad(set_to_none=True)
        sh = self.neutral_sh if geometry_only else self._sh()
        # The network runs once a batch: pictures send their gradients to a detached copy of its output.
        shared = sh.detach().requires_grad_(not geometry_only)
        total = 0.0
        for _ in range(options.batch):
            shot, view = self._next()
            image = self._draw(self._vertices(shot.timestep, self.expression, self.jaw), shared, view)
            loss = l1_ssim(image, view.target(), options.ssim_weight) / options.batch
            loss.backward()
            total += float(loss.detach())
        if not geometry_only:
            sh.backward(shared.grad)
        if not math.isfinite(total):
            raise BuildError(f"{self.capture.path}: fitting diverged at step {step}; the loss is {total}")
        self.optimizer.step()
        return total

    def _next(self) -> tuple[Shot, View]:
        if not self.order:
            self.order = torch.randperm(len(self.views), generator=self.generator).tolist()
        return self.views[self.order.pop()]

    def _sh(self) -> Tensor:
        """(N,K,3) of the emotion as it is now, neutral outside the mask."""
        changed = self.avatar.appearance.sh(self.latents, self.embedding, self.row_mask, self.rows)
        return self.neutral_sh.index_copy(0, self.rows, changed)

    def _vertices(self, timestep: int, expression: Tensor, jaw: Tensor) -> Tensor:
        """(V,3): the tracked frame, with the tracked change replaced by the given one."""
        p = self.parameters
        moved = torch.from_numpy(p.expression[timestep]) - self.start.expression + expression
        joints = torch.from_numpy(p.joint_rotations[timestep]).clone()
        joints = joints.index_add(0, torch.tensor([JAW]), (jaw - self.start.jaw)[None])
        moved = self.avatar.clamp_expression(moved)
        shift = torch.from_numpy(p.translation[timestep])
        return self.avatar.vertices(moved[None], joints[None], shift[None])[0]

    def _draw(self, vertices: Tensor, sh: Tensor, view: View) -> Tensor:
        avatar = self.avatar
        frames = triangle_frames(vertices, avatar.head.triangles)
        return draw(avatar.gaussians, avatar.binding.triangles, sh, frames, view.camera).image

    def _face_view(self, shot: Shot) -> View:
        """The part of the picture around the face."""
        with torch.no_grad():
            vertices = self._tracked_vertices(shot.timestep)
        face = self.avatar.head.triangles[self.triangle_mask > 0].unique()
        pixels, _ = shot.full.camera.project(vertices[face])
        low = (pixels[0].amin(0) - _MARGIN).floor().long().tolist()
        high = (pixels[0].amax(0) + _MARGIN).ceil().long().tolist()
        camera = shot.full.camera
        left, top = (min(max(0, x), n - 16) for x, n in zip(low, (camera.width, camera.height), strict=True))
        right = min(max(high[0], left + 16), camera.width)
        bottom = min(max(high[1], top + 16), camera.height)
        crop = camera.crop(left, top, right - left, bottom - top)
        return View(crop, shot.full.pixels[top:bottom, left:right].copy(), "cpu", shot.levels[1].keep)

    def _tracked_vertices(self, timestep: int) -> Tensor:
        p = self.parameters
        row = [
            torch.from_numpy(t[timestep : timestep + 1])
            for t in (p.expression, p.joint_rotations, p.translation)
        ]
        return self.avatar.vertices(*row)[0]

    # -- result

    def state(self) -> EmotionState:
        """The emotion as a bundle stores it."""
        values = self.latents.detach()
        kept = values.abs().amax(1) > _SMALLEST_OFFSET
        return dataclasses.replace(
            self.start,
            embedding=self.embedding.detach().clone(),
            latent_indices=self.rows[kept],
            latent_values=values[kept].half(),
            expression=self.expression.detach().clone(),
            jaw=self.jaw.detach().clone(),
        )

    def scores(self, state: EmotionState) -> StateScores:
        """Face-mask PSNR of neutral, geometry alone and the full state on held-out pictures."""
        frames = self.parts.held_out or self.parts.train[:: max(1, len(self.parts.train) // 16)]
        shots = load_shots(frames, self.options.size)
        trial = dataclasses.replace(self.avatar, states={state.name: state})
        zero, no_jaw = torch.zeros_like(state.expression), torch.zeros_like(state.jaw)
        results: list[Sequence[float]] = []
        with torch.no_grad():
            full_sh = trial.blended_sh({state.name: 1.0})
            for shot in shots:
                mask = self._face_pixels(shot)
                if not mask.any():
                    continue
                geometry = self._vertices(shot.timestep, state.expression, state.jaw)
                kinds = (
                    (self._vertices(shot.timestep, zero, no_jaw), self.neutral_sh),
                    (geometry, self.neutral_sh),
                    (geometry, full_sh),
                )
                pictures = [self._draw(v, sh, shot.full).clamp(0, 1) for v, sh in kinds]
                results.append([psnr(picture, shot.full.image, mask) for picture in pictures])
        table = torch.tensor(results or [[float("nan")] * 3])
        neutral, geometry, full = table.mean(0).tolist()
        return StateScores(neutral, geometry, full, float(table[:, 2].min()), len(results))

    def _face_pixels(self, shot: Shot) -> Tensor:
        """(H,W) of zeros and ones: where the tracked mesh shows the skin of the face."""
        raster = rasterize_mesh(
            self._tracked_vertices(shot.timestep), self.avatar.head.triangles, shot.full.camera
        )
        ids = raster.triangle_ids[0].long()
        return ((ids >= 0) & (self.triangle_mask[ids.clamp(min=0)] > 0.5)).float()


def tracked_change(avatar: Avatar, parameters: FlameParameters) -> tuple[Tensor, Tensor]:
    """Mean tracked expression (E,) and jaw (3,) of a capture minus those of the avatar's own capture.

    Raises: BuildError when the avatar does not know them.
    """
    known = avatar.provenance.get("capture", {})
    try:
        expression = torch.tensor(known["expression_mean"], dtype=torch.float32)
        jaw = torch.tensor(known["jaw_mean"], dtype=torch.float32)
    except (KeyError, TypeError, ValueError):
        raise BuildError(
            f"avatar {avatar.name}: does not say which mean expression its neutral capture had; "
            "build it with `emoga build` first"
        ) from None
    change = torch.from_numpy(parameters.expression.mean(0)) - expression
    return change, torch.from_numpy(parameters.joint_rotations[:, JAW].mean(0)) - jaw


def _same_person(avatar: Avatar, parameters: FlameParameters, capture: Capture) -> None:
    difference = (torch.from_numpy(parameters.identity) - avatar.identity).abs().max()
    if float(difference) > 0.5:
        raise BuildError(
            f"{capture.path}: shows another person than avatar {avatar.name} (identity coefficients differ "
            f"by {float(difference):.2f}); give a capture of the same one"
        )


def _emotion_place(capture: Capture) -> dict[str, float]:
    """Valence and arousal, where the capture's `emotion.json` says them."""
    facts = capture.emotion or {}
    found = {key: facts.get(key) for key in ("valence", "arousal")}
    return {key: float(v) for key, v in found.items() if isinstance(v, int | float) and -1 <= v <= 1}
