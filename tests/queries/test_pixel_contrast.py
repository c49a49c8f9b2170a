"""One trace at two pixels."""

from __future__ import annotations

from tests.queries.blueprint import ask, fired, traced


def test_ratio_at_each_coordinate() -> None:
    """Numbers of the same tap and coordinate meet, in program order."""
    trace = traced(
        fired("R", [2.0, 0.0, 1.0, 8.0], slow=range(2), fast=range(2)),
        fired("q", [1.0, 3.0], slow=0, fast=0, phi=range(2)),
        fired("q", [4.0], slow=1, fast=1, phi=range(1)),
        fired("fluence", 7.0),
    )
    rows = ask(
        "FROM pixel_contrast([0, 0], [1, 1]) WHERE side = 'actual'", trace,
        trace, "tap", "coordinate", "at_one", "at_other", "ratio",
    )  # fmt: skip
    assert rows == [
        ("R", {}, 2.0, 8.0, 4.0),
        ("q", {"phi": 0}, 1.0, 4.0, 4.0),
        ("q", {"phi": 1}, 3.0, None, None),
    ]


def test_first_and_last_pixel_by_default() -> None:
    """Without pixels it is the first against the last; 0 has no ratio."""
    trace = traced(fired("R", [0.0, 5.0, 8.0], slow=3, fast=range(4, 7)))
    rows = ask(
        "FROM pixel_contrast() WHERE side = 'actual'", trace, trace,
        "at_one", "at_other", "ratio",
    )  # fmt: skip
    assert rows == [(0.0, 8.0, None)]
