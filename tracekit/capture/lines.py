"""Lines: terms that are computed one after the other, those that are needed.

A line takes the values of lines before it, and what comes along.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from tracekit.capture.terms import Given, Term, lines_in, value_of

# Their value is a view of what they are given, as large as that may be.
_VIEWS = ("array", "select", "reshape")


class Lines:
    """The lines of a program.

    Args:
        terms: one a line.

    Raises:
        TapError: a term that can't be computed.
    """

    def __init__(self, terms: Sequence[Term]) -> None:
        self._terms = terms
        self._computed = [value_of(term) for term in terms]
        self._of = [frozenset(lines_in(term)) for term in terms]
        self._needed: dict[tuple[int, ...], list[int]] = {}

    def __len__(self) -> int:
        return len(self._terms)

    def compute(self, wanted: tuple[int, ...], given: Given) -> None:
        """Fill in the values of lines, and of those that they need.

        Args:
            wanted: the lines.
            given: values of lines so far, None where there are none yet, and
                what comes along.
        """
        found = given[0]
        with np.errstate(all="ignore"):
            for line in self.needed(wanted):
                if found[line] is None:
                    found[line] = self._computed[line](given)

    def needed(self, wanted: tuple[int, ...]) -> list[int]:
        """Lines and those that they are made of, in order."""
        known = self._needed.get(wanted)
        if known is None:
            waiting, found = set(wanted), set[int]()
            while waiting:
                found |= waiting
                waiting = {n for line in waiting for n in self._of[line]}
                waiting -= found
            known = self._needed[wanted] = sorted(found)
        return known

    def values(self, lines: Iterable[int]) -> set[int]:
        """Which of the values that come along some lines take."""
        terms = (self._terms[line] for line in lines)
        return {term[1] for term in terms if term[0] == "values"}

    def taken_from(
        self, wanted: tuple[int, ...], large: set[int]
    ) -> tuple[list[int], list[int]] | None:
        """What the wanted lines need of large values.

        Args:
            wanted: lines.
            large: which of the values that come along are.

        Returns:
            The lines that show all of such a value, and those that take
            something out of it; nothing else reads it. None where a wanted
            line shows all of it.
        """
        shown: list[int] = []
        taken: list[int] = []
        for line in self.needed(wanted):
            kind, *parts = self._terms[line]
            if kind == "values" and parts[0] in large:
                shown.append(line)
            elif not self._of[line].isdisjoint(shown):
                (shown if kind in _VIEWS else taken).append(line)
        return None if {*wanted} & {*shown} else (shown, taken)
