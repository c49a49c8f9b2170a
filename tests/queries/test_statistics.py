"""Statistics of taps that were reduced, one row a firing or a component."""

from __future__ import annotations

import math

import numpy as np

import tracekit as tk
from tests.helpers import recorded
from tests.queries.blueprint import ask

FIGURES = ("coordinate", "component", "numbers", "nan", "inf", "zeros",
           "minimum", "maximum", "mean", "absolute", "unit")  # fmt: skip


def test_one_row_a_component_at_its_loop_indices() -> None:
    """Other taps have none; a mean stands beside that of absolute values."""

    def program() -> None:
        tk.tap(np.eye(2), "kept", "n m")
        for phi in range(2):
            with tk.scope("phi", phi=phi):
                v = np.array([[1.0, -4.0], [3.0, 0.0], [math.nan, math.inf]])
                tk.tap(v * (phi + 1), "v", "n (a b)", unit="m")

    trace = recorded(program, reduce=["v"])
    sided = "FROM statistics WHERE side = 'actual'"
    assert ask(sided, trace, trace, *FIGURES) == [
        ({"phi": 0}, "a", 3, 1, 0, 0, 1.0, 3.0, 2.0, 2.0, "m"),
        ({"phi": 0}, "b", 3, 0, 1, 1, -4.0, 0.0, -2.0, 2.0, "m"),
        ({"phi": 1}, "a", 3, 1, 0, 0, 2.0, 6.0, 4.0, 4.0, "m"),
        ({"phi": 1}, "b", 3, 0, 1, 1, -8.0, 0.0, -4.0, 4.0, "m"),
    ]
    assert set(ask(sided, trace, trace, "tap")) == {"v"}
    hashes = ask(sided, trace, trace, "hash")
    assert len(set(hashes)) == 4
    assert all(len(text) == 16 for text in hashes)


def test_repeats_and_blocks_have_rows_of_their_own() -> None:
    """A name with dots, firings at one place, and where blocks begin."""

    def program() -> None:
        for slow in (0, 0, 2):
            with tk.scope("rows", slow=slow):
                tk.tap(np.arange(4).reshape(2, 2), "a.b", "slow fast")

    trace = recorded(program, reduce=["a.b"])
    assert ask(
        "FROM statistics WHERE side = 'actual'", trace, trace,
        "tap", "coordinate", "occurrence", "component", "maximum",
    ) == [
        ("a.b", {"slow": 0}, 0, None, 3.0),
        ("a.b", {"slow": 0}, 1, None, 3.0),
        ("a.b", {"slow": 2}, 0, None, 3.0),
    ]  # fmt: skip
