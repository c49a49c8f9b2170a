"""Where numbers are wrong: rows in, each query, rows out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.queries.blueprint import Row, ask, ask_all, fired, log, traced
from tracekit.schema import Event
from tracekit.storage.trace import Trace

NAN = math.nan
ONES = np.ones((4, 4))


def image(values: Any, tap: str = "x", **more: Any) -> Event:
    """A 4 x 4 image."""
    return fired(tap, values, slow=range(4), fast=range(4), **more)


def wrong(*places: tuple[int, int], by: float = 1.0) -> Any:
    """Ones, off by ``by`` at these pixels."""
    values = ONES.copy()
    for place in places:
        values[place] += by
    return values


@pytest.fixture
def healing() -> tuple[Trace, Trace]:
    """Tap b is wrong at two pixels, c at one of them, d again at another."""
    actual = traced(
        fired("a", 1.0),
        image(wrong((0, 1), (2, 3)), "b"),
        image(wrong((0, 1)), "c"),
        image(wrong((3, 3)), "d"),
    )
    expected = traced(
        fired("a", 1.0), *(image(ONES, tap) for tap in ("b", "c", "d"))
    )
    return actual, expected


def test_signatures(healing: tuple[Trace, Trace]) -> None:
    """Pixels that went wrong in the same way are one row, with their box."""
    rows = ask("signatures", *healing)
    assert [tuple(row.values()) for row in rows] == [
        ("..x", ["d"], 1, 3, 3, 3, 3, 3, 3),
        ("x..", ["b"], 1, 2, 3, 2, 2, 3, 3),
        ("xx.", ["b", "c"], 1, 0, 1, 0, 0, 1, 1),
    ]


def test_faults(healing: tuple[Trace, Trace]) -> None:
    """Each fault has its pixels, and the tap at which all are close again."""
    rows = ask(
        "faults", *healing, "tap", "pixels", "first_slow", "first_fast",
        "diverged_after", "close_again", "last_tap", "reached",
    )  # fmt: skip
    assert rows == [
        ("b", 2, 0, 1, ["c"], "d", "d", 0),
        ("d", 1, 3, 3, [], None, None, None),
    ]


def test_a_fault_without_a_pixel_comes_before_all_pixels() -> None:
    """A wrong run-level tap is the one fault; what follows is no other."""
    actual = traced(fired("a", 2.0), image(2 * ONES, "b"), image(ONES, "c"))
    expected = traced(fired("a", 1.0), image(ONES, "b"), image(ONES, "c"))
    rows = ask(
        "faults", actual, expected, "tap", "pixels", "diverged_after",
        "close_again",
    )  # fmt: skip
    assert rows == [("a", None, ["b"], "c")]
    assert ask("introduced", actual, expected, "tap", "answer", "after") == [
        ("a", "introduced", None),
        ("b", "inherited", "a"),
    ]
    assert ask("pixels_to_trace", actual, expected) == []


def test_one_name_in_two_kinds_of_line() -> None:
    """Each has its own place: what it prints last is not wrong first."""

    def side(error: float) -> Trace:
        return log(
            image(ONES, "I", family="early"),
            image(ONES + error, "b", family="early"),
            image(ONES + 9 + error, "I", family="late"),
        )

    sides = side(0.5), side(0)
    assert ask("faults", *sides, "tap", "diverged_after") == [("b", ["I"])]
    rows = ask("introduced", *sides, "tap", "answer", "after")
    assert rows == [("b", "introduced", None), ("I", "inherited", "b")]
    assert ask("signatures", *sides, "signature") == [".xx"]
    assert ask("error_map", *sides, "tap", "compared")[::16] == [
        ("I", 2), ("b", 1)
    ]  # fmt: skip


def test_one_pixel_axis() -> None:
    """A detector of one dim has pixels, too."""
    line = np.arange(1.0, 5.0)
    actual, expected = (
        traced(fired("a", v, fast=range(4)), fired("b", v, fast=range(4)))
        for v in (line + np.eye(4)[2], line)
    )
    rows = ask(
        "faults", actual, expected, "tap", "pixels", "first_slow",
        "first_fast", "reached",
    )  # fmt: skip
    assert rows == [("a", 1, None, 2, 1)]


def test_introduced(healing: tuple[Trace, Trace]) -> None:
    """A tap that diverges alone introduced, one after another inherited."""
    rows = ask(
        "introduced", *healing, "tap", "answer", "pixels", "introduced",
        "after",
    )  # fmt: skip
    assert rows == [
        ("b", "introduced", 2, 2, None),
        ("c", "inherited", 1, 0, "b"),
        ("d", "introduced", 1, 1, None),
    ]


def test_first_by_pixel(healing: tuple[Trace, Trace]) -> None:
    """One row a pixel that diverged, with the tap that came first."""
    rows = ask("first_by_pixel", *healing, "slow", "fast", "tap", "taps")
    assert rows == [(0, 1, "b", 2), (2, 3, "b", 1), (3, 3, "d", 1)]


def test_nothing_diverged() -> None:
    """Equal runs have no row in any of them."""
    trace = traced(fired("a", 1.0), image(ONES))
    asked = (
        "signatures", "faults", "introduced", "first_by_pixel",
        "error_kinds", "pixels_to_trace",
    )  # fmt: skip
    assert ask_all(asked, trace, trace) == [[]] * len(asked)


def test_worst_numbers() -> None:
    """NaN first, then by error; those that diverged before the others."""
    values = wrong((1, 1), (2, 2), by=0.5)
    values[3, 0], values[2, 2] = NAN, 3.0
    rows = ask(
        "SELECT slow, fast, class FROM worst_numbers('x', how_many := 3)",
        traced(image(values)),
        traced(image(ONES)),
        "slow",
        "fast",
        "class",
    )
    assert rows == [(3, 0, "nan mismatch"), (2, 2, "number"), (1, 1, "number")]


def test_error_map() -> None:
    """Blocks of pixels count and keep the largest error, NaN beside it."""
    values = wrong((0, 1), (3, 3))
    values[3, 2] = NAN
    rows = ask(
        "FROM error_map('x', block := 2)",
        traced(image(values)),
        traced(image(ONES)),
        "slow", "fast", "compared", "diverged", "nan_mismatches",
        "max_abs_error",
    )  # fmt: skip
    assert rows == [
        (0, 0, 4, 1, 0, 1.0),
        (0, 2, 4, 0, 0, 0.0),
        (2, 0, 4, 0, 0, 0.0),
        (2, 2, 4, 2, 1, 1.0),
    ]


def test_error_along() -> None:
    """The error along a loop index, whichever side states it."""
    steps = np.array([[1.0, 1.0], [1.0, 1.5], [3.0, 1.0]])
    loop: Any = {"phi": range(3), "n": range(2)}
    rows = ask(
        "FROM error_along('phi')",
        traced(fired("x", steps, **loop), fired("y", 1.0)),
        traced(fired("x", np.ones((3, 2)), **loop), fired("y", 1.0)),
        "tap", "index", "compared", "diverged", "max_abs_error",
    )  # fmt: skip
    assert rows == [
        ("x", 0, 2, 0, 0.0), ("x", 1, 2, 1, 0.5), ("x", 2, 2, 1, 2.0),
    ]  # fmt: skip
    trace = traced(fired("x", steps, **loop))
    rows = ask("error_along", trace, trace, "dim", "index")
    assert rows == [("n", 0), ("n", 1), ("phi", 0), ("phi", 1), ("phi", 2)]


def test_changed_bits() -> None:
    """-0, the next float and other integers are changes, NaN itself is not."""
    pairs: list[tuple[Any, Any, int]] = [
        (-0.0, 0.0, 1),
        (NAN, NAN, 0),
        (float(np.nextafter(1.0, 2.0)), 1.0, 1),
        (1.0, 1.0, 0),
        (2**60, 2**60 + 1, 1),
    ]
    actual, expected = (
        traced(*(fired(f"t{n}", p[side]) for n, p in enumerate(pairs)))
        for side in (0, 1)
    )
    rows = ask("changed_bits", actual, expected, "tap", "compared", "changed")
    assert rows == [(f"t{n}", 1, p[2]) for n, p in enumerate(pairs)]
    row: Row = ask(
        "changed_bits", traced(image(wrong((2, 1)))), traced(image(ONES))
    )[0]
    assert (row["changed"], row["first_slow"], row["first_fast"]) == (1, 2, 1)


def test_pixels_to_trace(healing: tuple[Trace, Trace]) -> None:
    """Worst and first pixel of each fault, and one that is close."""
    rows = ask("pixels_to_trace", *healing)
    assert [(row["slow"], row["fast"]) for row in rows] == [
        (0, 1), (3, 3), (0, 0),
    ]  # fmt: skip
    assert rows[0]["why"] == (
        "largest error of b; first pixel at which b diverged"
    )
    assert rows[-1]["why"].startswith("close at every tap")
    corner = (traced(image(wrong((0, 0), (0, 1)))), traced(image(ONES)))
    (*_, close) = ask("pixels_to_trace", *corner)
    assert (close["slow"], close["fast"]) == (0, 2)
