"""`emoga edit`: a new emotion from words."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from emoga_server.cli import edit_options as o

if TYPE_CHECKING:
    from emoga_core.avatars import Avatar
    from emoga_core.edit.editors.base import CheckedEditor
    from emoga_core.emote import EmotionRequest, EmotionResult


def register(app: typer.Typer) -> None:
    """Adds `emoga edit`."""

    @app.command()
    def edit(
        avatar: o.AvatarPath = None,
        prompt: o.Prompt = "",
        name: o.Name = None,
        intensity: o.Intensity = 1.0,
        views: o.Views = 5,
        frames: o.Frames = 4,
        size: o.Size = None,
        motion: o.MotionName = None,
        seed: o.Seed = 0,
        sheet: o.SheetPath = None,
        dry_run: o.DryRun = False,
        head: o.HeadPath = None,
        editor: o.EditorName = "guided",
        list_editors: o.ListEditors = False,
        model: o.Model = None,
        folder: o.Folder = None,
        export_views: o.ExportViews = None,
        mask_preview: o.MaskPreview = None,
        masks: o.Masks = None,
        negative: o.Negative = "",
        text_guidance: o.TextGuidance = None,
        image_guidance: o.ImageGuidance = None,
        strength: o.Strength = None,
        editor_steps: o.EditorSteps = None,
        editor_size: o.EditorSize = None,
        device: o.Device = None,
        dtype: o.Dtype = None,
        offload: o.Offload = "none",
        tone: o.Tone = "consensus",
        method: o.Method = "emoga",
        steps: o.Steps = None,
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

        for option, picture in (("--sheet", sheet), ("--mask-preview", mask_preview)):
            if picture is not None and picture.suffix.lower() != ".png":
                raise EmogaError(
                    f"{option} {picture}: pictures are written as PNG; name it {picture.stem}.png"
                )

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
        tool = _make_editor(request, device, dtype, offload, editor_size)
        _edit(avatar, loaded, request, tool, device, sheet)


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
    from emoga_core.emote import plan_views

    views = plan_views(avatar, request)
    if preview is not None:
        mask_preview(views, preview)
        print(preview)
    if directory is not None:
        settings = {"seed": request.seed, "intensity": request.intensity}
        export_views(views, directory, request.prompt, request.negative, settings=settings)
        print(
            f"{directory}: {len(views)} pictures. Edit them with any tool into another folder under the same "
            "names, then run this command again with --editor folder --folder THAT_FOLDER"
        )


def _make_editor(
    request: EmotionRequest, device: str | None, dtype: str | None, offload: str, size: int | None
) -> CheckedEditor:
    from emoga_core.edit.editors import make_editor

    return make_editor(
        request.editor,
        model=request.model,
        device=device,
        dtype=dtype,
        offload=offload,
        folder=request.folder,
        size=size,
    )


def _edit(
    path: Path,
    avatar: Avatar,
    request: EmotionRequest,
    editor: CheckedEditor,
    device: str | None,
    sheet: Path | None,
) -> None:
    """Makes the emotion with a progress bar, adds it to the bundle, writes the sheet."""
    from emoga_core.avatars.bundle import save_state
    from emoga_core.edit.errors import EditCancelled
    from emoga_core.emote import EmoteProgress, make_emotion
    from emoga_core.optimize import OptimizeCancelled
    from emoga_server.baking import state_blob
    from emoga_server.cli.state_fit import Interrupt, progress_bar
    from emoga_server.editing.rebake import rebake

    keep = _keep_folder(path, request)
    with Interrupt() as interrupt, progress_bar() as bar:
        task = bar.add_task("starting", total=1, detail="")

        def show(p: EmoteProgress) -> None:
            details = [] if p.loss is None else [f"loss {p.loss:.4f}"]
            details += [] if p.seconds_left is None else [f"{p.seconds_left:.0f} s left"]
            bar.update(task, description=p.stage, completed=p.done, total=p.total, detail=", ".join(details))

        try:
            result = make_emotion(
                avatar,
                request,
                editor=editor,
                keep=keep,
                device=device,
                progress=show,
                stop=interrupt.requested,
            )
        except (EditCancelled, OptimizeCancelled) as stopped:
            bar.stop()
            print(f"{stopped}; {path} is as it was")
            raise typer.Exit(130) from None
    for note in result.notes:
        print(f"note: {note}")
    save_state(path, result.state, rebake({result.state.name: state_blob(avatar, result.state)}))
    shutil.rmtree(keep, ignore_errors=True)
    state = result.state
    out = sheet or path.with_name(f"{path.stem}_{state.name}.png")
    _write_sheet(out, avatar, result)
    seconds = sum(result.report["seconds"].values())
    print(f"{path}: {state.name} made in {seconds:.1f} s; before and after: {out}")


def _keep_folder(path: Path, request: EmotionRequest) -> Path:
    """Where finished pictures of this very edit wait for the next try."""
    from emoga_core.places import cache_folder

    wish = f"{path.resolve()}\n{request.editor}\n{request.prompt}"
    return cache_folder() / "edits" / hashlib.sha256(wish.encode()).hexdigest()[:16]


def _write_sheet(out: Path, avatar: Avatar, result: EmotionResult) -> None:
    from emoga_core.captures.images import write_png
    from emoga_core.edit.sheets import before_after_sheet

    write_png(out, before_after_sheet(avatar, result.state, result.views, result.edits))
