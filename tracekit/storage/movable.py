"""A column of whole numbers that was encoded, moved to other numbers.

Numbers in equal steps are stored as differences: a page says its first number,
its smallest and its largest, and all else is equal wherever they begin. So
places are encoded once, which takes as long as the numbers beside them, and
moved from then on.
"""

from __future__ import annotations

from collections.abc import Sequence
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
_SMALLEST, _LARGEST = (2, 6), (1, 5)
_WIDTH = 8  # bytes of an extreme

_MARKS = (b"smallest", b"largest!")
"""Of a header, in which no text is otherwise."""


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
        self._headers: dict[tuple[int, int, int], bytes] = {}
        reader = Reader(bytes(column.pages))
        while reader:
            header = reader.struct()
            packed = reader.take(header[_PAGE_STORED][1])
            raw = codec.decompress(packed, header[_PAGE_SIZE][1])
            self._pages.append(_Page.of(header, raw.to_pybytes()))

    def moved(self, by: int) -> Chunk:
        """The chunk of numbers that are greater by so much."""
        parts, size = [], 0
        for number, page in enumerate(self._pages):
            raw = page.before + integer(page.first + by) + page.after
            packed = self._codec.compress(raw, asbytes=True)
            sizes = number, len(raw), len(packed)
            if sizes not in self._headers:  # which takes the longest
                self._headers[sizes] = page.header(*sizes[1:])
            header = self._headers[sizes]
            for mark, extreme in zip(_MARKS, page.extremes, strict=True):
                header = header.replace(mark, _stored(extreme + by))
            parts += [header, packed]
            size += len(header) + len(raw)
        pages = b"".join(parts)
        (about,) = self._group[COLUMNS][1][1]
        facts = about[COLUMN][1]
        extremes = [_stored(n + by) for n in _extremes(facts, _COLUMN_FACTS)]
        facts = _with_extremes(facts, _COLUMN_FACTS, extremes) | {
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
    """A page: what is said of it, its first number, what stands around it."""

    about: Struct
    extremes: tuple[int, int]
    before: bytes
    first: int
    after: bytes

    @classmethod
    def of(cls, about: Struct, raw: bytes) -> _Page:
        """A page: three sizes, the first number, differences."""
        reader = Reader(raw)
        for _ in range(3):
            reader.unsigned()
        start = reader.place
        first = reader.integer()
        extremes = _extremes(about[_PAGE][1], _PAGE_FACTS)
        return cls(about, extremes, raw[:start], first, raw[reader.place :])

    def header(self, size: int, packed: int) -> bytes:
        """Its header, with marks in the places of its extremes."""
        facts = _with_extremes(self.about[_PAGE][1], _PAGE_FACTS, _MARKS)
        sizes = {_PAGE_SIZE: (I32, size), _PAGE_STORED: (I32, packed)}
        return written(self.about | sizes | {_PAGE: (STRUCT, facts)})


def _extremes(about: Struct, field: int) -> tuple[int, int]:
    """The smallest and largest number, 0 where nothing is said of them."""
    facts = about.get(field, (STRUCT, {}))[1]
    low, high = (
        int.from_bytes(facts[name][1], "little", signed=True)
        if name in facts
        else 0
        for name in (_SMALLEST[0], _LARGEST[0])
    )
    return low, high


def _with_extremes(
    about: Struct, field: int, extremes: Sequence[bytes]
) -> Struct:
    """What is said of a page or a column, with other extremes if any."""
    if field not in about:
        return about
    kind, facts = about[field]
    found = dict(facts)
    for names, value in zip((_SMALLEST, _LARGEST), extremes, strict=True):
        found |= {n: (facts[n][0], value) for n in names if n in facts}
    return about | {field: (kind, found)}


def _stored(extreme: int) -> bytes:
    return extreme.to_bytes(_WIDTH, "little", signed=True)
