"""What each side has of every tap."""

from __future__ import annotations

import numpy as np

from tests.queries.blueprint import ask, fired, log, traced


def test_both_sides() -> None:
    """A tap's elements and dims stand side by side."""
    actual = traced(fired("x", np.ones(4), unit="mm", slow=range(4)))
    expected = traced(fired("x", 1.0, unit="m"))
    assert ask("inventory", actual, expected) == [
        {
            "tap": "x",
            "unit": "m",
            "actual_elements": 4,
            "expected_elements": 1,
            "actual_dims": "slow=4",
            "expected_dims": "",
            "actual_merged": 0,
            "expected_merged": 0,
        }
    ]


def test_order() -> None:
    """Program order of the expected side; what only the actual has is last."""
    actual = traced(fired("new"), fired("a"), fired("b"))
    expected = traced(fired("b"), fired("a"))
    assert ask("inventory", actual, expected, "tap") == ["b", "a", "new"]


def test_merged_repeats() -> None:
    """Equal repeats that a log reader merged are counted."""
    twice = log(fired("x", 1.0), fired("x", 1.0))
    assert ask(
        "inventory", twice, twice, "actual_elements", "actual_merged"
    ) == [(1, 1)]
