"""A Parquet file whose columns were encoded apart.

pyarrow encodes one column of a file after the other, on one core. Here each
column of a row group is a Parquet file in memory, which several threads can
write at a time; then their pages follow one another, under one footer. The
file is byte for byte the one that pyarrow writes in one go, so a reader can't
tell.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tracekit.storage.aside import aside
from tracekit.storage.thrift import I64, LIST, STRUCT, Reader, Struct, written

MAGIC = b"PAR1"
_LENGTH = 4  # bytes of the footer's length, which stands before the last magic

# numbers of fields, see parquet.thrift: of a footer, of a row group, of a
# column in it, and of what is said of that
_ALL_ROWS, _GROUPS = 3, 4
COLUMNS, SIZE, ROWS, _START, STORED = 1, 2, 3, 5, 6
COLUMN = 3
_PAGES = (9, 10, 11)  # where data, index and dictionary pages begin
_NO_DISK = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)

_FOOTER = 1 << 16  # bytes that a footer and the heads of pages take at most
_NARROWEST = 4  # bytes
_MANY = 4  # row groups from which on the disk is not left waiting


@dataclass(frozen=True, slots=True)
class Chunk:
    """A column of a row group.

    Args:
        pages: its bytes.
        group: of a file that has nothing else, the row group.
    """

    pages: memoryview
    group: Struct


def chunk(column: pa.Table, storage: dict[str, Any]) -> Chunk:
    """Encode a column of a row group.

    Args:
        column: a table of this column alone.
        storage: options of pyarrow's writer.
    """
    if pa.types.is_primitive(column.schema.field(0).type):
        # a stream that has to grow copies everything again and again; Parquet
        # stores no narrower numbers than of 32 bits
        most = max(column.nbytes, _NARROWEST * len(column))
        room = pa.allocate_buffer(most * 9 // 8 + _FOOTER)
        sink = pa.FixedSizeBufferWriter(room)
    else:
        room, sink = None, pa.BufferOutputStream()
    pq.write_table(column, sink, row_group_size=len(column), **storage)
    size = sink.tell()
    data = memoryview(room or sink.getvalue()).cast("B")[:size]
    if room is not None and size < room.size // 2:  # which goes with it
        data = memoryview(bytes(data))
    footer, end = _footer(data)
    (group,) = footer[_GROUPS][1][1]
    return Chunk(data[len(MAGIC) : end], group)


class RowGroups:
    """Writes row groups into a file.

    Args:
        file: to write.
        schema: of its rows.
        storage: options of pyarrow's writer, as for ``chunk``.
    """

    def __init__(
        self, file: Path, schema: pa.Schema, storage: dict[str, Any]
    ) -> None:
        sink = pa.BufferOutputStream()
        pq.ParquetWriter(sink, schema, **storage).close()
        self._footer, _ = _footer(memoryview(sink.getvalue()))
        self._groups: list[Struct] = []
        self._rows = 0
        self._file = file.open("wb")
        self._file.write(MAGIC)
        self._aside = ThreadPoolExecutor(1)
        self._taken: Future[None] = Future()
        self._taken.set_result(None)

    def add(self, chunks: Iterable[Chunk]) -> None:
        """Append a row group: a chunk of each column."""
        if len(self._groups) >= _MANY:
            self._to_disk()
        start = self._file.tell()
        columns = []
        size = stored = rows = 0
        for part in chunks:
            (column,) = part.group[COLUMNS][1][1]
            columns.append(_moved(column, self._file.tell() - len(MAGIC)))
            self._file.write(part.pages)
            size += part.group[SIZE][1]
            stored += part.group[STORED][1]
            rows = part.group[ROWS][1]
        group = {
            COLUMNS: (LIST, (STRUCT, columns)),
            SIZE: (I64, size),
            ROWS: (I64, rows),
            _START: (I64, start),
            STORED: (I64, stored),
        }
        self._groups.append(group)
        self._rows += rows

    def _to_disk(self) -> None:
        """Have the disk take what was written, while more is encoded."""
        if self._taken.done():
            self._taken.result()
            self._file.flush()
            self._taken = aside(self._aside, _sync, self._file.fileno())

    def abandon(self) -> None:
        """Write no footer, so that nobody takes the file for a whole one."""
        with self._file, self._aside:
            pass

    def close(self) -> None:
        """Write the footer; the file is whole then."""
        self._footer[_ALL_ROWS] = I64, self._rows
        self._footer[_GROUPS] = LIST, (STRUCT, self._groups)
        footer = written(self._footer)
        with self._file as file, self._aside:
            self._taken.result()
            file.write(footer + len(footer).to_bytes(_LENGTH, "little"))
            file.write(MAGIC)


def _sync(handle: int) -> None:
    """Wait for the disk, unless it is of a kind that is not waited for."""
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_DISK:
            raise


def _footer(data: memoryview) -> tuple[Struct, int]:
    """The footer of a file, and where it begins."""
    end = len(data) - len(MAGIC) - _LENGTH
    begin = end - int.from_bytes(data[end : end + _LENGTH], "little")
    return Reader(bytes(data[begin:end])).struct(), begin


def _moved(column: Struct, shift: int) -> Struct:
    """A column whose pages begin so many bytes later."""
    kind, about = column[COLUMN]
    places = {
        field: (I64, about[field][1] + shift)
        for field in _PAGES
        if field in about
    }
    return {**column, COLUMN: (kind, {**about, **places})}
