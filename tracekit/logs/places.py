"""Where the lines of a block stand: the pixel, headers and loop counts.

A line that states a coordinate holds for those that follow. Lines that are
read by column say so in arrays, lines that are read one by one in the state
of the line parser; both are put in the order of the lines here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tracekit.logs.number_columns import Integers
from tracekit.logs.parser import Parser

ABSENT = np.iinfo(np.int64).min
"""Stands for an index that isn't stated."""

_Key = tuple[str, str]


@dataclass(slots=True)
class _Changes:
    """An index that holds from a line on; ``base`` before the first."""

    base: int
    lines: list[Integers] = field(default_factory=list)
    values: list[Integers] = field(default_factory=list)
    _sorted: tuple[Integers, Integers] | None = None

    def add(self, lines: Integers, values: Integers) -> None:
        self.lines.append(lines)
        self.values.append(values)
        self._sorted = None

    def at(self, rows: Integers) -> Integers:
        if not self.lines:
            return np.full(len(rows), self.base)
        if self._sorted is None:
            lines = np.concatenate(self.lines)
            order = np.argsort(lines, kind="stable")
            values = np.concatenate(self.values)[order]
            self._sorted = lines[order], values
        lines, values = self._sorted
        found = np.searchsorted(lines, rows, side="right") - 1
        return np.where(found < 0, self.base, values[found])


class Places:
    """The state of a parser from line to line of a block.

    Args:
        parser: its state is the one before the block; ``leave`` sets the one
            after it.
    """

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self._changes: dict[_Key, _Changes] = {}
        self._set: dict[str, _Changes] = {}
        self._opens: dict[str, Integers] = {}
        self._quick: list[int] = []
        self._moved = 0
        for scope, found in parser.scopes().items():
            for dim, index in found.items():
                self._changes[scope, dim] = _Changes(index)
        for stream, count in parser.iterations.items():
            self._set[stream] = _Changes(count)

    def state(
        self, scope: str, lines: Integers, indices: Mapping[str, Integers]
    ) -> None:
        """Lines that state coordinates for those that follow."""
        for dim, values in indices.items():
            changes = self._changes.setdefault((scope, dim), _Changes(ABSENT))
            changes.add(lines, values)
        if not scope:
            self._clear(lines)
        self._quick = sorted([*self._quick, *lines.tolist()])

    def open(self, stream: str, lines: Integers) -> None:
        """Lines that open an iteration of the counted loops."""
        self._stream(stream)
        both = np.concatenate((self._opens[stream], lines))
        self._opens[stream] = np.sort(both)
        self._quick = sorted([*self._quick, *lines.tolist()])

    def _stream(self, stream: str) -> None:
        self._set.setdefault(stream, _Changes(-1))
        self._opens.setdefault(stream, np.empty(0, np.int64))

    def _clear(self, lines: Integers) -> None:
        for stream in self._parser.streams():
            self._stream(stream)
            self._set[stream].add(lines, np.full(len(lines), -1))

    def indices(self, family: str, lines: Integers) -> dict[str, Integers]:
        """By dim, the index that holds at each line, or ABSENT."""
        found: dict[str, Integers] = {}
        for scope in ("", family):
            for (own, dim), changes in self._changes.items():
                if own == scope:
                    values = changes.at(lines)
                    before = found.get(dim, values)
                    found[dim] = np.where(values == ABSENT, before, values)
        return found

    def iteration(self, stream: str, lines: Integers) -> Integers:
        """The iteration that each line falls into, -1 where none is open."""
        if stream not in self._set:
            return np.full(len(lines), -1)
        changes = self._set[stream]
        opens = self._opens.get(stream, np.empty(0, np.int64))
        last = _Changes(-1)
        for part in changes.lines:
            last.add(part, part)
        since = np.searchsorted(opens, last.at(lines), side="right")
        count = np.searchsorted(opens, lines, side="right") - since
        found: Integers = changes.at(lines) + count
        return found

    def enter(self, line: int) -> None:
        """Put the parser into the state of a line."""
        moved = bisect_right(self._quick, line)
        if moved == self._moved:
            return
        self._moved = moved
        self._restore(line)

    def leave(self, line: int) -> None:
        """Put the parser into the state behind the last line."""
        self._restore(line)

    def _restore(self, line: int) -> None:
        here = np.array([line])
        scopes: dict[str, dict[str, int]] = {}
        for (scope, dim), changes in self._changes.items():
            index = int(changes.at(here)[0])
            if index != ABSENT:
                scopes.setdefault(scope, {})[dim] = index
        counts = {s: int(self.iteration(s, here)[0]) for s in self._set}
        self._parser.restore(
            scopes, {s: count for s, count in counts.items() if count >= 0}
        )

    def note(
        self,
        line: int,
        before: Mapping[str, Mapping[str, int]],
        counts: Mapping[str, int],
    ) -> None:
        """Take over what the parser made of its state at a line."""
        after = self._parser.scopes()
        here = np.array([line])
        if after != before:
            for scope in {*before, *after}:
                old, new = before.get(scope, {}), after.get(scope, {})
                for dim in {*old, *new}:
                    if old.get(dim) != new.get(dim):
                        self._changes.setdefault(
                            (scope, dim), _Changes(ABSENT)
                        ).add(here, np.array([new.get(dim, ABSENT)]))
        if self._parser.iterations != counts:
            for stream in {*counts, *self._parser.iterations}:
                self._stream(stream)
                count = self._parser.iterations.get(stream, -1)
                self._set[stream].add(here, np.array([count]))
