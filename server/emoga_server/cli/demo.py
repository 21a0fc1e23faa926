"""`emoga demo`: the bundled avatar, live in a browser."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds `emoga demo`."""

    @app.command()
    def demo(
        port: Annotated[int, typer.Option(help="Port; 0 picks a free one.")] = 8765,
        fps: Annotated[float, typer.Option(help="Frames a second.")] = 60.0,
        browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser.")] = True,
        fresh: Annotated[
            bool, typer.Option("--fresh", help="Start again from the avatar as it is shipped.")
        ] = False,
    ) -> None:
        """Serve your copy of the bundled avatar on this machine and open it in a browser."""
        from emoga_server.editing.options import EditOptions
        from emoga_server.hub import HubOptions
        from emoga_server.personal import personal_avatars
        from emoga_server.serving import has_display, run

        bundles = personal_avatars(print, fresh)
        run(
            HubOptions(bundles, port, fps, edit=EditOptions(warm=True)),
            open_browser=browser and has_display(),
        )
