"""A column of whole numbers that was encoded, moved to other numbers.

Numbers in equal steps are stored as differences: a page says its first
number, its smallest and its largest, and all else is equal wherever they
begin. So a page of places is encoded once and moved from then on; to encode
them all would take as long as the numbers beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa

from tracekit.storage.row_groups import (
    COLUMN,
    COLUMNS,
    ROWS,
    SIZE,
    STORED,
    Chunk,
)
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
_PAGE_ROWS = 1
_COLUMN_ROWS, _COLUMN_SIZE, _COLUMN_STORED = 5, 6, 7
_COUNTS, _COUNT = 13, 3  # of pages of a kind
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
        more: how often its first page comes before it; so only different
            pages have to be encoded.
        step: by how much the numbers of the next page are greater.
    """

    def __init__(
        self, column: Chunk, codec: pa.Codec, more: int = 0, step: int = 0
    ) -> None:
        self._codec = codec
        self._headers: dict[tuple[int, int, int], bytes] = {}
        pages: list[_Page] = []
        reader = Reader(bytes(column.pages))
        while reader:
            header = reader.struct()
            packed = reader.take(header[_PAGE_STORED][1])
            raw = codec.decompress(packed, header[_PAGE_SIZE][1])
            pages.append(_Page.of(header, raw.to_pybytes()))
        self._pages = [pages[0].moved(n * step) for n in range(more)]
        self._pages += [page.moved(more * step) for page in pages]
        self._group = _longer(column.group, more, pages[0].rows, step)

    def moved(self, by: int) -> Chunk:
        """The chunk of numbers that are greater by so much."""
        parts, size = [], 0
        for page in self._pages:
            raw = page.before + integer(page.first + by) + page.after
            packed = self._codec.compress(raw, asbytes=True)
            sizes = id(page.about), len(raw), len(packed)
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

    @property
    def rows(self) -> int:
        """How many numbers it has."""
        return int(self.about[_PAGE][1][_PAGE_ROWS][1])

    def moved(self, by: int) -> _Page:
        """The page of numbers that are greater by so much."""
        low, high = (extreme + by for extreme in self.extremes)
        return self._replace(first=self.first + by, extremes=(low, high))

    def header(self, size: int, packed: int) -> bytes:
        """Its header, with marks in the places of its extremes."""
        facts = _with_extremes(self.about[_PAGE][1], _PAGE_FACTS, _MARKS)
        sizes = {_PAGE_SIZE: (I32, size), _PAGE_STORED: (I32, packed)}
        return written(self.about | sizes | {_PAGE: (STRUCT, facts)})


def _longer(group: Struct, more: int, rows: int, step: int) -> Struct:
    """A row group before which so many pages of as many rows come."""
    (about,) = group[COLUMNS][1][1]
    facts = about[COLUMN][1]
    low, high = _extremes(facts, _COLUMN_FACTS)
    extremes = [_stored(low), _stored(high + more * step)]
    facts = _with_extremes(facts, _COLUMN_FACTS, extremes)
    kind, counts = facts[_COUNTS]
    (counted,) = counts[1]  # all are pages of data
    counted = _greater(counted, _COUNT, more)
    facts = _greater(facts, _COLUMN_ROWS, more * rows)
    facts = facts | {_COUNTS: (kind, (STRUCT, [counted]))}
    about = about | {COLUMN: (STRUCT, facts)}
    group = group | {COLUMNS: (LIST, (STRUCT, [about]))}
    return _greater(group, ROWS, more * rows)


def _greater(about: Struct, field: int, by: int) -> Struct:
    kind, number = about[field]
    return about | {field: (kind, number + by)}


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
