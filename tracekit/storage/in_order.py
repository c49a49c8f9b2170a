"""Writes a tap whose events lie in the order of place, piece by piece.

A log that goes through its pixels row by row needs no sorting: a tap's places
are looked at first, then its numbers go from where they wait to the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from tracekit.schema import Axis, Event
from tracekit.storage.columns import EventColumns, element_count
from tracekit.storage.element_file import ElementFile
from tracekit.storage.event_rows import EventRows
from tracekit.storage.grid import Extent, Ordinals
from tracekit.storage.hashes import TapHash
from tracekit.storage.late_columns import LateColumns
from tracekit.storage.repeats import ascend
from tracekit.storage.seal import TapFacts, element_table, places_of
from tracekit.storage.spill import Spill


def write_in_order(
    file: Path, number: int, part: LateColumns, spill: Spill
) -> tuple[TapFacts, list[EventRows]] | None:
    """Write the elements of a tap.

    Args:
        file: to write.
        number: of the tap.
        part: all of its events.
        spill: where its rows of the table of events wait.

    Returns:
        What is known of it and its rows of the table of events; None where
        events are in another order, or in one place, or hold texts.
    """
    first = part.pattern
    if not element_count(first) or first.kind == "text":
        return None
    order = _Order(first)
    rows = EventRows.of(number, order.looked_at(part.places()), spill)
    if not order.ascends:
        return None
    grid = order.extent.grid(first.tap)
    tables = _tables(part.pieces(), grid)
    begin = next(tables)
    if "text" in begin.column_names:
        return None
    hashed = TapHash(grid)
    with ElementFile(file, begin.schema, hashed) as target:
        target.write(begin)
        for table in tables:
            target.write(table)
    facts = TapFacts(
        name=first.tap,
        family=first.family,
        order=part.first,
        kind=first.kind,
        dtype=first.dtype,
        unit=first.unit,
        need=first.need,
        merged=0,
        grid=grid,
        count=target.written,
        contents=hashed.contents,
    )
    return facts, [rows]


class _Order:
    """Looks at events, some at a time, whether they are in order.

    Args:
        first: the first of them.

    Attributes:
        ascends: whether each lies behind all before it, so that no two are in
            one place and no two boxes overlap.
        extent: of all.
    """

    def __init__(self, first: Event) -> None:
        axes = first.axes
        self.extent = Extent(axes)
        self.ascends = all(axis.extent == 1 for axis in axes[:-1])
        self._last: EventColumns | None = None
        self._inner = axes[-1].extent if axes else 1
        self._done = 0

    def looked_at(
        self, pieces: Iterable[EventColumns]
    ) -> Iterator[tuple[EventColumns, Ordinals]]:
        """Events with their numbers, as long as they ascend."""
        for places in pieces:
            yield places, self._take(places)
            if not self.ascends:
                break

    def _take(self, places: EventColumns) -> Ordinals:
        """Look at the next; their numbers in the order of firing."""
        origins, sequence = places.origins, places.sequence
        self.extent.take(places.pattern.axes, origins)
        if self._last is not None:
            last = self._last
            origins = np.concatenate((last.origins[-1:], origins))
            sequence = np.concatenate((last.sequence[-1:], sequence))
        if self.ascends:
            one = self._inner == 1 or np.all(origins[:, -1] == origins[0, -1])
            self.ascends = bool(one) and ascend(origins, sequence)
        self._last = places
        self._done += len(places)
        return np.arange(self._done - len(places), self._done)


def _tables(
    pieces: Iterator[EventColumns], grid: tuple[Axis, ...]
) -> Iterator[pa.Table]:
    """The rows of the element table."""
    done = 0
    for piece in pieces:
        numbers = np.arange(done, done + len(piece))
        done += len(piece)
        yield element_table([piece], [places_of(piece, grid)], [numbers])
