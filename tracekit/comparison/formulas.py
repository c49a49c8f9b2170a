"""What an expression over taps is worth, for many places at a time.

Every operation is one of float64, in the order in which it is written, so the
same numbers give the same bits. NaN and infinities go through as in C.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit.expressions import (
    Expression,
    Number,
    Operation,
    Tap,
    power,
    spelled,
)

Array = npt.NDArray[Any]


class UnfitError(Exception):
    """Why an expression can't be worked out, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Value:
    """What a part of an expression is worth.

    Args:
        parts: one array a component, one alone for a single number.
        vector: whether it has components.
        labels: their names, () where they have none.
    """

    parts: tuple[Array, ...]
    vector: bool = False
    labels: tuple[str, ...] = ()


_SIGNS: dict[str, Callable[[Array, Array], Array]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
}


def _rounded(number: Array) -> Array:
    """What is left of a number in float32."""
    return np.asarray(number).astype(np.float32).astype(np.float64)


_OF_NUMBERS: dict[str, Callable[[Array], Array]] = {
    "sqrt": np.sqrt,
    "abs": np.abs,
    "sin": np.sin,
    "cos": np.cos,
    "radians": np.radians,
    "degrees": np.degrees,
    "float32": _rounded,
}


def worth(expression: Expression, taps: Mapping[Tap, Value]) -> Value:
    """The value of an expression.

    Args:
        expression: over these taps.
        taps: what each is worth.

    Raises:
        UnfitError: it has a vector where a number is needed, or the other way.
    """
    with np.errstate(all="ignore"):
        return _worth(expression, taps)


def _worth(expression: Expression, taps: Mapping[Tap, Value]) -> Value:
    if isinstance(expression, Tap):
        return taps[expression]
    if isinstance(expression, Number):
        return Value((np.asarray(expression.value),))
    name, operands = expression.name, expression.operands
    if name == "**":
        base = _single(operands[0], expression, taps)
        return Value((_raised(base, power(expression)),))
    if name == "list":
        parts = tuple(_single(part, expression, taps) for part in operands)
        return Value(parts, vector=True)
    if name in _OF_NUMBERS:
        number = _single(operands[0], expression, taps)
        return Value((_OF_NUMBERS[name](number),))
    found = [_worth(operand, taps) for operand in operands]
    if name in ("norm", "dot"):
        product = _dot(found[0], found[-1], expression)
        return Value((np.sqrt(product) if name == "norm" else product,))
    if len(found) == 1:
        negative = tuple(-part for part in found[0].parts)
        return replace(found[0], parts=negative)
    return _combined(found[0], found[1], expression)


def _single(
    operand: Expression, whole: Operation, taps: Mapping[Tap, Value]
) -> Array:
    """A number, where no vector will do."""
    found = _worth(operand, taps)
    if found.vector:
        said = {"list": "a list", "**": "a power"}
        raise UnfitError(
            f"{spelled(operand)} has {len(found.parts)} components where "
            f"{said.get(whole.name, f'{whole.name}()')} needs a single "
            "number; take a component, as .x or [0], or the norm"
        )
    return found.parts[0]


def _combined(one: Value, other: Value, whole: Operation) -> Value:
    both, either = one.vector and other.vector, one.vector or other.vector
    scales = whole.name == "*" or (whole.name == "/" and not other.vector)
    if both and whole.name in "*/":
        raise UnfitError(
            f"{spelled(whole)} has a vector on both sides; use dot() for "
            "their product"
        )
    if both:
        _check_alike(one, other, whole)
    elif either and not scales:
        raise UnfitError(
            f"{spelled(whole)} is of a vector and a single number; take a "
            "component, as .x or [0]"
        )
    size = max(len(one.parts), len(other.parts))
    pairs = zip(
        *(value.parts * (size // len(value.parts)) for value in (one, other)),
        strict=True,
    )
    parts = tuple(_SIGNS[whole.name](a, b) for a, b in pairs)
    return Value(parts, either, one.labels or other.labels)


def _dot(one: Value, other: Value, whole: Operation) -> Array:
    if not (one.vector and other.vector):
        raise UnfitError(f"{spelled(whole)} needs vectors, not single numbers")
    _check_alike(one, other, whole)
    total = one.parts[0] * other.parts[0]
    for a, b in zip(one.parts[1:], other.parts[1:], strict=True):
        total = total + a * b
    return total


def _check_alike(one: Value, other: Value, whole: Operation) -> None:
    named = one.labels and other.labels and one.labels != other.labels
    if named or len(one.parts) != len(other.parts):
        said = [
            " ".join(vector.labels) or f"{len(vector.parts)} components"
            for vector in (one, other)
        ]
        raise UnfitError(f"{spelled(whole)} is of {said[0]} and {said[1]}")


def _raised(base: Array, exponent: int) -> Array:
    """A whole power by multiplications: equal bits on every machine."""
    found = np.ones_like(base)
    for _ in range(abs(exponent)):
        found = found * base
    return found if exponent >= 0 else 1 / found
