"""`emoga capture synth`: render a synthetic multi-view capture."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds `emoga capture`."""
    group = typer.Typer(help="Multi-view captures of a head.", no_args_is_help=True)
    app.add_typer(group, name="capture")

    @group.callback()
    def captures() -> None:
        """Multi-view captures of a head."""

    @group.command()
    def synth(
        out: Annotated[Path, typer.Argument(help="Folder to write; an unfinished capture is continued.")],
        subject: Annotated[str, typer.Option(help="kofi, elena, or a number for a random person.")] = "kofi",
        emotion: Annotated[
            str, typer.Option(help="NAME[=WEIGHT],... or neutral.", metavar="MIX")
        ] = "neutral",
        cameras: Annotated[int, typer.Option(help="How many.")] = 16,
        frames: Annotated[int, typer.Option(help="How many poses; the same seed gives the same.")] = 24,
        size: Annotated[int, typer.Option(help="Pixels of the square pictures.")] = 512,
        seed: Annotated[int, typer.Option(help="Of the motion.")] = 0,
        workers: Annotated[int, typer.Option(help="Processes; 0 for one per core.")] = 0,
    ) -> None:
        """Render a person with exact tracking, in the layout of a VHAP/GaussianAvatars export."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        from emoga_core.captures.studio import Settings, default_workers, parse_emotions, synthesise

        settings = Settings(subject, parse_emotions(emotion), cameras, frames, size, seed)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, transient=True) as bar:
            task = bar.add_task("rendering", total=settings.frames)
            try:
                synthesise(
                    out,
                    settings,
                    workers=workers or default_workers(),
                    progress=lambda done, total: bar.update(task, completed=done, total=total),
                )
            except KeyboardInterrupt:
                bar.stop()
                print(f"interrupted; the same command continues {out}", file=sys.stderr)
                raise typer.Exit(130) from None
        poses = f"{settings.frames} timesteps x {settings.cameras} cameras"
        print(f"{out}: {poses}, {settings.size} x {settings.size} pixels")
