"""`emoga motion`: the motions of an avatar."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

AvatarPath = Annotated[Path, typer.Argument(help="Avatar bundle (NAME.emoga).")]


class Synth(StrEnum):
    """Motions that can be generated."""

    speech = "speech"
    idle = "idle"


def register(app: typer.Typer) -> None:
    """Adds `emoga motion`."""
    group = typer.Typer(help="The motions of an avatar.", no_args_is_help=True)
    app.add_typer(group, name="motion")

    @group.command("list")
    def list_motions(avatar: AvatarPath) -> None:
        """List the motions, one a line: name, seconds, frames a second."""
        from emoga_core.avatars.header import read_header

        for motion in read_header(avatar).motions:
            print(f"{motion.name}\t{motion.frames / motion.fps:.1f}\t{motion.fps:g}")

    @group.command()
    def add(
        avatar: AvatarPath,
        name: Annotated[str, typer.Argument(help="Name of the motion; one of that name is replaced.")],
        synth: Annotated[Synth | None, typer.Option(help="Generate speech or idling.")] = None,
        seconds: Annotated[
            float, typer.Option(min=0.1, max=3600, help="Length of a generated motion.")
        ] = 10.0,
        seed: Annotated[int, typer.Option(min=0, help="Of a generated motion.")] = 0,
        capture: Annotated[
            Path | None, typer.Option(help="Take the tracked motion of this capture instead.")
        ] = None,
        fps: Annotated[float, typer.Option(min=1, max=1000, help="Frames a second of the capture.")] = 25.0,
    ) -> None:
        """Add a motion: generated, or tracked in a capture."""
        from emoga_core.avatars.bundle import save_motion
        from emoga_core.errors import EmogaError

        if (synth is None) == (capture is None):
            raise EmogaError("give either --synth speech, --synth idle or --capture FOLDER")
        if capture is not None:
            motion = _from_capture(avatar, name, capture, fps)
        else:
            motion = _generate(avatar, name, synth or Synth.idle, seconds, seed)
        save_motion(avatar, motion)
        print(f"{avatar}: added {name}, {motion.seconds:.1f} s")

    @group.command()
    def remove(avatar: AvatarPath, name: Annotated[str, typer.Argument(help="Motion to remove.")]) -> None:
        """Remove a motion."""
        from emoga_core.avatars.bundle_edit import remove_motion

        remove_motion(avatar, name)
        print(f"{avatar}: removed {name}")


def _generate(avatar: Path, name: str, kind: Synth, seconds: float, seed: int):
    """A generated motion; it is written in ARKit coefficients, so the head must have these."""
    from dataclasses import replace

    from emoga_core.avatars.header import read_header
    from emoga_core.captures.studio.motion import FPS, idle_motion, speech_motion
    from emoga_core.errors import EmogaError
    from emoga_core.heads import ARKIT_NAMES, bundled_head

    head = read_header(avatar).head
    if head.hash != bundled_head().hash:
        raise EmogaError(
            f"{avatar}: generated motions need the bundled head's {len(ARKIT_NAMES)} expressions, but this "
            f"avatar stands on {head.name!r}; use --capture with a capture of that head"
        )
    generate = speech_motion if kind is Synth.speech else idle_motion
    return replace(generate(max(1, round(seconds * FPS)), seed).as_motion(), name=name)


def _from_capture(avatar: Path, name: str, folder: Path, fps: float):
    """The motion that a capture of the same head tracked."""
    from emoga_core.avatars.header import read_header
    from emoga_core.avatars.motion import Motion
    from emoga_core.captures import read_capture
    from emoga_core.errors import EmogaError

    capture, header = read_capture(folder), read_header(avatar)
    if capture.head is not None and capture.head.hash != header.head.hash:
        raise EmogaError(
            f"{folder}: tracked with {capture.head_description}, but {avatar} stands on the head "
            f"{header.head.name!r} ({header.head.hash[:12]}); use a capture of that head"
        )
    counts = header.counts
    parameters = capture.parameters.resized(
        max(counts.identities, len(capture.parameters.identity)), counts.expressions, counts.vertices
    )
    return Motion.from_parameters(name, parameters, fps)
