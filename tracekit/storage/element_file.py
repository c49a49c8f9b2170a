"""The Parquet file of a tap's elements, written one row group at a time."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from tracekit.schema import Axis
from tracekit.storage.grid import Ordinals
from tracekit.storage.hashes import ROWS, TapHash

COORDINATES = ("ordinal", "event")

Written = tuple[TapHash, tuple[Axis, ...], Ordinals | None]
"""Of a tap that was written: its hashes, its grid, and its events' numbers
where they are not those of the order of firing."""


class ElementFile:
    """Takes tables in the order of place; holds two row groups at most.

    A file's bytes depend on its rows alone, never on how they were handed
    over.

    Args:
        file: to write; its directory is made.
        schema: of every table.
        hashed: takes every row group, while it is written.
    """

    def __init__(
        self, file: Path, schema: pa.Schema, hashed: TapHash | None = None
    ) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._schema = schema
        self._hashed = hashed
        self._waiting: list[pa.Table] = []
        self._rows = 0
        self.written = 0
        # a row group is written while the next one is made
        self._aside = ThreadPoolExecutor(1)
        self._written: Future[None] | None = None
        self._writer = pq.ParquetWriter(file, schema, **storage(schema))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._aside:  # which ends when all is written
            if error is None:
                self._put(final=True)
                self._wait()
        self._writer.close()

    def write(self, table: pa.Table) -> None:
        """Append rows."""
        self._waiting.append(table)
        self._rows += len(table)
        self._put()

    def _put(self, *, final: bool = False) -> None:
        if self._rows < ROWS and not final:
            return
        table = pa.concat_tables(self._waiting or [self._schema.empty_table()])
        whole = len(table) if final else len(table) - len(table) % ROWS
        for start in range(0, max(whole, final), ROWS):
            block = table.slice(start, min(ROWS, whole - start))
            self._row_group(block.combine_chunks())
        rest = table.slice(whole)
        self._waiting, self._rows = [rest] if len(rest) else [], len(rest)

    def _row_group(self, block: pa.Table) -> None:
        if not len(block) and self.written:
            return
        self._wait()
        if len(block) < ROWS:
            self._writer.write_table(block, row_group_size=ROWS)
        else:
            self._written = self._aside.submit(
                self._writer.write_table, block, ROWS
            )
        if self._hashed is not None:
            self._hashed.take(block)
        self.written += len(block)

    def _wait(self) -> None:
        """Let the row group before be written; raises what that raised."""
        if self._written is not None:
            written, self._written = self._written, None
            written.result()


def storage(schema: pa.Schema) -> dict[str, object]:
    """Ordinals delta-encoded, floats byte-split, no statistics on floats.

    DuckDB prunes row groups by min and max, which leave NaN out: with
    statistics on a float column, a search for NaN would find none.
    """
    floats = [
        field.name for field in schema if pa.types.is_floating(field.type)
    ]
    encoding = dict.fromkeys(COORDINATES, "DELTA_BINARY_PACKED")
    encoding |= dict.fromkeys(floats, "BYTE_STREAM_SPLIT")
    return {
        "compression": "zstd",
        "compression_level": 1,
        "use_dictionary": [n for n in ("text",) if n in schema.names],
        "column_encoding": encoding,
        "write_statistics": ["ordinal"],
    }
