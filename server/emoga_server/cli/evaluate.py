"""`emoga evaluate`: how good the product's results are where the truth is known."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from emoga_core.evaluate import EvaluateOptions, Evaluation
    from emoga_server.bench import Row


def register(app: typer.Typer) -> None:
    """Adds `emoga evaluate`."""
    group = typer.Typer(no_args_is_help=True, help="Measure quality against known truth.")
    group.command()(emotions)
    group.callback()(lambda: None)  # a group of one command stays a group
    app.add_typer(group, name="evaluate")


def emotions(
    quick: Annotated[bool, typer.Option("--quick", help="One subject, two emotions, fewer rows.")] = False,
    subjects: Annotated[
        str | None, typer.Option(help="How many subjects, or their names and seeds.", metavar="N|NAME,...")
    ] = None,
    emotions: Annotated[
        str | None, typer.Option(help="Emotions of the studio; all without it.", metavar="NAME,...")
    ] = None,
    levels: Annotated[
        str | None, typer.Option(help="How bad the edits are.", metavar="mild,medium,hard")
    ] = None,
    method: Annotated[
        str | None, typer.Option(help="Rows at level medium: full, thesis, ...", metavar="NAME,...")
    ] = None,
    editor: Annotated[
        str, typer.Option(help="corrupted: pseudo edits; guided: the whole chain from the prompt on too.")
    ] = "corrupted",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    sheet: Annotated[Path | None, typer.Option(help="Contact sheet to write (PNG).")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the faults and of the optimiser.")] = 0,
    steps: Annotated[int | None, typer.Option(min=1, help="Of the optimiser; its own without it.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; as many as cores without it.")] = None,
) -> None:
    """Recover emotions from pseudo edits of studio subjects, and compare with the exact truth.

    The first run renders captures and builds avatars (minutes each); everything is kept, and the same command
    continues an interrupted one.
    """
    from emoga_core.captures.images import write_png
    from emoga_core.errors import EmogaError
    from emoga_core.evaluate.sheet import contact_sheet

    if sheet is not None and sheet.suffix.lower() != ".png":
        raise EmogaError(
            f"{sheet}: pictures are written as PNG; give --sheet {sheet.with_suffix('.png').name}"
        )
    if sheet is not None and not sheet.absolute().parent.is_dir():
        raise EmogaError(f"{sheet}: its folder does not exist; make it first")
    options = make_options(quick, subjects, emotions, levels, method, editor, seed, steps, workers)
    evaluation = run(options)
    if sheet is not None:
        write_png(sheet, contact_sheet(evaluation))
    show(evaluation, as_json)


def make_options(
    quick: bool = False,
    subjects: str | None = None,
    emotions: str | None = None,
    levels: str | None = None,
    method: str | None = None,
    editor: str = "corrupted",
    seed: int = 0,
    steps: int | None = None,
    workers: int | None = None,
) -> EvaluateOptions:
    """What the command line asks for; without a choice the full, or the quick, evaluation."""
    from emoga_core.captures.studio import default_workers
    from emoga_core.evaluate import EvaluateOptions

    changes: dict[str, Any] = {"editor": editor, "seed": seed, "steps": steps}
    changes["workers"] = default_workers() if workers is None else workers
    lists = {"emotions": emotions, "levels": levels, "methods": method}
    changes |= {key: _names(text) for key, text in lists.items() if text is not None}
    if subjects is not None:
        changes["subjects"] = _subjects(subjects)
    return EvaluateOptions.quick(**changes) if quick else EvaluateOptions(**changes)


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _subjects(text: str) -> tuple[str, ...]:
    """A number up to that of the standing subjects counts those; all else names them."""
    from emoga_core.evaluate.benchmark import SUBJECTS

    if text.isdigit() and 1 <= int(text) <= len(SUBJECTS):
        return SUBJECTS[: int(text)]
    return _names(text)


def run(options: EvaluateOptions) -> Evaluation:
    """Evaluates with a progress bar on the terminal's error output.

    Raises: typer.Exit 130 after Ctrl-C.
    """
    from emoga_core.evaluate import EvaluateInterrupted, Step, evaluate_emotions
    from emoga_server.cli.state_fit import Interrupt, progress_bar

    with Interrupt() as interrupt, progress_bar(stderr=True) as bar:
        rows: dict[str, Any] = {}

        def tell(step: Step) -> None:
            name = step.name if step.name == "optimising" else f"{step.name} {step.detail}"
            if name not in rows:
                for row in rows.values():
                    bar.update(row, visible=False)
                rows[name] = bar.add_task(name, total=step.total, detail="")
            detail = step.detail if step.name == "optimising" else ""
            bar.update(rows[name], completed=step.done, total=step.total, detail=detail)

        try:
            return evaluate_emotions(options, progress=tell, stop=interrupt.requested)
        except EvaluateInterrupted as stopped:
            bar.stop()
            typer.echo(str(stopped), err=True)
            raise typer.Exit(130) from None


def show(evaluation: Evaluation, as_json: bool) -> None:
    """Prints the figures."""
    from emoga_core.evaluate import case_rows
    from emoga_server.bench import report
    from emoga_server.bench.evaluation import rows_of

    rows = rows_of(evaluation)
    if as_json:
        options = evaluation.options
        result = report(rows)
        result["settings"] = {
            "subjects": options.subjects, "emotions": options.emotions, "levels": options.levels,
            "methods": options.methods, "editor": options.editor, "seed": options.seed,
            "steps": options.steps, "size": options.size, "build_steps": options.build_steps,
        }  # fmt: skip
        result["cases"] = case_rows(evaluation)
        print(json.dumps(result, allow_nan=False))
        return
    _print_figures(rows)
    _print_methods(evaluation)


def _print_figures(rows: list[Row]) -> None:
    from rich.console import Console
    from rich.table import Table

    from emoga_server.bench import machine

    table = Table(title=f"emoga evaluate emotions  ({machine()})")
    for column in ("key", "value", "95 % interval", "unit", "target"):
        table.add_column(column, justify="right" if column in ("value", "95 % interval") else "left")
    for row in rows:
        low, high = row.interval or (math.nan, math.nan)
        interval = "" if row.interval is None else f"{low:.3g} to {high:.3g}"
        table.add_row(row.key, f"{row.value:.4g}", interval, row.unit, row.target)
    Console().print(table)


def _print_methods(evaluation: Evaluation) -> None:
    """One row for every level and method; means over cases."""
    from rich.console import Console
    from rich.table import Table

    from emoga_core.evaluate import METHOD_COLUMNS, method_rows

    table = Table(title="methods (means over cases, unseen views and moments)")
    table.add_column("level")
    table.add_column("method")
    for title in METHOD_COLUMNS.values():
        table.add_column(title, justify="right")
    for level, title, values in method_rows(evaluation):
        cells = ("" if math.isnan(v) else f"{v:.3g}" if abs(v) < 10 else f"{v:.2f}" for v in values)
        table.add_row(level, title, *cells)
    Console().print(table)
