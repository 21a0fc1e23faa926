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
    ) -> None:
        """Stream avatars: the page it prints shows them live."""
        from emoga_server.hub import HubOptions
        from emoga_server.security import Security
        from emoga_server.serving import bundled_avatars, run

        security = Security(host, token, tuple(allow_origin or ()), tls_cert, tls_key, head_licence_accepted)
        bundles = avatars or bundled_avatars()
        run(HubOptions(bundles, port, fps, security, idle=idle, seed=seed), open_browser=open_browser)
