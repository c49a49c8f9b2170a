"""Sorts the elements of a large tap on the disk, by DuckDB."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

from tracekit.schema import Axis
from tracekit.storage.arrow_tables import give_back
from tracekit.storage.element_file import ElementFile, Written
from tracekit.storage.gathering import Gathered
from tracekit.storage.grid import Ordinals, component_size
from tracekit.storage.hashes import TapHash
from tracekit.storage.occurrences import Counted, Runs
from tracekit.storage.seal import renumbered
from tracekit.storage.survey import Survey, TapSurvey

_MEMORY = "64MB"
_ROWS = 1 << 16


def write_sorted(
    file: Path,
    survey: Survey,
    tap: TapSurvey,
    grid: tuple[Axis, ...],
    ranks: Ordinals,
    spill: Path,
) -> Written:
    """Write elements that fired in another order than that of place.

    Args:
        file: to write.
        survey: of the streams.
        tap: the tap.
        grid: without occurrences.
        ranks: the events' numbers, in the order of firing.
        spill: a directory to make and to remove.
    """
    size = component_size(grid)
    rows = Gathered(tap, grid)
    spill.mkdir(exist_ok=True)
    try:
        tables = _ordered(_fired(survey, tap, rows), rows.schema, spill)
        runs = Runs()
        for table in tables():
            runs.see(table["ordinal"].to_numpy())
        counted = Counted(grid, runs.most)
        numbered: Iterator[pa.Table] = map(counted.number, tables())
        if runs.most > 1 and size > 1:  # a vector stays together
            numbered = _ordered(numbered, rows.schema, spill)()
        hashed = TapHash(counted.grid)
        with ElementFile(file, rows.schema, hashed) as target:
            for table in numbered:
                target.write(renumbered(table, ranks))
                give_back()
    finally:
        shutil.rmtree(spill, ignore_errors=True)
    return hashed, counted.grid, ranks


def _fired(
    survey: Survey, tap: TapSurvey, rows: Gathered
) -> Iterator[pa.Table]:
    """The tap's elements in the order of firing."""
    for _, first, found in survey.firings([tap.number]):
        yield from rows.tables(found, first, _ROWS)
    yield from rows.rest()


def _ordered(
    tables: Iterator[pa.Table], schema: pa.Schema, spill: Path
) -> Callable[[], Iterator[pa.Table]]:
    """The same rows by ordinal, then by firing, to be read again and again."""
    batches = (batch for table in tables for batch in table.to_batches())
    given = pa.RecordBatchReader.from_batches(schema, batches)
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": _MEMORY,
        "temp_directory": str(spill),
        "threads": "1",
    }
    file = spill / f"{len(list(spill.iterdir()))}.arrow"
    with (
        duckdb.connect(config=settings) as connection,
        pa.ipc.new_stream(str(file), schema) as writer,
    ):
        connection.execute("SET enable_progress_bar = false")
        found = connection.from_arrow(given).order("ordinal, event")
        for batch in found.to_arrow_reader(_ROWS):
            writer.write_batch(batch)

    give_back()

    def read() -> Iterator[pa.Table]:
        with (
            pa.OSFile(str(file)) as source,
            pa.ipc.open_stream(source) as stream,
        ):
            for batch in stream:
                yield pa.Table.from_batches([batch])

    return read
