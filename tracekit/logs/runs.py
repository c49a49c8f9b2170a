"""Paragraphs that follow one another and are understood, however read."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np

from tracekit.logs.cutting import Cut
from tracekit.logs.number_columns import Integers, Printed
from tracekit.logs.scanning import Scanned
from tracekit.logs.sheets import Sheet
from tracekit.storage.spill import Spill


class Run(Protocol):
    """Paragraphs that follow one another.

    ``which`` has the kind of each.
    """

    @property
    def which(self) -> Integers:
        """The kind of each."""
        ...

    def sheet(self, kind: int, line: Integers, sequence: Integers) -> Sheet:
        """Those of one kind, by their first lines and events."""
        ...

    def word(self, row: int, number: int) -> str:
        """A number of a paragraph, as it was printed."""
        ...


@dataclass(frozen=True, slots=True)
class CutRun:
    """Paragraphs whose numbers were all taken out.

    Args:
        cut: the text.
        first: the first of them.
        which: the kind of each.
    """

    cut: Cut
    first: int
    which: Integers

    def sheet(self, kind: int, line: Integers, sequence: Integers) -> Sheet:
        """Those of one kind."""
        rows = np.flatnonzero(self.which == kind)
        numbers = self._numbers(rows)
        return Sheet.of_cut(line[rows], sequence[rows], numbers)

    def word(self, row: int, number: int) -> str:
        """A number of a paragraph, as it was printed."""
        return self.cut.word(int(self.cut.edges[self.first + row]) + number)

    def _numbers(self, rows: Integers) -> Printed:
        edges = self.cut.edges[self.first :]
        numbers = self.cut.found.numbers
        if len(rows) == len(self.which):
            return numbers.part(slice(int(edges[0]), int(edges[len(rows)])))
        size = int(edges[rows[0] + 1] - edges[rows[0]])
        return numbers.take(matrix(edges[rows], size).reshape(-1))


@dataclass(frozen=True, slots=True)
class ScannedRun:
    """Paragraphs that are of templates.

    Args:
        scanned: the text.
        first: the first of them.
        which: the table of each.
    """

    scanned: Scanned
    first: int
    which: Integers

    def sheet(self, kind: int, line: Integers, sequence: Integers) -> Sheet:
        """Those of one kind."""
        rows = np.flatnonzero(self.which == kind)
        table = self.scanned.tables[kind]
        begin = self._before(kind, self.first)
        own = slice(begin, begin + len(rows))
        shape = len(table.template.printed), len(table)
        columns = [
            getattr(table.printed, column.name).reshape(shape)[:, own]
            for column in fields(Printed)[1:]
        ]
        return Sheet.of(
            line[rows],
            sequence[rows],
            [table.values[:, own], *columns],
            table.template.rows,
            table.template.constants,
            Spill(),
        )

    def word(self, row: int, number: int) -> str:
        """A number of a paragraph, as it was printed."""
        kind = int(self.which[row])
        table = self.scanned.tables[kind]
        hole = np.flatnonzero(table.template.holes == number)
        if not len(hole):
            return table.template.words[number].decode()
        own = self._before(kind, self.first + row), int(hole[0])
        text = self.scanned.text[table.begin[own] : table.end[own]]
        return text.decode()

    def _before(self, kind: int, paragraph: int) -> int:
        """How many paragraphs of a kind stand before one."""
        return int(np.count_nonzero(self.scanned.which[:paragraph] == kind))


def matrix(starts: Integers, size: int) -> Integers:
    """So many numbers from each start on."""
    found: Integers = starts[:, None] + np.arange(size)
    return found
