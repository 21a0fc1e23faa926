"""Phase (b): a multi-view capture becomes an avatar."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from emoga_core.avatars import Avatar, Binding, ColorMLP, LocalGaussians, Motion
from emoga_core.build.errors import BuildError, BuildInterrupted
from emoga_core.build.face_mask import face_mask, face_points
from emoga_core.build.options import BuildOptions
from emoga_core.build.patch_step import PatchTerm
from emoga_core.build.pictures import HoldOut, Shot, check_pictures, hold_out, load_shots
from emoga_core.build.report import BuildReport, score_shots
from emoga_core.build.tracking import Tracking
from emoga_core.build.trainer import Trainer
from emoga_core.captures import Capture
from emoga_core.heads import Head

CHECKPOINT_SECONDS = 20.0
CAPTURE_MOTION = "capture"
CAPTURE_FPS = 25.0


@dataclass(frozen=True)
class BuildProgress:
    """Where a build stands.

    Attributes:
        phase: "reading", "optimising" or "scoring".
        loss, psnr: running means over the last pictures (dB of the crops); NaN before the first.
        seconds_left: estimated, of the optimisation.
    """

    phase: str
    step: int
    steps: int
    loss: float
    psnr: float
    gaussians: int
    seconds_left: float


@dataclass(frozen=True)
class BuildResult:
    """An avatar and how good it is on pictures that the build never saw."""

    avatar: Avatar
    report: BuildReport
    trainer: Trainer


def build_avatar(
    capture: Capture,
    head: Head,
    options: BuildOptions | None = None,
    *,
    name: str = "avatar",
    progress: Callable[[BuildProgress], None] = lambda _: None,
    checkpoint: Path | None = None,
    resume: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> BuildResult:
    """Fits Gaussians on the head's triangles, and their colours, to the pictures of a capture.

    Args:
        head: the head that the capture was tracked with.
        progress: called a few times a second.
        checkpoint: file rewritten every 20 s and when the build is stopped; None keeps none.
        resume: continue from `checkpoint`; on the CPU the result is the same, bit for bit.
        stop: asked between steps; when it answers True the build saves and stops.

    Raises:
        BuildError: impossible options, a checkpoint that does not fit, or a loss that is not finite.
        BuildInterrupted: after `stop`.
        CaptureError: pictures or parameters missing, damaged or of another head.
    """
    options = options or BuildOptions()
    head = head.to(options.device)
    begun = time.monotonic()
    progress(BuildProgress("reading", 0, options.steps, float("nan"), float("nan"), head.num_triangles, 0.0))
    parts = hold_out(capture, options.holdout_cameras, options.holdout_frames)
    check_pictures(parts.held_out)
    shots = load_shots(parts.train, options.size, options.device)
    if not any(shot.matte.any() for shot in shots):
        raise BuildError(f"{capture.path}: nobody is in its pictures: every matte is black; export it again")
    tune = {shot.timestep for shot in shots} if options.tune_tracking else set()
    tracking = Tracking(head, capture.parameters_for(head), tune)
    points = tracking.vertices().cpu()[:, face_points(head)]
    patches = PatchTerm(options, points)
    trainer = Trainer(head, shots, tracking, options, patches)
    facts: dict[str, object] = {"options": options.fingerprint(), "capture": capture_fingerprint(capture)}
    if resume:
        if checkpoint is None:
            raise BuildError("there is no checkpoint to resume from; give the file that the build wrote")
        trainer.load(checkpoint, facts)
    _optimise(trainer, progress, checkpoint, facts, stop)
    trainer.check_parameters()
    _round_latents(trainer)
    progress(_progress(trainer, "scoring", 0.0))
    report = _score(trainer, parts, options)
    report.seconds = time.monotonic() - begun
    return BuildResult(_avatar(trainer, capture, name, report), report, trainer)


def _optimise(
    trainer: Trainer,
    progress: Callable[[BuildProgress], None],
    checkpoint: Path | None,
    facts: dict[str, object],
    stop: Callable[[], bool],
) -> None:
    steps = trainer.options.steps
    begun = shown = time.monotonic()
    saved = -math.inf  # The first checkpoint follows the first step: it shows that one can be written.
    first = trainer.step
    while trainer.step < steps:
        if stop():
            if checkpoint is not None:
                trainer.save(checkpoint, facts)
            raise BuildInterrupted(f"stopped at step {trainer.step} of {steps}")
        trainer.advance()
        now = time.monotonic()
        if now - shown > 0.25:
            shown = now
            left = (now - begun) / (trainer.step - first) * (steps - trainer.step)
            progress(_progress(trainer, "optimising", left))
        if checkpoint is not None and now - saved > CHECKPOINT_SECONDS and trainer.step < steps:
            trainer.save(checkpoint, facts)
            saved = time.monotonic()


def _progress(trainer: Trainer, phase: str, left: float) -> BuildProgress:
    return BuildProgress(
        phase,
        trainer.step,
        trainer.options.steps,
        trainer.mean_loss,
        trainer.psnr,
        len(trainer.parents),
        left,
    )


def _score(trainer: Trainer, parts: HoldOut, options: BuildOptions) -> BuildReport:
    report = BuildReport(
        patch_loss=trainer.patches.name,
        held_out=bool(parts.groups),
        gaussians=len(trainer.parents),
        steps=trainer.step,
    )
    groups: dict[str, list[Shot]] = {
        name: load_shots(frames, options.size, options.device) for name, frames in parts.groups.items()
    }
    if not groups:
        groups = {"training pictures": trainer.shots[:: max(1, len(trainer.shots) // 32)]}
    report.shots = score_shots(groups, lambda shot: render_shot(trainer, shot))
    return report


def render_shot(trainer: Trainer, shot: Shot) -> Tensor:
    """The whole picture (H,W,3) of a shot as the avatar shows it now."""
    with torch.no_grad():
        return trainer.draw(shot.timestep, shot.full).image


def _round_latents(trainer: Trainer) -> None:
    """To half precision, as bundles store them: what is scored, fitted to and saved shall be the same."""
    if isinstance(trainer.appearance, ColorMLP):
        with torch.no_grad():
            trainer.appearance.z.copy_(trainer.appearance.z.half().float())


def _avatar(trainer: Trainer, capture: Capture, name: str, report: BuildReport) -> Avatar:
    head = trainer.head.to("cpu")
    local = [getattr(trainer.gaussians, f.name).detach().cpu() for f in dataclasses.fields(LocalGaussians)]
    appearance = trainer.appearance.cpu()
    appearance.requires_grad_(False)
    parents = trainer.parents.cpu()
    tracking = trainer.tracking
    tables = {key: table.detach().cpu() for key, table in tracking.tables.items()}
    motion = Motion(
        CAPTURE_MOTION, CAPTURE_FPS, tables["expression"], tables["rotations"], tables["translation"]
    )
    return Avatar(
        name=name,
        head=head,
        identity=tracking.identity.cpu(),
        gaussians=LocalGaussians(*local),
        binding=Binding(parents),
        appearance=appearance,
        mask=face_mask(head)[parents],
        vertex_offset=None if tracking.offset is None else tracking.offset.cpu(),
        motions={CAPTURE_MOTION: motion},
        provenance=_provenance(trainer, capture, report, tables),
    )


def _provenance(
    trainer: Trainer, capture: Capture, report: BuildReport, tables: dict[str, Tensor]
) -> dict[str, Any]:
    options = trainer.options
    return {
        "made_by": "emoga build",
        "capture": {
            "name": capture.path.name,
            "pictures": len(capture.frames),
            "cameras": len(capture.camera_indices),
            "timesteps": len(capture.parameters),
            "expression_mean": [round(float(x), 6) for x in tables["expression"].mean(0)],
            "jaw_mean": [round(float(x), 6) for x in tables["rotations"][:, 2].mean(0)],
        },
        "build": {
            "steps": options.steps,
            "size": options.size,
            "gaussians": report.gaussians,
            "latent_dim": None if options.sh_only else options.latent_dim,
            "sh_degree": options.sh_degree,
            "seed": options.seed,
            "patch_loss": report.patch_loss,
            "tracking_tuned": options.tune_tracking,
            "scores": report.summary(),
        },
    }


def capture_fingerprint(capture: Capture) -> str:
    """Hash of the frames, cameras and parameters (not of the pixels): a resumed build must see the same."""
    digest = hashlib.sha256()
    for frame in capture.frames:
        row = [frame.timestep, frame.camera_index, frame.split, frame.image_path.name]
        digest.update(json.dumps(row).encode())
        digest.update(frame.camera.world_to_camera.tobytes() + frame.camera.intrinsics.tobytes())
    for value in (capture.parameters.expression, capture.parameters.identity):
        digest.update(value.tobytes())
    return digest.hexdigest()
