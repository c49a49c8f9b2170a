"""The command line: each command calls the public API and prints.

Exit status: 0 close (or done), 1 diverged, 2 could not do it, with one
sentence on standard error that says why. With ``--json`` standard output is
one JSON document and nothing else.
"""

from __future__ import annotations

import sys

import duckdb
import typer

from tracekit.commands import comparing, dialects, running, showing
from tracekit.commands.console import err
from tracekit.errors import TracekitError

app = typer.Typer(
    help="Why does your port's number differ? Taps, traces, and SQL.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
# what stands behind -- belongs to the program that runs
_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}

app.command()(running.demo)
app.command(
    context_settings=_PASSED_ON,
    options_metavar="-o TRACE [OPTIONS] -- PROGRAM [ARGUMENTS]",
)(running.run)
app.command()(running.parse)
app.command()(running.array)
app.command()(running.c_header)
app.command()(running.repair)
app.command()(comparing.compare)
app.command()(comparing.query)
app.command()(comparing.sql)
app.command()(comparing.calibrate)
app.command()(showing.show)
app.command()(showing.export)
app.add_typer(dialects.app, name="dialect")


def main() -> None:
    """Entry point: every foreseen failure is one sentence and status 2."""
    try:
        app()
    except (TracekitError, duckdb.Error, OSError) as error:
        err.print(f"tracekit: {error}", style="red", markup=False)
        sys.exit(2)


if __name__ == "__main__":
    main()
