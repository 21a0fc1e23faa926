"""The options of `emoga edit`, as typer reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

_EDITING = "The editor"
_FITTING = "The optimiser"


def _editing(text: str | None = None, **more: Any) -> Any:
    return typer.Option(help=text, rich_help_panel=_EDITING, **more)


def _fitting(text: str | None = None, **more: Any) -> Any:
    return typer.Option(help=text, rich_help_panel=_FITTING, **more)


AvatarPath = Annotated[Path | None, typer.Argument(help="Avatar bundle (NAME.emoga).")]
Prompt = Annotated[
    str, typer.Option("-p", "--prompt", help='The feeling in words, as "a subtle, tired smile".')
]
Name = Annotated[
    str | None, typer.Option(help="Name of the emotion; an old one is replaced. Made from the prompt.")
]
Intensity = Annotated[float, typer.Option(help="1 is what the words say; up to 1.5.")]
Views = Annotated[int, typer.Option(help="Cameras around the face, 1 to 16.")]
Frames = Annotated[int, typer.Option(help="Moments of the motion, 1 to 32.")]
Size = Annotated[int | None, typer.Option(help="Pixels of the pictures; 256, or 512 for diffusion editors.")]
MotionName = Annotated[
    str | None, typer.Option(help="Take the moments from this motion of the avatar.", metavar="NAME")
]
Seed = Annotated[int, typer.Option(help="The same seed gives the same emotion.")]
SheetPath = Annotated[
    Path | None,
    typer.Option(help="Before/after sheet; AVATAR_NAME.png beside the avatar without it.", metavar="PNG"),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say how the prompt is read, and stop.")]
HeadPath = Annotated[
    Path | None, typer.Option(help="Head file, for avatars on another head than the bundled one.")
]

EditorName = Annotated[str, _editing("See --list-editors.")]
ListEditors = Annotated[
    bool, typer.Option("--list-editors", help="List the editors and stop.", rich_help_panel=_EDITING)
]
Model = Annotated[str | None, _editing("Other weights: hub id, or a local folder.")]
Folder = Annotated[Path | None, _editing("Edited pictures for --editor folder.")]
ExportViews = Annotated[
    Path | None,
    _editing("Write pictures, masks and prompts there for another tool, and stop.", metavar="DIR"),
]
MaskPreview = Annotated[Path | None, _editing("Write a picture of the masks, and stop.", metavar="PNG")]
Masks = Annotated[Path | None, _editing("Your own masks or label maps, by view name.", metavar="DIR")]
Negative = Annotated[str, _editing("What must not appear.")]
TextGuidance = Annotated[float | None, _editing("How closely to follow the words.")]
ImageGuidance = Annotated[float | None, _editing("How closely to keep to the picture.")]
Strength = Annotated[float | None, _editing("How much of the picture to draw anew, up to 1.")]
EditorSteps = Annotated[int | None, _editing("Denoising steps.")]
Device = Annotated[str | None, _editing("cpu, cuda, cuda:1, ...; the best there is without it.")]
EditorSize = Annotated[int | None, _editing("Side in pixels that the editor works at; its own without it.")]
Dtype = Annotated[str | None, _editing("float32, bfloat16 or float16.")]
Offload = Annotated[str, _editing("none, model or sequential: ever less memory, ever slower.")]

Tone = Annotated[str, _fitting("Skin tone of the edits: consensus, neutral or off.")]
Method = Annotated[str, _fitting("emoga, or thesis: that recipe to the letter.")]
Steps = Annotated[int | None, _fitting("Optimiser steps.")]
