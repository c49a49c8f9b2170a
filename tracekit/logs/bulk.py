"""Reads a log block by block: what can be by column, the rest line by line.

Lines of a shape that is understood give columns of numbers. All others go
through the line parser, in their order and in the state that the lines
before them leave, whichever way those were read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from tracekit.logs.coverage import distinct
from tracekit.logs.events import EventMaker, Reading
from tracekit.logs.file import line_text
from tracekit.logs.number_columns import INDEX_DIGITS, SAFE_DIGITS, Integers
from tracekit.logs.parser import Parser
from tracekit.logs.places import ABSENT, Places
from tracekit.logs.reading_columns import ReadingColumns, Rows
from tracekit.logs.shapes import Meaning, Part, Shapes
from tracekit.logs.tokens import HOLE, Tokens, line_starts, tokens
from tracekit.storage.columns import EventColumns, columns_of


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of a block that have one meaning."""

    meaning: Meaning
    rows: Integers


class BulkReader:
    """Reads blocks of lines into columns of events.

    Args:
        parser: reads what can't be read by column, and holds what is known.
        shapes: what lines mean.
        worth: the part of a block's lines below which none is read by
            column.

    Attributes:
        by_column: how many lines were.
        read, sequence: how many lines and events there were so far.
    """

    def __init__(
        self, parser: Parser, shapes: Shapes, worth: float = 0.5
    ) -> None:
        self.parser = parser
        self.by_column = 0
        self._worth = worth
        self._shapes = shapes
        self.read = 0
        self.sequence = 0
        self._by_line: list[Integers] = []
        self._columns: dict[object, ReadingColumns] = {}

    def line(self, line: str) -> None:
        """Read one line by itself."""
        self.read += 1
        before = len(self.parser.read)
        self.parser.line(line, self.read)
        count = len(self.parser.read) - before
        if count:
            self._by_line.append(self.sequence + np.arange(count))
            self.sequence += count

    def block(self, block: bytes, whole: bytes | None = None) -> None:
        """Read whole lines, each with its end.

        Args:
            block: the lines, without times before them.
            whole: the lines as they were, None for the same.
        """
        if not block:
            return
        if whole is None:
            whole = block
        if HOLE.encode() in block:
            self._each(whole)
            return
        found = tokens(block)
        lines = list(self._understood(found))
        plain = sum(len(own.rows) for own in lines)
        if plain < self._worth * len(found):
            self._each(whole)
            return
        self.by_column += plain
        self._mixed(whole, found, lines)

    def events(self, maker: EventMaker) -> list[EventColumns]:
        """All events; call it when the last block is read."""
        numbers = np.concatenate([np.empty(0, np.int64), *self._by_line])
        single = self.parser.events(maker)
        found = columns_of(zip(numbers.tolist(), single, strict=True))
        return found + [
            part.events(maker, self.parser.file)
            for part in self._columns.values()
        ]

    def _each(self, block: bytes) -> None:
        for raw in block.split(b"\n")[:-1]:
            self.line(line_text(raw))

    def _understood(self, found: Tokens) -> Iterator[_Lines]:
        """Lines that are read by column, by shape, in their order."""
        order = np.argsort(found.shape, kind="stable")
        ends = np.cumsum(np.bincount(found.shape))
        for shape, rows in zip(
            found.shapes, np.split(order, ends[:-1]), strict=True
        ):
            meaning = self._shapes.meaning(shape)
            if meaning is not None and any(p.states for p in meaning.parts):
                continue
            if meaning is not None:
                rows = rows[_plain(found, meaning, rows)]
            if meaning is not None and len(rows):
                yield _Lines(meaning, rows)

    def _mixed(self, whole: bytes, found: Tokens, lines: list[_Lines]) -> None:
        starts = line_starts(np.frombuffer(whole, np.uint8))
        places = Places(self.parser)
        count = np.zeros(len(found), np.int64)
        single = np.ones(len(found), bool)
        for own in lines:
            single[own.rows] = False
            count[own.rows] = len(own.meaning.parts)
            self._state(found, own, places)
        rows = np.flatnonzero(single)
        for row in rows.tolist():
            places.enter(row)
            raw = whole[starts[row] : starts[row + 1] - 1]
            count[row] = self._one(line_text(raw), row, places)
        places.leave(len(found))
        sequence = self.sequence + np.cumsum(count) - count
        for own in lines:
            self._keep(found, own, places, sequence)
        self._by_line.append(_each_event(sequence[rows], count[rows]))
        self.sequence += int(count.sum())
        self.read += len(found)

    def _one(self, line: str, row: int, places: Places) -> int:
        """Read one line by itself; how many events it has."""
        parser = self.parser
        had, before = len(parser.read), parser.scopes()
        iterations = dict(parser.iterations)
        parser.line(line, self.read + row + 1)
        places.note(row, before, iterations)
        return len(parser.read) - had

    def _state(self, found: Tokens, own: _Lines, places: Places) -> None:
        """What lines say of those that follow."""
        meaning, rows = own.meaning, own.rows
        family, parser = meaning.family, self.parser
        parser.printed.setdefault(family.name, set())
        parser.coordinates += meaning.coordinates * len(rows)
        parser.text_numbers += meaning.text_numbers * len(rows)
        if meaning.opens:
            places.open(family.stream, rows)
        if not meaning.header:
            return
        indices = _indices(found, rows, meaning.header)
        places.state(meaning.scope, rows, indices)
        pixel = parser.dialect.pixel
        if not meaning.scope and set(pixel) <= set(indices):
            both = np.stack([indices[dim] for dim in pixel], axis=1)
            parser.pixels.update(map(tuple, distinct(both).tolist()))

    def _keep(
        self, found: Tokens, own: _Lines, places: Places, sequence: Integers
    ) -> None:
        """Keep what lines say."""
        rows, family, parser = own.rows, own.meaning.family, self.parser
        iteration = places.iteration(family.stream, rows)
        parser.most = max(parser.most, int(iteration.max()) + 1)
        for place, part in enumerate(own.meaning.parts):
            indices = _indices(found, rows, part.indices)
            numbers = found.first[rows, None] + _own_numbers(part)
            taken = Rows(
                self.read + 1 + rows,
                sequence[rows] + place,
                iteration,
                found.numbers.take(numbers.reshape(-1)),
            )
            if isinstance(part.item, Reading):
                held = places.indices(family.name, rows)
                constant = part.constants.items()
                held |= {d: np.full(len(rows), i) for d, i in constant}
                indices = held | indices
                parser.printed[family.name].add(part.item.rule.tap)
                parser.digits.widen(
                    family.name, int(taken.numbers.digits.max())
                )
            self._add(part, indices, taken)

    def _add(
        self, part: Part, indices: dict[str, Integers], taken: Rows
    ) -> None:
        """Keep rows, those apart that have an index which others lack."""
        here = {dim: values != ABSENT for dim, values in indices.items()}
        some = [dim for dim in here if not here[dim].all()]
        which = np.zeros(len(taken.line), np.int64)
        for bit, dim in enumerate(some):
            which |= here[dim].astype(np.int64) << bit
        for code in np.unique(which).tolist():
            rows = np.flatnonzero(which == code)
            dims = tuple(
                dim
                for dim in indices
                if dim not in some or code >> some.index(dim) & 1
            )
            own = self._columns.setdefault(
                (id(part), dims), ReadingColumns(part, dims)
            )
            own.add(taken.rows(rows), [indices[dim][rows] for dim in dims])


def _plain(found: Tokens, meaning: Meaning, rows: Integers) -> Integers:
    """Which of the lines have nothing that needs the line parser."""
    numbers, first = found.numbers, found.first[rows]
    good = np.ones(len(rows), bool)
    for number in meaning.index_numbers:
        place = first + number
        good &= numbers.integer[place] & ~numbers.negative[place]
        good &= numbers.printed[place] <= INDEX_DIGITS
    for part in meaning.parts:
        for number in _own_numbers(part).tolist():
            place = first + number
            if part.integers:
                good &= numbers.integer[place]
                good &= numbers.printed[place] <= SAFE_DIGITS
            elif isinstance(part.item, Reading):
                good &= numbers.rebuilt(place)
    return np.flatnonzero(good)


def _own_numbers(part: Part) -> Integers:
    return np.arange(part.first, part.first + part.count)


def _indices(
    found: Tokens, rows: Integers, numbers: Mapping[str, int]
) -> dict[str, Integers]:
    """By dim, the indices that stand on the lines."""
    first = found.first[rows]
    return {
        dim: found.numbers.value[first + number].astype(np.int64)
        for dim, number in numbers.items()
    }


def _each_event(first: Integers, count: Integers) -> Integers:
    """Places of all events of lines, by the place of each line's first."""
    before = np.cumsum(count) - count
    within = np.arange(int(count.sum())) - before.repeat(count)
    found: Integers = first.repeat(count) + within
    return found
