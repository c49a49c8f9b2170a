"""Every tap's figures, and what hides in them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.queries.blueprint import Row, ask, fired, log, traced
from tracekit.schema import Event

NAN = math.nan


def image(values: Any, tap: str = "x") -> Event:
    """A 2 x 2 image."""
    return fired(tap, values, slow=range(2), fast=range(2))


def summary(actual: Event, expected: Event) -> Row:
    """The only row for two events."""
    row: Row = ask("tap_summary", traced(actual), traced(expected))[0]
    return row


def test_figures() -> None:
    """Counts and largest errors are what NumPy says."""
    expected = np.array([1.0, -2.0, 4.0, 8.0])
    actual = np.array([1.0, -2.5, 4.0, 9.0])
    row = summary(image(actual), image(expected))
    assert (row["compared"], row["diverged"]) == (4, 2)
    assert row["max_abs_error"] == np.abs(actual - expected).max()
    assert row["max_rel_error"] == 0.25
    assert row["max_ulps"] == 2**50
    assert (row["worst_slow"], row["worst_fast"]) == (1, 1)


def test_nan_hides_nothing() -> None:
    """A NaN on one side is counted and leaves the other figures alone."""
    row = summary(image([NAN, 1.0, 2.5, NAN]), image([NAN, 1.0, 2.0, 3.0]))
    assert (row["nan_mismatches"], row["both_nan"]) == (1, 1)
    assert (row["compared"], row["diverged"]) == (4, 2)
    assert (row["max_abs_error"], row["max_rel_error"]) == (0.5, 0.25)
    assert (row["worst_slow"], row["worst_fast"]) == (1, 1)


def test_only_nan() -> None:
    """A tap that is NaN on both sides is close and has no figures."""
    row = summary(image([NAN] * 4), image([NAN] * 4))
    assert (row["diverged"], row["both_nan"], row["worst_slow"]) == (
        0,
        4,
        None,
    )
    assert row["max_abs_error"] is None


def test_infinite_error() -> None:
    """Opposite infinities are the largest error."""
    inf = math.inf
    row = summary(image([inf, 1.0, 2.0, inf]), image([-inf, 1.0, 2.0, inf]))
    assert (row["diverged"], row["max_abs_error"]) == (1, inf)
    assert (row["worst_slow"], row["worst_fast"]) == (0, 0)


def test_worst_of_those_that_diverged() -> None:
    """A larger error that is allowed is not the worst pixel."""
    actual = np.array([1e9 + 0.5, 1.0, 1.001, 1.0])
    expected = np.array([1e9, 1.0, 1.0, 1.0])
    row = summary(image(actual), image(expected))
    assert (row["diverged"], row["max_abs_error"]) == (1, 0.5)
    assert (row["worst_slow"], row["worst_fast"]) == (1, 0)


def test_worst_of_close_ones() -> None:
    """Where nothing diverged the worst pixel has the largest error."""
    row = summary(
        image([1.0, 1 + 1e-12, 1.0, 1 + 1e-11]), image([1.0, 1.0, 1.0, 1.0])
    )
    assert (row["diverged"], row["worst_slow"], row["worst_fast"]) == (0, 1, 1)


def test_first_of_equal_errors() -> None:
    """Of equal errors the first pixel is the worst."""
    row = summary(image([0.0, 1.0, 1.0, 1.0]), image([0.0, 0.0, 0.0, 0.0]))
    assert (row["worst_slow"], row["worst_fast"]) == (0, 1)


def test_worst_pixel_of_the_actual_side() -> None:
    """The pixel comes from the side that has one."""
    row = summary(image([1.0, 1.0, 2.0, 1.0]), fired("x", 1.0))
    assert (row["compared"], row["worst_slow"], row["worst_fast"]) == (4, 1, 0)


def test_text_mismatches() -> None:
    """Unequal texts and words beside numbers are counted."""
    row = summary(fired("t", texts=["a"]), fired("t", texts=["b"]))
    assert (row["text_mismatches"], row["diverged"]) == (1, 1)


def test_program_order() -> None:
    """Taps come in the program order of the expected side."""
    actual = traced(fired("a"), fired("b"), fired("c"))
    expected = traced(fired("c"), fired("a"), fired("b"))
    assert ask("tap_summary", actual, expected, "tap") == ["c", "a", "b"]


def test_families_in_one_row() -> None:
    """A name that two kinds of line print has one row."""
    both = log(fired("x", 1.0, family="A"), fired("x", 2.0, family="B"))
    rows = ask(
        "tap_summary", traced(fired("x", 1.0)), both, "compared", "diverged"
    )
    assert rows == [(2, 1)]


def test_what_could_not_be_compared() -> None:
    """A pair with a problem has a row that says why."""
    actual, expected = fired("x", 1.0, unit="m"), fired("x", 1.0, unit="kg")
    row = summary(actual, expected)
    assert (row["compared"], row["max_abs_error"]) == (0, None)
    assert row["not_compared"] == "is in m, which can't be converted to kg"


def test_matched_by_order() -> None:
    """Dims that were matched by order are named."""
    states: Any = {"slow": "unknown", "fast": "unknown"}
    unknown = fired("x", 1.0, slow=0, fast=0, states=states)
    row = summary(unknown, fired("x", 1.0, slow=3, fast=4))
    assert (row["unknown_pixel"], row["by_order"]) == (True, "slow fast")
    assert (row["worst_slow"], row["worst_fast"]) == (3, 4)


def test_types_of_two_precisions() -> None:
    """Both are named where the coarser one decides; of one precision none."""
    events = [
        fired("x", np.array([1.0, 2.0], dtype), n=range(2))
        for dtype in ("f4", "f8", "i8")
    ]
    assert summary(events[0], events[1])["dtypes"] == "float32 beside float64"
    row = summary(events[1], events[0])
    assert (row["dtypes"], row["rtol"]) == ("float64 beside float32", 1e-5)
    assert summary(events[2], events[1])["dtypes"] is None
    apart = fired("x", texts=["a"])
    assert summary(apart, events[0])["dtypes"] is None


def test_zeros_on_both_sides() -> None:
    """Every number has to be 0: no NaN, no infinity, no text hides there."""
    zeros = np.array([0.0, -0.0, 0.0, 0.0])
    assert summary(image(zeros), image(-zeros))["all_zero"]
    assert summary(image(zeros), image(zeros.astype(int)))["all_zero"]
    for odd in (1e-300, NAN, math.inf):
        other = np.where([True, False, False, False], odd, zeros)
        assert not summary(image(other), image(other))["all_zero"]
        assert not summary(image(zeros), image(other))["all_zero"]
    words = image(zeros)
    text = fired("x", texts=["a"])
    assert not summary(text, text)["all_zero"]
    assert not summary(text, words)["all_zero"]
