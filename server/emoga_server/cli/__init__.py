"""The `emoga` command: each subcommand lives in its own module and imports what is heavy when it runs."""

from __future__ import annotations

import importlib
import importlib.util
import sys

import typer

from emoga_core.errors import EmogaError
from emoga_protocol.errors import ProtocolError

COMMANDS = ("capture", "build", "state", "motion", "info", "render", "bake", "serve", "demo", "head", "bench")
"""Modules beside this one, in the order in which `--help` lists them; each has `register(app)`."""


def make_app() -> typer.Typer:
    """The command-line application with every subcommand registered."""
    app = typer.Typer(
        name="emoga",
        help="Gaussian-splat head avatars with feelings, streamed live into a game engine or a browser.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for name in COMMANDS:
        module = f"{__name__}.{name}"
        if importlib.util.find_spec(module):
            importlib.import_module(module).register(app)
    return app


def main() -> None:
    """Entry point: one-line errors instead of tracebacks, 130 after Ctrl-C."""
    try:
        make_app()()
    except (EmogaError, ProtocolError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"error: {where}{error.strerror or error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
