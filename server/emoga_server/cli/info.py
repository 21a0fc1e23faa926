"""`emoga info`: what an avatar is made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer


def register(app: typer.Typer) -> None:
    """Adds `emoga info`."""

    @app.command()
    def info(
        avatar: Annotated[Path, typer.Argument(help="Avatar bundle (NAME.emoga).")],
        as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    ) -> None:
        """Show an avatar's head and licence, emotions, motions, sizes, and how it was made."""
        from emoga_core.avatars.bundle_edit import describe
        from emoga_server.baking import is_current

        facts = describe(avatar)
        facts["baked"] = is_current(avatar)
        if as_json:
            print(json.dumps(facts, indent=1))
        else:
            _print(facts)


def _print(facts: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    head, counts, sizes = facts["head"], facts["counts"], facts["bytes"]
    table = Table.grid(padding=(0, 2))
    rows = {
        "avatar": f"{facts['name']}  ({_size(sizes['total'])})",
        "head": f"{head['name']} {head['version']}  ({head['hash'][:12]})",
        "licence": head["licence"] + ("" if head["redistributable"] else "  (the head may not be passed on)"),
        "credit": head["credit"],
        "Gaussians": f"{counts['gaussians']} on {counts['triangles']} triangles",
        "colour": _colour(facts),
        "baked": f"yes  ({_size(sizes['baked'])})" if facts["baked"] else "no  (`emoga serve` bakes it)",
        "made by": _provenance(facts["provenance"]),
    }
    for key, value in rows.items():
        table.add_row(Text(key, style="bold"), Text(value))
    console.print(table)
    states = Table(title="emotions" if facts["states"] else "no emotions yet", title_justify="left")
    for column in ("name", "valence", "arousal", "Gaussians changed", "size", "made by"):
        states.add_column(column, justify="left" if column in ("name", "made by") else "right")
    for state in facts["states"]:
        values = (f"{state['valence']:+.2f}", f"{state['arousal']:+.2f}", str(state["changed"]))
        states.add_row(state["name"], *values, _size(state["bytes"]), Text(_provenance(state["provenance"])))
    motions = Table(title="motions" if facts["motions"] else "no motions yet", title_justify="left")
    for column in ("name", "seconds", "frames", "fps"):
        motions.add_column(column, justify="left" if column == "name" else "right")
    for motion in facts["motions"]:
        motions.add_row(
            motion["name"], f"{motion['seconds']:.1f}", str(motion["frames"]), f"{motion['fps']:g}"
        )
    for listing in (states, motions):
        console.print(listing if listing.row_count else Text(str(listing.title)))


def _colour(facts: dict[str, Any]) -> str:
    counts, look = facts["counts"], facts["appearance"]
    if look["kind"] == "sh":
        return f"spherical harmonics of degree {look['sh_degree']}"
    return (
        f"{counts['latents']} latents, {counts['hidden']} hidden units, "
        f"spherical harmonics of degree {look['sh_degree']}"
    )


def _provenance(table: dict[str, Any]) -> str:
    """The plain values of a provenance, those of inner objects by their path."""
    parts = [
        f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in _leaves(table)
    ]
    return ", ".join(parts)[:500] or "-"


def _leaves(table: dict[str, Any], path: str = "", depth: int = 4) -> Iterator[tuple[str, str | float]]:
    for key, value in table.items():
        if isinstance(value, dict) and depth > 1:
            yield from _leaves(value, f"{path}{key}.", depth - 1)
        elif isinstance(value, str | int | float):
            yield f"{path}{key}", value


def _size(count: int) -> str:
    return f"{count / 1e6:.2f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"
