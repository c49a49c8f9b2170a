"""How pixels went wrong, tap by tap in program order.

Pixels at which the same taps introduced an error are added up, so that what is
known of them takes little room, however many numbers diverged. The rows are
those of ``queries/wrong_pixels.sql``, which documents them; they are parts:
one tap and one way to go wrong may have several.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tracekit.comparison.closeness import BLOCK

Array = npt.NDArray[Any]
Places = Array | slice
Row = dict[str, Any]

PIXEL = pa.struct([("slow", pa.int64()), ("fast", pa.int64())])
COURSE = pa.schema(
    [
        ("number", pa.int64()),
        ("wrong", pa.bool_()),
        ("odd", pa.bool_()),
        ("wrong_from", pa.int64()),
        ("odd_from", pa.int64()),
        ("after", pa.int64()),
        ("pixels", pa.int64()),
        ("first", PIXEL),
        ("worst", PIXEL),
        ("slow_from", pa.int64()),
        ("slow_to", pa.int64()),
        ("fast_from", pa.int64()),
        ("fast_to", pa.int64()),
        ("error", pa.float64()),
        ("rel_error", pa.float64()),
        ("earlier_rel_error", pa.float64()),
    ]
)
# no tap
_NONE = np.int32(0)
_ALL = slice(None)


class Course:
    """What went wrong at some pixels.

    Args:
        pixels: slow and fast of each, in the order of the pixels.
    """

    def __init__(self, pixels: Sequence[Array]) -> None:
        size = len(pixels[0])
        self._blocks = [
            _Block([index[start : start + BLOCK] for index in pixels])
            for start in range(0, size, BLOCK)
        ]

    def add(
        self, number: int, actual: Array, expected: Array, bad: Array
    ) -> None:
        """Take in the next tap.

        Args:
            number: its place in program order, from 1.
            actual: numbers of one side, one a pixel.
            expected: those of the other side.
            bad: which of them diverged.
        """
        for place, block in enumerate(self._blocks):
            part = slice(place * BLOCK, (place + 1) * BLOCK)
            block.add(number, actual[part], expected[part], bad[part])

    def rows(self) -> list[Row]:
        """Rows of ``COURSE``."""
        every = ((*block.rows, *block.close()) for block in self._blocks)
        return list(chain.from_iterable(every))


class _Block:
    """Some of the pixels, as many as a core's cache holds."""

    def __init__(self, pixels: Sequence[Array]) -> None:
        self.rows: list[Row] = []
        self._slow, self._fast = pixels
        size = len(self._slow)
        self._wrong_from = np.full(size, _NONE)
        self._odd_from = np.full(size, _NONE)
        self._last = np.full(size, _NONE)
        self._rel_error = np.full(size, -1.0)

    def add(
        self, number: int, actual: Array, expected: Array, bad: Array
    ) -> None:
        count = np.count_nonzero(bad)
        if not count:
            return
        places = _ALL if count == len(bad) else np.flatnonzero(bad)
        with np.errstate(all="ignore"):
            error = actual[places] - expected[places]
            np.abs(error, out=error)
            rel_error = np.abs(expected[places])
            np.divide(error, rel_error, out=rel_error)
        if error.max() < math.inf:
            self._add(number, places, error, rel_error, odd=False)
        else:
            rel_error[np.isinf(error)] = math.inf
            every = np.arange(len(bad))[places]
            for odd in (False, True):
                chosen = np.isnan(error) == odd
                part = every[chosen], error[chosen], rel_error[chosen]
                self._add(number, *part, odd=odd)
        self._last[places] = number

    def _add(
        self,
        number: int,
        places: Places,
        error: Array,
        rel_error: Array,
        *,
        odd: bool,
    ) -> None:
        """Numbers that are all of one class."""
        if not len(error):
            return
        origin = self._odd_from if odd else self._wrong_from
        before = origin[places]
        before[before == _NONE] = number
        origin[places] = before
        for chosen in _alike(self._wrong_from[places], self._odd_from[places]):
            where = _within(places, chosen)
            row = self._row(where, error[chosen], rel_error[chosen], odd=odd)
            self.rows.append({"number": number, **row})
        if not odd:
            earlier = self._rel_error[places]
            self._rel_error[places] = np.maximum(earlier, rel_error)

    def _row(
        self, places: Places, error: Array, rel_error: Array, *, odd: bool
    ) -> Row:
        """A row of numbers of one class that went one way."""
        slow, fast = self._slow[places], self._fast[places]
        worst = 0 if odd else error.argmax()
        return {
            "wrong": not odd,
            "odd": odd,
            "wrong_from": _known(self._wrong_from[places][0]),
            "odd_from": _known(self._odd_from[places][0]),
            "after": _known(self._last[places][0]),
            "pixels": len(error),
            "first": {"slow": slow[0], "fast": fast[0]},
            "worst": {"slow": slow[worst], "fast": fast[worst]},
            "slow_from": slow[0],
            "slow_to": slow[-1],
            "fast_from": fast.min(),
            "fast_to": fast.max(),
            "error": None if odd else error[worst],
            "rel_error": None if odd else rel_error.max(),
            "earlier_rel_error": _known_error(self._rel_error[places].max()),
        }

    def close(self) -> Iterator[Row]:
        """The row of pixels at which nothing diverged, if there are any."""
        places = np.flatnonzero(self._last == _NONE)
        if len(places):
            first = places[0]
            pixel = {"slow": self._slow[first], "fast": self._fast[first]}
            yield {"pixels": len(places), "first": pixel}


def _within(places: Places, chosen: Places) -> Places:
    """The chosen ones of some places."""
    if isinstance(places, slice):
        return chosen
    return places[chosen]


def _alike(one: Array, other: Array) -> list[Places]:
    """Places of equal pairs of numbers, pair by pair."""
    if one.min() == one.max() and other.min() == other.max():
        return [_ALL]
    pair = one * (int(other.max()) + 1) + other
    return [np.flatnonzero(pair == each) for each in np.unique(pair)]


def _known(number: Any) -> int | None:
    return None if number == _NONE else int(number)


def _known_error(error: Any) -> float | None:
    return None if error < 0 else float(error)
