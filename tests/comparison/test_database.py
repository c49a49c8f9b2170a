"""Traces as relations of an ordinary connection."""

from __future__ import annotations

import math
from typing import Any

import duckdb
import numpy as np
import pytest

from tests.queries.blueprint import fired, traced
from tracekit.comparison.database import connect
from tracekit.errors import CompareError, PolicyError, TraceError
from tracekit.storage.trace import Trace


@pytest.fixture
def mixed() -> Trace:
    """A trace of every kind of element."""
    return traced(
        fired("f", [1.5, math.nan], n=range(2)),
        fired("i", -5),
        fired("u", np.uint64(2**64 - 1)),
        fired("b", True),
        fired("t", texts=["round"]),
        fired("none", np.zeros(0), n=range(2), where=[]),
    )


def values(con: duckdb.DuckDBPyConnection) -> list[Any]:
    """All elements, as text."""
    return con.execute(
        "SELECT tap, coalesce(exact::VARCHAR, value::VARCHAR, text) "
        "FROM element ORDER BY side, tap_id, ordinal"
    ).fetchall()


def test_every_kind(mixed: Trace, tmp_path: Any) -> None:
    """A trace in memory and the same trace on disk have the same elements."""
    expected = [
        ("f", "1.5"), ("f", "nan"), ("i", "-5"),
        ("u", str(2**64 - 1)), ("b", "1"), ("t", "round"),
    ]  # fmt: skip
    assert values(connect(run=mixed)) == expected
    assert values(connect(run=mixed.save(tmp_path / "t"))) == expected


def test_odd_paths(mixed: Trace, tmp_path: Any) -> None:
    """A path may hold quotes, globs and letters of any alphabet."""
    stored = mixed.save(tmp_path / "it's [a] größe*" / "x?.trace")
    assert len(values(connect(run=stored))) == 6


def test_odd_sides(mixed: Trace) -> None:
    """A side may be called anything."""
    name = "it's; DROP"
    con = connect({name: mixed})
    assert con.execute("SELECT DISTINCT side FROM element").fetchall() == [
        (name,)
    ]


def test_any_number_of_traces(mixed: Trace) -> None:
    """Any number of traces stand in the same views."""
    con = connect(a=mixed, b=mixed, c=mixed)
    rows = con.execute("SELECT side, count(*) FROM element GROUP BY ALL")
    assert sorted(rows.fetchall()) == [("a", 6), ("b", 6), ("c", 6)]


def test_a_third_trace_changes_nothing(mixed: Trace) -> None:
    """A third trace beside the two sides doesn't take part."""
    con = connect(actual=mixed, expected=mixed, before=traced(fired("f", 9.0)))
    found = con.execute("SELECT verdict, compared FROM verdict()").fetchall()
    assert found == [("close", 6)]


def test_empty_trace() -> None:
    """A trace without taps has all views, without rows."""
    con = connect(actual=traced(), expected=traced())
    assert con.execute("FROM element").fetchall() == []
    assert con.execute("SELECT verdict FROM verdict()").fetchall() == [
        ("incomparable",)
    ]


def test_no_trace() -> None:
    """Without a trace the views are there, empty."""
    assert connect().execute("FROM element").fetchall() == []


def test_two_sides_are_needed(mixed: Trace) -> None:
    """A comparison query without two sides isn't there."""
    with pytest.raises(duckdb.CatalogException):
        connect(run=mixed).execute("FROM verdict()")


def test_keep(mixed: Trace) -> None:
    """Only what the library has can be kept."""
    connect(actual=mixed, expected=mixed, keep=("outcome",)).close()
    with pytest.raises(CompareError, match="nothing"):
        connect(actual=mixed, expected=mixed, keep=("nothing",))


def test_errors(tmp_path: Any) -> None:
    """What can't be opened says so."""
    with pytest.raises(TraceError):
        connect(run=tmp_path / "none")
    with pytest.raises(PolicyError):
        connect(policy=tmp_path / "none.toml")


def test_the_connection_is_read_by_anyone(mixed: Trace) -> None:
    """Arrow, NumPy and SQL of one's own work on it."""
    con = connect(run=mixed)
    table = con.sql(
        "SELECT value FROM element WHERE tap = 'f'"
    ).to_arrow_table()
    assert table.num_rows == 2
