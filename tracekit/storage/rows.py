"""The rows of a trace's tables, as ``schema.TABLES`` has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from tracekit.schema import EVENT, TABLES, Declared, Run
from tracekit.storage.grid import strides
from tracekit.storage.seal import SealedTap, TapFacts, element_count

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
        "declared": [
            {"name": tap.tap, "family": tap.family, "need": tap.need}
            for tap in declared
        ],
        "grid": [
            row
            for number, tap in enumerate(taps)
            for row in _grid_rows(number, tap)
        ],
    }
    for name, items in facts.items():
        rows[name] = [_fields(item) for item in items]
    return {
        name: _table(schema, rows[name])
        for name, schema in TABLES.items()
        if name != "event"
    }


def event_table(taps: Sequence[SealedTap]) -> pa.Table:
    """One row an event, in program order."""
    rows = [
        row
        for number, tap in enumerate(taps)
        for row in _event_rows(number, tap)
    ]
    return _table(EVENT, sorted(rows, key=lambda row: int(row["sequence"])))


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
        "key_hash": tap.key_hash,
        "value_hash": tap.value_hash,
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


def _event_rows(number: int, tap: SealedTap) -> Iterator[dict[str, Any]]:
    for place, (sequence, event) in enumerate(tap.events):
        yield {
            "sequence": sequence,
            "tap_id": number,
            "event": place,
            "phase": event.phase,
            "process": event.process,
            "thread": event.thread,
            "grid_origin": [axis.origin for axis in event.axes],
            "grid_extent": [axis.extent for axis in event.axes],
            "elements": element_count(event),
            "file": event.file,
            "line": event.line,
            "time_ns": event.time_ns,
            "context": event.context,
        }
