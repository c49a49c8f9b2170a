"""The table of events of a recording, written from its streams in batches."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tracekit.storage.arrow_tables import EVENT
from tracekit.storage.batches import Batch
from tracekit.storage.finish import table_storage
from tracekit.storage.grid import Ordinals
from tracekit.storage.survey import Survey

_ROWS = 1 << 17
_SHARED = ("phase", "process", "file", "line")


def write_events(
    file: Path, survey: Survey, ranks: Mapping[int, Ordinals]
) -> None:
    """Write one row an event, in program order.

    Args:
        file: to write.
        survey: of the streams.
        ranks: of each tap whose events were not in the order of place, the
            number that each got, in the order of firing.
    """
    fired = np.zeros(len(survey.taps), np.int64)
    waiting: list[pa.Table] = []
    sequence = 0
    with pq.ParquetWriter(file, EVENT, **table_storage(EVENT)) as writer:
        for batch in survey.batches():
            waiting.append(_rows(batch, sequence, fired, ranks))
            sequence += len(batch)
            if sum(map(len, waiting)) >= _ROWS:
                writer.write_table(pa.concat_tables(waiting))
                waiting = []
        if waiting or not sequence:
            empty = EVENT.empty_table()
            writer.write_table(pa.concat_tables(waiting or [empty]))


def _rows(
    batch: Batch,
    sequence: int,
    fired: Ordinals,
    ranks: Mapping[int, Ordinals],
) -> pa.Table:
    layouts = batch.layouts()
    code = np.zeros(max(layouts, default=0) + 1, np.int64)
    code[list(layouts)] = np.arange(len(layouts))
    codes = code[batch.numbers]
    taps = np.array([tap for _, tap in layouts.values()], np.int64)[codes]
    shared = [layout for layout, _ in layouts.values()]
    columns: dict[str, Any] = {
        "run_id": np.zeros(len(batch), np.int64),
        "sequence": np.arange(sequence, sequence + len(batch)),
        "tap_id": taps,
        "event": _numbers(taps, fired, ranks),
        "grid_origin": batch.columns.column("origins"),
        "grid_extent": pa.array(
            [[axis.extent for axis in layout.axes] for layout in shared],
            pa.list_(pa.int64()),
        ).take(pa.array(codes)),
        "elements": batch.elements(),
        "thread": batch.columns.column("thread"),
        "time_ns": batch.columns.column("time_ns"),
        "context": batch.columns.column("context").fill_null(""),
    }
    for name in _SHARED:
        kind = EVENT.field(name).type
        values = pa.array([layout.shared[name] for layout in shared], kind)
        columns[name] = values.take(pa.array(codes))
    return pa.table([pa.array(columns[f.name]) for f in EVENT], schema=EVENT)


def _numbers(
    taps: Ordinals, fired: Ordinals, ranks: Mapping[int, Ordinals]
) -> Ordinals:
    """The number of each row's event within its tap; counts ``fired`` on."""
    numbers = np.empty(len(taps), np.int64)
    order = np.argsort(taps, kind="stable")
    used, starts, counts = np.unique(
        taps[order], return_index=True, return_counts=True
    )
    for tap, start, count in zip(
        used.tolist(), starts.tolist(), counts.tolist(), strict=True
    ):
        first = int(fired[tap])
        mine = np.arange(first, first + count)
        if tap in ranks:
            mine = ranks[tap][mine]
        numbers[order[start : start + count]] = mine
        fired[tap] += count
    return numbers
