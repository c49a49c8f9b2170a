"""What expressions over taps are worth."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.comparison.formulas import UnfitError, Value, worth
from tracekit.expressions import (
    Expression,
    Number,
    Operation,
    Tap,
    parse,
    power,
    taps,
)

X, Y = Tap("x"), Tap("y")
FLOATS = st.floats(allow_nan=True, allow_infinity=True)


def plainly(expression: Expression, numbers: Mapping[Tap, float]) -> float:
    """The worth of an expression by Python's own floats."""
    if isinstance(expression, Tap):
        return numbers[expression]
    if isinstance(expression, Number):
        return expression.value
    if expression.name == "**":
        return _power(plainly(expression.operands[0], numbers), expression)
    found = [plainly(part, numbers) for part in expression.operands]
    if len(found) == 1:
        return _of_one(expression.name, found[0])
    one, other = found
    if expression.name == "/":
        return _quotient(one, other)
    return {"+": one + other, "-": one - other, "*": one * other}[
        expression.name
    ]


def _of_one(name: str, number: float) -> float:
    if name == "sqrt":
        return math.sqrt(number) if number >= 0 else math.nan
    return abs(number) if name == "abs" else -number


def _quotient(one: float, other: float) -> float:
    if other:
        return one / other
    if one == 0 or math.isnan(one):
        return math.nan
    return math.copysign(math.inf, one) * math.copysign(1, other)


def _power(base: float, operation: Operation) -> float:
    found = 1.0
    for _ in range(abs(power(operation))):
        found *= base
    return found if power(operation) >= 0 else _quotient(1.0, found)


def _larger(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return (
        st.builds(Operation, st.sampled_from("+-*/"), st.tuples(parts, parts))
        | st.builds(
            Operation, st.sampled_from(["-", "sqrt", "abs"]), st.tuples(parts)
        )
        | st.builds(
            lambda base, n: Operation("**", (base, Number(float(n)))),
            parts,
            st.integers(-5, 5),
        )
    )


EXPRESSIONS = st.recursive(
    st.sampled_from([X, Y]) | st.builds(Number, st.floats(0, 1e3)), _larger
)


@given(EXPRESSIONS, st.lists(st.tuples(FLOATS, FLOATS), min_size=1))
def test_it_is_what_python_s_floats_say(
    expression: Expression, numbers: list[tuple[float, float]]
) -> None:
    """Bit for bit, with NaN, infinities and signed zeros, at every place."""
    x, y = (np.array(column) for column in zip(*numbers, strict=True))
    found = worth(expression, {X: Value((x,)), Y: Value((y,))})
    (values,) = found.parts
    plain = [plainly(expression, {X: a, Y: b}) for a, b in numbers]
    assert np.array_equal(
        np.broadcast_to(values, len(plain)), plain, equal_nan=True
    )
    signs = [math.copysign(1, one) for one in plain if one == 0]
    zeros = np.broadcast_to(values, len(plain))[np.array(plain) == 0]
    assert np.copysign(1, zeros).tolist() == signs


def of(text: str, **numbers: Any) -> list[float]:
    """The worth of an expression at one place; lists are vectors."""
    expression = parse(text)
    given_taps = {
        tap: Value(
            tuple(np.array([part]) for part in np.atleast_1d(value)),
            isinstance(value, list),
            tuple("xyz"[: np.size(value)]) if isinstance(value, list) else (),
        )
        for tap in taps(expression)
        for value in (numbers[tap.name],)
    }
    return [float(np.squeeze(x)) for x in worth(expression, given_taps).parts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("norm(v)", [7.0]),
        ("dot(v, w)", [2 * 1 + 3 * 0 + 6 * -1]),
        ("v - w", [1, 3, 7]),
        ("v * k", [8, 12, 24]),
        ("k * v / 2", [4, 6, 12]),
        ("-v", [-2, -3, -6]),
        ("[k, 0, k**-2]", [4, 0, 1 / 16]),
        ("v + [1, 1, k]", [3, 4, 10]),
        ("sin(radians(30 * k / 4))", [math.sin(math.radians(30))]),
        ("degrees(cos(k))", [math.degrees(math.cos(4))]),
        ("float32(0.1 * k)", [float(np.float32(0.4))]),
    ],
)
def test_vectors_and_functions(text: str, expected: list[float]) -> None:
    """Vectors add, scale and multiply; functions are the usual ones."""
    found = of(text, v=[2.0, 3.0, 6.0], w=[1.0, 0.0, -1.0], k=4.0)
    assert found == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("v * w", r"v \* w has a vector on both sides; use dot\(\)"),
        ("v + k", r"v \+ k is of a vector and a single number"),
        ("k / v", "k / v is of a vector and a single number"),
        ("sqrt(v)", r"v has 3 components where sqrt\(\) needs a single"),
        ("v**2", "v has 3 components where a power needs a single number"),
        ("[v, k]", "v has 3 components where a list needs a single number"),
        ("norm(k)", r"norm\(k\) needs vectors, not single numbers"),
        ("dot(v, k)", r"dot\(v, k\) needs vectors"),
        ("dot(v, [k, k])", r"dot\(v, \[k, k\]\) is of x y z and 2 components"),
    ],
)
def test_what_does_not_fit(text: str, message: str) -> None:
    """A vector where a number belongs is refused, with what to do."""
    with pytest.raises(UnfitError, match=message):
        of(text, v=[2.0, 3.0, 6.0], w=[1.0, 0.0, -1.0], k=4.0)
