"""How much each trace holds."""

from __future__ import annotations

import numpy as np

from tests.queries.blueprint import ask, fired, traced


def test_one_row_a_trace() -> None:
    """Taps, numbers, the largest tap, and whether any was reduced."""
    plain = traced(fired("x", np.arange(6.0), n=range(6)), fired("k", 1.0))
    reduced = traced(fired("y.count", 6, family="statistic"))
    rows = ask("sizes", plain, reduced)
    assert [tuple(row.values()) for row in rows] == [
        ("actual", 2, 7, 6, False),
        ("expected", 1, 1, 1, True),
    ]
