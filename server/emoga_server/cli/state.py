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
        """Remove an emotion and its earlier versions; the others stay exactly as they are."""
        from emoga_core.avatars.bundle_edit import remove_state
        from emoga_server.editing.rebake import rebake

        remove_state(avatar, name, rebake())
        print(f"{avatar}: removed {name}")

    @group.command()
    def rename(
        avatar: AvatarPath,
        old: Annotated[str, typer.Argument(help="Present name.")],
        new: Annotated[str, typer.Argument(help="New name: letters a-z, digits, '-' and '_'.")],
    ) -> None:
        """Give an emotion another name."""
        from emoga_core.avatars.bundle_edit import rename_state
        from emoga_server.editing.rebake import rebake

        rename_state(avatar, old, new, rebake())
        print(f"{avatar}: {old} is now {new}")

    @group.command()
    def history(
        avatar: AvatarPath, name: Annotated[str, typer.Argument(help="Emotion whose versions to list.")]
    ) -> None:
        """List the versions of an emotion, the newest first; * marks the one in use."""
        from datetime import datetime

        from emoga_core.avatars.history import list_versions
        from emoga_server.baking import origin

        for version in list_versions(avatar, name):
            state = version.state
            saved = datetime.fromtimestamp(state.saved).isoformat(" ") if state.saved else "-"
            prompt, editor = origin(state.provenance)
            words = f"{prompt}  ({editor})" if prompt else str(state.provenance.get("made_by", ""))
            print(f"{'*' if version.current else ' '} {state.version}\t{saved}\t{words}")

    @group.command()
    def revert(
        avatar: AvatarPath,
        name: Annotated[str, typer.Argument(help="Emotion to take back.")],
        version: Annotated[
            int | None,
            typer.Option(min=1, help="Number in `emoga state history`; without it the one before."),
        ] = None,
    ) -> None:
        """Put an earlier version of an emotion in use again; the present one stays in the history."""
        from emoga_core.avatars.history import revert_state
        from emoga_server.editing.rebake import rebake

        state = revert_state(avatar, name, version, rebake())
        print(f"{avatar}: {name} is version {state.version} now")
