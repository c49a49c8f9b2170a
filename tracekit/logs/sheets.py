"""The numbers of many paragraphs of one kind, by column."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tracekit.logs.events import EventMaker
from tracekit.logs.number_columns import Integers, Places, Printed
from tracekit.logs.paragraphs import Paragraph, Placed
from tracekit.logs.reading_columns import ReadingColumns, Rows
from tracekit.storage.columns import EventColumns


@dataclass(frozen=True, slots=True)
class Sheet:
    """Some paragraphs.

    Args:
        line: number of the first line of each.
        sequence: place of its first event among all.
        numbers: all numbers, paragraph after paragraph.
    """

    line: Integers
    sequence: Integers
    numbers: Printed

    def __len__(self) -> int:
        return len(self.line)

    def column(self, number: int) -> npt.NDArray[np.float64]:
        """One number of all paragraphs."""
        return self.numbers.value.reshape(len(self), -1)[:, number]

    def most_digits(self) -> Places:
        """The most digits that each number has in any paragraph."""
        digits = self.numbers.digits.reshape(len(self), -1)
        found: Places = digits.max(axis=0)
        return found

    def index(self, number: int) -> Integers:
        """One number of all paragraphs, which is an index."""
        return self.column(number).astype(np.int64)

    def rows(self, placed: Placed, place: int) -> Rows:
        """What one of the taps has, the ``place``-th of its paragraph."""
        own = placed.own
        columns = (
            getattr(self.numbers, name).reshape(len(self), -1)[:, own]
            for name in Printed.__slots__
        )
        return Rows(
            self.line + placed.line,
            self.sequence + place,
            np.full(len(self), placed.iteration),
            Printed(*(column.reshape(-1) for column in columns)),
        )


@dataclass(slots=True)
class Sheets:
    """All paragraphs of one kind."""

    paragraph: Paragraph
    _sheets: list[Sheet] = field(default_factory=list)

    def add(self, sheet: Sheet) -> None:
        """Append some."""
        self._sheets.append(sheet)

    def events(self, maker: EventMaker, file: str) -> list[EventColumns]:
        """Their events by tap; when all of the file is read."""
        found: list[EventColumns] = []
        for place, placed in enumerate(self.paragraph.placed):
            if not self._sheets:
                break
            columns = ReadingColumns(placed.part, placed.dims)
            for sheet in self._sheets:
                columns.add(
                    sheet.rows(placed, place),
                    [
                        sheet.index(placed.indices[dim])
                        if dim in placed.indices
                        else np.full(len(sheet), placed.part.constants[dim])
                        for dim in placed.dims
                    ],
                )
            found.append(columns.events(maker, file))
        return found
