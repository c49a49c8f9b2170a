"""What the numbers of a tap are like."""

from __future__ import annotations

import math

from tests.queries.blueprint import ask, fired, traced


def test_figures_by_tap_and_component() -> None:
    """Counts, extremes, mean, first and last; a vector part by part."""
    trace = traced(
        fired("F", [3.0, 0.0, -1.0, 2.0], slow=range(2), fast=range(2)),
        fired("v", [1.0, 5.0, 2.0, 7.0], slow=0, fast=range(2),
              component=range(2), labels=("x", "y")),
    )  # fmt: skip
    rows = ask(
        "SELECT * FROM tap_statistics() WHERE side = 'actual'", trace, trace,
        "tap", "component", "numbers", "zeros", "minimum", "maximum", "mean",
        "first", "last",
    )  # fmt: skip
    assert rows == [
        ("F", None, 4, 1, -1.0, 3.0, 1.0, 3.0, 2.0),
        ("v", "x", 2, 0, 1.0, 2.0, 1.5, 1.0, 2.0),
        ("v", "y", 2, 0, 5.0, 7.0, 6.0, 5.0, 7.0),
    ]


def test_nan_and_infinity_are_counted_apart() -> None:
    """They spoil no figure; a tap of nothing else has none."""
    trace = traced(
        fired("x", [math.nan, 2.0, math.inf, 4.0], phi=range(4)),
        fired("y", [math.nan], phi=range(1)),
    )
    rows = ask(
        "SELECT * FROM tap_statistics() WHERE side = 'actual'", trace, trace,
        "tap", "numbers", "finite", "minimum", "maximum", "mean", "first",
    )  # fmt: skip
    assert rows == [
        ("x", 4, 2, 2.0, 4.0, 3.0, 2.0),
        ("y", 1, 0, None, None, None, None),
    ]


def test_taps_and_a_pixel_are_chosen() -> None:
    """A glob picks taps; run-level numbers count at every pixel."""
    trace = traced(
        fired("F_a", [1.0, 2.0], slow=0, fast=range(2)),
        fired("F_b", 5.0),
        fired("G", 9.0),
    )
    rows = ask(
        "FROM tap_statistics(tap_glob := 'F_*', at_pixel := [0, 1]) "
        "WHERE side = 'expected'",
        trace, trace, "tap", "numbers", "mean",
    )  # fmt: skip
    assert rows == [("F_a", 1, 2.0), ("F_b", 1, 5.0)]
