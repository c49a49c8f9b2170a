"""The table of events of a recording, written from its streams in batches."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tracekit.storage.arrow_tables import EVENT
from tracekit.storage.batches import Batch
from tracekit.storage.event_file import EventFile, texts
from tracekit.storage.grid import Ordinals
from tracekit.storage.survey import Survey

_ROWS = 1 << 17
_ASCENDING = ("sequence", "event", "line", "time_ns")
_NUMBERS, _WORDS = ("process", "line"), ("phase", "file")


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
    with EventFile(
        file, EVENT, _ASCENDING, compression="zstd", compression_level=1
    ) as target:
        for batch in survey.batches():
            waiting.append(_rows(batch, sequence, fired, ranks, target.schema))
            sequence += len(batch)
            if sum(map(len, waiting)) >= _ROWS:
                target.write(_joined(waiting))
                waiting = []
        if waiting or not sequence:
            target.write(_joined(waiting or [target.schema.empty_table()]))


def _joined(tables: list[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def _rows(
    batch: Batch,
    sequence: int,
    fired: Ordinals,
    ranks: Mapping[int, Ordinals],
    schema: pa.Schema,
) -> pa.Table:
    used = batch.layouts
    code = np.zeros(max(used, default=0) + 1, np.int64)
    code[list(used)] = np.arange(len(used))
    codes = code[batch.numbers]
    shared = [layout.shared for layout, _ in used.values()]
    extents = [[a.extent for a in layout.axes] for layout, _ in used.values()]
    taps = np.array([tap for _, tap in used.values()], np.int64)[codes]
    columns: dict[str, Any] = {
        "run_id": np.zeros(len(batch), np.int64),
        "sequence": np.arange(sequence, sequence + len(batch)),
        "tap_id": taps,
        "event": _numbers(taps, fired, ranks),
        "grid_origin": batch.columns.column("origins"),
        "grid_extent": pa.array(extents, pa.list_(pa.int64())).take(
            pa.array(codes)
        ),
        "elements": batch.elements(),
        "thread": batch.columns.column("thread"),
        "time_ns": batch.columns.column("time_ns"),
        "context": _contexts(batch.columns.column("context")),
    }
    for name in _NUMBERS:
        own = np.array([of[name] for of in shared], np.int64)
        columns[name] = own[codes]
    for name in _WORDS:
        columns[name] = texts([of[name] for of in shared], codes)
    return pa.table([pa.array(columns[f.name]) for f in schema], schema)


def _contexts(bound: pa.StringArray) -> pa.DictionaryArray:
    if bound.null_count == len(bound):
        return texts([""], np.zeros(len(bound), np.int64))
    return bound.fill_null("").dictionary_encode()


def _numbers(
    taps: Ordinals, fired: Ordinals, ranks: Mapping[int, Ordinals]
) -> Ordinals:
    """The number of each row's event within its tap; counts ``fired`` on."""
    numbers = np.empty(len(taps), np.int64)
    order = np.argsort(taps, kind="stable")
    ends = np.flatnonzero(np.diff(taps[order], append=-1)) + 1
    for begin, end in pairwise([0, *ends.tolist()]):
        tap = int(taps[order[begin]])
        first = int(fired[tap])
        mine = np.arange(first, first + end - begin)
        if tap in ranks:
            mine = ranks[tap][mine]
        numbers[order[begin:end]] = mine
        fired[tap] += end - begin
    return numbers
