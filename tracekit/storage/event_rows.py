"""The event table of sealed taps, in program order and in pieces."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tracekit.schema import EVENT, Event
from tracekit.storage.columns import EventColumns
from tracekit.storage.grid import Ordinals
from tracekit.storage.spill import Kept, Spill

_ROWS = 1 << 17
_TEXTS = ("phase", "file", "context")
_LIST = pa.list_(pa.int64())
_OWN = ("sequence", "event", "line", "time_ns", "thread")


@dataclass(slots=True)
class EventRows:
    """The events of a part of a tap, as the table has them.

    Args:
        tap: its number.
        pattern: the first event.
        size: how many elements each holds.
        count, last: how many events, and the place of the last among all.
        corner: the first event's origins.
        own: by name those of ``_OWN`` that are not 0, sequences ascend; by
            number of their axis those origins that are not the first's.
    """

    tap: int
    pattern: Event
    size: int
    count: int
    last: int
    corner: list[int]
    own: dict[str | int, Kept]
    _done: int = 0

    @classmethod
    def of(
        cls, tap: int, part: EventColumns, ranks: Ordinals, spill: Spill
    ) -> EventRows:
        """The events of a part, in the order in which they fired."""
        columns = (part.sequence, ranks, part.line, part.time_ns, part.thread)
        own: dict[str | int, Kept] = {
            name: spill.put(column)
            for name, column in zip(_OWN, columns, strict=True)
            if column is not None and (name == "sequence" or column.any())
        }
        for axis, column in enumerate(part.origins.T):
            if bool(np.any(column != column[0])):
                own[axis] = spill.put(column)
        return cls(
            tap,
            part.pattern,
            part.size,
            len(part),
            int(part.sequence[-1]),
            part.origins[0].tolist(),
            own,
        )

    def until(self, end: int) -> dict[str | int, Ordinals]:
        """The next rows whose place is before ``end``."""
        first = self._done
        rows = self.own["sequence"].rows(first, first + _ROWS)
        last = self._done = first + int(np.searchsorted(rows, end))
        return {key: kept.rows(first, last) for key, kept in self.own.items()}


def write_event_rows(file: Path, parts: Sequence[EventRows]) -> None:
    """Write one row an event, in program order."""
    schema = EVENT
    for name in _TEXTS:
        place = schema.get_field_index(name)
        kind = pa.dictionary(pa.int32(), pa.string())
        schema = schema.set(place, pa.field(name, kind))
    increasing = ("sequence", "event", "line")
    with (
        pq.ParquetWriter(
            file,
            schema,
            store_schema=False,
            use_dictionary=[n for n in EVENT.names if n not in increasing],
            column_encoding=dict.fromkeys(increasing, "DELTA_BINARY_PACKED"),
            write_statistics=["sequence"],
        ) as writer,
        ThreadPoolExecutor(1) as aside,
    ):
        writing = None
        last = max((part.last for part in parts), default=-1)
        for first in range(0, max(last + 1, 1), _ROWS):
            rows = _window(parts, first, schema)
            if writing is not None:
                writing.result()
            writing = aside.submit(writer.write_table, rows)
        if writing is not None:
            writing.result()


def _window(
    parts: Sequence[EventRows], first: int, schema: pa.Schema
) -> pa.Table:
    """Rows of the events ``first`` to ``first + _ROWS``, as far as kept."""
    own = {name: np.zeros(_ROWS, np.int64) for name in _OWN}
    code = np.full(_ROWS, -1)
    taken = []
    for number, part in enumerate(parts):
        if part.last >= first:
            rows = part.until(first + _ROWS)
            at = rows["sequence"] - first
            code[at] = number
            taken.append((at, rows))
    fired = code >= 0
    place = np.cumsum(fired) - 1
    code = code[fired]
    lists = [[a.extent for a in part.pattern.axes] for part in parts]
    extents = pa.array(lists, _LIST).take(pa.array(code))
    corners = pa.array([p.corner for p in parts], _LIST).take(pa.array(code))
    starts = corners.offsets.to_numpy()
    origins = corners.values.to_numpy().copy()
    for at, rows in taken:
        for key, column in rows.items():
            if isinstance(key, str):
                own[key][at] = column
            else:
                origins[starts[place[at]] + key] = column
    process = np.array([p.pattern.process for p in parts], np.int64)
    columns: dict[str, Any] = {
        **{name: column[fired] for name, column in own.items()},
        "run_id": np.zeros(len(code), np.int64),
        "tap_id": _by_part(parts, "tap")[code],
        "elements": _by_part(parts, "size")[code],
        "process": process[code],
        "grid_origin": pa.ListArray.from_arrays(
            corners.offsets, pa.array(origins)
        ),
        "grid_extent": extents,
    }
    for name in _TEXTS:
        words = [getattr(part.pattern, name) for part in parts]
        distinct = list(dict.fromkeys(words))
        which = np.array([distinct.index(w) for w in words], np.int32)[code]
        columns[name] = pa.DictionaryArray.from_arrays(
            pa.array(which), pa.array(distinct, pa.string())
        )
    return pa.table([pa.array(columns[n]) for n in schema.names], schema)


def _by_part(parts: Sequence[EventRows], name: str) -> Ordinals:
    return np.array([getattr(part, name) for part in parts], np.int64)
