"""`emoga edit`: a new emotion from words."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from emoga_core.avatars import Avatar
    from emoga_core.edit.editors.base import CheckedEditor
    from emoga_core.emote import EmotionRequest, EmotionResult

_EDITING = "The editor"
_FITTING = "The optimiser"


def register(app: typer.Typer) -> None:
    """Adds `emoga edit`."""

    @app.command()
    def edit(
        avatar: Annotated[Path | None, typer.Argument(help="Avatar bundle (NAME.emoga).")] = None,
        prompt: Annotated[
            str, typer.Option("-p", "--prompt", help='The feeling in words, as "a subtle, tired smile".')
        ] = "",
        name: Annotated[
            str | None,
            typer.Option(help="Name of the emotion; made from the prompt. An old one is replaced."),
        ] = None,
        intensity: Annotated[float, typer.Option(help="1 is what the words say; up to 1.5.")] = 1.0,
        views: Annotated[int, typer.Option(help="Cameras around the face, 1 to 16.")] = 5,
        frames: Annotated[int, typer.Option(help="Moments of the motion, 1 to 32.")] = 4,
        size: Annotated[
            int | None, typer.Option(help="Pixels of the pictures; 256, or 512 for diffusion editors.")
        ] = None,
        motion: Annotated[
            str | None, typer.Option(help="Take the moments from this motion of the avatar.", metavar="NAME")
        ] = None,
        seed: Annotated[int, typer.Option(help="The same seed gives the same emotion.")] = 0,
        editor: Annotated[str, typer.Option(help="See --list-editors.", rich_help_panel=_EDITING)] = "guided",
        list_editors: Annotated[
            bool, typer.Option("--list-editors", help="List the editors and stop.", rich_help_panel=_EDITING)
        ] = False,
        model: Annotated[
            str | None,
            typer.Option(help="Other weights: hub id, or a local folder.", rich_help_panel=_EDITING),
        ] = None,
        folder: Annotated[
            Path | None,
            typer.Option(help="Edited pictures for --editor folder.", rich_help_panel=_EDITING),
        ] = None,
        export_views: Annotated[
            Path | None,
            typer.Option(
                help="Write pictures, masks and prompts there for another tool, and stop.",
                metavar="DIR",
                rich_help_panel=_EDITING,
            ),
        ] = None,
        mask_preview: Annotated[
            Path | None,
            typer.Option(
                help="Write a picture of the masks, and stop.", metavar="PNG", rich_help_panel=_EDITING
            ),
        ] = None,
        masks: Annotated[
            Path | None,
            typer.Option(
                help="Your own masks or label maps, by view name.", metavar="DIR", rich_help_panel=_EDITING
            ),
        ] = None,
        negative: Annotated[
            str | None, typer.Option(help="What must not appear.", rich_help_panel=_EDITING)
        ] = None,
        text_guidance: Annotated[float | None, typer.Option(rich_help_panel=_EDITING)] = None,
        image_guidance: Annotated[float | None, typer.Option(rich_help_panel=_EDITING)] = None,
        strength: Annotated[float | None, typer.Option(rich_help_panel=_EDITING)] = None,
        editor_steps: Annotated[
            int | None, typer.Option(help="Denoising steps.", rich_help_panel=_EDITING)
        ] = None,
        device: Annotated[
            str | None, typer.Option(help="cpu, cuda, cuda:1, ...", rich_help_panel=_EDITING)
        ] = None,
        dtype: Annotated[
            str | None, typer.Option(help="float32, bfloat16 or float16.", rich_help_panel=_EDITING)
        ] = None,
        offload: Annotated[
            str, typer.Option(help="none, model or sequential: less memory.", rich_help_panel=_EDITING)
        ] = "none",
        tone: Annotated[
            str,
            typer.Option(help="Skin tone of the edits: consensus, neutral or off.", rich_help_panel=_FITTING),
        ] = "consensus",
        method: Annotated[
            str, typer.Option(help="emoga, or thesis: its recipe to the letter.", rich_help_panel=_FITTING)
        ] = "emoga",
        steps: Annotated[int | None, typer.Option(help="Optimiser steps.", rich_help_panel=_FITTING)] = None,
        sheet: Annotated[
            Path | None, typer.Option(help="Before/after sheet; AVATAR_NAME.png without it.", metavar="PNG")
        ] = None,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Say how the prompt is read, and stop.")
        ] = False,
        head: Annotated[
            Path | None, typer.Option(help="Head file, for avatars on another head than the bundled one.")
        ] = None,
    ) -> None:
        """Make an emotion from words: edit pictures of the avatar, then optimise the avatar towards them.

        Ctrl-C leaves the avatar as it was; pictures that a diffusion model has finished are kept and used
        when the same command runs again.
        """
        from emoga_core.errors import EmogaError

        if list_editors:
            _list_editors()
            return
        if avatar is None or not prompt.strip():
            missing = "the avatar" if avatar is None else "the feeling in words (--prompt)"
            raise EmogaError(f'emoga edit: give {missing}, as emoga edit kofi.emoga --prompt "a tired smile"')

        from emoga_core.avatars.bundle import load_avatar
        from emoga_core.edit.prompts import read_prompt
        from emoga_core.emote import EmotionRequest
        from emoga_core.heads import load_head

        request = EmotionRequest(
            prompt, name, editor, model, folder, intensity, negative, views, frames, size, motion, method,
            steps, tone, masks, text_guidance, image_guidance, strength, editor_steps, seed,
        )  # fmt: skip
        print(read_prompt(prompt).scaled(intensity).describe())
        if dry_run:
            return
        loaded = load_avatar(avatar, None if head is None else load_head(head))
        if export_views is not None or mask_preview is not None:
            _write_views(loaded, request, export_views, mask_preview)
            return
        tool = _make_editor(request, device, dtype, offload)
        _edit(avatar, loaded, request, tool, sheet)


def _list_editors() -> None:
    from emoga_core.edit.editors import DEFAULT_EDITOR, EDITORS

    for info in EDITORS.values():
        size = f", {info.download_gb:g} GB" if info.download_gb else ""
        default = " (default)" if info.name == DEFAULT_EDITOR else ""
        print(f"{info.name}{default}: {info.summary} [{info.licence}{size}]")


def _write_views(
    avatar: Avatar, request: EmotionRequest, directory: Path | None, preview: Path | None
) -> None:
    from emoga_core.edit.export import export_views, mask_preview

    from emoga_core.emote import STANDING_NEGATIVE, plan_views

    views = plan_views(avatar, request)
    if preview is not None:
        mask_preview(views, preview)
        print(preview)
    if directory is not None:
        negative = STANDING_NEGATIVE if request.negative is None else request.negative
        export_views(views, directory, request.prompt, negative)
        print(
            f"{directory}: {len(views)} pictures. Edit them with any tool into another folder under the same "
            "names, then run this command again with --editor folder --folder THAT_FOLDER"
        )


def _make_editor(
    request: EmotionRequest, device: str | None, dtype: str | None, offload: str
) -> CheckedEditor:
    from emoga_core.edit.editors import make_editor

    return make_editor(
        request.editor,
        model=request.model,
        device=device,
        dtype=dtype,
        offload=offload,
        folder=request.folder,
    )


def _edit(
    path: Path, avatar: Avatar, request: EmotionRequest, editor: CheckedEditor, sheet: Path | None
) -> None:
    """Makes the emotion with a progress bar, adds it to the bundle, writes the sheet."""
    from emoga_core.avatars.bundle import save_state
    from emoga_core.edit.errors import EditCancelled
    from emoga_core.emote import EmoteProgress, make_emotion
    from emoga_core.optimize import OptimizeCancelled
    from emoga_server.cli.state_fit import Interrupt, progress_bar

    keep = _keep_folder(path, request)
    with Interrupt() as interrupt, progress_bar() as bar:
        task = bar.add_task("starting", total=1, detail="")

        def show(p: EmoteProgress) -> None:
            details = [] if p.loss is None else [f"loss {p.loss:.4f}"]
            details += [] if p.seconds_left is None else [f"{p.seconds_left:.0f} s left"]
            bar.update(task, description=p.stage, completed=p.done, total=p.total, detail=", ".join(details))

        try:
            result = make_emotion(
                avatar, request, editor=editor, keep=keep, progress=show, stop=interrupt.requested
            )
        except (EditCancelled, OptimizeCancelled) as stopped:
            bar.stop()
            print(f"{stopped}; {path} is as it was")
            raise typer.Exit(130) from None
    for note in result.notes:
        print(f"note: {note}")
    save_state(path, result.state)
    shutil.rmtree(keep, ignore_errors=True)
    state = result.state
    out = sheet or Path(f"{path.stem}_{state.name}.png")
    _write_sheet(out, avatar, result)
    seconds = sum(result.report["seconds"].values())
    print(f"{path}: {state.name} made in {seconds:.1f} s; before and after: {out}")


def _keep_folder(path: Path, request: EmotionRequest) -> Path:
    """Where finished pictures of this very edit wait for the next try."""
    from emoga_server.places import cache_folder

    wish = f"{path.resolve()}\n{request.editor}\n{request.prompt}"
    return cache_folder() / "edits" / hashlib.sha256(wish.encode()).hexdigest()[:16]


def _write_sheet(out: Path, avatar: Avatar, result: EmotionResult) -> None:
    from emoga_core.edit.sheets import before_after_sheet

    from emoga_core.captures.images import write_png

    write_png(out, before_after_sheet(avatar, result.state, result.views, result.edits))
