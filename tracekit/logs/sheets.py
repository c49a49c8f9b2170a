"""The numbers of many paragraphs of one kind, by column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit.logs.events import EventMaker
from tracekit.logs.number_columns import Integers, Printed
from tracekit.logs.paragraphs import Paragraph, Placed
from tracekit.logs.reading_columns import ReadingColumns, Rows
from tracekit.logs.templates import Template
from tracekit.storage.columns import EventColumns
from tracekit.storage.late_columns import LateColumns
from tracekit.storage.spill import Spill, Stored

_PARAGRAPHS = 1 << 14
_COLUMNS = [column.name for column in fields(Printed)]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Some paragraphs.

    Args:
        count: how many.
        line, sequence: number of the first line of each, and place of its
            first event among all.
        numbers: as ``Printed``, one row a number that varies; only the first
            rows have more than a value.
        row: by number of the paragraph its row, -1 for one that is constant.
        constants: all numbers of one paragraph.
    """

    count: int
    line: Stored
    sequence: Stored
    numbers: tuple[Stored, ...]
    row: Integers
    constants: Printed

    @classmethod
    def of_cut(
        cls, line: Integers, sequence: Integers, numbers: Printed
    ) -> Sheet:
        """Paragraphs; ``numbers`` has one after the other."""
        count = len(line)
        size = len(numbers) // count
        columns = [
            getattr(numbers, name).reshape(count, size).T for name in _COLUMNS
        ]
        first = numbers.part(slice(size))
        every = np.arange(size)
        return cls.of(line, sequence, columns, every, first, Spill())

    @classmethod
    def of(
        cls,
        line: Integers,
        sequence: Integers,
        columns: Sequence[npt.NDArray[Any]],
        row: Integers,
        constants: Printed,
        spill: Spill,
    ) -> Sheet:
        """Paragraphs by column, which are put into the spill."""
        kept = [spill.put(np.ascontiguousarray(c)) for c in columns]
        places = _places(line, spill), _places(sequence, spill)
        return cls(len(line), *places, tuple(kept), row, constants)

    @classmethod
    def joined(cls, sheets: Sequence[Sheet], spill: Spill) -> Sheet:
        """Sheets of equal rows and constants as one."""
        first = sheets[0]
        line, sequence = (
            np.concatenate([place.rows(0, s.count) for s, place in places])
            for places in (
                [(s, s.line) for s in sheets],
                [(s, s.sequence) for s in sheets],
            )
        )
        size = len(first.row)
        columns = [
            np.concatenate([kept.rows(0, size) for kept in column], axis=1)
            for column in zip(*(s.numbers for s in sheets), strict=True)
        ]
        return cls.of(
            line, sequence, columns, first.row, first.constants, spill
        )

    def column(self, number: int) -> npt.NDArray[np.float64]:
        """One number of all paragraphs."""
        return self._rows(0, slice(number, number + 1), slice(None))

    def index(self, number: int) -> Integers:
        """One number of all paragraphs, which is an index."""
        return self.column(number).astype(np.int64)

    def most_digits(self, placed: Placed) -> int:
        """The largest number of significant digits of a tap's numbers."""
        rows = self.row[placed.own]
        constant = self.constants.digits[placed.own][rows < 0]
        most = int(constant.max()) if len(constant) else 0
        if len(constant) == len(rows):
            return most
        if placed.part.integers:
            size = np.abs(self._rows(0, placed.own, slice(None))).max()
            return max(most, len(str(int(size))))
        first, last = _span(rows)
        return max(most, int(self.numbers[1].rows(first, last).max()))

    def fresh(self, placed: Placed) -> Integers:
        """Paragraphs in which a tap isn't what it was in the one before."""
        if (self.row[placed.own] < 0).all():
            return np.zeros(1, np.int64)
        bits = self._rows(0, placed.own, slice(None)).view(np.int64)
        bits = bits.reshape(self.count, -1)
        again = (bits[1:] == bits[:-1]).all(axis=1)
        found: Integers = np.flatnonzero(np.append([True], ~again))
        return found

    def rows(
        self,
        placed: Placed,
        place: int,
        chosen: Integers | slice,
        *,
        bare: bool = False,
    ) -> Rows:
        """What one of the taps has, the ``place``-th of its paragraph.

        Args:
            placed: the tap.
            place: its number in the paragraph.
            chosen: paragraphs.
            bare: leave out its numbers.
        """
        columns = [
            self._rows(column, placed.own, slice(0) if bare else chosen)
            for column in range(placed.columns)
        ]
        columns += columns[:1] * (len(_COLUMNS) - len(columns))
        line = self.line.rows(0, self.count)[chosen]
        sequence = self.sequence.rows(0, self.count)[chosen]
        return Rows(
            line + placed.line,
            sequence + place,
            np.full(len(line), placed.iteration),
            Printed(*columns),
        )

    def _rows(
        self, column: int, own: slice, chosen: Integers | slice
    ) -> npt.NDArray[Any]:
        """Some numbers of some paragraphs, paragraph after paragraph."""
        rows = self.row[own]
        varies = rows >= 0
        kept = self.numbers[column]
        if varies.all():
            return kept.rows(*_span(rows))[:, chosen].T.reshape(-1)
        constants = getattr(self.constants, _COLUMNS[column])[own]
        count = (
            len(range(self.count)[chosen])
            if isinstance(chosen, slice)
            else len(chosen)
        )
        found = np.empty((count, len(rows)), constants.dtype)
        found[:] = constants
        if varies.any():
            found[:, varies] = kept.rows(*_span(rows[varies]))[:, chosen].T
        return found.reshape(-1)


def _span(rows: Integers) -> tuple[int, int]:
    """Rows that follow one another, but for those that are constant."""
    own = rows[rows >= 0]
    return int(own[0]), int(own[-1]) + 1


@dataclass(frozen=True, slots=True)
class _Steps:
    """Numbers in equal steps."""

    first: int
    step: int
    count: int

    def rows(self, first: int, last: int) -> Integers:
        """Some of them."""
        places = np.arange(first, min(last, self.count), dtype=np.int64)
        return places * self.step + self.first


def _places(found: Integers, spill: Spill) -> Stored:
    step = int(found[1] - found[0]) if len(found) > 1 else 1
    steps = _Steps(int(found[0]), step, len(found))
    if np.array_equal(steps.rows(0, len(found)), found):
        return steps
    return spill.put(found)


@dataclass(slots=True)
class Sheets:
    """All paragraphs of one kind.

    Args:
        paragraph: what they say.
        spill: where they wait.
        template: their text, when some were read.
    """

    paragraph: Paragraph
    spill: Spill
    template: Template | None = None
    _sheets: list[Sheet] = field(default_factory=list)
    _waiting: list[Sheet] = field(default_factory=list)

    def add(self, sheet: Sheet) -> None:
        """Append some."""
        if self._waiting and not _joins(self._waiting[-1], sheet):
            self._join()
        self._waiting.append(sheet)
        if sum(own.count for own in self._waiting) >= _PARAGRAPHS:
            self._join()

    def _join(self) -> None:
        """Put those that wait into the spill."""
        if self._waiting:
            self._sheets.append(Sheet.joined(self._waiting, self.spill))
        self._waiting = []

    def late(self, maker: EventMaker, file: str) -> Iterator[LateColumns]:
        """Their events by tap; when all of the file is read."""
        self._join()
        count = sum(sheet.count for sheet in self._sheets)
        for number in range(len(self.paragraph.placed) if count else 0):
            tap = _Tap(self, number, maker, file)
            first = tap.some(self._sheets[:1], once=True)
            yield LateColumns(
                first.pattern,
                int(first.sequence[0]),
                count,
                tap.load,
                tap.places,
                tap.pieces,
            )

    @property
    def sheets(self) -> Sequence[Sheet]:
        """All that were put into the spill."""
        return self._sheets


@dataclass(frozen=True, slots=True)
class _Tap:
    """One tap of paragraphs of one kind.

    Args:
        kind: the paragraphs.
        number: place of the tap among those of a paragraph.
        maker, file: as for ``ReadingColumns.events``.
    """

    kind: Sheets
    number: int
    maker: EventMaker
    file: str

    def load(self) -> EventColumns:
        """All events."""
        once = self.maker.dialect.declares
        found = self.some(self.kind.sheets, once=once)
        count = sum(sheet.count for sheet in self.kind.sheets)
        return replace(found, again=count - len(found))

    def places(self) -> Iterator[EventColumns]:
        """All events, repeats too, without their numbers."""
        for sheet in self.kind.sheets:
            yield self.some([sheet], bare=True)

    def pieces(self) -> Iterator[EventColumns]:
        """All events, repeats too, some at a time."""
        for sheet in self.kind.sheets:
            yield self.some([sheet])

    def some(
        self,
        sheets: Sequence[Sheet],
        *,
        once: bool = False,
        bare: bool = False,
    ) -> EventColumns:
        """The events of some sheets.

        Args:
            sheets: to read.
            once: leave out what is printed again at one place.
            bare: leave out numbers.
        """
        placed = self.kind.paragraph.placed[self.number]
        columns = ReadingColumns(placed.part, placed.dims)
        constants = placed.part.constants
        once = once and placed.at_run and not placed.indices
        for sheet in sheets:
            chosen = sheet.fresh(placed) if once else slice(None)
            rows = sheet.rows(placed, self.number, chosen, bare=bare)
            indices = [
                sheet.index(placed.indices[dim])
                if dim in placed.indices
                else np.full(len(rows.line), constants[dim])
                for dim in placed.dims
            ]
            columns.add(rows, indices)
        return columns.events(self.maker, self.file)


def _joins(one: Sheet, other: Sheet) -> bool:
    """Whether two sheets have the same rows and constants."""
    if not np.array_equal(one.row, other.row):
        return False
    size = len(one.row)
    if any(
        len(a.rows(0, size)) != len(b.rows(0, size))
        for a, b in zip(one.numbers, other.numbers, strict=True)
    ):
        return False
    constant = np.flatnonzero(one.row < 0)
    return all(
        np.array_equal(
            getattr(one.constants, name)[constant],
            getattr(other.constants, name)[constant],
        )
        for name in _COLUMNS[1:]
    ) and np.array_equal(
        one.constants.value[constant].view(np.int64),
        other.constants.value[constant].view(np.int64),
    )
