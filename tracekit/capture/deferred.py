"""The operator of taps that inductor's code fires in one call, ``taps_at``.

Its text says what is computed for the pixels (``apart.py`` wrote it) and what
each tap has of it. Nothing is computed but for the taps that a recorder asks
for, each just before it fires.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import NamedTuple

from torch import Tensor

from tracekit import _state
from tracekit.capture.box import refuse_longer
from tracekit.capture.late import Call, known
from tracekit.capture.lines import Lines
from tracekit.capture.operator import (
    LIBRARY,
    TAGS,
    implement,
    indices_of,
    no_values,
    parsed,
)
from tracekit.capture.picking import Index, pixels_in, viewed
from tracekit.capture.terms import Term

Span = tuple[int, int]  # of the items of a list
Number = int | tuple[int]  # itself, or which it is of those that come along

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


class Lookout:
    """Looks which pixels lie in the values of a window."""

    def __init__(self, where: Where) -> None:
        self.window = viewed(where.window)
        self._where = where

    def __call__(
        self,
        loops: dict[str, int],
        counters: list[Tensor],
        integers: list[int],
    ) -> Index | None:
        """They, [3 room]; None for none."""
        window, where = self.window, self._where
        if window.loops:
            among = known(where.integers, integers)
            own = counters[slice(*where.counters)]
            loops = loops | indices_of(window, among, own)
        slow, fast = known(where.extent, integers)
        return pixels_in(window, loops, (slow, fast))

    def refuse_longer(self, tap: str, integers: list[int]) -> None:
        """Raise where values reach beyond the range of a scope."""
        dims = self.window.slow, self.window.fast
        refuse_longer(tap, dims, known(self._where.extent, integers))


class Program:
    """What compiled code calls where taps stand that follow one another.

    Args:
        text: what ``text_of`` gave.

    ``fired`` are those of its taps that fired together without an error.
    """

    def __init__(self, text: str) -> None:
        lines, windows, shares = json.loads(text)
        self.lines = Lines(lines)
        self.shares = [Share(*share) for share in shares]
        self.sites = [parsed(share.site) for share in self.shares]
        self.lookouts = [Lookout(Where(*window)) for window in windows]
        self.fired: set[tuple[int, ...]] = set()
        self._names = tuple(site.tap for site in self.sites)
        # by window, of its taps the last
        self._taps = {
            share.window: name
            for share, name in zip(self.shares, self._names, strict=True)
        }

    def __call__(
        self,
        values: list[Tensor],
        counters: list[Tensor],
        integers: list[int],
    ) -> None:
        """Let the taps fire that a recorder has to see."""
        levels = _state.scopes.get()
        beside = levels and levels[-1].beside is _state.passed
        if beside and self in _state.passed:
            return
        loops = _state.loops()
        pixels = [look(loops, counters, integers) for look in self.lookouts]
        holds = [found is not None for found in pixels]
        inside = None
        if True in holds:
            inside = [holds[share.window] for share in self.shares]
        asked: set[int] = set()
        for recorder in _state.recorders:
            asked.update(recorder.asks(self._names, inside))
        if asked:
            taps = tuple(sorted(asked))
            given = values, counters, integers
            call = Call(self, taps, *given, loops, pixels)
            if _state.later is None or not _state.later(call):
                call.fire()
        elif beside and not any(look.window.loops for look in self.lookouts):
            for number, look in enumerate(self.lookouts):
                look.refuse_longer(self._taps[number], integers)
            _state.passed.add(self)


program = lru_cache(maxsize=4096)(Program)


def _observe_all(
    text: str,
    values: list[Tensor],
    counters: list[Tensor],
    integers: list[int],
) -> None:
    """Run taps that follow one another."""
    program(text)(values, counters, integers)


implement("taps_at", _observe_all, no_values)
