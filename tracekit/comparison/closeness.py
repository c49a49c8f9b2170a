"""Which of two columns of floats are close, as ``queries/judged.sql`` says.

Only for numbers that are compared alone and were not printed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit.comparison.ulps import ulp_distance

Array = npt.NDArray[Any]
# Numbers of a block: its arrays lie in a core's cache together.
BLOCK = 1 << 15


@dataclass(frozen=True, slots=True)
class Bounds:
    """The tolerance of a pair of taps (see ``queries/pair.sql``)."""

    rtol: float
    atol: float
    max_ulps: int | None
    precision: int


def diverged(actual: Array, expected: Array, bounds: Bounds) -> Array:
    """Which numbers are not close.

    Args:
        actual: one side's doubles. Shape (n,).
        expected: the other side's. Shape (n,).
        bounds: what is close.

    Returns:
        Booleans. Shape (n,).

    >>> bounds = Bounds(rtol=1e-9, atol=0.0, max_ulps=None, precision=53)
    >>> one = np.array([1.0, 2.5, np.nan, np.nan, np.inf])
    >>> other = np.array([1.0, 2.0, np.nan, 4.0, np.inf])
    >>> diverged(one, other, bounds).tolist()
    [False, True, False, True, False]
    """
    found = np.empty(len(actual), np.bool_)
    with np.errstate(all="ignore"):
        for start in range(0, len(actual), BLOCK):
            part = slice(start, start + BLOCK)
            found[part] = _diverged(actual[part], expected[part], bounds)
    return found


def _diverged(actual: Array, expected: Array, bounds: Bounds) -> Array:
    error = np.subtract(actual, expected)
    np.abs(error, out=error)
    allowed = np.abs(expected)
    allowed *= bounds.rtol
    if bounds.atol:
        np.maximum(allowed, bounds.atol, out=allowed)
    bad: Array = error > allowed
    if not error.max() < math.inf:
        odd = np.flatnonzero(~(error < math.inf))
        one, other = actual[odd], expected[odd]
        both_nan = np.isnan(one) & np.isnan(other)
        bad[odd] = ~((one == other) | both_nan)
    if bounds.max_ulps is not None:
        rest = np.flatnonzero(bad & (error < math.inf))
        ulps = ulp_distance(actual[rest], expected[rest], bounds.precision)
        bad[rest] = ulps > bounds.max_ulps
    return bad
