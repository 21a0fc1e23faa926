"""`emoga serve`: stream avatars to browsers and game engines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds `emoga serve`."""

    @app.command()
    def serve(
        avatars: Annotated[
            list[Path] | None, typer.Argument(help="Avatar bundles (NAME.emoga); none: the bundled avatar.")
        ] = None,
        host: Annotated[
            str, typer.Option(help="Address to listen on; other than this machine needs --token.")
        ] = ("127.0.0.1"),
        port: Annotated[int, typer.Option(help="Port; 0 picks a free one.")] = 8765,
        fps: Annotated[float, typer.Option(help="Frames a second.")] = 60.0,
        token: Annotated[
            str | None, typer.Option(envvar="EMOGA_TOKEN", help="Secret that clients present.")
        ] = None,
        tls_cert: Annotated[Path | None, typer.Option(help="TLS certificate (PEM).")] = None,
        tls_key: Annotated[Path | None, typer.Option(help="TLS key (PEM).")] = None,
        allow_origin: Annotated[
            list[str] | None, typer.Option(help="Also let pages of this web origin connect; may be repeated.")
        ] = None,
        head_licence_accepted: Annotated[
            bool, typer.Option("--head-licence-accepted", help="I may pass on the head of these avatars.")
        ] = False,
        idle: Annotated[
            bool, typer.Option("--idle/--no-idle", help="Blinks, breath and small movements.")
        ] = True,
        seed: Annotated[int, typer.Option(help="Seed of the idle behaviour.")] = 0,
        open_browser: Annotated[bool, typer.Option("--open", help="Open a browser.")] = False,
        edit: Annotated[
            bool, typer.Option("--edit/--no-edit", help="Let clients make and change emotions.")
        ] = True,
        editor: Annotated[
            str | None, typer.Option(help="Editor for edits that name none; see `emoga edit --help`.")
        ] = None,
        edit_model: Annotated[
            str | None, typer.Option(help="Weights for --editor: a folder or a hub id.", metavar="MODEL")
        ] = None,
        edit_folder: Annotated[
            Path | None, typer.Option(help="Edited pictures, for the editor `folder`.")
        ] = None,
        edit_size: Annotated[int | None, typer.Option(help="Pixels of the pictures that are edited.")] = None,
        edit_views: Annotated[int | None, typer.Option(help="Cameras around the head.")] = None,
        edit_frames: Annotated[int | None, typer.Option(help="Moments of the motion.")] = None,
        edit_steps: Annotated[int | None, typer.Option(help="Steps of the optimiser.")] = None,
        edit_device: Annotated[
            str | None, typer.Option(help="cpu, cuda, ...: where editors run; the best there is without it.")
        ] = None,
        edit_dtype: Annotated[
            str | None, typer.Option(help="Numbers of the editor's weights: float32, bfloat16 or float16.")
        ] = None,
        edit_offload: Annotated[
            str, typer.Option(help="none, model or sequential: ever less memory for editors, ever slower.")
        ] = "none",
        head: Annotated[
            Path | None, typer.Option(help="Head file, for avatars on another head than the bundled one.")
        ] = None,
    ) -> None:
        """Stream avatars: the page it prints shows them live."""
        from emoga_core.edit.editors.registry import DEFAULT_EDITOR
        from emoga_server.editing.edit_job import Placement
        from emoga_server.editing.options import EditOptions
        from emoga_server.hub import HubOptions
        from emoga_server.personal import personal_avatars
        from emoga_server.security import Security
        from emoga_server.serving import run

        security = Security(host, token, tuple(allow_origin or ()), tls_cert, tls_key, head_licence_accepted)
        options = EditOptions(
            editor=editor or DEFAULT_EDITOR,
            model=edit_model,
            folder=edit_folder,
            views=edit_views,
            frames=edit_frames,
            size=edit_size,
            steps=edit_steps,
            placement=Placement(edit_device, edit_dtype, edit_offload),
            head=head,
            warm=True,
        )
        bundles = avatars or personal_avatars(print)
        run(
            HubOptions(bundles, port, fps, security, idle=idle, seed=seed, edit=options if edit else None),
            open_browser=open_browser,
        )
