"""Traces as relations of a DuckDB connection: their tables, their elements."""

from __future__ import annotations

from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from functools import partial
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from tracekit.schema import TABLES
from tracekit.storage.stored_events import FEW
from tracekit.storage.trace import Trace

ELEMENT = pa.schema(
    [
        ("side", pa.string()),
        ("tap_id", pa.int64()),
        ("ordinal", pa.int64()),
        ("event", pa.int64()),
        ("float", pa.float64()),
        ("integer", pa.int64()),
        ("unsigned", pa.uint64()),
        ("text", pa.string()),
        ("digits", pa.int16()),
        ("quantum", pa.int16()),
    ]
)


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
        reader = pa.RecordBatchReader.from_batches(
            self.schema, self._batches()
        )
        return reader.__arrow_c_stream__(requested)


def register_rows(
    con: duckdb.DuckDBPyConnection,
    name: str,
    schema: pa.Schema,
    rows: Sequence[Sequence[Any]],
) -> None:
    """A table of few rows; an Arrow array of them would load pandas."""
    con.from_arrow(Rows(schema, list)).create(name)
    table = con.table(name)
    for row in rows:
        table.insert(row)


def register_table(
    con: duckdb.DuckDBPyConnection, name: str, traces: Mapping[str, Trace]
) -> None:
    """A table of its own: DuckDB plans it faster than one of Arrow's.

    Args:
        con: the connection.
        name: "trace_" and a name of ``TABLES``.
        traces: the traces by side.
    """
    stored = name.removeprefix("trace_")
    side_first = pa.schema([("side", pa.large_string()), *TABLES[stored]])
    if stored == "event" and sum(t.events for t in traces.values()) > FEW:
        events = partial(_events, side_first, traces)
        con.register(name, Rows(side_first, events))
        return
    parts = [
        pa.table([_repeated(side, table), *table.columns], schema=side_first)
        for side, trace in traces.items()
        for table in (trace.tables[stored],)
    ]
    rows = pa.concat_tables(parts) if parts else Rows(side_first, list)
    con.from_arrow(rows).create(name)


def _events(
    schema: pa.Schema, traces: Mapping[str, Trace]
) -> Iterator[pa.RecordBatch]:
    """Events of all sides, read from the disk whenever they are asked for."""
    for side, trace in traces.items():
        for piece in trace.event_pieces():
            columns = [_repeated(side, piece), *piece.columns]
            yield pa.record_batch(columns, schema=schema)


def _repeated(text: str, table: pa.Table | pa.RecordBatch) -> pa.Array:
    """A text for each row; ``pa.repeat`` would load pandas."""
    data, count = text.encode(), table.num_rows
    offsets = np.arange(count + 1, dtype=np.int64) * len(data)
    buffers = pa.py_buffer(offsets), pa.py_buffer(data * count)
    return pa.LargeStringArray.from_buffers(count, *buffers)


def register_elements(
    con: duckdb.DuckDBPyConnection,
    traces: Mapping[str, Trace],
    view: str = "trace_element",
    only: Collection[tuple[str, int]] | None = None,
    more: str = "element_schema",
    *,
    kept: bool = False,
) -> None:
    """All elements of all sides, whatever their stored type.

    Args:
        con: the connection.
        traces: the traces by side.
        view: what to call them.
        only: of these taps of these sides alone.
        more: a table whose rows are among them.
        kept: a table of them, read once, and no view.
    """
    if only is None:
        con.register("element_schema", Rows(ELEMENT, list))
    parts = [more]
    for number, (side, trace) in enumerate(traces.items()):
        taps = [
            tap
            for tap in range(trace.tables["tap"].num_rows)
            if only is None or (side, tap) in only
        ]
        constant = duckdb.ConstantExpression(side).alias("side")
        for place, relation in _relations(con, trace, taps).items():
            part = f"{view}_{place}_{number}"
            relation = relation.select(constant, duckdb.StarExpression())
            relation.create_view(part)
            parts.append(part)
    union = " UNION ALL BY NAME ".join(f"FROM {part}" for part in parts)
    kind = "TABLE" if kept else "VIEW"
    con.execute(f"CREATE OR REPLACE {kind} {view} AS {union}")


def _relations(
    con: duckdb.DuckDBPyConnection, trace: Trace, taps: list[int]
) -> dict[str, duckdb.DuckDBPyRelation]:
    """Elements of these taps: of those in memory, of those on the disk."""
    found = {}
    stored = [tap for tap in taps if trace.is_stored(tap)]
    if stored:
        found["disk"] = con.read_parquet(
            [str(trace.element_file(tap)) for tap in stored],
            hive_partitioning=True,
            union_by_name=True,
        ).project("* EXCLUDE (tap), tap::BIGINT AS tap_id")
    if len(stored) < len(taps):
        held = [tap for tap in taps if not trace.is_stored(tap)]
        found["memory"] = con.from_arrow(_in_memory(trace, held))
    return found


def _in_memory(trace: Trace, taps: list[int]) -> pa.Table:
    stored = pa.schema([f for f in ELEMENT if f.name != "side"])
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
