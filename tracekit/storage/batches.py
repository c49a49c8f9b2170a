"""The batches of an event stream, read back one at a time.

Values are views of the file, and what has been passed is given back to the
operating system, so a stream of any length is read in the memory that its
largest batch takes.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Callable, Container, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tracekit.errors import TraceError
from tracekit.schema import Event
from tracekit.storage.hashes import Known, Taken
from tracekit.storage.layout import Layout
from tracekit.storage.stream import LAYOUTS, SCHEMA

Integers = npt.NDArray[np.int64]
_PASSED = 16 << 20  # bytes after which pages are given back
_GATHERED = 256  # bytes; larger values are copied one by one
_OPTIONAL = (
    ("positions", np.dtype(np.int64)),
    ("digits", np.dtype(np.int16)),
    ("quantum", np.dtype(np.int16)),
)


class Pages:
    """A file in memory, of which only what is looked at takes room.

    Args:
        path: a file that is not empty.
        known: what was taken of parts of it.
    """

    def __init__(self, path: Path, known: Known | None = None) -> None:
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.buffer = pa.py_buffer(self._map)
        self._known = known or {}

    def forget(self, begin: int, end: int) -> None:
        """Give pages back, by address; they are read again when needed.

        What was gathered from several places doesn't lie in the file.
        """
        begin -= self.buffer.address
        end -= self.buffer.address
        inside = 0 <= begin <= end <= self.buffer.size
        if not inside or not hasattr(self._map, "madvise"):
            return
        begin -= begin % mmap.PAGESIZE
        with suppress(OSError):
            self._map.madvise(mmap.MADV_DONTNEED, begin, end - begin)

    def give_back(self, values: npt.NDArray[Any]) -> None:
        """Forget the pages that numbers lie in."""
        begin = _address(values)
        self.forget(begin, begin + values.nbytes)

    def taken(self, values: npt.NDArray[Any]) -> Taken | None:
        """What was taken of numbers that lie here, if that is known."""
        begin = _address(values) - self.buffer.address
        return self._known.get((begin, values.nbytes))


def _address(values: npt.NDArray[Any]) -> int:
    return int(values.__array_interface__["data"][0])


@dataclass(slots=True)
class Firings:
    """Firings that follow one another in one layout.

    Several have one size and the same positions; one alone may be a piece of
    a firing.

    Args:
        layout: what they share.
        rows: their rows in the batch.
        origins: one row a firing, one column an axis.
        values: one firing after the other, views of the file.
        pages: where the values lie.
        begin: position of the first value in its box.
        positions: as for ``Event``, of each firing.
        text, digits, quantum: the same of one firing after the other.
    """

    layout: Layout
    rows: Integers
    origins: Integers
    values: npt.NDArray[Any]
    pages: Pages | None = None
    begin: int = 0
    positions: npt.NDArray[np.int64] | None = None
    text: list[str | None] | None = None
    digits: npt.NDArray[np.int16] | None = None
    quantum: npt.NDArray[np.int16] | None = None

    @property
    def elements(self) -> int:
        """How many elements they hold together."""
        if self.layout.shared["kind"] == "text":
            return len(self.text or ())
        return len(self.values)

    def pieces(self, limit: int) -> Iterator[Firings]:
        """Parts of at most so many elements, or of one firing's."""
        if self.elements <= limit or self.text is not None:
            yield self
        elif len(self.rows) > 1:
            size = self.elements // len(self.rows)
            step = max(1, limit // size)
            for first in range(0, len(self.rows), step):
                chosen = slice(first, first + step)
                few = replace(
                    self.part(first * size, (first + step) * size),
                    rows=self.rows[chosen],
                    origins=self.origins[chosen],
                    begin=self.begin,
                    positions=self.positions,
                )
                yield from few.pieces(limit)
        else:
            for begin in range(0, len(self.values), limit):
                part = self.part(begin, begin + limit)
                yield part
                part.give_back()

    def give_back(self) -> None:
        """Take the values out of memory; they stay in the file."""
        if self.pages is not None:
            self.pages.give_back(self.values)

    def part(self, begin: int, end: int) -> Firings:
        """Elements ``begin`` to ``end``; their places, if it is one firing."""
        chosen = slice(begin, end)
        own: dict[str, Any] = {
            name: found[chosen]
            for name, _ in _OPTIONAL
            for found in [getattr(self, name)]
            if found is not None
        }
        values = self.values[chosen]
        return replace(self, values=values, begin=begin, **own)


class Batch:
    """Some events, by column.

    Args:
        columns: with the stream's schema.
        layouts: by number, with a number that the reader gave each.
        pages: the file.
    """

    def __init__(
        self,
        columns: pa.RecordBatch,
        layouts: dict[int, tuple[Layout, int]],
        pages: Pages,
    ) -> None:
        self.columns = columns
        self._pages = pages
        self.numbers: Integers = columns.column("layout").to_numpy()
        self._layouts = layouts
        _, ends, data = columns.column("values").buffers()
        self._ends = np.frombuffer(ends, np.int64, len(columns) + 1)
        self._data = data
        origins = columns.column("origins")
        self._starts = origins.offsets.to_numpy()
        self._origins = origins.values.to_numpy()
        self._optional = {
            name: columns.column(name)
            for name in (*(name for name, _ in _OPTIONAL), "text")
            if columns.column(name).null_count < len(columns)
        }

    def __len__(self) -> int:
        return len(self.numbers)

    @cached_property
    def layouts(self) -> dict[int, tuple[Layout, int]]:
        """The layouts that occur, in the order of their first rows."""
        used = self.numbers[:1]
        if np.any(self.numbers != used):
            used = self.numbers
        return {n: self._layouts[n] for n in dict.fromkeys(used.tolist())}

    def elements(self) -> Integers:
        """How many elements each event holds."""
        used = self.layouts
        width = np.ones(max(used, default=0) + 1, np.int64)
        for number, (layout, _) in used.items():
            width[number] = layout.values_dtype.itemsize
        found = np.diff(self._ends) // width[self.numbers]
        for number, (layout, _) in used.items():
            if layout.shared["kind"] == "text":
                texts = self.columns.column("text").value_lengths()
                rows = self.numbers == number
                found[rows] = texts.fill_null(0).to_numpy()[rows]
        return found

    def _forms(self, rows: Integers) -> Iterator[Integers]:
        """What firings have alike that are taken together, row by row.

        Of others, of taps that are not wanted, nothing is read.
        """
        yield self.numbers[rows]
        yield np.diff(self._ends)[rows]
        for name, column in self._optional.items():
            mine = column.take(pa.array(rows))
            if name == "positions":
                form = mine.dictionary_encode().indices
            elif name == "text":
                form = pc.list_value_length(mine)
            else:
                form = pc.binary_length(mine)
            yield form.fill_null(-1).to_numpy()

    def firings(
        self, wanted: Container[int] | None = None
    ) -> Iterator[tuple[int, Firings]]:
        """Firings and the number of their layout, number after number.

        Those of one number stand in the order of their firing.

        Args:
            wanted: numbers; None for all.
        """
        used = self.layouts
        given = np.full(max(used, default=0) + 1, -1, np.int64)
        for number, (_, theirs) in used.items():
            if wanted is None or theirs in wanted:
                given[number] = theirs
        mine = given[self.numbers]
        rows = np.argsort(mine, kind="stable")
        rows = rows[np.searchsorted(mine[rows], 0) :]
        if not len(rows):
            return
        cut = np.zeros(len(rows) - 1, bool)
        for form in self._forms(rows) if len(rows) > 1 else ():
            cut |= form[1:] != form[:-1]
        edges = [0, *(np.flatnonzero(cut) + 1).tolist(), len(rows)]
        for begin, end in pairwise(edges):
            found = used[int(self.numbers[rows[begin]])]
            yield found[1], self._firings(found[0], rows[begin:end])

    def _firings(self, layout: Layout, rows: Integers) -> Firings:
        first = self._starts[rows]
        dims = np.arange(len(layout.axes))
        found = Firings(
            layout,
            rows,
            self._origins[first[:, None] + dims],
            self._values(layout.values_dtype, rows),
            self._pages,
        )
        for name, kind in _OPTIONAL:
            if name in self._optional:
                own = rows[:1] if name == "positions" else rows
                part = _array(self._of(name, own), kind)
                setattr(found, name, part)
        if "text" in self._optional:
            texts = self._of("text", rows)
            found.text = (
                None if texts.null_count else texts.flatten().to_pylist()
            )
        return found

    def _of(self, name: str, rows: Integers) -> pa.Array:
        """What is optional of firings; a view where they are neighbours."""
        first, count = int(rows[0]), len(rows)
        if int(rows[-1]) - first == count - 1:
            return self._optional[name].slice(first, count)
        return self._optional[name].take(pa.array(rows))

    def _values(self, kind: np.dtype[Any], rows: Integers) -> Any:
        begins, ends = self._ends[rows], self._ends[rows + 1]
        size = int(ends[0] - begins[0])
        if not size:
            return np.empty(0, kind)
        if np.array_equal(begins[1:], ends[:-1]):
            count = len(rows) * size // kind.itemsize
            return np.frombuffer(self._data, kind, count, int(begins[0]))
        if size > _GATHERED:
            data = np.frombuffer(self._data, np.uint8)
            parts = [data[b : b + size] for b in begins.tolist()]
            return np.concatenate(parts).view(kind)
        data = np.frombuffer(self._data, np.uint8)
        return data[begins[:, None] + np.arange(size)].reshape(-1).view(kind)

    def events(self) -> Iterator[Event]:
        """The events, in the order in which they fired."""
        names = ("context", "time_ns", "thread")
        own = {n: self.columns.column(n).to_pylist() for n in names}
        for row, number in enumerate(self.numbers.tolist()):
            layout, _ = self._layouts[number]
            found = self._firings(layout, np.array([row]))
            yield layout.event(
                found.values,
                tuple(found.origins[0].tolist()),
                positions=found.positions,
                text=found.text,
                digits=found.digits,
                quantum=found.quantum,
                context=own["context"][row] or "",
                time_ns=own["time_ns"][row],
                thread=own["thread"][row],
            )


def _array(
    column: pa.LargeBinaryArray, dtype: np.dtype[Any]
) -> npt.NDArray[Any] | None:
    """Numbers of neighbours; None where they have none."""
    if column.null_count:
        return None
    _, ends, data = column.buffers()
    count, first = len(column), 8 * column.offset
    ends = np.frombuffer(ends, np.int64, count + 1, first)
    size = int(ends[-1] - ends[0]) // dtype.itemsize
    if not size:
        return np.empty(0, dtype)
    return np.frombuffer(data, dtype, size, int(ends[0]))


def read_stream(path: Path) -> Iterator[Event]:
    """Events of a stream, up to its last whole batch; values are views.

    Raises:
        TraceError: another version of tracekit wrote it.
    """
    for batch in read_batches(path, lambda _: 0):
        yield from batch.events()


def read_batches(
    path: Path,
    number_of: Callable[[Layout], int],
    known: Known | None = None,
) -> Iterator[Batch]:
    """Batches of a stream, up to its last whole one.

    Args:
        path: the stream.
        number_of: the reader's number of a layout.
        known: what was taken of parts of the file.

    Raises:
        TraceError: another version of tracekit wrote it.
    """
    try:
        pages = Pages(path, known)
    except (ValueError, FileNotFoundError):
        return  # killed before it wrote anything
    source = pa.BufferReader(pages.buffer)
    try:
        reader = pa.ipc.open_stream(source)
    except (pa.ArrowInvalid, EOFError):
        return  # killed before the first flush: nothing was kept
    if not reader.schema.equals(SCHEMA, check_metadata=True):
        raise TraceError(
            f"{path} was cut off while another version of tracekit recorded; "
            "open it with that version"
        )
    layouts: dict[int, tuple[Layout, int]] = {}
    passed = 0
    while True:
        try:
            columns, extra = reader.read_next_batch_with_custom_metadata()
        except (StopIteration, pa.ArrowInvalid, OSError):
            return  # the end, or a batch that was cut off by a kill
        for number, fields in json.loads(extra[LAYOUTS]):
            layout = Layout.from_json(fields)
            layouts[number] = layout, number_of(layout)
        yield Batch(columns, layouts, pages)
        if source.tell() - passed > _PASSED:
            start = pages.buffer.address
            pages.forget(start + passed, start + source.tell())
            passed = source.tell()
