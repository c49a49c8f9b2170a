"""The command line: each command calls the public API and prints.

Exit status: 0 close (or done), 1 diverged, 2 could not do it, with one
sentence on standard error that says why. With ``--json`` standard output is
one JSON document and nothing else.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import duckdb
import structlog
import typer
from rich.console import Console
from rich.table import Table

from tracekit import queries
from tracekit.compare import compare as compare_traces
from tracekit.compare import jsonable
from tracekit.database import connect
from tracekit.errors import TracekitError
from tracekit.open import as_trace
from tracekit.report import render
from tracekit.trace import Trace

app = typer.Typer(
    help="Why does your port's number differ? Taps, traces, and SQL.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
_out = Console(highlight=False, soft_wrap=True)
_err = Console(stderr=True, highlight=False, soft_wrap=True)
_STATUS = {"close": 0, "diverged": 1, "incomparable": 2}

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Actual = Annotated[Path, typer.Argument(help="Trace or log in question.")]
Expected = Annotated[
    Path, typer.Argument(help="Trace or log that it should agree with.")
]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", help="Where to write.")
]
PolicyFile = Annotated[
    Path | None, typer.Option(help="Tolerances by tap, a TOML file.")
]
Dialect = Annotated[
    str, typer.Option(help="How the log is spelled: a name or a TOML file.")
]


def main() -> None:
    """Entry point: every foreseen failure is one sentence and status 2."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        app()
    except (TracekitError, duckdb.Error, OSError) as error:
        _err.print(f"tracekit: {error}", style="red", markup=False)
        sys.exit(2)


@app.command()
def demo(
    directory: Annotated[
        Path, typer.Option(help="Where traces and runs are put.")
    ] = Path("demo"),
) -> None:
    """Tell the story of a stale file, with our own C and PyTorch programs."""
    from tracekit.demo import run_demo

    run_demo(directory, _out)


@app.command(
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
    }
)
def run(
    context: typer.Context,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="A new trace directory.")
    ],
    dialect: Dialect = "nanobragg",
    as_json: Json = False,
) -> None:
    """Run any program after --; keep its log as a trace. Exits as it does."""
    from tracekit.programs import run as run_program

    if not context.args:
        raise TracekitError("no command; write it after --")
    trace, status = run_program(
        context.args,
        trace=output,
        dialect=dialect,
        echo=None if as_json else sys.stdout,
    )
    if as_json:
        _print_json({"trace": str(output), "exit_status": status})
    else:
        _err.print(f"{trace!r}, exit status {status}", style="dim")
    raise typer.Exit(status if status >= 0 else 128 - status)


@app.command()
def parse(
    log: Annotated[Path, typer.Argument(help="A log file.")],
    output: Output = None,
    dialect: Dialect = "nanobragg",
    as_json: Json = False,
) -> None:
    """Read a log that exists already; show what was read and what was not."""
    from tracekit.logs import parse_log

    with _waiting(f"reading {log}"):
        parsed = parse_log(log, dialect)
        if output is not None:
            parsed.trace().save(output)
    counts = parsed.counts()
    if as_json:
        _print_json(counts)
        return
    for name, count in counts.items():
        shown = len(count) if isinstance(count, list) else count
        _out.print(f"{name:<14} {shown}")
    for reject in parsed.rejects[:20]:
        _out.print(
            f"{reject.file}:{reject.line}: {reject.reason}: {reject.text}",
            style="yellow",
            markup=False,
        )
    if output is not None:
        _out.print(f"wrote {output}; next: tracekit show {output}")


@app.command()
def compare(
    actual: Actual,
    expected: Expected,
    policy: PolicyFile = None,
    every_tap: Annotated[
        bool, typer.Option("--all", help="Show close taps as well.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Same problem? Gaps? Where do two runs first differ? Every tap."""
    with _waiting(f"comparing {actual} with {expected}"):
        result = compare_traces(actual, expected, policy=policy)
    if as_json:
        _print_json(result.to_dict())
    else:
        text = render(result, every_tap=every_tap)
        head, _, rest = text.partition("\n")
        color = {"close": "green", "diverged": "red"}.get(
            result.verdict, "yellow"
        )
        _out.print(head, style=f"bold {color}", markup=False)
        _out.print(rest, markup=False)
    if result.verdict == "incomparable":
        _err.print(
            "tracekit: no number lines up; 'tracekit query inventory' shows "
            "what each side has",
            style="yellow",
        )
    raise typer.Exit(_STATUS[result.verdict])


@app.command()
def query(
    name: Annotated[
        str | None, typer.Argument(help="A query, or a .sql file of yours.")
    ] = None,
    traces: Annotated[
        list[Path] | None, typer.Argument(help="ACTUAL EXPECTED, or one.")
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--param", help="name=value, for $name."),
    ] = None,
    policy: PolicyFile = None,
    listing: Annotated[
        bool, typer.Option("--list", help="Show every query's documentation.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Ask one query of the library, or one of your own."""
    if listing or name is None:
        for known in (*queries.ONE_SIDE, *queries.TWO_SIDES):
            _out.print(known, style="bold")
            _out.print(f"{queries.load(known).documentation}\n", markup=False)
        return
    text = (
        Path(name).read_text(encoding="utf-8")
        if name.endswith(".sql")
        else f"FROM {queries.load(name).call}"
    )
    values = dict(part.split("=", 1) for part in parameter or [])
    _answer(text, traces or [], policy, values, as_json=as_json)


@app.command()
def sql(
    text: Annotated[str, typer.Argument(help="Any SQL that DuckDB knows.")],
    traces: Annotated[
        list[Path] | None, typer.Argument(help="ACTUAL EXPECTED, or one.")
    ] = None,
    policy: PolicyFile = None,
    as_json: Json = False,
) -> None:
    """Ask anything: views run, config, event, element, aligned, judged."""
    _answer(text, traces or [], policy, {}, as_json=as_json)


@app.command()
def show(
    source: Annotated[Path, typer.Argument(help="Trace or log.")],
    tap: Annotated[
        str | None, typer.Option(help="Show this tap's numbers.")
    ] = None,
    pixel: Annotated[
        tuple[int, int] | None, typer.Option(help="SLOW FAST")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what a trace holds: its run, its facts, its taps, its numbers."""
    con = connect(_sides([source]))
    if tap is not None or pixel is not None:
        asked = {"tap": tap, "pixel": None if pixel is None else list(pixel)}
        found = con.execute("FROM elements_of($tap, $pixel)", asked)
        _print_rows(found, as_json=as_json)
        return
    parts = {
        name: con.sql(f"FROM {name}") for name in ("run", "config", "taps")
    }
    if as_json:
        _print_json({name: _dicts(part) for name, part in parts.items()})
        return
    for part in parts.values():
        _print_rows(part, as_json=False)


@app.command()
def export(
    source: Annotated[Path, typer.Argument(help="Trace or log.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The file to write.")
    ],
    form: Annotated[
        str, typer.Option("--format", help="parquet, csv, json, npz or arrow.")
    ] = "parquet",
) -> None:
    """Write all elements of a trace to one file."""
    from tracekit.export import export as write

    with _waiting(f"writing {output}"):
        write(as_trace(source), output, form)  # type: ignore[arg-type]
    _out.print(f"wrote {output}")


@contextmanager
def _waiting(what: str) -> Iterator[None]:
    """Say what takes time, where a person watches."""
    with _err.status(what):
        yield


def _answer(
    text: str,
    sources: list[Path],
    policy: Path | None,
    values: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    con = connect(_sides(sources), policy=policy)
    _print_rows(con.execute(text, values or None), as_json=as_json)


def _dicts(
    result: duckdb.DuckDBPyConnection | duckdb.DuckDBPyRelation,
) -> list[dict[str, Any]]:
    columns = [column[0] for column in result.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]


def _print_rows(
    result: duckdb.DuckDBPyConnection | duckdb.DuckDBPyRelation,
    *,
    as_json: bool,
) -> None:
    columns = [column[0] for column in result.description or ()]
    rows = _dicts(result)
    if as_json:
        _print_json(rows)
        return
    table = Table(*columns, header_style="bold", box=None, padding=(0, 1))
    for row in rows:
        table.add_row(*(_cell(row[column]) for column in columns))
    _out.print(table)


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={part}" for key, part in value.items())
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


def _sides(sources: list[Path]) -> dict[str, Trace | str | Path]:
    if not sources:
        raise TracekitError("no trace; give one, or ACTUAL and EXPECTED")
    if len(sources) == 1:
        return {"trace": sources[0]}
    names = ["actual", "expected", *(f"trace{n}" for n in range(3, 99))]
    return dict(zip(names, sources, strict=False))


def _print_json(document: Any) -> None:
    sys.stdout.write(
        json.dumps(jsonable(document), allow_nan=False, default=str) + "\n"
    )


if __name__ == "__main__":
    main()
