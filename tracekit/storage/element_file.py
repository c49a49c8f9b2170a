"""The Parquet file of a tap's elements, written one row group at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tracekit.schema import Axis
from tracekit.storage.contents import NUMBERS
from tracekit.storage.grid import Ordinals
from tracekit.storage.hashes import ROWS, Block, TapHash, block_of
from tracekit.storage.row_groups import Chunk, RowGroups, chunk

COORDINATES = ("ordinal", "event")

Written = tuple[TapHash, tuple[Axis, ...], Ordinals | None]
"""Of a tap that was written: its hashes, its grid, and its events' numbers
where they are not those of the order of firing."""

_THREADS = 2
"""Row groups that are encoded at a time; each takes some 50 MB."""

_Encoded = tuple[list[Chunk], Block | None]


class ElementFile:
    """Takes tables in the order of place; holds a few row groups at most.

    A file's bytes depend on its rows alone, never on how they were handed
    over, nor on the number of threads.

    Args:
        file: to write; its directory is made.
        schema: of every table.
        hashed: takes every row group.
    """

    def __init__(
        self, file: Path, schema: pa.Schema, hashed: TapHash | None = None
    ) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._path = file
        self._schema = stored(schema)
        self._hashed = hashed
        self._waiting: list[pa.Table] = []
        self._rows = 0
        self.written = 0
        # row groups are encoded and hashed while the next one is made
        self._aside = ThreadPoolExecutor(_THREADS)
        self._encoded: deque[Future[_Encoded]] = deque()
        self._file: RowGroups | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            with self._aside:  # which ends when all is encoded
                if error is None:
                    self._put(final=True)
                    self._take(0)
        finally:
            if self._file is not None:
                self._file.close()

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
        rows = pa.table(block.columns, schema=self._schema)
        if len(rows) < ROWS and not self.written:  # as of most taps
            pq.write_table(rows, self._path, ROWS, **storage(self._schema))
            self._hash(None if self._hashed is None else block_of(rows))
        else:
            self._encoded.append(self._aside.submit(self._encode, rows))
            self._take(_THREADS - 1)
        self.written += len(rows)

    def _encode(self, rows: pa.Table) -> _Encoded:
        hashed = None if self._hashed is None else block_of(rows)
        return list(_chunks(rows)), hashed

    def _take(self, most: int) -> None:
        """Let so many wait at most; raises what encoding raised."""
        while len(self._encoded) > most:
            chunks, hashed = self._encoded.popleft().result()
            if self._file is None:
                how = storage(self._schema)
                self._file = RowGroups(self._path, self._schema, how)
            self._file.add(chunks)
            self._hash(hashed)

    def _hash(self, block: Block | None) -> None:
        if self._hashed is not None and block is not None:
            self._hashed.add(block)


def _chunks(rows: pa.Table) -> Iterator[Chunk]:
    """The columns of a row group, encoded."""
    for name in rows.column_names:
        column = rows.select([name])
        step = _step(column) if name in COORDINATES else None
        if step is None:
            yield chunk(column, storage(column.schema))
        else:
            first = int(column[name][0].as_py())
            yield steps(name, first, step, len(rows))


def _step(column: pa.Table) -> int | None:
    """By how much the numbers of a whole row group ascend: 0 or 1."""
    numbers = column.column(0).to_numpy()
    if len(numbers) < ROWS:
        return None
    if column.column_names == ["ordinal"]:  # no two are equal
        return 1 if numbers[-1] - numbers[0] == ROWS - 1 else None
    return 0 if bool(np.all(numbers == numbers[0])) else None


@lru_cache(maxsize=512)
def steps(name: str, first: int, step: int, rows: int) -> Chunk:
    """A chunk of places or events in equal steps, which tap after tap has.

    It takes a few kilobytes, and as long to encode as the numbers beside it.
    """
    numbers = first + step * np.arange(rows)
    schema = stored(pa.schema([(name, pa.int64())]))
    return chunk(pa.table([numbers], schema=schema), storage(schema))


def stored(schema: pa.Schema) -> pa.Schema:
    """Columns that have a value in every row say so.

    Parquet keeps a level for every value of a column that may have none.
    """
    always = (*COORDINATES, *NUMBERS)
    return pa.schema([f.with_nullable(f.name not in always) for f in schema])


def storage(schema: pa.Schema) -> dict[str, Any]:
    """Ordinals delta-encoded, floats byte-split, no statistics on floats.

    DuckDB prunes row groups by min and max, which leave NaN out: with
    statistics on a float column, a search for NaN would find none.
    """
    floats = [
        field.name for field in schema if pa.types.is_floating(field.type)
    ]
    places = [name for name in COORDINATES if name in schema.names]
    encoding = dict.fromkeys(places, "DELTA_BINARY_PACKED")
    encoding |= dict.fromkeys(floats, "BYTE_STREAM_SPLIT")
    return {
        "compression": "zstd",
        "compression_level": 1,
        "use_dictionary": [n for n in ("text",) if n in schema.names],
        "column_encoding": encoding,
        "write_statistics": ["ordinal"],
    }
