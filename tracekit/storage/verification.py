"""Whether a stored trace holds what its table of taps says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tracekit.errors import TraceError
from tracekit.schema import Axis
from tracekit.storage.hashes import ROWS, TapHash, block_of
from tracekit.storage.stored_tables import damage_told
from tracekit.storage.trace import Trace

Row = dict[str, Any]


def verify(trace: Trace) -> list[Row]:
    """Read all numbers of a trace, and hold them against its table of taps.

    Returns:
        One row a tap: ``tap``, its number ``tap_id``, its ``elements``, and
        ``differs``, the columns of the table of taps that say something else
        than the numbers.

    Raises:
        TraceError: the trace is in memory, or damaged, or holds taps of a
            format version before 3, of which other things are known.
    """
    if trace.path is None:
        raise TraceError(
            "only a trace on disk can be verified; save it to a path first"
        )
    if None in trace.tables["tap"]["nan"].to_pylist():
        raise TraceError(
            f"{trace.path} holds taps of a format version before 3, whose "
            "hashes are others; compare it with a copy instead"
        )
    axes: dict[int, list[Row]] = {}
    for row in trace.tables["grid"].to_pylist():
        axes.setdefault(row["tap_id"], []).append(row)
    found = []
    for tap in trace.tables["tap"].to_pylist():
        number = tap["tap_id"]
        grid = tuple(_axis(row) for row in axes.get(number, ()))
        file = trace.element_file(number)
        with damage_told(file):
            differs = _differing(tap, grid, file)
        shown = {name: tap[name] for name in ("tap_id", "elements")}
        found.append({"tap": tap["name"], **shown, "differs": differs})
    return found


def _axis(row: Row) -> Axis:
    labels = tuple(row["labels"] or ())
    place = row["origin"], row["extent"]
    return Axis(row["dim"], *place, row["state"], labels)


def _differing(tap: Row, grid: tuple[Axis, ...], file: Path) -> list[str]:
    """Columns of the table of taps that say something else than a file."""
    hashed, count = TapHash(grid), 0
    with pq.ParquetFile(file) as parquet:
        for batch in parquet.iter_batches(ROWS, use_threads=False):
            hashed.add(block_of(pa.Table.from_batches([batch])))
            count += len(batch)
        if not count:
            hashed.add(block_of(parquet.schema_arrow.empty_table()))
    read = {"elements": count, **hashed.contents.row()}
    return [name for name, value in read.items() if tap[name] != value]
