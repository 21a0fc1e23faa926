"""`emoga bench NAME`: measure this machine against the product's targets."""

from __future__ import annotations

import importlib
import json
from enum import StrEnum
from typing import Annotated

import typer


class BenchName(StrEnum):
    """The benchmarks there are."""

    raster = "raster"
    build = "build"
    wire = "wire"
    hub = "hub"
    browser = "browser"
    edit = "edit"


def register(app: typer.Typer) -> None:
    """Adds `emoga bench`."""

    @app.command()
    def bench(
        name: Annotated[BenchName, typer.Argument(help="What to measure.")],
        as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    ) -> None:
        """Measure speed and quality on this machine, beside the targets."""
        from rich.console import Console
        from rich.table import Table

        from emoga_server import bench as benchmarks

        rows = importlib.import_module(f"emoga_server.bench.{name.value}").run()
        if as_json:
            print(json.dumps(benchmarks.report(rows)))
            return
        table = Table(title=f"emoga bench {name.value}  ({benchmarks.machine()})")
        for column in ("key", "value", "unit", "target", "baseline", "ratio"):
            table.add_column(column, justify="left" if column in ("key", "unit", "target") else "right")
        for row in rows:
            table.add_row(
                row.key,
                f"{row.value:.4g}",
                row.unit,
                row.target,
                "" if row.baseline is None else f"{row.baseline:.4g}",
                "" if row.ratio is None else f"{row.ratio:.3g}",
            )
        Console().print(table)
