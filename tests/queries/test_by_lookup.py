"""A few numbers beside very many are looked up, with the same rows."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.queries.blueprint import ask_all, fired, traced
from tests.queries.test_by_position import rows
from tracekit.schema import Coverage, Event
from tracekit.storage.trace import Trace

SIZE = 4


@st.composite
def sides(draw: st.DrawFn) -> tuple[Trace, Trace]:
    """A few places of some taps beside all or most of them.

    The taps are many, as what takes time is to plan the queries.
    """
    pixels = draw(
        st.lists(st.integers(0, SIZE * SIZE - 1), unique=True, max_size=3)
    )
    few, many = [], []
    for number in range(draw(st.integers(4, 5))):
        size = draw(st.sampled_from([1, 3]))
        dims: dict[str, Any] = {"slow": range(SIZE), "fast": range(SIZE)}
        if draw(st.booleans()):
            dims["phi"] = range(2)
        if size > 1:
            dims["component"] = range(size)
        count = int(np.prod([len(dim) for dim in dims.values()]))
        values = draw(
            st.lists(
                st.sampled_from([1.0, 2.0, np.nan, -np.inf]),
                min_size=count,
                max_size=count,
            )
        )
        each = count // (SIZE * SIZE)
        here = [p * each + n for p in sorted(pixels) for n in range(each)]
        here = here[draw(st.integers(0, 1)) :]
        there = range(draw(st.integers(0, 1)), count)
        noise = draw(st.sampled_from([1.0, 1 + 1e-12, 1.1]))
        array = np.array(values)
        few.append(_part(number, array[here] * noise, here, dims))
        many.append(_part(number, array[list(there)], there, dims))
    limits = [
        Coverage(
            ("slow", "fast"),
            "selected",
            tuple((p // SIZE, p % SIZE) for p in pixels),
        )
    ]
    coverage = limits if draw(st.booleans()) and pixels else []
    return traced(*few, coverage=coverage), traced(*many)


def _part(number: int, values: Any, where: Any, dims: Any) -> Event:
    return fired(f"t{number}", values, where=list(where), **dims)


@settings(max_examples=5, deadline=None)
@given(sides(), st.booleans())
def test_same_rows(pair: tuple[Trace, Trace], swapped: bool) -> None:
    """By lookup and by key, every query returns the same rows."""
    with tempfile.TemporaryDirectory() as folder:
        few = pair[0].save(Path(folder) / "few")
        many = pair[1].save(Path(folder) / "many")
        one, other = (many, few) if swapped else (few, many)
        by_key, _ = rows(one, other, 2**62)
        by_lookup, _ = rows(one, other, 0)
    assert by_lookup == by_key


@pytest.mark.parametrize("swapped", [False, True])
def test_two_pixels(tmp_path: Path, swapped: bool) -> None:
    """Two pixels, recorded on their own, are looked up in a dense image."""
    values = np.arange(48.0).reshape(SIZE, SIZE, 3)
    dims: Any = {"slow": range(SIZE), "fast": range(SIZE)}
    vector = {**dims, "component": range(3)}
    dense = traced(
        fired("v", values, **vector), fired("x", values[..., 0], **dims)
    ).save(tmp_path / "dense")
    where, parts = [1, 11], [3, 4, 5, 33, 34, 35]
    two = traced(
        fired("v", values.ravel()[parts], where=parts, **vector),
        fired("x", values[..., 0].ravel()[where], where=where, **dims),
        coverage=[Coverage(("slow", "fast"), "selected", ((0, 1), (2, 3)))],
    )
    actual, expected = (dense, two) if swapped else (two, dense)
    looked_up, (answer,) = ask_all(
        ("by_lookup", "verdict"), actual, expected, by_position=0
    )
    assert [row["many_tap"] for row in looked_up] == [0, 1]
    assert answer["verdict"] == "close"
    assert (answer["compared"], answer["uncovered"]) == (8, 64 - 8)


def test_which_pairs(tmp_path: Path) -> None:
    """Half of the other side's numbers, or a log's order, meet by key."""
    four = traced(
        fired("few", np.ones(4), n=range(4)),
        fired("half", np.ones(4), n=range(4)),
        fired("beyond", np.ones(4), n=range(4)),
    ).save(tmp_path / "four")
    one = traced(
        fired("few", 1.0, n=2),
        fired("half", np.ones(2), n=range(2)),
        fired("beyond", 1.0, n=9),
    )
    asked = ("SELECT tap FROM by_lookup JOIN pair USING (pair)",)
    assert ask_all(asked, one, four, by_position=0) == [[{"tap": "few"}]]
    assert ask_all(asked, four, one, by_position=5) == [[]]
