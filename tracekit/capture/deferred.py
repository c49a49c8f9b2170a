"""The operator of taps that inductor's code fires in one call, ``taps_at``.

Its text says what is computed for the pixels (``apart.py`` wrote it) and what
each tap has of it. Nothing is computed but for the taps that a recorder asks
for, each just before it fires.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from tracekit import _state
from tracekit.capture.operator import (
    LIBRARY,
    TAGS,
    implement,
    no_values,
    parsed,
)
from tracekit.capture.picking import found_in, observe, viewed
from tracekit.capture.terms import Term, Value, lines_in, value_of

Span = tuple[int, int]  # of the items of a list
Number = int | tuple[int]  # itself, or which it is of those that come along
Step = tuple[list[tuple[int, Value]], list[int], int | None]

LIBRARY.define(
    "taps_at(str program, Tensor[] values, Tensor[] counters,"
    " SymInt[] integers) -> ()",
    tags=TAGS,
)


class Where(NamedTuple):
    """Which pixels are picked.

    Args:
        window: the text of a ``Window``.
        counters: where those of its loop indices are that are tensors.
        integers: the others.
        extent: the lengths of the pixel axes.
    """

    window: str
    counters: Span
    integers: list[Number]
    extent: list[Number]


class Share(NamedTuple):
    """What one tap has of a program.

    Args:
        site: the text of a ``Site``.
        parts: the lines of its components.
        where: the line of its mask.
        window: which of the windows is its own.
        counters: where those of its loop indices are that are tensors.
        integers: the others.
        shape: of its value.
    """

    site: str
    parts: list[int]
    where: int | None
    window: int
    counters: Span
    integers: list[Number]
    shape: list[Number]


def text_of(
    lines: list[Term], windows: list[Where], shares: list[Share]
) -> str:
    """A program as the text that a graph holds: a line is a term."""
    return json.dumps([lines, windows, shares])


class Program:
    """What compiled code calls where taps stand that follow one another."""

    def __init__(self, text: str) -> None:
        lines, windows, shares = json.loads(text)
        self._values = [value_of(line) for line in lines]
        self._of = [[*lines_in(line)] for line in lines]
        self._windows = [Where(*window) for window in windows]
        self._shares = [Share(*share) for share in shares]
        self._sites = [parsed(share.site) for share in self._shares]
        self._names = tuple(site.tap for site in self._sites)
        self._steps: dict[tuple[int, ...], list[Step]] = {}

    def __call__(
        self,
        values: list[Tensor],
        counters: list[Tensor],
        integers: list[int],
    ) -> None:
        """Let the taps fire that a recorder has to see."""
        found = [
            found_in(
                viewed(where.window),
                _known(where.integers, integers),
                counters[slice(*where.counters)],
                *_known(where.extent, integers),
            )
            for where in self._windows
        ]
        asked = self._asked([bool(pixels[2, 0]) for pixels in found])
        if not asked:
            return
        lines: list[Any] = [None] * len(self._values)
        given = lines, values, integers, found
        for number, (needed, parts, where) in zip(
            asked, self._to_do(asked), strict=True
        ):
            with np.errstate(all="ignore"):
                for line, value in needed:
                    lines[line] = value(given)
            share = self._shares[number]
            observe(
                [lines[part] for part in parts],
                None if where is None else lines[where],
                self._sites[number],
                _known(share.integers, integers),
                counters[slice(*share.counters)],
                found[share.window],
                _known(share.shape, integers),
            )

    def _asked(self, filled: list[bool]) -> tuple[int, ...]:
        """The taps that a recorder has to see, with pixels or without."""
        recorders = _state.recorders
        nowhere = not any(filled)
        if not any(r.asks(self._names, nowhere=nowhere) for r in recorders):
            return ()
        return tuple(
            number
            for number, share in enumerate(self._shares)
            if any(
                r.asks(
                    (self._names[number],), nowhere=not filled[share.window]
                )
                for r in recorders
            )
        )

    def _to_do(self, asked: tuple[int, ...]) -> list[Step]:
        """Before each tap the lines that its components and mask need."""
        if asked not in self._steps:
            done, steps = set[int](), list[Step]()
            for share in (self._shares[number] for number in asked):
                masks = [] if share.where is None else [share.where]
                missing = self._needed([*share.parts, *masks], done)
                done.update(missing)
                needed = [(line, self._values[line]) for line in missing]
                steps.append((needed, share.parts, share.where))
            self._steps[asked] = steps
        return self._steps[asked]

    def _needed(self, lines: list[int], done: set[int]) -> list[int]:
        """Lines and those that they are made of, as far as not yet done."""
        waiting, found = lines, set[int]()
        while waiting:
            new = set(waiting) - done - found
            found |= new
            waiting = [n for line in new for n in self._of[line]]
        return sorted(found)


program = lru_cache(maxsize=4096)(Program)


def _known(numbers: list[Number], integers: list[int]) -> list[int]:
    """The numbers, with what came along in place."""
    return [n if isinstance(n, int) else integers[n[0]] for n in numbers]


def _observe_all(
    text: str,
    values: list[Tensor],
    counters: list[Tensor],
    integers: list[int],
) -> None:
    """Run taps that follow one another."""
    program(text)(values, counters, integers)


implement("taps_at", _observe_all, no_values)
