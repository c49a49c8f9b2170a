"""Peaks of two images, matched by position."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.queries.blueprint import ask, fired, traced
from tracekit.schema import Event


def spots(*places: tuple[int, int, float]) -> Any:
    """A 20 x 30 image with round spots: slow, fast, height."""
    slow, fast = np.mgrid[:20, :30]
    image = np.zeros((20, 30))
    for s, f, height in places:
        image += height * np.exp(-((slow - s) ** 2 + (fast - f) ** 2) / 2)
    return image


def image(values: Any, **more: Any) -> Event:
    """An image."""
    return fired("i", values, slow=range(20), fast=range(30), **more)


def peaks(actual: Any, expected: Any, call: str = "image_peaks()") -> Any:
    """Peaks as (expected pixel, actual pixel, distance, ratio)."""
    rows = ask(
        f"FROM {call} WHERE coalesce(expected, actual) > 0.5",
        traced(image(actual)),
        traced(image(expected)),
    )
    return [
        (
            (row["expected_slow"], row["expected_fast"]),
            (row["actual_slow"], row["actual_fast"]),
            row["distance"],
            row["ratio"] and round(row["ratio"], 6),
        )
        for row in rows
    ]


def test_moved_and_changed() -> None:
    """A peak that moved has its distance, one that grew its ratio."""
    expected = spots((5, 5, 10.0), (14, 20, 4.0))
    actual = spots((5, 6, 10.0), (14, 20, 8.0))
    assert peaks(actual, expected) == [
        ((5, 5), (5, 6), 1.0, 1.0),
        ((14, 20), (14, 20), 0.0, 2.0),
    ]


def test_on_one_side_only() -> None:
    """A peak without a counterpart stands alone, on either side."""
    expected, actual = spots((5, 5, 10.0)), spots((14, 20, 4.0))
    assert peaks(actual, expected) == [
        ((5, 5), (None, None), None, None),
        ((None, None), (14, 20), None, None),
    ]


def test_how_many() -> None:
    """Only the brightest are taken."""
    both = spots((5, 5, 10.0), (14, 20, 4.0), (3, 25, 2.0))
    found = peaks(both, both, "image_peaks(how_many := 2)")
    assert [row[0] for row in found] == [(5, 5), (14, 20)]


def test_nan_is_no_peak() -> None:
    """A NaN is brighter than nothing."""
    actual = spots((5, 5, 10.0))
    actual[0, 0] = np.nan
    assert peaks(actual, spots((5, 5, 10.0))) == [((5, 5), (5, 5), 0.0, 1.0)]


def test_a_region() -> None:
    """Figures of a region are those of the image cut to it."""
    expected = spots((5, 5, 10.0), (14, 20, 4.0))
    actual = spots((5, 6, 10.0), (14, 20, 8.0))
    row = ask(
        "FROM image_metrics(slow_from := 10, fast_to := 22)",
        traced(image(actual)),
        traced(image(expected)),
    )[0]
    a, e = actual[10:, :23], expected[10:, :23]
    assert row["pixels"] == a.size
    assert abs(row["sum_ratio"] - a.sum() / e.sum()) < 1e-12
    assert row["max_abs_error"] == np.abs(a - e).max()
    assert (row["worst_slow"], row["worst_fast"]) == (14, 20)
