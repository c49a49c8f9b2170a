"""Figures of two columns of floats in one pass, block by block.

They are what ``queries/quick.sql`` documents: what ``outcome`` says of numbers
whose difference is finite, read off without a judgement of each. Counts and
largest values are the same in any order, so the figures of the parts of a tap
add up to those of the tap.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit.comparison.closeness import BLOCK, Bounds
from tracekit.comparison.ulps import ulp_distance

Array = npt.NDArray[Any]
_COUNTS = ("compared", "odd", "diverged", "suspects")


@dataclass(slots=True)
class Figures:
    """Figures of some numbers of a pair.

    Args:
        compared: numbers whose difference is finite.
        odd: all others.
        diverged: those that are not close.
        suspects: those that rtol and atol don't make close.
        max_rel_error, max_ulps, signal: see ``outcome``.
        rtol_base, atol_base, least_ulps: see ``quick``.
        largest: the largest error, and minus its place: the first of equals.
        worst: the same of those that diverged.
        first: minus the place of the first of them.
    """

    compared: int = 0
    odd: int = 0
    diverged: int = 0
    suspects: int = 0
    max_rel_error: float = 0
    max_ulps: int = 0
    signal: float = 0
    rtol_base: float = 0
    atol_base: float = 0
    least_ulps: int = 0
    largest: tuple[float, int] = (-1, 0)
    worst: tuple[float, int] = (-1, 0)
    first: float = -math.inf

    @property
    def first_place(self) -> int:
        """The place of the first that diverged."""
        return -int(self.first)

    def add(self, other: Figures) -> None:
        """Take in the figures of other numbers."""
        for name in self.__slots__:
            one, more = getattr(self, name), getattr(other, name)
            both = one + more if name in _COUNTS else max(one, more)
            setattr(self, name, both)


def total(parts: Iterable[Figures]) -> Figures:
    """The figures of several parts together."""
    found = Figures()
    for part in parts:
        found.add(part)
    return found


def figures(
    actual: Array, expected: Array, bounds: Bounds, start: int = 0
) -> Figures:
    """Figures of two columns of doubles.

    Args:
        actual: one side's numbers. Shape (n,).
        expected: the other side's. Shape (n,).
        bounds: what is close.
        start: the place of the first of them.

    >>> bounds = Bounds(rtol=1e-9, atol=0.0, max_ulps=None, precision=53)
    >>> found = figures(np.array([1.0, 2.5]), np.array([1.0, 2.0]), bounds)
    >>> found.diverged, found.worst, found.max_rel_error
    (1, (0.5, -1), 0.25)
    """
    with np.errstate(all="ignore"):
        return total(
            _block(
                actual[n : n + BLOCK],
                expected[n : n + BLOCK],
                bounds,
                np.arange(start + n, start + min(n + BLOCK, len(actual))),
            )
            for n in range(0, len(actual), BLOCK)
        )


def _block(
    actual: Array, expected: Array, bounds: Bounds, places: Array
) -> Figures:
    if not len(actual):
        return Figures()
    error = np.subtract(actual, expected)
    np.abs(error, out=error)
    top = int(error.argmax())  # of a NaN, if there is one
    if not error[top] < math.inf:
        rest = np.flatnonzero(error < math.inf)
        found = _block(actual[rest], expected[rest], bounds, places[rest])
        found.odd = len(actual) - len(rest)
        return found
    size = np.abs(expected)
    found = Figures(
        compared=len(actual),
        signal=float(size.max()),
        largest=(float(error[top]), -int(places[top])),
    )
    if error[top] > 0:
        ulps = ulp_distance(actual, expected, bounds.precision)
        _measure(found, error, size, ulps, bounds, places)
    return found


def _measure(
    found: Figures,
    error: Array,
    size: Array,
    ulps: Array,
    bounds: Bounds,
    places: Array,
) -> None:
    """Fill in the figures of a block in which numbers differ."""
    relative = error / size
    found.max_rel_error = float(np.fmax.reduce(relative))  # 0 / 0 is no error
    found.max_ulps = int(ulps.max())
    few, atol = bounds.max_ulps, bounds.atol
    many = None if few is None else ulps > few
    beyond_atol = None if atol == 0 else error > atol
    found.rtol_base = _largest(relative, beyond_atol, many)
    if found.max_rel_error < bounds.rtol:
        return  # then rtol allows all errors, as rounding keeps the order
    beyond_rtol = error > np.multiply(size, bounds.rtol, out=size)
    found.atol_base = _largest(error, beyond_rtol, many)
    beyond = _both(beyond_rtol, beyond_atol)
    bad = _both(beyond, many)
    found.least_ulps = int(_largest(ulps, beyond))
    found.suspects = int(np.count_nonzero(beyond))
    found.diverged = int(np.count_nonzero(bad))
    if found.diverged:
        top = int(error.argmax())
        if not bad[top]:
            top = int(np.where(bad, error, -1).argmax())
        found.worst = float(error[top]), -int(places[top])
        found.first = -int(places[bad.argmax()])


def _both(one: Array, other: Array | None) -> Array:
    return one if other is None else one & other


def _largest(values: Array, *masks: Array | None) -> float:
    """The largest value where all masks are true; 0 where none is."""
    given = [mask for mask in masks if mask is not None]
    if not given:
        return float(np.fmax.reduce(values))
    chosen = np.logical_and.reduce(given)
    top = values.argmax()
    if not chosen[top]:
        values = np.where(chosen, values, 0)
        top = values.argmax()
    largest: float = values[top].item()
    return largest
