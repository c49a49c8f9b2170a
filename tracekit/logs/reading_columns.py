"""Values of one tap of one line shape, by column, until they are events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit.logs.events import EventMaker, Reading
from tracekit.logs.number_columns import Integers, Places, Printed
from tracekit.logs.shapes import Part
from tracekit.schema import COMPONENT, Event
from tracekit.storage.columns import EventColumns


@dataclass(frozen=True, slots=True)
class Rows:
    """Some lines of one shape, as one of their taps has them.

    Args:
        line: their numbers in the file.
        sequence: places of their events among all.
        iteration: as in ``Reading``.
        numbers: the tap's values, line after line.
    """

    line: Integers
    sequence: Integers
    iteration: Integers
    numbers: Printed

    def rows(self, rows: Integers) -> Rows:
        """Some of them."""
        if len(rows) == len(self.line):
            return self
        count = len(self.numbers) // len(self.line)
        places = rows[:, None] * count + np.arange(count)
        return Rows(
            self.line[rows],
            self.sequence[rows],
            self.iteration[rows],
            self.numbers.take(places.reshape(-1)),
        )


@dataclass(slots=True)
class ReadingColumns:
    """All lines of one shape that have the same indices.

    Args:
        part: what they say.
        dims: their indices.
    """

    part: Part
    dims: tuple[str, ...]
    _rows: list[Rows] = field(default_factory=list)
    _indices: list[Sequence[Integers]] = field(default_factory=list)

    def add(self, rows: Rows, indices: Sequence[Integers]) -> None:
        """Append lines, with their indices by dim."""
        self._rows.append(rows)
        self._indices.append(indices)

    def events(self, maker: EventMaker, file: str) -> EventColumns:
        """The events; when all of the file is read."""
        indices = {
            dim: np.concatenate([found[number] for found in self._indices])
            for number, dim in enumerate(self.dims)
        }
        firsts = {dim: int(values[0]) for dim, values in indices.items()}
        if isinstance(self.part.item, Reading):
            pattern = self._reading(maker, self.part.item, firsts)
            counted = self._counted(maker, self.part.item)
        else:
            pattern, counted = replace(self.part.item, file=file), {}
        line = self._joined("line")
        origins = np.empty((len(pattern.axes), len(line)), np.int64).T
        for place, axis in enumerate(pattern.axes):
            origins[:, place] = axis.origin
            if axis.dim in indices and axis.dim != COMPONENT:
                origins[:, place] = indices[axis.dim]
            elif axis.dim in counted:
                origins[:, place] = counted[axis.dim]
        digits, quantum = self._precision(maker, pattern)
        return EventColumns(
            pattern,
            self._joined("sequence"),
            origins,
            self._values(pattern),
            line,
            digits=digits,
            quantum=quantum,
        )

    def _reading(
        self, maker: EventMaker, item: Reading, firsts: dict[str, int]
    ) -> Event:
        """The first event, but for its values."""
        first = int(self._rows[0].iteration[0])
        return maker.event(replace(item, indices=firsts, iteration=first))

    def _counted(
        self, maker: EventMaker, item: Reading
    ) -> dict[str, Integers]:
        """Indices that follow from the iteration, by dim."""
        level = item.rule.level
        if level == "run":
            return {}
        iterations = self._joined("iteration")
        if bool(np.all(iterations == iterations[0])):
            found = maker.counted(level, int(iterations[0]))
            return {
                dim: np.full(len(iterations), index)
                for dim, (_, index) in found.items()
            }
        known, which = np.unique(iterations, return_inverse=True)
        each = [maker.counted(level, n) for n in known.tolist()]
        return {
            dim: np.array([found[dim][1] for found in each])[which]
            for dim in each[0]
        }

    def _values(self, pattern: Event) -> npt.NDArray[Any]:
        values = self._column("value")
        with np.errstate(over="ignore"):
            return values.astype(pattern.values.dtype, copy=False)

    def _precision(
        self, maker: EventMaker, pattern: Event
    ) -> tuple[Places, Places] | tuple[None, None]:
        """Digits and quantum, where the pattern has them."""
        if pattern.digits is None or pattern.quantum is None:
            return None, None
        if isinstance(self.part.item, Event):
            count = sum(len(rows.numbers) for rows in self._rows)
            exact = (pattern.digits[0], pattern.quantum[0])
            digits, quantum = (np.full(count, n, np.int16) for n in exact)
        else:
            form = maker.digits.format_of(self.part.item)
            both = [rows.numbers.precision(form) for rows in self._rows]
            digits, quantum = (
                np.concatenate(columns) for columns in zip(*both, strict=True)
            )
        return digits, quantum

    def _joined(self, name: str) -> Integers:
        return np.concatenate([getattr(rows, name) for rows in self._rows])

    def _column(self, name: str) -> npt.NDArray[Any]:
        parts = [getattr(rows.numbers, name) for rows in self._rows]
        return np.concatenate(parts)
