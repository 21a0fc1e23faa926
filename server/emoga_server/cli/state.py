"""`emoga state`: the emotions of an avatar."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emoga_server.cli.state_fit import register_fit

AvatarPath = Annotated[Path, typer.Argument(help="Avatar bundle (NAME.emoga).")]


def register(app: typer.Typer) -> None:
    """Adds `emoga state`."""
    group = typer.Typer(help="The emotions of an avatar.", no_args_is_help=True)
    app.add_typer(group, name="state")
    register_fit(group)

    @group.command("list")
    def list_states(avatar: AvatarPath) -> None:
        """List the emotions, one a line: name, valence, arousal."""
        from emoga_core.avatars.header import read_header

        for state in read_header(avatar).states:
            print(f"{state.name}\t{state.valence:+.2f}\t{state.arousal:+.2f}")

    @group.command()
    def remove(avatar: AvatarPath, name: Annotated[str, typer.Argument(help="Emotion to remove.")]) -> None:
        """Remove an emotion; the others stay exactly as they are."""
        from emoga_core.avatars.bundle_edit import remove_state

        remove_state(avatar, name)
        print(f"{avatar}: removed {name}")

    @group.command()
    def rename(
        avatar: AvatarPath,
        old: Annotated[str, typer.Argument(help="Present name.")],
        new: Annotated[str, typer.Argument(help="New name: letters a-z, digits, '-' and '_'.")],
    ) -> None:
        """Give an emotion another name."""
        from emoga_core.avatars.bundle_edit import rename_state

        rename_state(avatar, old, new)
        print(f"{avatar}: {old} is now {new}")
