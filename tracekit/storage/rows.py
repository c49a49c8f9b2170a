"""The rows of a trace's tables, as ``columns.TABLES`` has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from tracekit.schema import Declared, Run
from tracekit.storage.arrow_tables import COVERAGE, EVENT, TABLES
from tracekit.storage.columns import EventColumns
from tracekit.storage.grid import Ordinals, strides
from tracekit.storage.seal import SealedTap, TapFacts

_Rows = list[dict[str, Any]]


def tables_of(
    run: Run,
    taps: Sequence[TapFacts],
    declared: Sequence[Declared],
    facts: Mapping[str, Sequence[Any]],
) -> dict[str, pa.Table]:
    """All tables of a trace of one run but that of its events.

    Args:
        run: the execution.
        taps: in the order of their numbers.
        declared: taps that the program is known to have.
        facts: by table what has the table's columns for fields.
    """
    rows: dict[str, _Rows] = {
        "run": [{**_fields(run), "facts": list(run.facts.items())}],
        "tap": [_tap_row(number, tap) for number, tap in enumerate(taps)],
        "declared": [{"name": tap.tap, **_fields(tap)} for tap in declared],
        "grid": [
            row
            for number, tap in enumerate(taps)
            for row in _grid_rows(number, tap)
        ],
    }
    for name, items in facts.items():
        rows[name] = [_fields(item) for item in items]
    selected = [_selected(row) for row in rows["coverage"]]
    tables = {
        name: _table(schema, rows[name])
        for name, schema in TABLES.items()
        if name != "event"
    }
    if selected:
        place = COVERAGE.get_field_index("selected")
        tables["coverage"] = tables["coverage"].set_column(
            place, COVERAGE.field(place), pa.concat_arrays(selected)
        )
    return tables


def _selected(row: dict[str, Any]) -> pa.ListArray:
    """Index tuples, which may be very many, as a column of one row."""
    found = np.array(row.pop("selected"), np.int64)
    inner = _lists(found.reshape(-1, len(row["dims"])))
    ends = pa.array([0, len(inner)], pa.int32())
    return pa.ListArray.from_arrays(ends, inner).cast(
        COVERAGE.field("selected").type
    )


def event_table(taps: Sequence[SealedTap]) -> pa.Table:
    """One row an event, in program order."""
    tables = [
        _event_rows(number, part, ranks)
        for number, tap in enumerate(taps)
        for part, ranks in zip(tap.parts, tap.ranks, strict=True)
    ]
    table = pa.concat_tables([EVENT.empty_table(), *tables])
    order = np.argsort(table["sequence"].to_numpy(), kind="stable")
    return table.take(pa.array(order))


def _table(schema: pa.Schema, rows: _Rows) -> pa.Table:
    if "run_id" in schema.names:
        rows = [{"run_id": 0, **row} for row in rows]
    return pa.Table.from_pylist(rows, schema=schema)


def _fields(item: Any) -> dict[str, Any]:
    return {name: getattr(item, name) for name in item.__slots__}


def _tap_row(number: int, tap: TapFacts) -> dict[str, Any]:
    return {
        "tap_id": number,
        "name": tap.name,
        "family": tap.family,
        "order": tap.order,
        "kind": tap.kind,
        "dtype": tap.dtype,
        "unit": tap.unit,
        "need": tap.need,
        "elements": tap.count,
        "merged": tap.merged,
        **tap.contents.row(),
    }


def _grid_rows(number: int, tap: TapFacts) -> Iterator[dict[str, Any]]:
    for place, (axis, stride) in enumerate(
        zip(tap.grid, strides(tap.grid), strict=True)
    ):
        yield {
            "tap_id": number,
            "position": place,
            "stride": stride,
            **_fields(axis),
        }


def _event_rows(number: int, part: EventColumns, ranks: Ordinals) -> pa.Table:
    count, event = len(part), part.pattern
    extents = [[axis.extent for axis in event.axes]]
    zero = np.zeros(count, np.int64)
    columns = {
        "run_id": zero,
        "sequence": part.sequence,
        "tap_id": zero + number,
        "event": ranks,
        "grid_origin": _lists(part.origins),
        "grid_extent": _lists(np.array(extents, np.int64).repeat(count, 0)),
        "elements": zero + part.size,
        "line": part.line,
        "time_ns": zero if part.time_ns is None else part.time_ns,
        "thread": zero if part.thread is None else part.thread,
    }
    return pa.table(
        [
            pa.array(columns[field.name], field.type)
            if field.name in columns
            else pa.repeat(
                pa.scalar(getattr(event, field.name), field.type), count
            )
            for field in EVENT
        ],
        schema=EVENT,
    )


def _lists(rows: Ordinals) -> pa.ListArray:
    """Each row of a matrix as a list."""
    ends = np.arange(len(rows) + 1, dtype=np.int32) * rows.shape[1]
    return pa.ListArray.from_arrays(pa.array(ends), pa.array(rows.reshape(-1)))
