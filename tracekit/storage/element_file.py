"""The Parquet file of a tap's elements, written one row group at a time."""

from __future__ import annotations

from collections import deque
from concurrent.futures import (
    FIRST_COMPLETED,
    Future,
    ThreadPoolExecutor,
    wait,
)
from functools import cache, lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tracekit.schema import Axis
from tracekit.storage.aside import aside
from tracekit.storage.contents import NUMBERS
from tracekit.storage.grid import Ordinals, Places, as_ordinals
from tracekit.storage.hashes import ROWS, Block, TapHash, block_of
from tracekit.storage.movable import Movable
from tracekit.storage.row_groups import Chunk, RowGroups, chunk
from tracekit.storage.stretch import Stretch

COORDINATES = ("ordinal", "event")

Written = tuple[TapHash, tuple[Axis, ...], Ordinals | None]
"""Of a tap that was written: its hashes, its grid, and its events' numbers
where they are not those of the order of firing."""

_THREADS = 2
"""Row groups that are encoded at a time; each takes some 25 MB."""

_LEVEL, _FLOAT_LEVEL = 1, -1

_PAGE = 20_000  # rows, as many as pyarrow has in one

_TRIED, _FAR = 70_000, 1 << 40  # places of some pages, and one far from 0

_Rows: TypeAlias = "pa.Table | Stretch"


class ElementFile:
    """Takes rows in the order of place; holds a few row groups at most.

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
        self._waiting: list[_Rows] = []
        self._rows = 0
        self.written = 0
        # row groups are encoded and hashed while the next one is made
        self._aside = ThreadPoolExecutor(_THREADS)
        self._encoded: deque[Future[tuple[list[Chunk], Block | None]]]
        self._encoded = deque()
        self._file: RowGroups | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        whole = False
        try:
            with self._aside:  # which ends when all is encoded
                if error is None:
                    self._end()
                    whole = True
        finally:
            if self._file is not None and not whole:
                self._file.abandon()
        if self._file is not None and whole:
            self._file.close()

    def write(self, rows: _Rows) -> None:
        """Append rows."""
        start = 0
        while start < len(rows):
            part = rows.slice(start, ROWS - self._rows)
            self._waiting.append(part)
            self._rows += len(part)
            start += len(part)
            if self._rows == ROWS:
                self._row_group()

    def _row_group(self) -> None:
        """Write what waits."""
        encoded = aside(self._aside, self._encode, self._waiting)
        self._encoded.append(encoded)
        self.written += self._rows
        self._waiting, self._rows = [], 0
        self._take(_THREADS)
        if len(self._encoded) == _THREADS:  # until one has nothing to do
            wait(self._encoded, return_when=FIRST_COMPLETED)

    def _take(self, most: int) -> None:
        """Write what is encoded; raises what encoding raised.

        Args:
            most: how many are not waited for.
        """
        while len(self._encoded) > most or (
            self._encoded and self._encoded[0].done()
        ):
            chunks, block = self._encoded.popleft().result()
            if self._file is None:
                how = storage(self._schema)
                self._file = RowGroups(self._path, self._schema, how)
            self._file.add(chunks)
            self._hash(block)

    def _end(self) -> None:
        if not self.written:  # as of most taps
            rows = _together(self._waiting, self._schema)
            pq.write_table(rows, self._path, ROWS, **storage(self._schema))
            self._hash(None if self._hashed is None else block_of(rows))
            self.written = self._rows
        elif self._rows:
            self._row_group()
        self._take(0)

    def _encode(self, parts: list[_Rows]) -> tuple[list[Chunk], Block | None]:
        """The columns of a row group, and what is taken of it."""
        stretches = [part for part in parts if isinstance(part, Stretch)]
        taken = None
        if len(parts) == len(stretches) == 1:
            rest = stretches[0].column(self._schema)
            places, events = stretches[0].places, stretches[0].events
            taken = stretches[0].taken(self._schema)
        else:
            rest = _together(parts, self._schema)
            parts.clear()  # nobody holds them twice
            places, events = (rest[name].to_numpy() for name in COORDINATES)
            rest = rest.drop_columns(list(COORDINATES))
        columns = [rest.select([name]) for name in rest.column_names]
        encoded = [chunk(column, storage(column.schema)) for column in columns]
        chunks = [
            _coordinates("ordinal", places),
            _coordinates("event", events),
            *encoded,
        ]
        block = None
        if self._hashed is not None:
            block = block_of(rest, places, taken)
        for stretch in stretches:
            stretch.give_back()
        return chunks, block

    def _hash(self, block: Block | None) -> None:
        if self._hashed is not None and block is not None:
            self._hashed.add(block)


def _together(parts: list[_Rows], schema: pa.Schema) -> pa.Table:
    """The rows as one table."""
    tables = [
        part.table(schema)
        if isinstance(part, Stretch)
        else pa.table(part.columns, schema=schema)
        for part in parts
    ]
    return pa.concat_tables(tables or [schema.empty_table()]).combine_chunks()


def _coordinates(name: str, numbers: Places) -> Chunk:
    """The chunk of places, of which no two are equal, or of events."""
    count, first = len(numbers), int(numbers[0])
    ascends = name == "ordinal" and numbers[-1] - first == count - 1
    if ascends or (name == "event" and _constant(numbers)):
        return steps(name, first, int(ascends), count)
    return _chunk(name, numbers)


def _constant(numbers: Any) -> bool:
    """Whether all are equal; of a number that is repeated, none is read."""
    return numbers.strides == (0,) or bool(np.all(numbers == numbers[0]))


@lru_cache(maxsize=512)
def steps(name: str, first: int, step: int, rows: int) -> Chunk:
    """A chunk of places or events in equal steps, which tap after tap has."""
    if rows == ROWS and _can_move():
        return _from_zero(name, step, rows).moved(first)
    return _chunk(name, first + step * np.arange(rows))


@lru_cache(maxsize=8)
def _from_zero(name: str, step: int, rows: int) -> Movable:
    codec = pa.Codec("zstd", compression_level=_LEVEL)
    more = max(0, (rows - 1) // _PAGE - 1)  # pages like the first
    few = _chunk(name, step * np.arange(rows - more * _PAGE))
    return Movable(few, codec, more, step * _PAGE)


@cache
def _can_move() -> bool:
    """Whether this pyarrow stores differences, so that places can be moved."""
    try:
        return all(
            _from_zero(name, step, _TRIED).moved(_FAR)
            == _chunk(name, _FAR + step * np.arange(_TRIED))
            for step, name in enumerate(reversed(COORDINATES))
        )
    except (LookupError, TypeError, ValueError, OSError):  # other pages
        return False


def _chunk(name: str, numbers: Places) -> Chunk:
    schema = stored(pa.schema([(name, pa.int64())]))
    column = pa.table([as_ordinals(numbers)], schema=schema)
    return chunk(column, storage(schema))


def stored(schema: pa.Schema) -> pa.Schema:
    """Columns that have a value in every row say so.

    Parquet keeps a level for every value of a column that may have none.
    """
    always = (*COORDINATES, *NUMBERS)
    return pa.schema([f.with_nullable(f.name not in always) for f in schema])


def storage(schema: pa.Schema) -> dict[str, Any]:
    """Ordinals delta-encoded, floats byte-split, no statistics on floats.

    Of floats whose bytes are split zstd at level -1 leaves hardly more
    than at level 1, in less time; of anything else up to three times as
    much.

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
        "compression_level": {
            name: _FLOAT_LEVEL if name in floats else _LEVEL
            for name in schema.names
        },
        "use_dictionary": [n for n in ("text",) if n in schema.names],
        "column_encoding": encoding,
        "write_statistics": ["ordinal"],
        "write_batch_size": _PAGE,
    }
