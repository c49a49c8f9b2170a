"""A trace's numbers with their named coordinates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import tracekit as tk
from tests.queries.blueprint import Row, ask, fired, log, traced
from tracekit.comparison.database import connect
from tracekit.schema import Reject, Run
from tracekit.storage.trace import Trace


def rows(
    trace: Trace, text: str = "FROM element ORDER BY tap_id, ordinal"
) -> list[Row]:
    """What a query of one trace returns."""
    result = connect(trace=trace).execute(text)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def test_rejects() -> None:
    """Lines that were not understood stand with their place and reason."""
    lost = [Reject("c.log", n, "no number", "R = ?") for n in (9, 7)]
    rows = ask("FROM rejects", traced(rejects=lost), traced())
    assert [(row["side"], row["line"]) for row in rows] == [
        ("actual", 7), ("actual", 9),
    ]  # fmt: skip
    assert rows[0]["reason"] == "no number"


def test_coordinates() -> None:
    """Pixel, component and loop indices are told apart, by name."""
    with tk.record() as recording, tk.scope("phi", phi=3):
        tk.tap(np.arange(6.0).reshape(1, 2, 3), "v", "slow fast xyz")
    found = rows(recording.trace)
    assert [
        (r["slow"], r["fast"], r["component"], r["label"], r["value"])
        for r in found[:4]
    ] == [
        (0, 0, 0, "x", 0.0), (0, 0, 1, "y", 1.0), (0, 0, 2, "z", 2.0),
        (0, 1, 0, "x", 3.0),
    ]  # fmt: skip
    assert {tuple(r["coordinate"].items()) for r in found} == {(("phi", 3),)}


def test_origin() -> None:
    """Indices are global, wherever the block begins."""
    found = rows(traced(fired("x", [1.0, 2.0], slow=range(7, 9), fast=5)))
    assert [(r["slow"], r["fast"]) for r in found] == [(7, 5), (8, 5)]


def test_absent_and_unknown_pixel() -> None:
    """A pixel that a tap doesn't have, or doesn't state, is NULL."""
    states: Any = {"slow": "unknown", "fast": "unknown"}
    trace = log(
        fired("a", 1.0), fired("b", 2.0, slow=0, fast=0, states=states)
    )
    assert [(r["slow"], r["fast"]) for r in rows(trace)] == [(None, None)] * 2
    assert all(r["coordinate"] == {} for r in rows(trace))


def test_occurrence() -> None:
    """The n-th firing at one coordinate counts from 0."""
    found = rows(traced(fired("x", 1.0), fired("x", 2.0)))
    assert [(r["occurrence"], r["value"]) for r in found] == [
        (0, 1.0),
        (1, 2.0),
    ]


def test_exact_integers() -> None:
    """Integers stand beside the rounded number without rounding."""
    big = np.array([2**64 - 1], np.uint64)
    found = rows(traced(fired("u", big), fired("i", -(2**62) - 1)))
    assert [r["exact"] for r in found] == [2**64 - 1, -(2**62) - 1]
    assert found[0]["value"] == 2.0**64


def test_texts_and_placeholders() -> None:
    """A text, and a word in the place of a number, have no number."""
    trace = traced(
        fired("t", texts=["square"]),
        fired("p", math.nan, texts=["nope"], digits=-1, quantum=-400),
    )
    assert [(r["value"], r["text"]) for r in rows(trace)] == [
        (None, "square"),
        (None, "nope"),
    ]


def test_nan_is_found_on_disk(tmp_path: Any) -> None:
    """A NaN in a stored trace is there for isnan and for max (a canary)."""
    stored = traced(fired("x", [1.0, math.nan, 2.0], n=range(3))).save(
        tmp_path / "t"
    )
    found = rows(
        stored,
        "SELECT count(*) FILTER (isnan(value)) AS n, max(value) AS m, "
        "(SELECT count(*) FROM element WHERE isnan(value)) AS w FROM element",
    )[0]
    assert (found["n"], found["w"]) == (1, 1)
    assert math.isnan(found["m"])


def test_event() -> None:
    """Events come in program order with the line that spoke."""
    trace = traced(fired("a", line=4), fired("b", line=5), fired("a", line=6))
    found = rows(trace, "FROM event")
    assert [(r["tap"], r["event"], r["line"]) for r in found] == [
        ("a", 0, 4), ("b", 0, 5), ("a", 1, 6),
    ]  # fmt: skip


def test_run_and_config() -> None:
    """The run and its facts are there by the names in the documentation."""
    with tk.record(program="port") as recording:
        tk.config("fluence", 2.0, "photon/m^2")
    assert rows(recording.trace, "FROM run")[0]["program"] == "port"
    fact = rows(recording.trace, "FROM config")[0]
    assert (fact["key"], fact["value"]) == ("fluence", 2.0)


def test_taps() -> None:
    """Every tap has a row with its dims and their extents."""
    trace = traced(
        fired("x", np.ones(6), unit="m", slow=range(2), component=range(3)),
        fired("y"),
    )
    found = rows(trace, "FROM taps")
    assert [(r["tap"], r["dims"], r["elements"]) for r in found] == [
        ("x", "slow=2 component=3", 6),
        ("y", "", 1),
    ]


def test_elements_of() -> None:
    """A tap's numbers are found by name or glob, at one pixel if asked."""
    trace = traced(
        fired("a[0]", [1.0, 2.0], slow=range(2), fast=3),
        fired("b", 5.0),
        run=Run(),
    )
    values = "SELECT value FROM elements_of("
    assert [r["value"] for r in rows(trace, values + "'a[0]')")] == [
        "1.0",
        "2.0",
    ]
    assert len(rows(trace, values + "'*')")) == 3
    at_pixel = rows(trace, values + "NULL, [1, 3])")
    assert [r["value"] for r in at_pixel] == ["2.0", "5.0"]
