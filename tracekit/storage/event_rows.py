"""The event table of sealed taps, in program order and in pieces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tracekit.columns import FIRINGS, STEPS
from tracekit.schema import Event
from tracekit.storage.arrow_tables import STORED_EVENT
from tracekit.storage.columns import EventColumns
from tracekit.storage.event_file import TEXTS, EventFile, texts
from tracekit.storage.event_runs import runs_of
from tracekit.storage.grid import Ordinals
from tracekit.storage.spill import Spill, Stored

_ROWS = 1 << 17
_LISTS = ("grid_origin", STEPS["grid_origin"])
_LIST = pa.list_(pa.int64())
_STEPPED = ("sequence", "event", "line")
_NUMBERS = (
    *(*_STEPPED, "time_ns", "thread", FIRINGS),
    *(STEPS[name] for name in _STEPPED),
)


@dataclass(slots=True)
class EventRows:
    """The events of a part of a tap, as the stored table has them.

    Args:
        tap: its number.
        pattern: the first event.
        size: how many elements each holds.
        count, last: how many rows, and the place of the last among all.
        own: columns by name; sequences ascend, and what is not there is 0.
    """

    tap: int
    pattern: Event
    size: int
    count: int
    last: int
    own: dict[str, Stored]
    _done: int = 0

    @classmethod
    def of(
        cls,
        tap: int,
        pieces: Iterable[tuple[EventColumns, Ordinals]],
        spill: Spill,
    ) -> EventRows:
        """The events of a part, in the order in which they fired.

        Args:
            tap: its number.
            pieces: the events, some at a time, with their ranks.
            spill: where they wait.
        """
        found = []
        for part, ranks in pieces:
            found.append(_runs(part, ranks))
        runs = {
            name: np.concatenate([own[name] for own in found])
            for name in found[0]
        }
        own = {
            name: spill.put(column)
            for name, column in runs.items()
            if name in ("sequence", *_LISTS) or column.any()
        }
        sequence = runs["sequence"]
        return cls(
            tap, part.pattern, part.size, len(sequence), int(sequence[-1]), own
        )

    def until(self, end: int) -> dict[str, Ordinals]:
        """The next rows, of which the first fires before ``end``."""
        first = self._done
        sequence = self.own["sequence"].rows(first, first + _ROWS)
        last = self._done = first + int(np.searchsorted(sequence, end))
        return {key: kept.rows(first, last) for key, kept in self.own.items()}


def _runs(part: EventColumns, ranks: Ordinals) -> dict[str, Ordinals]:
    columns = {
        "sequence": part.sequence,
        "event": ranks,
        "line": part.line,
        "grid_origin": part.origins,
        "time_ns": part.time_ns,
        "thread": part.thread,
    }
    return runs_of({n: c for n, c in columns.items() if c is not None})


def write_event_rows(file: Path, parts: Sequence[EventRows]) -> None:
    """Write the events, runs of them as one row, in program order."""
    last = max((part.last for part in parts), default=-1) + 1
    few = sum(part.count for part in parts) <= _ROWS
    step = max(last, 1) if few else _ROWS
    with EventFile(file, STORED_EVENT, _STEPPED) as target:
        for end in range(step, max(last, 1) + step, step):
            target.write(_window(parts, end, target.schema))


def _window(
    parts: Sequence[EventRows], end: int, schema: pa.Schema
) -> pa.Table:
    """The next rows of all parts, those that begin before ``end``."""
    taken = [part.until(end) for part in parts]
    counts = [len(own["sequence"]) for own in taken]
    code = np.arange(len(parts)).repeat(counts)
    columns: dict[str, Any] = {}
    for name in _NUMBERS:
        columns[name] = np.concatenate(
            [np.empty(0, np.int64)]
            + [
                own.get(name, np.zeros(count, np.int64))
                for own, count in zip(taken, counts, strict=True)
            ]
        )
    order = np.argsort(columns["sequence"], kind="stable")
    columns = {name: column[order] for name, column in columns.items()}
    chosen = pa.array(order)
    for name in _LISTS:
        columns[name] = _lists([own[name] for own in taken]).take(chosen)
    code = code[order]
    extents = [[a.extent for a in part.pattern.axes] for part in parts]
    columns["grid_extent"] = pa.array(extents, _LIST).take(pa.array(code))
    columns["run_id"] = np.zeros(len(code), np.int64)
    columns["tap_id"] = _by_part(parts, "tap")[code]
    columns["elements"] = _by_part(parts, "size")[code]
    process = np.array([p.pattern.process for p in parts], np.int64)
    columns["process"] = process[code]
    for name in TEXTS:
        words = [getattr(part.pattern, name) for part in parts]
        columns[name] = texts(words, code)
    return pa.table([pa.array(columns[n]) for n in schema.names], schema)


def _lists(parts: Sequence[Ordinals]) -> pa.ListArray:
    """Each row of matrices, of any width, as a list."""
    widths = [np.full(len(part), part.shape[1], np.int32) for part in parts]
    ends = np.cumsum(np.concatenate([np.zeros(1, np.int32), *widths]))
    flat = [part.reshape(-1) for part in parts]
    return pa.ListArray.from_arrays(
        pa.array(ends, pa.int32()),
        pa.array(np.concatenate([np.empty(0, np.int64), *flat])),
    )


def _by_part(parts: Sequence[EventRows], name: str) -> Ordinals:
    return np.array([getattr(part, name) for part in parts], np.int64)
