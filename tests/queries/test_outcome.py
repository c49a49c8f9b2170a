"""The tolerance that a tap needs, and tolerances that can't fail."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.queries.blueprint import Row, ask, fired, traced
from tracekit.comparison.policy import Policy, Tolerance
from tracekit.schema import Event

NAN, INF = math.nan, math.inf
ZERO = Tolerance(rtol=0.0)


def summary(actual: Event, expected: Event, rule: Tolerance = ZERO) -> Row:
    """The row of ``tap_summary`` for one tap."""
    row: Row = ask(
        "tap_summary", traced(actual), traced(expected), policy=Policy((rule,))
    )[0]
    return row


def numbers(values: Any, **more: Any) -> Event:
    """A tap of these numbers."""
    return fired("x", values, n=range(len(values)), **more)


PAIR = st.tuples(
    st.floats(-1e300, 1e300).filter(bool), st.floats(-1e300, 1e300)
)
# below it an error is too coarse for a bound that is a little smaller
SMALL = 1e-280


LEAST = {"rtol": "least_rtol", "atol": "least_atol", "max_ulps": "least_ulps"}


def bounded(taps: list[Any], rules: list[Tolerance]) -> list[Row]:
    """The row of each tap, of (expected, actual) numbers, under its rule."""
    expected, actual = (
        traced(
            *(
                fired(f"t{n}", pairs[:, side], n=range(len(pairs)))
                for n, pairs in enumerate(map(np.array, taps))
            )
        )
        for side in (0, 1)
    )
    named = [replace(rule, pattern=f"t{n}") for n, rule in enumerate(rules)]
    return ask("tap_summary", actual, expected, policy=Policy((*named,)))


@settings(max_examples=3, deadline=None)
@given(st.lists(st.lists(PAIR, min_size=1, max_size=9), min_size=12))
def test_the_smallest_tolerance_passes_and_a_smaller_one_does_not(
    taps: list[list[tuple[float, float]]],
) -> None:
    """With least_rtol, least_atol or least_ulps a tap is just close."""
    tried = [
        (pairs, bound, row[least])
        for pairs, row in zip(
            taps, bounded(taps, [ZERO] * len(taps)), strict=True
        )
        for bound, least in LEAST.items()
        if row[least] is not None
    ]
    enough = [replace(ZERO, **{bound: x}) for _, bound, x in tried]
    smaller = [
        replace(
            ZERO,
            **{
                bound: max(x - 1, 0)
                if bound == "max_ulps"
                else x * (1 - 1e-14)
            },
        )
        for _, bound, x in tried
    ]
    rows = bounded([pairs for pairs, *_ in tried] * 2, enough + smaller)
    assert not any(row["diverged"] for row in rows[: len(tried)])
    for row, (pairs, _, x) in zip(rows[len(tried) :], tried, strict=True):
        coarse = any(0 < abs(n) < SMALL for pair in pairs for n in pair)
        assert not x or coarse or row["diverged"] > 0


def test_printed_digits_need_no_tolerance() -> None:
    """What half a printed place covers is not asked of the tolerance."""
    printed = numbers([0.3, 3.0], digits=1, quantum=[-1, 0])
    row = summary(numbers([0.34, 3.75]), printed)
    assert row["diverged"] == 1
    assert row["least_atol"] == pytest.approx(0.25)
    assert row["least_rtol"] == pytest.approx(0.25 / 3)
    enough = replace(ZERO, rtol=row["least_rtol"])
    assert summary(numbers([0.34, 3.75]), printed, enough)["diverged"] == 0


def test_the_rule_stays_as_it_is_otherwise() -> None:
    """A bound that the rule has is not asked of the other ones."""
    actual, expected = numbers([1.01, 1.5e-6]), numbers([1.0, 1e-6])
    row = summary(actual, expected, Tolerance(rtol=0.0, atol=1e-6))
    assert row["least_rtol"] == pytest.approx(0.01)
    row = summary(actual, expected, Tolerance(rtol=0.02))
    assert row["least_atol"] == pytest.approx(0.5e-6)


def test_relative_to_the_vector() -> None:
    """The smallest rtol is of the vector where the rule's is."""
    actual = fired("v", [100.0, 6e-15], component=range(2))
    expected = fired("v", [100.0, 0.0], component=range(2))
    assert summary(actual, expected)["least_rtol"] == pytest.approx(6e-17)
    alone = replace(ZERO, relative_to="element")
    row = summary(actual, expected, alone)
    assert (row["least_rtol"], row["least_atol"]) == (
        None, pytest.approx(6e-15),
    )  # fmt: skip


def test_nan_leaves_the_other_figures() -> None:
    """A NaN on one side is counted, and the numbers keep their figures."""
    actual = numbers([NAN, 1.25, 2.0, NAN])
    expected = numbers([1.0, 1.0, 2.0, NAN])
    row = summary(actual, expected)
    assert (row["nan_mismatches"], row["both_nan"]) == (1, 1)
    assert row["max_abs_error"] == 0.25
    assert row["least_atol"] == pytest.approx(0.25)


def test_no_tolerance_for_infinities() -> None:
    """Nothing makes an infinity beside a number close."""
    infinite, finite = numbers([INF, 1.0]), numbers([1.0, 1.5])
    for sides in ((infinite, finite), (finite, infinite)):
        row = summary(*sides)
        assert row["least_rtol"] is None
        assert row["least_atol"] is None
        assert row["least_ulps"] is None


def test_integers_need_atol() -> None:
    """No rtol makes unequal integers close."""
    row = summary(numbers([3, 5]), numbers([3, 7]))
    assert (row["least_rtol"], row["least_atol"], row["least_ulps"]) == (
        None, pytest.approx(2.0), 2,
    )  # fmt: skip


def test_vacuous() -> None:
    """A tolerance that would let zeros pass is reported, close or not."""
    signal = numbers([1.8e-7, -9e-8, 0.0])
    wide = Tolerance(rtol=0.0, atol=1e-5)
    for actual in (signal, numbers([0.0, 0.0, 0.0]), numbers([1.0, 0.0, NAN])):
        row = summary(actual, signal, wide)
        assert (row["vacuous"], row["signal"]) == (True, 1.8e-7)
    assert summary(signal, signal, Tolerance(rtol=1.0))["vacuous"]
    assert summary(signal, signal, Tolerance(max_ulps=2**63 - 1))["vacuous"]
    assert summary(numbers([1]), numbers([1]), Tolerance(max_ulps=2))[
        "vacuous"
    ]


def test_not_vacuous() -> None:
    """One number that the tolerance can't swallow is enough; zeros, none."""
    usual = Tolerance(rtol=1e-3, atol=1e-5)
    wide = numbers([1e-9, 1.0])
    assert not summary(wide, wide, usual)["vacuous"]
    zeros = numbers([0.0, 0.0])
    assert not summary(zeros, zeros, usual)["vacuous"]
    vector = fired("v", [100.0, 6e-15], component=range(2))
    assert not summary(vector, vector, Tolerance())["vacuous"]
    text = fired("t", texts=["a"])
    assert not summary(text, text)["vacuous"]


def test_which_rule() -> None:
    """Each row says the bounds that applied, why, and where they stand."""
    rule = Tolerance(
        "*", 1e-3, 1e-6, 4, "element", reason="why", origin="p.toml:7"
    )
    row = summary(numbers([1.0]), numbers([1.0]), rule)
    assert (row["rtol"], row["atol"], row["allowed_ulps"]) == (1e-3, 1e-6, 4)
    assert row["relative_to"] == "element"
    assert (row["reason"], row["origin"]) == ("why", "p.toml:7")
