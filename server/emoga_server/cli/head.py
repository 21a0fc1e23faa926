"""`emoga head`: look at the heads that avatars stand on, and convert one's own FLAME model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

head_app = typer.Typer(help="Convert your FLAME model, or describe a head.", no_args_is_help=True)


@head_app.command("convert")
def convert(
    model: Annotated[Path, typer.Argument(help="generic_model.pkl, flame2023.pkl or flame2023_Open.pkl")],
    out: Annotated[Path, typer.Option("--out", "-o", help="file to write, e.g. flame.safetensors")],
    landmarks: Annotated[
        Path | None, typer.Option(help="landmark_embedding_with_eyes.npy, for the 68 landmarks")
    ] = None,
    masks: Annotated[Path | None, typer.Option(help="FLAME_masks.pkl, for the face regions")] = None,
    version: Annotated[
        str | None, typer.Option(help="2020, 2023, 2023-open or unknown; default: told from the file's name")
    ] = None,
) -> None:
    """Convert a FLAME pickle once into a safe file; nothing inside the pickle is executed."""
    from emoga_core.heads.flame import convert_flame
    from emoga_core.heads.io import save_head

    head = convert_flame(model, version=version, landmarks=landmarks, masks=masks)
    save_head(head, out)
    _describe(head)
    typer.echo(f"written to {out}")


@head_app.command("info")
def info(
    path: Annotated[Path | None, typer.Argument(help="a converted head; default: the bundled one")] = None,
) -> None:
    """Describe a head: size, coefficients, licence, hash."""
    from emoga_core.heads.bundled import bundled_head
    from emoga_core.heads.io import load_head

    _describe(bundled_head() if path is None else load_head(path))


def _describe(head) -> None:
    rows = {
        "head": f"{head.name}, version {head.version}",
        "mesh": f"{head.num_vertices} vertices, {head.num_triangles} triangles",
        "coefficients": f"{head.num_identities} identity, {head.num_expressions} expression"
        + (" (ARKit)" if head.expression_names else ""),
        "pose correctives": "yes" if head.pose_correctives is not None else "no",
        "regions": ", ".join(head.region_names) or "none (convert with --masks)",
        "landmarks": str(len(head.landmark_triangles))
        if len(head.landmark_triangles)
        else "none (--landmarks)",
        "licence": head.licence
        + (", may be passed on" if head.redistributable else ", may not be passed on"),
        "credit": head.credit,
        "hash": head.hash,
    }
    width = max(map(len, rows))
    for name, value in rows.items():
        typer.echo(f"{name:<{width}}  {value}")


def register(app: typer.Typer) -> None:
    """Adds `emoga head`."""
    app.add_typer(head_app, name="head")
