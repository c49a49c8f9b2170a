"""Where two runs first differ."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.queries.blueprint import Row, ask, ask_all, fired, log, traced
from tracekit.comparison.policy import Policy, Tolerance
from tracekit.schema import Event
from tracekit.storage.trace import Trace


def first(actual: Trace, expected: Trace, **more: Any) -> Row | None:
    """The only row, or None."""
    rows: list[Row] = ask("first_divergence", actual, expected, **more)
    assert len(rows) < 2
    return rows[0] if rows else None


def vectors(tap: str, values: Any) -> Event:
    """A 2 x 3 image of vectors."""
    return fired(
        tap, values, slow=range(2), fast=range(3), component=range(3),
        labels="xyz",
    )  # fmt: skip


def test_none() -> None:
    """Equal runs have no row."""
    same = traced(vectors("v", np.ones(18)))
    assert first(same, same) is None


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2), st.integers(0, 17))
def test_the_changed_element(tap: int, place: int) -> None:
    """The one element that was changed is exactly what is reported."""
    values = [np.arange(1.0, 19.0) * (n + 1) for n in range(3)]
    expected = traced(*(vectors(f"t{n}", v) for n, v in enumerate(values)))
    changed = [v.copy() for v in values]
    changed[tap][place] *= 1.001
    actual = traced(*(vectors(f"t{n}", v) for n, v in enumerate(changed)))
    (row,), (verdict,) = ask_all(
        ("first_divergence", "verdict"), actual, expected
    )
    slow, fast, component = np.unravel_index(place, (2, 3, 3))
    assert (row["tap"], row["slow"], row["fast"]) == (f"t{tap}", slow, fast)
    assert (row["component"], row["label"]) == (component, "xyz"[component])
    assert row["actual"] == changed[tap][place]
    assert row["expected"] == values[tap][place]
    assert verdict["diverged"] == 1


def test_program_order_of_the_expected_side() -> None:
    """The first tap is the one that the expected side fired first."""
    expected = traced(fired("z", 1.0), fired("a", 1.0))
    actual = traced(fired("a", 2.0), fired("z", 2.0))
    row = first(actual, expected)
    assert row is not None
    assert row["tap"] == "z"


def test_coordinate_before_component() -> None:
    """An earlier pixel's last component comes before a later pixel's first."""
    right = np.zeros(18)
    wrong = right.copy()
    wrong[[2, 3]] = 1.0
    row = first(traced(vectors("v", wrong)), traced(vectors("v", right)))
    assert row is not None
    assert (row["slow"], row["fast"], row["component"]) == (0, 0, 2)


def test_coordinate_before_component_when_broadcast() -> None:
    """So it is where the actual side has one vector for all pixels."""
    axis = fired("v", [0.0, 1.0, 1.0], component=range(3))
    wrong = np.zeros(18)
    wrong[3:] = 1.0
    row = first(traced(axis), traced(vectors("v", wrong)))
    assert row is not None
    assert (row["slow"], row["fast"], row["component"]) == (0, 0, 1)


def test_order_of_the_expected_dims() -> None:
    """Coordinates are ordered as the expected side's dims are."""
    image = np.zeros((2, 2))
    image[0, 1] = image[1, 0] = 1.0
    actual = traced(fired("x", image, slow=range(2), fast=range(2)))
    flat = fired("x", np.zeros(4), fast=range(2), slow=range(2))
    row = first(actual, traced(flat))
    assert row is not None
    assert (row["slow"], row["fast"]) == (1, 0)


def test_loop_indices() -> None:
    """Loop indices stand in the coordinate, of whichever side has them."""
    actual = traced(fired("x", [1.0, 2.0], phi=range(2)))
    expected = traced(fired("x", 1.0))
    row = first(actual, expected)
    assert row is not None
    assert (row["coordinate"], row["slow"]) == ({"phi": 1}, None)


def test_occurrence() -> None:
    """A later firing is told by its occurrence."""
    actual = traced(fired("x", 1.0), fired("x", 3.0))
    expected = traced(fired("x", 1.0), fired("x", 2.0))
    row = first(actual, expected)
    assert row is not None
    assert row["coordinate"] == {"occurrence": 1}


def test_unknown_pixel() -> None:
    """The pixel comes from the side that states it."""
    states: Any = {"slow": "unknown", "fast": "unknown"}
    unknown = log(fired("x", 1.0, slow=0, fast=0, states=states))
    known = traced(fired("x", 2.0, slow=7, fast=8))
    for sides in ((unknown, known), (known, unknown)):
        row = first(*sides)
        assert row is not None
        assert (row["slow"], row["fast"], row["coordinate"]) == (7, 8, {})


def test_pixel_of_neither_side() -> None:
    """A pixel that neither side states is not made up."""
    states: Any = {"slow": "unknown", "fast": "unknown"}
    sides = [
        log(fired("x", v, slow=0, fast=0, states=states)) for v in (1.0, 2.0)
    ]
    row = first(*sides)
    assert row is not None
    assert (row["slow"], row["coordinate"]) == (None, {})


def test_nan_is_reported() -> None:
    """A NaN on one side is a divergence with both values."""
    row = first(traced(fired("x", math.nan)), traced(fired("x", 1.0)))
    assert row is not None
    assert (row["class"], row["expected"]) == ("nan mismatch", 1.0)
    assert math.isnan(row["actual"])


def test_lines_and_rule() -> None:
    """The row says which lines spoke, and which rule was applied."""
    policy = Policy(
        (Tolerance("x", rtol=0.1, reason="because", origin="p.toml:3"),)
    )
    actual = traced(fired("x", 2.0, line=5))
    expected = traced(fired("x", 1.0, line=9))
    row = first(actual, expected, policy=policy)
    assert row is not None
    assert (row["actual_line"], row["expected_line"]) == ("run:5", "run:9")
    assert (row["reason"], row["origin"]) == ("because", "p.toml:3")
    assert row["allowed"] == 0.1


def test_integers_and_texts() -> None:
    """Whole numbers and texts are reported as they are."""
    row = first(traced(fired("n", 2**60 + 1)), traced(fired("n", 2**60)))
    assert row is not None
    assert row["actual_exact"] == 2**60 + 1
    row = first(
        traced(fired("t", texts=["a"])), traced(fired("t", texts=["b"]))
    )
    assert row is not None
    assert (row["actual_text"], row["expected_text"]) == ("a", "b")
