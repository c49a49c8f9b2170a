"""How far apart two numbers are, and whether that is close."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.queries.blueprint import Row, ask, ask_all, fired, traced
from tracekit.comparison.policy import Policy, Tolerance
from tracekit.schema import Event

NAN, INF = math.nan, math.inf
EXACTLY = Policy((Tolerance(rtol=0.0),))


def judge(
    actual: Event, expected: Event, policy: Policy | None = None
) -> list[Row]:
    """Rows of ``judged`` in program order."""
    return ask(
        "FROM judged ORDER BY coordinate",
        traced(actual),
        traced(expected),
        policy=policy,
    )


def one(
    actual: Any, expected: Any, policy: Policy | None = None, **more: Any
) -> Row:
    """The only row of ``judged`` for two scalars."""
    row: Row = judge(
        fired("x", actual, **more), fired("x", expected, **more), policy
    )[0]
    return row


def each(*pairs: tuple[Any, Any], policy: Policy | None = None) -> list[Row]:
    """The row of ``judged`` for each pair of scalars, events or numbers."""
    sides = [
        traced(
            *(
                replace(value, tap=f"t{number}")
                if isinstance(value, Event)
                else fired(f"t{number}", value)
                for number, value in enumerate(side)
            )
        )
        for side in zip(*pairs, strict=True)
    ]
    (rows,) = ask_all(("FROM judged ORDER BY pair",), *sides, policy=policy)
    assert len(rows) == len(pairs)
    return rows


def test_equal_numbers() -> None:
    """Equal numbers are close under any tolerance, infinities too."""
    values = 0.0, 1.5, -1e300, 5e-324, INF, -INF
    for row in each(*zip(values, values, strict=True), policy=EXACTLY):
        assert (row["close"], row["abs_error"], row["ulps"]) == (True, 0.0, 0)
        assert row["rel_error"] == 0.0


def test_signed_zero() -> None:
    """-0 beside 0 is close, with no ulps between them."""
    row = one(-0.0, 0.0, EXACTLY)
    assert (row["close"], row["ulps"]) == (True, 0)


def test_opposite_infinities() -> None:
    """Infinity beside minus infinity is never close."""
    wide = Policy((Tolerance(rtol=1e300, atol=1e300, max_ulps=2**63 - 1),))
    pairs = (INF, -INF), (-INF, INF), (INF, 1.0), (1.0, INF)
    for row in each(*pairs, policy=wide):
        assert not row["close"]
        assert row["abs_error"] == INF
        assert row["rel_error"] == INF


def test_nan_on_both_sides() -> None:
    """NaN beside NaN is close and a class of its own."""
    row = one(NAN, NAN)
    assert (row["class"], row["close"], row["abs_error"]) == (
        "nan",
        True,
        None,
    )


@pytest.mark.parametrize(
    ("actual", "expected"), [(NAN, 1.0), (1.0, NAN), (NAN, INF), (0.0, NAN)]
)
def test_nan_on_one_side(actual: float, expected: float) -> None:
    """NaN beside a number diverges whatever is allowed."""
    wide = Policy((Tolerance(rtol=1e300, atol=1e300),))
    row = one(actual, expected, wide)
    assert (row["class"], row["close"]) == ("nan mismatch", False)


def test_denormals() -> None:
    """Denormals differ by ulps as any other numbers do."""
    row = one(5e-324, 1e-323)
    assert (row["close"], row["ulps"], row["abs_error"]) == (False, 1, 5e-324)
    assert one(5e-324, 1e-323, Policy((Tolerance(max_ulps=1),)))["close"]


def test_beside_zero() -> None:
    """A number beside an expected 0 has an infinite relative error."""
    row = one(1e-30, 0.0)
    assert (row["close"], row["rel_error"]) == (False, INF)


def test_default_tolerance() -> None:
    """float64 may differ by 1e-9 of the number, and no more."""
    assert one(1 + 0.9e-9, 1.0)["close"]
    assert not one(1 + 1.1e-9, 1.0)["close"]


@pytest.mark.parametrize(
    ("dtype", "rtol"), [("float32", 1e-5), ("float16", 1e-3)]
)
def test_default_of_the_coarser_type(dtype: str, rtol: float) -> None:
    """A narrow type beside float64 is judged by the narrow one's default."""
    narrow = fired("x", np.ones(1, dtype))
    assert judge(narrow, fired("x", 1 + 0.9 * rtol))[0]["close"]
    assert not judge(narrow, fired("x", 1 + 1.1 * rtol))[0]["close"]
    assert judge(fired("x", 1 + 0.9 * rtol), narrow)[0]["close"]


def test_absolute_tolerance() -> None:
    """An error up to atol is allowed, however small the number is."""
    policy = Policy((Tolerance(rtol=0.0, atol=1e-3),))
    assert one(0.0009, 0.0, policy)["close"]
    assert not one(0.0011, 0.0, policy)["close"]


def test_ulp_tolerance() -> None:
    """max_ulps allows so many steps between representable numbers."""
    policy = Policy((Tolerance(rtol=0.0, max_ulps=2),))
    up = np.nextafter
    assert one(float(up(up(1.0, 2), 2)), 1.0, policy)["close"]
    assert not one(float(up(up(up(1.0, 2), 2), 2)), 1.0, policy)["close"]


def test_relative_to_the_vector() -> None:
    """6e-15 beside a component of 100 is no divergence."""
    actual = fired("v", [100.0, 6e-15, 0.0], component=range(3))
    expected = fired("v", [100.0, 0.0, 0.0], component=range(3))
    assert all(row["close"] for row in judge(actual, expected))


def test_relative_to_the_element() -> None:
    """With relative_to = "element" each component stands for itself."""
    policy = Policy((Tolerance(relative_to="element"),))
    actual = fired("v", [100.0, 6e-15], component=range(2))
    expected = fired("v", [100.0, 0.0], component=range(2))
    rows = judge(actual, expected, policy)
    assert [row["close"] for row in rows] == [True, False]


def test_each_vector_for_itself() -> None:
    """A large vector at another pixel doesn't widen this one's tolerance."""
    small = [[1e9, 0.0], [1.0, 0.0]]
    actual = fired(
        "v", [[1e9, 0.0], [1.0, 1e-3]], slow=range(2), component=range(2)
    )
    expected = fired("v", small, slow=range(2), component=range(2))
    rows = judge(actual, expected)
    assert [row["close"] for row in rows] == [True, True, True, False]


def test_each_vector_for_itself_when_broadcast() -> None:
    """That holds too where the actual side has one vector for all pixels."""
    actual = fired("v", [1.0, 1e-3], component=range(2))
    expected = fired(
        "v", [[1.0, 1e9], [1.0, 0.0]], slow=range(2), component=range(2)
    )
    assert [row["close"] for row in judge(actual, expected)] == [
        True, False, True, False,
    ]  # fmt: skip


def test_infinity_in_a_vector() -> None:
    """An infinite or NaN component leaves the others' tolerance as it is."""
    for odd in (INF, NAN):
        actual = fired("v", [odd, 1.001, 1 + 1e-12], component=range(3))
        expected = fired("v", [odd, 1.0, 1.0], component=range(3))
        rows = judge(actual, expected)
        assert [row["close"] for row in rows] == [True, False, True]


def test_integers_exactly() -> None:
    """Integers beyond 2^53 differ where they differ, by one."""
    row = one(2**53 + 1, 2**53)
    assert (row["close"], row["abs_error"], row["ulps"]) == (False, 1.0, 1)
    assert row["actual_exact"] - row["expected_exact"] == 1


def test_unsigned_exactly() -> None:
    """uint64 near its end is compared without rounding, signed beside it."""
    big = np.uint64(2**64 - 1)
    assert one(big, big)["close"]
    assert not one(big - np.uint64(1), big)["close"]
    row = judge(fired("x", np.int64(-1)), fired("x", big))[0]
    assert (row["close"], row["abs_error"]) == (False, float(2**64))
    assert row["ulps"] == 2**63 - 1


def test_integer_beside_float() -> None:
    """An integer that the float beside it can't hold is not equal to it."""
    *unequal, equal = each(
        (2**53 + 1, 2.0**53),
        (2.0**53, 2**53 + 1),
        (2**60, 2.0**60),
        policy=EXACTLY,
    )
    for row in unequal:
        assert (row["close"], row["abs_error"]) == (False, 1.0)
    assert equal["close"]
    near, *far = each((3, 3 + 1e-12), (3, 3.5), (3, INF), (3, NAN), (3, 1e300))
    assert near["close"]
    assert not any(row["close"] for row in far)


def test_integers_take_atol_only() -> None:
    """A relative tolerance doesn't make unequal integers close."""
    assert not one(10**12, 10**12 + 1)["close"]
    assert one(5, 6, Policy((Tolerance(atol=1.0),)))["close"]


def test_booleans() -> None:
    """Booleans are equal or not; beside an integer True is 1."""
    assert one(True, True)["close"]
    assert not one(True, False)["close"]
    assert judge(fired("x", True), fired("x", 1))[0]["close"]


def test_texts() -> None:
    """Texts are close if they are equal, to the letter."""
    same = fired("x", texts=["square"])
    assert judge(same, same)[0]["class"] == "text"
    row = judge(same, fired("x", texts=["Square"]))[0]
    assert (row["class"], row["close"]) == ("text mismatch", False)
    assert (row["actual"], row["actual_text"]) == (None, "square")


def test_placeholder() -> None:
    """A word in the place of a number is a text, not a NaN."""
    word = fired("x", NAN, texts=["overflow"], digits=-1, quantum=-400)
    assert judge(word, word)[0]["class"] == "text"
    for number in (1.0, NAN):
        row = judge(word, fired("x", number))[0]
        assert (row["class"], row["close"]) == ("text mismatch", False)


def test_printed_nan() -> None:
    """A NaN that a log spells its own way is still a NaN."""
    spelled = fired("x", NAN, texts=["-nan(ind)"], digits=3, quantum=-400)
    assert judge(spelled, fired("x", NAN))[0]["class"] == "nan"


def test_printed_digits() -> None:
    """Half a unit of the last printed place is allowed, on either side."""
    printed = fired("x", 1.25932e29, digits=6, quantum=24)
    near, far = 1.2593201528622709e29, 1.259326e29
    pairs = (printed, near), (near, printed), (printed, far), (far, printed)
    rows = each(*pairs, policy=EXACTLY)
    assert [row["close"] for row in rows] == [True, True, False, False]


def test_printed_digits_of_both_sides() -> None:
    """Two printed numbers may differ by both of their half places."""
    one_digit = fired("x", 0.3, digits=1, quantum=-1)
    two_digits = [
        (one_digit, fired("x", value, digits=2, quantum=-2))
        for value in (0.34, 0.36)
    ]
    rows = each(*two_digits, policy=EXACTLY)
    assert [row["close"] for row in rows] == [True, False]


def test_short_but_exact() -> None:
    """100 that %.15g printed stands for 100 to 15 digits, not to one."""
    printed = fired("x", 100.0, digits=15, quantum=-12)
    near, far = each(
        (100.0 + 1e-13, printed), (100.0 + 1e-11, printed), policy=EXACTLY
    )
    assert (near["close"], far["close"]) == (True, False)


@example([(5.9415199877201595e199, 16)] * 20)
@settings(max_examples=5, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(1e-200, 1e200), st.integers(1, 17)),
        min_size=20,
        max_size=60,
    )
)
def test_any_number_of_digits(numbers: list[tuple[float, int]]) -> None:
    """A number and its printed form are close, whatever was printed."""
    texts = [f"{value:.{digits - 1}e}" for value, digits in numbers]
    places = [
        int(text.partition("e")[2]) - digits + 1
        for text, (_, digits) in zip(texts, numbers, strict=True)
    ]
    size = range(len(numbers))
    printed = fired("x", list(map(float, texts)), n=size, quantum=places)
    exact = fired("x", [value for value, _ in numbers], n=size)
    assert all(row["close"] for row in judge(exact, printed, EXACTLY))


def test_all_digits_are_exact() -> None:
    """With 17 digits on both sides the next float diverges."""
    value = 0.1
    row = judge(
        fired("x", float(np.nextafter(value, 1)), digits=17, quantum=-17),
        fired("x", value, digits=17, quantum=-17),
        EXACTLY,
    )[0]
    assert (row["close"], row["allowed"], row["ulps"]) == (False, 0.0, 1)


def test_inexact_factor() -> None:
    """A converted number may differ by what converting it rounds."""
    actual = fired("x", 1.5, unit="angstrom")
    expected = fired("x", 1.5e-10, unit="m")
    row = judge(actual, expected, EXACTLY)[0]
    assert row["close"]
    assert row["unit"] == "m"
    far = fired("x", 1.5e-10 * (1 + 1e-14), unit="m")
    assert not judge(actual, far, EXACTLY)[0]["close"]


def test_converted_printed_digits() -> None:
    """The last printed place is converted with the number."""
    actual = fired("x", 1.5, unit="angstrom", digits=2, quantum=-1)
    assert judge(actual, fired("x", 1.54e-10, unit="m"), EXACTLY)[0]["close"]
    far = fired("x", 1.56e-10, unit="m")
    assert not judge(actual, far, EXACTLY)[0]["close"]


def test_converted_integers() -> None:
    """Integers in different units are compared as numbers."""
    row = judge(fired("x", 5, unit="mm"), fired("x", 0.005, unit="m"))[0]
    assert (row["close"], row["actual_exact"]) == (True, None)


def test_narrow_beside_wide() -> None:
    """float32 beside float64 is so many float32 steps away."""
    third = np.float32(1 / 3)
    row = judge(fired("x", third), fired("x", 1 / 3))[0]
    assert (row["ulps"], row["close"]) == (0, True)
    next_one = np.nextafter(third, np.float32(1))
    assert judge(fired("x", next_one), fired("x", 1 / 3))[0]["ulps"] == 1


@settings(max_examples=6, deadline=None)
@given(st.lists(st.tuples(st.floats(), st.floats()), min_size=30, max_size=60))
def test_never_close_by_accident(numbers: list[tuple[float, float]]) -> None:
    """What is close is what Python's own arithmetic says, for any floats."""
    actual, expected = np.array(numbers).T
    size = range(len(numbers))
    rows = judge(fired("x", actual, n=size), fired("x", expected, n=size))
    for row, (a, e) in zip(rows, numbers, strict=True):
        same = a == e or (math.isnan(a) and math.isnan(e))
        near = math.isfinite(e) and abs(a - e) <= 1e-9 * abs(e)
        assert row["close"] is (same or near)
