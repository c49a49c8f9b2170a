"""How many representable numbers lie between two arrays of floats.

What ``queries/ulp_distance.sql`` says of two numbers, of many at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
_LARGEST = np.finfo(np.float32).max
_MOST = np.iinfo(np.int64).max
# where the float16 numbers from 2^-14 on begin among the float32 ones
_NORMAL = 112 << 23


def ulp_distance(one: Array, other: Array, precision: int) -> Array:
    """Distances as int64; saturates at the largest.

    Args:
        one: doubles, none of them NaN. Shape (n,).
        other: the same. Shape (n,).
        precision: bits of the coarser type's significand: 53, 24, 11 or 8.

    >>> one = np.array([1.0, 0.0, -0.0])
    >>> ulp_distance(one, np.array([1.0 - 2**-53, 0.0, 5e-324]), 53)
    array([1, 0, 1])
    """
    if precision == 53:
        return _double_distance(one.view(np.int64), other.view(np.int64))
    narrow, beside = _narrow(one), _narrow(other)
    if precision == 11:
        halves = np.floor(np.abs(_half(narrow) - _half(beside)))
        return np.asarray(halves, np.int64)
    found = np.abs(_ordered(narrow) - _ordered(beside))
    return np.asarray(found if precision == 24 else found >> 16)


def _double_distance(one: Array, other: Array) -> Array:
    mixed = (one ^ other) < 0
    found = one - other
    np.abs(found, out=found)
    if mixed.any():
        a, b = (bits[mixed].view(np.uint64) for bits in (one, other))
        # the magnitudes of both; their sum may exceed an int64
        found[mixed] = np.minimum((a & _MOST) + (b & _MOST), _MOST)
    return np.asarray(found)


def _narrow(values: Array) -> Array:
    """As float32; what lies beyond its largest number is infinite."""
    beyond = np.abs(values) > _LARGEST
    infinite = np.copysign(np.inf, values)
    return np.where(beyond, infinite, values).astype(np.float32)


def _ordered(narrow: Array) -> Array:
    bits = narrow.view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def _half(narrow: Array) -> Array:
    """Places of float32 numbers among the float16 ones."""
    size = np.abs(narrow)
    place = np.where(
        size >= 2**-14,
        (_ordered(size) - _NORMAL) / 8192,
        size.astype(np.float64) * 2**24,
    )
    return np.copysign(place, narrow)
