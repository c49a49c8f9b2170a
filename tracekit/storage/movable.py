"""A column of whole numbers that was encoded, moved to other numbers.

Numbers in equal steps are stored as differences: a page says its first number,
its smallest and its largest, and all else is equal wherever they begin. So
places are encoded once, which takes as long as the numbers beside them, and
moved from then on.
"""

from __future__ import annotations

from typing import NamedTuple

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


class Movable:
    """A chunk whose numbers can be made greater.

    Args:
        column: int64 as DELTA_BINARY_PACKED, without NULL.
        codec: packs its pages.
    """

    def __init__(self, column: Chunk, codec: pa.Codec) -> None:
        self._group = column.group
        self._codec = codec
        self._pages: list[_Page] = []
        reader = Reader(bytes(column.pages))
        while reader:
            header = reader.struct()
            packed = reader.take(header[_PAGE_STORED][1])
            raw = codec.decompress(packed, header[_PAGE_SIZE][1])
            self._pages.append(_Page(header, *_parts(raw.to_pybytes())))

    def moved(self, by: int) -> Chunk:
        """The chunk of numbers that are greater by so much."""
        parts, size = [], 0
        for page in self._pages:
            raw = page.before + integer(page.first + by) + page.after
            packed = self._codec.compress(raw, asbytes=True)
            facts = _with_extremes(page.header[_PAGE][1], _PAGE_FACTS, by)
            header = page.header | {
                _PAGE_SIZE: (I32, len(raw)),
                _PAGE_STORED: (I32, len(packed)),
                _PAGE: (STRUCT, facts),
            }
            parts += [written(header), packed]
            size += len(parts[-2]) + len(raw)
        pages = b"".join(parts)
        (about,) = self._group[COLUMNS][1][1]
        facts = _with_extremes(about[COLUMN][1], _COLUMN_FACTS, by) | {
            _COLUMN_SIZE: (I64, size),
            _COLUMN_STORED: (I64, len(pages)),
        }
        about = {**about, COLUMN: (STRUCT, facts)}
        group = self._group | {
            COLUMNS: (LIST, (STRUCT, [about])),
            SIZE: (I64, size),
            STORED: (I64, len(pages)),
        }
        return Chunk(memoryview(pages), group)


class _Page(NamedTuple):
    """A page: its first number, and what stands around it."""

    header: Struct
    before: bytes
    first: int
    after: bytes


def _parts(raw: bytes) -> tuple[bytes, int, bytes]:
    """A page's three sizes, its first number, its differences."""
    reader = Reader(raw)
    for _ in range(3):
        reader.unsigned()
    start = reader.place
    first = reader.integer()
    return raw[:start], first, raw[reader.place :]


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
