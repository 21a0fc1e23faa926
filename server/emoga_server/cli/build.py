"""`emoga build`: a capture becomes an avatar."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emoga_server.cli.state_fit import (
    Interrupt,
    fit_and_save,
    load_head_for,
    numbers,
    progress_bar,
    split_pairs,
)

if TYPE_CHECKING:
    from emoga_core.build import BuildOptions, BuildReport, BuildResult


def register(app: typer.Typer) -> None:
    """Adds `emoga build`."""

    @app.command()
    def build(
        capture: Annotated[Path, typer.Argument(help="Folder of a VHAP/GaussianAvatars export.")],
        out: Annotated[Path, typer.Option("-o", "--out", help="Avatar to write (NAME.emoga).")],
        steps: Annotated[int, typer.Option(help="Optimiser steps; schedules scale with it.")] = 9000,
        size: Annotated[
            int | None, typer.Option(help="Longest side of the pictures in pixels; as captured without it.")
        ] = None,
        gaussians: Annotated[int, typer.Option(help="How many Gaussians to grow to.")] = 20_000,
        latent: Annotated[int, typer.Option(help="Latent numbers behind each Gaussian's colour.")] = 32,
        sh_degree: Annotated[int, typer.Option(help="Degree of the spherical harmonics, 0 to 3.")] = 1,
        sh_only: Annotated[bool, typer.Option("--sh-only", help="Plain SH colours, no Colour MLP.")] = False,
        tune_tracking: Annotated[
            bool, typer.Option("--tune-tracking", help="Refine expression and pose of the frames as well.")
        ] = False,
        vgg_weights: Annotated[
            Path | None, typer.Option(help="VGG16 weights for the patch loss (torchvision's layout).")
        ] = None,
        holdout_cameras: Annotated[
            str | None, typer.Option(help="Cameras kept for scoring.", metavar="3,14")
        ] = None,
        holdout_frames: Annotated[
            str | None, typer.Option(help="Timesteps kept for scoring.", metavar="18-23")
        ] = None,
        state: Annotated[
            list[str] | None,
            typer.Option(
                help="Also fit an emotion to a capture of it; may be repeated.", metavar="NAME=CAPTURE"
            ),
        ] = None,
        head: Annotated[
            Path | None,
            typer.Option(help="Head file, for captures tracked with another than the bundled one."),
        ] = None,
        device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
        seed: Annotated[int, typer.Option(help="The same seed gives the same avatar (on the CPU).")] = 0,
        resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted build.")] = False,
        force: Annotated[bool, typer.Option("--force", help="Replace an avatar or checkpoint.")] = False,
    ) -> None:
        """Build an avatar from a multi-view capture; Ctrl-C saves, --resume continues."""
        from emoga_core.build import BuildOptions
        from emoga_core.captures import read_capture
        from emoga_core.files import remove_temporaries

        options = BuildOptions(
            steps=steps, size=size, gaussians=gaussians, latent_dim=latent, sh_degree=sh_degree,
            sh_only=sh_only, tune_tracking=tune_tracking, vgg_weights=vgg_weights,
            holdout_cameras=numbers(holdout_cameras, "--holdout-cameras"),
            holdout_frames=numbers(holdout_frames, "--holdout-frames"), seed=seed, device=_device(device),
        )  # fmt: skip
        emotions = {name: read_capture(path) for name, path in split_pairs(state or []).items()}
        checkpoint = out.with_name(f"{out.name}.checkpoint")
        _check_target(out, checkpoint, resume, force)
        source = read_capture(capture)
        model = load_head_for(source, head)
        result = _build(source, model, options, out, checkpoint, resume)
        _save(result, out)
        checkpoint.unlink(missing_ok=True)
        remove_temporaries(checkpoint.parent, glob.escape(checkpoint.name))
        _print_report(result.report, out)
        for name, emotion in emotions.items():
            fit_and_save(out, result.avatar, name, emotion, size, options)


def _check_target(out: Path, checkpoint: Path, resume: bool, force: bool) -> None:
    from emoga_core.build import BuildError

    if out.suffix != ".emoga":
        raise BuildError(f"{out}: an avatar's name ends in .emoga; give -o {out.name}.emoga")
    if out.exists() and not out.is_dir():
        raise BuildError(f"{out}: a file is there; give another name")
    if out.is_dir() and any(out.iterdir()) and not (out / "avatar.json").exists():
        raise BuildError(f"{out}: a folder that holds something else; give another name")
    if out.exists() and not force:
        raise BuildError(f"{out}: exists already; give another name, or --force to replace it")
    if checkpoint.exists() and not (resume or force):
        raise BuildError(f"{out}: a build of it was interrupted; --resume continues it, --force starts anew")
    out.parent.mkdir(parents=True, exist_ok=True)


def _device(name: str) -> str:
    import importlib.util

    import torch

    from emoga_core.build import BuildError

    if name not in ("auto", "cpu", "cuda"):
        raise BuildError(f"--device {name}: give auto, cpu or cuda")
    ready = torch.cuda.is_available() and importlib.util.find_spec("gsplat") is not None
    if name == "cuda" and not ready:
        raise BuildError("--device cuda: needs a CUDA device and gsplat (pip install 'emoga[cuda]')")
    return ("cuda" if ready else "cpu") if name == "auto" else name


def _build(source, model, options: BuildOptions, out: Path, checkpoint: Path, resume: bool) -> BuildResult:
    from emoga_core.build import BuildInterrupted, BuildProgress, build_avatar

    with Interrupt() as interrupt, progress_bar() as bar:
        task = bar.add_task("reading", total=options.steps, detail="")

        def show(p: BuildProgress) -> None:
            left = f"{p.seconds_left // 60:.0f}:{p.seconds_left % 60:02.0f} left"
            detail = f"loss {p.loss:.4f}  {p.psnr:.2f} dB  {p.gaussians} Gaussians  {left}"
            bar.update(
                task, completed=p.step, description=p.phase, detail=detail if p.phase == "optimising" else ""
            )

        try:
            return build_avatar(
                source, model, options, name=out.stem, progress=show, checkpoint=checkpoint, resume=resume,
                stop=interrupt.requested,
            )  # fmt: skip
        except BuildInterrupted as stopped:
            bar.stop()
            print(f"{stopped}; saved. Continue with the same command and --resume")
            raise typer.Exit(130) from None


def _save(result: BuildResult, out: Path) -> None:
    """Writes the bundle with a portrait as its preview."""
    import cv2
    import numpy as np

    from emoga_core.avatars.bundle import save_avatar
    from emoga_core.avatars.portrait import portrait_cameras, render_avatar

    avatar = result.avatar
    frame = avatar.motions["capture"].frame(0)
    picture = render_avatar(avatar, portrait_cameras(avatar, frame=frame), frame=frame)[0].numpy()
    coded = cv2.imencode(".png", np.rint(picture[:, :, ::-1] * 255).astype(np.uint8))[1]
    save_avatar(avatar, out, preview=coded.tobytes())


def _print_report(report: BuildReport, out: Path) -> None:
    import math

    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(
        f"{out}: {report.gaussians} Gaussians, {report.steps} steps in {report.seconds:.0f} s; "
        f"patch loss: {report.patch_loss}"
    )
    what = "held-out pictures" if report.held_out else "training pictures (nothing was held out)"
    table = Table(title=f"quality on {what}", title_justify="left")
    for column in ("", "pictures", "subject dB", "SSIM", "whole dB", "whole SSIM"):
        table.add_column(column, justify="left" if not column else "right")
    rows = [("all", report.mean(), len(report.shots))]
    if len(report.groups) > 1:
        rows += [(g, report.mean(g), sum(s.group == g for s in report.shots)) for g in report.groups]
    for camera in report.cameras:
        count = sum(s.camera_index == camera for s in report.shots)
        rows.append((f"camera {camera}", report.mean(camera=camera), count))
    for label, value, count in rows:
        figures = (value.psnr, value.ssim, value.whole_psnr, value.whole_ssim)
        shown = (
            "-" if math.isnan(x) else f"{x:.2f}" if i % 2 == 0 else f"{x:.4f}" for i, x in enumerate(figures)
        )
        table.add_row(label, str(count), *shown)
    console.print(table)
