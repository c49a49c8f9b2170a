"""What every command shares: options, the two streams, tables, JSON."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import duckdb
import typer
from rich.console import Console
from rich.table import Table

from tracekit.comparison.compare import jsonable

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

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
    str,
    typer.Option(
        help="How the log is spelled: nanobragg, tracekit or a TOML file, "
        "which dialect init makes."
    ),
]


def counted(count: int, noun: str) -> str:
    """A count with its noun: ``1 line``, ``2 lines``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def warn_on_stderr() -> None:
    """Let a recording's warnings go to standard error."""
    import structlog  # 0.1 s to load, and needed only by what records

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say what takes time, where a person watches."""
    with err.status(what):
        yield


def dicts(
    result: duckdb.DuckDBPyConnection | duckdb.DuckDBPyRelation,
) -> list[dict[str, Any]]:
    """The rows as dicts, column by column."""
    columns = [column[0] for column in result.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]


def print_rows(
    result: duckdb.DuckDBPyConnection | duckdb.DuckDBPyRelation,
    *,
    as_json: bool,
) -> None:
    """Print rows as a table, or as one JSON list."""
    columns = [column[0] for column in result.description or ()]
    print_table(dicts(result), as_json=as_json, columns=columns)


def print_table(
    rows: list[dict[str, Any]],
    *,
    as_json: bool,
    columns: Sequence[str] | None = None,
) -> None:
    """Print dicts of equal keys as a table, or as one JSON list."""
    if as_json:
        print_json(rows)
        return
    columns = list(rows[0]) if columns is None else columns
    table = Table(*columns, header_style="bold", box=None, padding=(0, 1))
    for row in rows:
        table.add_row(*(_cell(row[column]) for column in columns))
    out.print(table)


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={part}" for key, part in value.items())
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


def print_json(document: Any) -> None:
    """Write one JSON document, NaN and infinities as texts."""
    sys.stdout.write(
        json.dumps(jsonable(document), allow_nan=False, default=str) + "\n"
    )
