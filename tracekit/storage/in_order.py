"""Writes a tap whose events lie in the order of place, piece by piece.

A log that goes through its pixels row by row needs no sorting: a tap's places
are looked at first, then its numbers go from where they wait to the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from tracekit.schema import Axis
from tracekit.storage.columns import EventColumns
from tracekit.storage.element_file import ElementFile
from tracekit.storage.event_rows import EventRows
from tracekit.storage.grid import Extent
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
    places, first = part.places(), part.pattern
    if not _apart(places) or not ascend(places.origins, places.sequence):
        return None
    extent = Extent(first.axes)
    extent.take(first.axes, places.origins)
    grid = extent.grid(first.tap)
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
        key_hash=hashed.keys,
        value_hash=hashed.values,
    )
    ranks = np.arange(len(places))
    return facts, [EventRows.of(number, places, ranks, spill)]


def _apart(places: EventColumns) -> bool:
    """Whether no two boxes overlap whose first places are not the same."""
    axes, origins = places.pattern.axes, places.origins
    if not places.size or places.pattern.kind == "text":
        return False
    if any(axis.extent > 1 for axis in axes[:-1]):
        return False
    if not axes or axes[-1].extent == 1:
        return True
    return bool(np.all(origins[:, -1] == origins[0, -1]))


def _tables(
    pieces: Iterator[EventColumns], grid: tuple[Axis, ...]
) -> Iterator[pa.Table]:
    """The rows of the element table."""
    done = 0
    for piece in pieces:
        numbers = np.arange(done, done + len(piece))
        done += len(piece)
        yield element_table([piece], [places_of(piece, grid)], [numbers])
