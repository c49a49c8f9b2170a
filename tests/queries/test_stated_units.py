"""Units of taps and facts, as each side states them."""

from __future__ import annotations

from tests.queries.blueprint import ask, fired, traced
from tracekit.schema import ConfigValue


def test_one_row_a_tap_and_a_fact() -> None:
    """Taps and facts of both sides, with the unit or none."""
    fact = ConfigValue("distance", 100.0, unit="mm")
    ours = traced(fired("R", 1.0, unit="m"))
    theirs = traced(fired("R", 1.0), config=[fact])
    rows = ask("stated_units", ours, theirs, "side", "name", "unit")
    assert sorted(rows) == [
        ("actual", "R", "m"),
        ("expected", "R", None),
        ("expected", "distance", "mm"),
    ]
