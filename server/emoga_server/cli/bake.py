"""`emoga bake`: prepare an avatar for serving."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds `emoga bake`."""

    @app.command()
    def bake(
        avatar: Annotated[Path, typer.Argument(help="Avatar bundle (NAME.emoga).")],
        head: Annotated[
            Path | None, typer.Option(help="Head file, for avatars on another head than the bundled one.")
        ] = None,
    ) -> None:
        """Prepare an avatar for serving; `emoga serve` does it by itself for avatars on the bundled head."""
        from emoga_core.avatars.header import read_header
        from emoga_core.heads import load_head
        from emoga_server.baking import bake_bundle, is_current

        read_header(avatar)
        if is_current(avatar):
            print(f"{avatar}: ready to serve")
            return
        bake_bundle(avatar, head=None if head is None else load_head(head))
        print(f"{avatar}: baked, ready to serve")
