"""Traces as relations of a DuckDB connection: their tables, their elements.

What lies on the disk is read by SQL; Arrow, which takes as long to load as a
small comparison takes, hands over what is in memory.
"""

from __future__ import annotations

from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb

from tracekit.columns import FIRINGS, TABLES
from tracekit.errors import TraceError
from tracekit.storage.late_tables import FEW, LateTables
from tracekit.storage.trace import Trace

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

ELEMENT = {
    "side": "VARCHAR",
    "tap_id": "BIGINT",
    "ordinal": "BIGINT",
    "event": "BIGINT",
    "float": "DOUBLE",
    "integer": "BIGINT",
    "unsigned": "UBIGINT",
    "text": "VARCHAR",
    "digits": "SMALLINT",
    "quantum": "SMALLINT",
}


class Rows:
    """A table that is worked out whenever DuckDB reads it.

    Args:
        schema: its columns.
        batches: gives its rows.
    """

    def __init__(
        self,
        schema: pa.Schema,
        batches: Callable[[], Iterable[pa.RecordBatch]],
    ) -> None:
        self.schema = schema
        self._batches = batches

    def __arrow_c_schema__(self) -> object:
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested: object = None) -> object:
        import pyarrow as pa

        reader = pa.RecordBatchReader.from_batches(
            self.schema, self._batches()
        )
        return reader.__arrow_c_stream__(requested)


def register_rows(
    con: duckdb.DuckDBPyConnection,
    name: str,
    columns: Mapping[str, str],
    rows: Sequence[Sequence[Any]],
) -> None:
    """A table of few rows.

    Args:
        con: the connection.
        name: what to call it.
        columns: SQL types by name.
        rows: what it holds.
    """
    listed = ", ".join(f'"{c}" {kind}' for c, kind in columns.items())
    con.execute(f"CREATE TABLE {name} ({listed})")
    if rows:
        row = ", ".join("?" for _ in columns)
        con.executemany(f"INSERT INTO {name} FROM (VALUES ({row}))", rows)


def register_table(
    con: duckdb.DuckDBPyConnection, name: str, traces: Mapping[str, Trace]
) -> None:
    """A table of its own: DuckDB plans it faster than another's.

    Args:
        con: the connection.
        name: "trace_" and a name of ``TABLES``.
        traces: the traces by side.

    Raises:
        TraceError: a file is damaged.
    """
    stored = name.removeprefix("trace_")
    with _damage_told(stored, traces):
        if stored == "event" and _events(con, traces) > FEW:
            _register_events(con, name, traces)
            return
        register_rows(con, name, {"side": "VARCHAR", **TABLES[stored]}, ())
        parts = [
            _of_side(side, _rows_of(con, trace, stored, f"{name}_{n}"))
            for n, (side, trace) in enumerate(traces.items())
        ]
        if parts:
            union = " UNION ALL BY NAME ".join(parts)
            con.execute(f"INSERT INTO {name} BY NAME {union}")


@contextmanager
def _damage_told(stored: str, traces: Mapping[str, Trace]) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        for trace in traces.values():
            trace.tables[stored]  # tells which one it is
        raise TraceError(f"the table {stored} is damaged: {error}") from error


def _rows_of(
    con: duckdb.DuckDBPyConnection, trace: Trace, stored: str, name: str
) -> str:
    """A table of a trace as SQL reads it; one in memory is given this name."""
    file = _file(trace, stored)
    if file is not None and (
        stored != "event" or _plain_events(con, file) is not None
    ):
        return _parquet([file], "hive_partitioning = FALSE")
    table = trace.tables[stored]
    con.register(name, Rows(table.schema, table.to_batches))
    return name


def _file(trace: Trace, stored: str) -> Path | None:
    """Where a table lies that isn't in memory."""
    late = trace.tables
    return late.file(stored) if isinstance(late, LateTables) else None


def _plain_events(con: duckdb.DuckDBPyConnection, file: Path) -> int | None:
    """Rows of a stored table of events; None if one may be many firings."""
    asked = {"file": str(file)}
    columns = con.execute("SELECT name FROM parquet_schema($file)", asked)
    if (FIRINGS,) in columns.fetchall():
        return None
    found = con.execute(
        "SELECT num_rows FROM parquet_file_metadata($file)", asked
    )
    ((rows,),) = found.fetchall()
    return int(rows)


def _events(
    con: duckdb.DuckDBPyConnection, traces: Mapping[str, Trace]
) -> int:
    """How many there are on all sides."""
    count = 0
    for trace in traces.values():
        file = _file(trace, "event")
        plain = None if file is None else _plain_events(con, file)
        count += trace.events if plain is None else plain
    return count


def _register_events(
    con: duckdb.DuckDBPyConnection, name: str, traces: Mapping[str, Trace]
) -> None:
    """Events of all sides, read from the disk whenever they are asked for."""
    import pyarrow as pa

    from tracekit.storage.arrow_tables import EVENT

    schema = pa.schema([("side", pa.large_string()), *EVENT])

    def batches() -> Iterator[pa.RecordBatch]:
        for side, trace in traces.items():
            for piece in trace.event_pieces():
                columns = [_repeated(side, piece), *piece.columns]
                yield pa.record_batch(columns, schema=schema)

    con.register(name, Rows(schema, batches))


def _repeated(text: str, piece: pa.RecordBatch) -> pa.Array:
    """A text for each row; ``pa.repeat`` would load pandas."""
    import numpy as np
    import pyarrow as pa

    data, count = text.encode(), piece.num_rows
    offsets = np.arange(count + 1, dtype=np.int64) * len(data)
    buffers = pa.py_buffer(offsets), pa.py_buffer(data * count)
    return pa.LargeStringArray.from_buffers(count, *buffers)


def register_elements(
    con: duckdb.DuckDBPyConnection,
    traces: Mapping[str, Trace],
    taps: Collection[tuple[str, int]],
    view: str = "trace_element",
    more: str = "element_schema",
    *,
    kept: bool = False,
) -> None:
    """Elements of some taps of all sides, whatever their stored type.

    Args:
        con: the connection.
        traces: the traces by side.
        taps: of these sides, by number.
        view: what to call them.
        more: a table whose rows are among them.
        kept: a table of them, read once, and no view.
    """
    parts = [f"FROM {more}"]
    for number, (side, trace) in enumerate(traces.items()):
        mine = sorted(tap for of_side, tap in taps if of_side == side)
        rows = _elements(con, trace, mine, f"{view}_{number}")
        parts += [_of_side(side, part, columns) for part, columns in rows]
    kind = "TABLE" if kept else "VIEW"
    union = " UNION ALL BY NAME ".join(parts)
    con.execute(f"CREATE OR REPLACE {kind} {view} AS {union}")


_TAP_OF_FILE = r"regexp_extract(filename, 'tap=(\d+)[^=]*$', 1)::BIGINT"


def _elements(
    con: duckdb.DuckDBPyConnection, trace: Trace, taps: list[int], name: str
) -> Iterator[tuple[str, str]]:
    """Rows and columns: of taps on the disk, then of taps in memory."""
    stored = [tap for tap in taps if trace.is_stored(tap)]
    if stored:
        files = [trace.element_file(tap) for tap in stored]
        # the user's folders may be called NAME=VALUE, too
        ways = (
            "hive_partitioning = FALSE, filename = TRUE, union_by_name = TRUE"
        )
        rows = _parquet(files, ways)
        yield rows, f"* EXCLUDE (filename), {_TAP_OF_FILE} AS tap_id"
    if len(stored) < len(taps):
        held = [tap for tap in taps if not trace.is_stored(tap)]
        table = _in_memory(trace, held)
        con.register(name, Rows(table.schema, table.to_batches))
        yield name, "*"


def _in_memory(trace: Trace, taps: list[int]) -> pa.Table:
    import pyarrow as pa

    from tracekit.storage.arrow_tables import arrow_schema

    stored = arrow_schema({n: k for n, k in ELEMENT.items() if n != "side"})
    parts = [stored.empty_table()]
    for number in taps:
        table = trace.elements(number)
        columns = [
            pa.array([number] * table.num_rows, pa.int64())
            if field.name == "tap_id"
            else table[field.name].cast(field.type)
            if field.name in table.column_names
            else pa.nulls(table.num_rows, field.type)
            for field in stored
        ]
        parts.append(pa.table(columns, schema=stored))
    return pa.concat_tables(parts)


def _of_side(side: str, rows: str, columns: str = "*") -> str:
    return f"FROM {rows} SELECT {_quoted(side)} AS side, {columns}"


def _parquet(files: Sequence[Path], ways: str) -> str:
    """SQL that reads files; one of the very name comes before a pattern."""
    names = ", ".join(_quoted(str(file)) for file in files)
    return f"read_parquet([{names}], {ways})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
