"""Whether a stored trace holds what its table of taps says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tracekit.errors import TraceError
from tracekit.schema import Axis
from tracekit.storage.contents import Figures
from tracekit.storage.hashes import ROWS, TapHash
from tracekit.storage.trace import Trace, damage_told

Row = dict[str, Any]


def verify(trace: Trace) -> list[Row]:
    """Read all numbers of a trace, and hold them against its table of taps.

    Returns:
        One row a tap: ``tap``, its number ``tap_id``, its ``elements``, and
        ``differs``, the columns of the table of taps that say something else
        than the numbers. What older versions stored otherwise is not held
        against them: figures, and hashes of more than 2^20 elements.

    Raises:
        TraceError: the trace is in memory, or damaged.
    """
    if trace.path is None:
        raise TraceError(
            "only a trace on disk can be verified; save it to a path first"
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
            hashed.take(pa.Table.from_batches([batch]))
            count += len(batch)
        if not count:
            hashed.take(parquet.schema_arrow.empty_table())
    read = {"elements": count, **hashed.contents.row()}
    if all(tap[name] is None for name in Figures.__slots__):
        kept = 3 if count <= ROWS else 1  # of the columns, in their order
        read = dict(list(read.items())[:kept])
    return [name for name, value in read.items() if tap[name] != value]
