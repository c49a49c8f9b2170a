"""What is known of a tap's elements without reading them again.

It is taken while they are written, and kept in the table of taps: two taps of
equal hashes are equal, and a comparison then needs no more than these figures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tracekit.storage.grid import Places

Array = npt.NDArray[Any]

NUMBERS = ("float", "integer", "unsigned")
"""Columns of an element table that hold numbers; a table has one at most."""


@dataclass(slots=True)
class Figures:
    """Counts and extremes of numbers; None as long as none were counted.

    Args:
        nan, positive_inf, negative_inf: how many are.
        zeros: how many are 0 or -0.
        min, max: extremes of the finite ones, None without any; whole numbers
            beyond 2^53 are rounded, a zero has no sign.
        first_number: ordinal of the first that is no NaN, None without any.
        first_finite: ordinal of the first finite one, None without any.
    """

    nan: int | None = None
    positive_inf: int | None = None
    negative_inf: int | None = None
    zeros: int | None = None
    min: float | None = None
    max: float | None = None
    first_number: int | None = None
    first_finite: int | None = None

    def add(self, other: Figures) -> None:
        """Take in the figures of numbers that lie behind all of these.

        >>> some = of_numbers(np.array([np.nan, 2.0]), np.arange(2))
        >>> some.add(of_numbers(np.array([0.0, np.inf]), np.arange(2, 4)))
        >>> some.nan, some.zeros, some.min, some.max, some.first_finite
        (1, 1, 0.0, 2.0, 1)
        """
        for name in self.__slots__:
            one, more = getattr(self, name), getattr(other, name)
            known = [value for value in (one, more) if value is not None]
            if known:
                setattr(self, name, _TOGETHER[name](known))

    def moved(self, by: int) -> Figures:
        """The figures of the same numbers at later places."""
        first, finite = self.first_number, self.first_finite
        return replace(
            self,
            first_number=None if first is None else first + by,
            first_finite=None if finite is None else finite + by,
        )


def _first(known: list[Any]) -> Any:
    return known[0]


_TOGETHER: dict[str, Any] = {
    **dict.fromkeys(("nan", "positive_inf", "negative_inf", "zeros"), sum),
    "min": min,
    "max": max,
    "first_number": _first,
    "first_finite": _first,
}


def figures_of(block: pa.Table, places: Places) -> Figures:
    """The figures of some rows of an element table, and their places."""
    for name in NUMBERS:
        if name in block.column_names:
            return of_numbers(block[name].to_numpy(), places)
    return Figures(0, 0, 0, 0)


def of_numbers(values: Array, ordinals: Places) -> Figures:
    """The figures of numbers.

    Args:
        values: the numbers. Shape (n,).
        ordinals: their places. Shape (n,).
    """
    found = Figures(0, 0, 0, 0)
    if not len(values):
        return found
    with np.errstate(invalid="ignore"):  # a signalling NaN stays a NaN
        low, high = values.min(), values.max()
    if np.isfinite(low) and np.isfinite(high):
        found.first_number = found.first_finite = int(ordinals[0])
    else:
        finite, nan = np.isfinite(values), np.isnan(values)
        found.nan = int(np.count_nonzero(nan))
        found.positive_inf = int(np.count_nonzero(values == np.inf))
        found.negative_inf = int(np.count_nonzero(values == -np.inf))
        found.first_number = _first_place(~nan, ordinals)
        found.first_finite = _first_place(finite, ordinals)
        values = values[finite]
        if not len(values):
            return found
        low, high = values.min(), values.max()
    if low <= 0 <= high:
        found.zeros = len(values) - int(np.count_nonzero(values))
    found.min, found.max = float(low) + 0.0, float(high) + 0.0
    return found


def _first_place(chosen: npt.NDArray[np.bool_], ordinals: Places) -> Any:
    place = int(chosen.argmax())
    return int(ordinals[place]) if chosen[place] else None


@dataclass(frozen=True, slots=True)
class Contents:
    """Hashes and figures of a tap, as the table of taps has them.

    Args:
        key_hash: equal for equal places of equal grids.
        value_hash: equal for equal values.
        figures: of its numbers.
    """

    key_hash: str
    value_hash: str
    figures: Figures

    def row(self) -> dict[str, Any]:
        """Columns of the table of taps."""
        figures = {n: getattr(self.figures, n) for n in Figures.__slots__}
        hashes = {"key_hash": self.key_hash, "value_hash": self.value_hash}
        return {**hashes, **figures}
