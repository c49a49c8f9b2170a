"""The numbers of many paragraphs of one kind, by column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
import numpy.typing as npt

from tracekit.logs.events import EventMaker
from tracekit.logs.number_columns import Integers, Printed
from tracekit.logs.paragraphs import Paragraph, Placed
from tracekit.logs.reading_columns import ReadingColumns, Rows
from tracekit.storage.columns import EventColumns
from tracekit.storage.late_columns import LateColumns
from tracekit.storage.spill import Kept, Spill

_COLUMNS = [column.name for column in fields(Printed)]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Some paragraphs.

    Args:
        count: how many.
        places: number of the first line of each, and place of its first event
            among all.
        numbers: as ``Printed``, one row a number of the paragraph.
    """

    count: int
    places: Kept
    numbers: tuple[Kept, ...]

    @classmethod
    def of(
        cls, line: Integers, sequence: Integers, numbers: Printed, spill: Spill
    ) -> Sheet:
        """Keep paragraphs; ``numbers`` has one after the other."""
        kept = []
        for name in _COLUMNS:
            column = getattr(numbers, name).reshape(len(line), -1)
            kept.append(spill.put(np.ascontiguousarray(column.T)))
        places = spill.put(np.stack((line, sequence)))
        return cls(len(line), places, tuple(kept))

    def column(self, number: int) -> npt.NDArray[np.float64]:
        """One number of all paragraphs."""
        found: npt.NDArray[np.float64]
        (found,) = self.numbers[0].rows(number, number + 1)
        return found

    def index(self, number: int) -> Integers:
        """One number of all paragraphs, which is an index."""
        return self.column(number).astype(np.int64)

    def fresh(self, placed: Placed) -> Integers:
        """Paragraphs in which a tap isn't what it was in the one before."""
        own = placed.own
        bits = self.numbers[0].rows(own.start, own.stop).view(np.int64)
        again = (bits[:, 1:] == bits[:, :-1]).all(axis=0)
        found: Integers = np.flatnonzero(np.append([True], ~again))
        return found

    def rows(
        self, placed: Placed, place: int, chosen: Integers | slice
    ) -> Rows:
        """What one of the taps has, the ``place``-th of its paragraph."""
        own = placed.own
        columns = [
            kept.rows(own.start, own.stop)[:, chosen].T.reshape(-1)
            for kept in self.numbers[: placed.columns]
        ]
        columns += columns[:1] * (len(self.numbers) - len(columns))
        line, sequence = self.places.rows(0, 2)[:, chosen]
        return Rows(
            line + placed.line,
            sequence + place,
            np.full(len(line), placed.iteration),
            Printed(*columns),
        )


@dataclass(slots=True)
class Sheets:
    """All paragraphs of one kind."""

    paragraph: Paragraph
    _sheets: list[Sheet] = field(default_factory=list)

    def add(self, sheet: Sheet) -> None:
        """Append some."""
        self._sheets.append(sheet)

    def late(self, maker: EventMaker, file: str) -> Iterator[LateColumns]:
        """Their events by tap; when all of the file is read."""
        count = sum(sheet.count for sheet in self._sheets)
        once = maker.dialect.declares
        for place, placed in enumerate(self.paragraph.placed):
            if not count:
                break
            first = self._columns(place, placed, self._sheets[:1], once=True)
            begin = first.events(maker, file)

            def load(
                place: int = place, placed: Placed = placed
            ) -> EventColumns:
                columns = self._columns(place, placed, self._sheets, once=once)
                found = columns.events(maker, file)
                return replace(found, again=count - len(found))

            yield LateColumns(
                begin.pattern, int(begin.sequence[0]), count, load
            )

    @staticmethod
    def _columns(
        place: int, placed: Placed, sheets: Sequence[Sheet], *, once: bool
    ) -> ReadingColumns:
        """One tap; ``once`` leaves out what is printed again at one place."""
        columns = ReadingColumns(placed.part, placed.dims)
        constants = placed.part.constants
        once = once and placed.at_run and not placed.indices
        for sheet in sheets:
            chosen = sheet.fresh(placed) if once else slice(None)
            rows = sheet.rows(placed, place, chosen)
            indices = [
                sheet.index(placed.indices[dim])
                if dim in placed.indices
                else np.full(len(rows.line), constants[dim])
                for dim in placed.dims
            ]
            columns.add(rows, indices)
        return columns
