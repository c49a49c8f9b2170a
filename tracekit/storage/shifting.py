"""A column of whole numbers that was encoded, moved to other numbers.

Numbers in equal steps are stored as differences: a page says its first number,
its smallest and its largest, and all else is equal wherever they begin. So
places are encoded once, which takes as long as the numbers beside them, and
moved from then on.
"""

from __future__ import annotations

import pyarrow as pa

from tracekit.storage.row_groups import COLUMN, COLUMNS, SIZE, STORED, Chunk
from tracekit.storage.thrift import (
    I32,
    I64,
    LIST,
    STRUCT,
    Reader,
    Struct,
    integer,
    written,
)

# numbers of fields, see parquet.thrift: of a page's header, of a column, of
# what is said of a page or a column, and of its extremes
_PAGE_SIZE, _PAGE_STORED, _PAGE = 2, 3, 5
_COLUMN_SIZE, _COLUMN_STORED = 6, 7
_PAGE_FACTS, _COLUMN_FACTS = 5, 12
_EXTREMES = {1, 2, 5, 6}
_WIDTH = 8  # bytes of an extreme


def shifted(column: Chunk, by: int, codec: pa.Codec) -> Chunk:
    """The chunk of numbers that are greater by so much.

    Args:
        column: int64 as DELTA_BINARY_PACKED, without NULL.
        by: how much.
        codec: packs the pages.
    """
    reader, parts, size = Reader(bytes(column.pages)), [], 0
    while reader:
        page = reader.struct()
        packed = reader.take(page[_PAGE_STORED][1])
        raw = _page(codec.decompress(packed, page[_PAGE_SIZE][1]), by)
        packed = codec.compress(raw, asbytes=True)
        facts = _with_extremes(page[_PAGE][1], _PAGE_FACTS, by)
        page |= {
            _PAGE_SIZE: (I32, len(raw)),
            _PAGE_STORED: (I32, len(packed)),
            _PAGE: (STRUCT, facts),
        }
        parts += [written(page), packed]
        size += len(parts[-2]) + len(raw)
    pages = b"".join(parts)
    (about,) = column.group[COLUMNS][1][1]
    facts = _with_extremes(about[COLUMN][1], _COLUMN_FACTS, by) | {
        _COLUMN_SIZE: (I64, size),
        _COLUMN_STORED: (I64, len(pages)),
    }
    about = {**about, COLUMN: (STRUCT, facts)}
    group = {
        **column.group,
        COLUMNS: (LIST, (STRUCT, [about])),
        SIZE: (I64, size),
        STORED: (I64, len(pages)),
    }
    return Chunk(memoryview(pages), group)


def _page(raw: pa.Buffer, by: int) -> bytes:
    """A page: three sizes, the first number, differences."""
    data: bytes = raw.to_pybytes()
    reader = Reader(data)
    for _ in range(3):
        reader.unsigned()
    start = reader.place
    first = reader.integer()
    return data[:start] + integer(first + by) + data[reader.place :]


def _with_extremes(about: Struct, field: int, by: int) -> Struct:
    """What is said of a page or a column, which may have extremes."""
    if field not in about:
        return dict(about)
    facts = dict(about[field][1])
    for extreme in facts.keys() & _EXTREMES:
        kind, value = facts[extreme]
        number = int.from_bytes(value, "little", signed=True) + by
        facts[extreme] = kind, number.to_bytes(_WIDTH, "little", signed=True)
    return {**about, field: (STRUCT, facts)}
