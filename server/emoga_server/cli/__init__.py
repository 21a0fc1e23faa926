"""The `emoga` command: each subcommand lives in its own module and imports what is heavy when it runs."""

from __future__ import annotations

import errno
import importlib
import importlib.util
import os
import signal
import sys
from typing import Annotated

import typer

from emoga_core.errors import EmogaError
from emoga_protocol.errors import ProtocolError

COMMANDS = (
    "capture", "build", "edit", "state", "motion", "info", "render", "bake", "serve", "demo", "head",
    "evaluate", "bench",
)  # fmt: skip
"""Modules beside this one, in the order in which `--help` lists them; each has `register(app)`."""


def make_app() -> typer.Typer:
    """The command-line application with every subcommand registered."""
    app = typer.Typer(
        name="emoga",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def emoga(
        version: Annotated[
            bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
        ] = False,
    ) -> None:
        """Gaussian-splat head avatars with feelings, streamed live into a game engine or a browser."""

    for name in COMMANDS:
        module = f"{__name__}.{name}"
        if importlib.util.find_spec(module):
            importlib.import_module(module).register(app)
    return app


def _print_version(wanted: bool) -> None:
    from emoga_server.version import VERSION

    if wanted:
        print(f"emoga {VERSION}")
        raise typer.Exit


_REMEDIES = {
    errno.ENOSPC: "free space there, or give another place",
    errno.EDQUOT: "free space there, or give another place",
    errno.EACCES: "check its permissions, or give another place",
    errno.EPERM: "check its permissions, or give another place",
    errno.EROFS: "give another place",
    errno.ENOENT: "check the path, and make its folder first",
    errno.ENOTDIR: "a part of the path is a file; give another",
    errno.EEXIST: "a file of that name is in the way; give another",
    errno.EISDIR: "give the name of a file",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
}


def _explain(error: OSError) -> str:
    """Where, what, and, as far as the system tells, what to do."""
    where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    remedy = _REMEDIES.get(error.errno or 0)
    return f"{where}{error.strerror or error}" + (f"; {remedy}" if remedy else "")


def _terminate(*_: object) -> None:
    """SIGTERM unwinds the program like an error does, so that it ends its workers and removes its files."""
    sys.exit(128 + signal.SIGTERM)


def main() -> None:
    """Entry point: one-line errors instead of tracebacks, 130 after Ctrl-C."""
    # OpenMP's threads sleep at a barrier instead of spinning: as quick on an idle machine, and many times
    # quicker where other programs want the cores too. Read when the first of them starts.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        make_app()()
    except (EmogaError, ProtocolError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(f"error: {_explain(error)}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    finally:
        signal.signal(signal.SIGTERM, before)
