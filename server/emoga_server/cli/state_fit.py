"""`emoga state fit`, and what it shares with `emoga build`."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.progress import Progress

    from emoga_core.avatars import Avatar
    from emoga_core.build import BuildOptions
    from emoga_core.captures import Capture
    from emoga_core.heads import Head


def register_fit(group: typer.Typer) -> None:
    """Adds `fit` to the group `emoga state`."""

    @group.command()
    def fit(
        avatar: Annotated[Path, typer.Argument(help="Avatar bundle (NAME.emoga).")],
        name: Annotated[str, typer.Argument(help="Name of the emotion; an old one is replaced.")],
        capture: Annotated[Path, typer.Argument(help="Capture of the same person showing it.")],
        size: Annotated[
            int | None, typer.Option(help="Longest side of the pictures in pixels; as captured without it.")
        ] = None,
        steps: Annotated[int, typer.Option(help="Optimiser steps of four pictures each.")] = 200,
        head: Annotated[
            Path | None, typer.Option(help="Head file, for avatars on another head than the bundled one.")
        ] = None,
    ) -> None:
        """Fit an emotion, geometry and texture, to a capture that shows it."""
        from emoga_core.avatars.bundle import load_avatar
        from emoga_core.avatars.names import check_name
        from emoga_core.captures import read_capture

        check_name(name)
        source = read_capture(capture)
        loaded = load_avatar(avatar, load_head_for(source, head))
        fit_and_save(avatar, loaded, name, source, size, None, steps)


def fit_and_save(
    path: Path,
    avatar: Avatar,
    name: str,
    capture: Capture,
    size: int | None,
    build: BuildOptions | None,
    steps: int = 200,
) -> None:
    """Fits an emotion with a progress bar and adds it to the bundle on disk; holds out what the build did."""
    from emoga_core.avatars.bundle import save_state
    from emoga_core.build import BuildInterrupted, StateOptions, StateProgress, fit_state

    options = StateOptions(steps=steps, size=size)
    if build is not None and _has_numbers(capture, build):
        options = StateOptions(
            steps=steps, size=size, holdout_cameras=build.holdout_cameras, holdout_frames=build.holdout_frames
        )
    with Interrupt() as interrupt, progress_bar() as bar:
        task = bar.add_task(f"fitting {name}", total=steps, detail="")

        def show(p: StateProgress) -> None:
            bar.update(task, completed=p.step, detail=f"loss {p.loss:.4f}")

        try:
            result = fit_state(avatar, capture, name, options, progress=show, stop=interrupt.requested)
        except BuildInterrupted as stopped:
            bar.stop()
            print(
                f"{stopped}; {path} is as it was. Fit it with: emoga state fit {path} {name} {capture.path}"
            )
            raise typer.Exit(130) from None
    save_state(path, result.state)
    scores = result.scores
    print(
        f"{path}: {name} added; face of {scores.pictures} held-out pictures: neutral "
        f"{scores.neutral:.2f} dB, geometry {scores.geometry:.2f}, full {scores.full:.2f} "
        f"(worst {scores.worst:.2f})"
    )


def _has_numbers(capture: Capture, build: BuildOptions) -> bool:
    """Whether the build's held-out cameras and frames occur in this capture as well."""
    wanted = set(build.holdout_cameras or ()), set(build.holdout_frames or ())
    return wanted[0] <= set(capture.camera_indices) and wanted[1] <= set(capture.timestep_indices)


def load_head_for(capture: Capture, path: Path | None) -> Head:
    """The head given, or the bundled one.

    Raises: CaptureError when the capture was tracked with another.
    """
    from emoga_core.heads import bundled_head, load_head

    head = bundled_head() if path is None else load_head(path)
    capture.parameters_for(head)
    return head


def split_pairs(pairs: list[str]) -> dict[str, Path]:
    """NAME=CAPTURE, each name once."""
    from emoga_core.avatars.names import check_name
    from emoga_core.build import BuildError

    table: dict[str, Path] = {}
    for pair in pairs:
        name, equals, path = pair.partition("=")
        if not equals or not path or name in table:
            raise BuildError(f"--state {pair}: write NAME=CAPTURE, each name once")
        check_name(name)
        table[name] = Path(path)
    return table


def numbers(text: str | None, option: str) -> tuple[int, ...] | None:
    """ "3,14" or "18-23" -> the numbers; None stays None."""
    from emoga_core.build import BuildError

    if text is None:
        return None
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        try:
            low, high = int(first), int(last if dash else first)
        except ValueError:
            raise BuildError(f"{option} {text}: write numbers and ranges, as 3,14 or 18-23") from None
        if not 0 <= low <= high <= low + 100_000:
            raise BuildError(f"{option} {text}: {part.strip()} is no range of numbers from 0 upwards")
        found += range(low, high + 1)
    return tuple(sorted(set(found)))


class Interrupt:
    """Turns the first Ctrl-C, or SIGTERM, into a question that the work asks between steps.

    A second one ends at once.
    """

    def __init__(self) -> None:
        self._asked = False

    def requested(self) -> bool:
        """Whether somebody asked to stop."""
        return self._asked

    def __enter__(self) -> Interrupt:
        self._old = {name: signal.signal(name, self._handle) for name in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for name, handler in self._old.items():
            signal.signal(name, handler)

    def _handle(self, *_: object) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True


def progress_bar(stderr: bool = False) -> Progress:
    """Phase, bar, steps and details on one line, gone when done.

    Args:
        stderr: draw on the error output, where results go to the other.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=stderr)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[detail]}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
