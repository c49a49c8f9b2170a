"""The event table of sealed taps, in program order and in pieces."""

from __future__ import annotations

from collections.abc import Sequence
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
_OWN = ("sequence", "event", "line", "time_ns", "thread")


@dataclass(slots=True)
class EventRows:
    """The events of a part of a tap, as the table has them.

    Args:
        tap: its number.
        pattern: the first event.
        size: how many elements each holds.
        count, last: how many events, and the place of the last among all.
        own: sequence, event, line, time and thread, one row an event.
        origins: one row an event, one column an axis.
    """

    tap: int
    pattern: Event
    size: int
    count: int
    last: int
    own: Kept
    origins: Kept
    _done: int = 0

    @classmethod
    def of(
        cls, tap: int, part: EventColumns, ranks: Ordinals, spill: Spill
    ) -> EventRows:
        """The events of a part, in the order in which they fired."""
        own = np.zeros((len(part), len(_OWN)), np.int64)
        columns = (part.sequence, ranks, part.line, part.time_ns, part.thread)
        for place, column in enumerate(columns):
            if column is not None:
                own[:, place] = column
        return cls(
            tap,
            part.pattern,
            part.size,
            len(part),
            int(part.sequence[-1]),
            spill.put(own),
            spill.put(part.origins),
        )

    def until(self, end: int) -> tuple[Ordinals, Ordinals]:
        """The next rows whose place is before ``end``."""
        first, step = self._done, _ROWS >> 4
        found = [np.empty((0, len(_OWN)), np.int64)]
        while self._done < self.count:
            rows = self.own.rows(self._done, self._done + step)
            here = int(np.searchsorted(rows[:, 0], end))
            found.append(rows[:here])
            self._done += here
            if here < len(rows):
                break
        return np.concatenate(found), self.origins.rows(first, self._done)


def write_event_rows(file: Path, parts: Sequence[EventRows]) -> None:
    """Write one row an event, in program order."""
    schema = EVENT
    for name in _TEXTS:
        place = schema.get_field_index(name)
        kind = pa.dictionary(pa.int32(), pa.string())
        schema = schema.set(place, pa.field(name, kind))
    increasing = ("sequence", "event", "line")
    with pq.ParquetWriter(
        file,
        schema,
        store_schema=False,
        use_dictionary=[n for n in EVENT.names if n not in increasing],
        column_encoding=dict.fromkeys(increasing, "DELTA_BINARY_PACKED"),
    ) as writer:
        last = max((part.last for part in parts), default=-1)
        for first in range(0, max(last + 1, 1), _ROWS):
            writer.write_table(_window(parts, first, schema))


def _window(
    parts: Sequence[EventRows], first: int, schema: pa.Schema
) -> pa.Table:
    """Rows of the events ``first`` to ``first + _ROWS``, as far as kept."""
    own = np.zeros((len(_OWN), _ROWS), np.int64)
    code = np.full(_ROWS, -1, np.int32)
    dims = np.zeros(_ROWS + 1, np.int32)
    taken = []
    for number, part in enumerate(parts):
        rows, origins = part.until(first + _ROWS)
        if len(rows):
            at = rows[:, 0] - first
            own[:, at], code[at] = rows.T, number
            dims[at + 1] = origins.shape[1]
            taken.append((part, at, origins))
    starts = np.cumsum(dims, dtype=np.int32)
    both = np.zeros((2, int(starts[-1])), np.int64)
    for part, at, origins in taken:
        places = starts[at][:, None] + np.arange(origins.shape[1])
        both[0][places] = origins
        both[1][places] = [axis.extent for axis in part.pattern.axes]
    kept = np.flatnonzero(code >= 0)
    lists = pa.array(np.append(starts[kept], starts[-1]))
    code = code[kept]
    columns: dict[str, Any] = {
        **{name: own[n][kept] for n, name in enumerate(_OWN)},
        "run_id": np.zeros(len(kept), np.int64),
        "tap_id": _by_part(parts, "tap")[code],
        "elements": _by_part(parts, "size")[code],
        "process": np.array([p.pattern.process for p in parts], np.int64)[
            code
        ],
        "grid_origin": pa.ListArray.from_arrays(lists, pa.array(both[0])),
        "grid_extent": pa.ListArray.from_arrays(lists, pa.array(both[1])),
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
