"""The operator of taps that inductor's code fires in one call, ``taps_at``.

Its text says what is computed for the pixels (``apart.py`` wrote it) and what
each tap has of it. Nothing is computed but for the taps that a recorder asks
for, each just before it fires.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from torch import Tensor

from tracekit import _state
from tracekit.capture.operator import (
    LIBRARY,
    TAGS,
    implement,
    no_values,
    parsed,
)
from tracekit.capture.picking import Index, found_in, observe, viewed

Span = tuple[int, int]  # of the items of a list
Number = int | tuple[int]  # itself, or which it is of those that come along
Values = Iterator[tuple[list[Any], Any]]
Run = Callable[[list[Tensor], list[int], list[Index]], Values]

LIBRARY.define(
    "taps_at(str program, Tensor[] values, Tensor[] counters,"
    " SymInt[] integers) -> ()",
    tags=TAGS,
)


class Line(NamedTuple):
    """One value.

    Args:
        source: an expression of NumPy's functions, ``values``, ``integers``,
            ``pixels``, and v0, v1, ..., the values of other lines.
        of: those lines.
    """

    source: str
    of: list[int]


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
    lines: list[Line], windows: list[Where], shares: list[Share]
) -> str:
    """A program as the text that a graph holds."""
    return json.dumps([lines, windows, shares])


class Program:
    """What compiled code calls where taps stand that follow one another."""

    def __init__(self, text: str) -> None:
        lines, windows, shares = json.loads(text)
        self._lines = [Line(*line) for line in lines]
        self._windows = [Where(*window) for window in windows]
        self._shares = [Share(*share) for share in shares]
        self._sites = [parsed(share.site) for share in self._shares]
        self._names = tuple(site.tap for site in self._sites)
        self._runs: dict[tuple[int, ...], Run] = {}

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
        computed = self._run(asked)(values, integers, found)
        for number in asked:
            share = self._shares[number]
            with np.errstate(all="ignore"):
                parts, where = next(computed)
            observe(
                parts,
                where,
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

    def _run(self, asked: tuple[int, ...]) -> Run:
        """What computes the components and the mask of some taps, in turn."""
        if asked not in self._runs:
            scope: dict[str, Any] = {}
            exec(self._source(asked), _FUNCTIONS, scope)  # noqa: S102
            self._runs[asked] = scope["run"]
        return self._runs[asked]

    def _source(self, asked: tuple[int, ...]) -> str:
        """A generator in Python; exactly what ``apart.py`` wrote is in it."""
        text, written = ["def run(values, integers, pixels):"], set[int]()
        for share in (self._shares[number] for number in asked):
            masks = [] if share.where is None else [share.where]
            missing = self._needed([*share.parts, *masks], written)
            text += [f" v{n} = {self._lines[n].source}" for n in missing]
            written.update(missing)
            parts = ", ".join(f"v{n}" for n in share.parts)
            mask = "None" if share.where is None else f"v{share.where}"
            text.append(f" yield [{parts}], {mask}")
        return "\n".join(text)

    def _needed(self, lines: list[int], written: set[int]) -> list[int]:
        """Lines and those that they are made of, as far as not yet written."""
        waiting, found = lines, set[int]()
        while waiting:
            new = set(waiting) - written - found
            found |= new
            waiting = [n for line in new for n in self._lines[line].of]
        return sorted(found)


program = lru_cache(maxsize=4096)(Program)


def _expanded(x: Any, shape: tuple[int, ...], dtype: Any) -> npt.NDArray[Any]:
    whole = np.empty(shape, dtype)
    whole[...] = x
    return whole


_FUNCTIONS: dict[str, Any] = {**vars(np), "expanded": _expanded}


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
