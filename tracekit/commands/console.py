"""What every command shares: options, the two streams, tables, JSON.

rich takes 0.05 s to load, so only tables, waiting and the demo do.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from tracekit.commands.arguments import argument, flag

if TYPE_CHECKING:
    import duckdb
    from rich.console import Console

JSON = flag("--json", "Print one JSON document.", dest="as_json")
OUTPUT = argument("-o", "--output", type=Path, help="What to write.")
NEW_TRACE = argument(
    "-o", "--output", type=Path, required=True, help="A new trace directory."
)
POLICY = argument(
    "--policy", type=Path, help="Tolerances by tap, a TOML file."
)
DIALECT = argument(
    "--dialect",
    help="How the log is spelled: nanobragg, tracekit or a TOML file, which "
    "dialect init makes; by default tracekit where its lines are there, else "
    "nanobragg.",
)

# ANSI's select graphic rendition
_STYLES = {
    "bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33",
}  # fmt: skip


class Stream:
    """Standard output or standard error, in color where a person watches.

    Args:
        name: its name in ``sys``, where it is looked up at each line.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def file(self) -> TextIO:
        """The stream as it is now."""
        stream: TextIO = getattr(sys, self._name)
        return stream

    def print(self, text: str, style: str = "", end: str = "\n") -> None:
        """Write a text, in the words of ``_STYLES``."""
        if style and self._colored():
            codes = ";".join(_STYLES[word] for word in style.split())
            text = f"\x1b[{codes}m{text}\x1b[0m"
        print(text, file=self.file, end=end)

    def _colored(self) -> bool:
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        return not plain and self.file.isatty()


_FAR = 1 << 16  # columns

out, err = Stream("stdout"), Stream("stderr")


def rich_console(stream: Stream) -> Console:
    """For what moves, and for tables."""
    from rich.console import Console

    return Console(file=stream.file, highlight=False, soft_wrap=True)


def counted(count: int, noun: str) -> str:
    """A count with its noun: ``1 line``, ``2 lines``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def warn_on_stderr() -> None:
    """Let a recording's warnings go to standard error."""
    import logging

    import structlog  # 0.1 s to load, and needed only by what records

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say what takes time, where a person watches."""
    if not err.file.isatty():
        yield
        return
    with rich_console(err).status(what):
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
    from rich.table import Table

    columns = list(rows[0]) if columns is None else columns
    table = Table(*columns, header_style="bold", box=None, padding=(0, 1))
    for row in rows:
        table.add_row(*(_cell(row[column]) for column in columns))
    console = rich_console(out)
    if not out.file.isatty() and "COLUMNS" not in os.environ:
        # for another program or a file: no cell is cut off
        console.width = _FAR
    console.print(table)


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={part}" for key, part in value.items())
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


def print_json(document: Any) -> None:
    """Write one JSON document, NaN and infinities as texts."""
    from tracekit.comparison.compare import jsonable  # loads DuckDB

    sys.stdout.write(
        json.dumps(jsonable(document), allow_nan=False, default=str) + "\n"
    )
