"""Taps that one side lacks, made of others that it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracekit as tk
from tests.comparison.derivations import (
    IMAGE,
    OBLIQUITY,
    R,
    held,
    made,
    original,
    port,
    row_of,
)
from tests.helpers import about, number_of, stored
from tests.queries.blueprint import ask, fired, log, traced
from tracekit.comparison.policy import Derived, Policy, Tolerance
from tracekit.comparison.translation import Translation
from tracekit.schema import Coverage, Declared, Run
from tracekit.storage.late_tables import LateTables
from tracekit.storage.trace import Trace


@pytest.mark.parametrize("swapped", [False, True])
def test_it_is_compared_as_any_tap(swapped: bool) -> None:
    """The side that lacks a tap is given it, and an error in it is found."""
    for error, verdict, wrong in ((0.0, "close", 0), (1e-6, "diverged", 1)):
        ours, theirs = port(), original(error)
        if swapped:
            ours, theirs = theirs, ours
        found = held(ours, theirs, OBLIQUITY)
        assert (found.verdict, found.gaps) == (verdict, [])
        row = row_of(found, "obliquity")
        assert (row["compared"], row["diverged"]) == (6, wrong)
        assert row["derived"] == {
            "side": "expected" if swapped else "actual",
            "expression": "close / R",
            "inputs": "close, R",
            "origin": "policy.toml:7",
        }


def test_the_report_says_what_it_was_made_of() -> None:
    """Taps, file and line stand in its row and at the first divergence."""
    text = str(held(port(), original(1e-6), OBLIQUITY))
    assert "First divergence: obliquity at pixel (1, 2)" in text
    assert (
        "  the actual side was given obliquity = close / R, by policy.toml:7\n"
        in text
    )
    assert "derived from close, R at policy.toml:7" in text
    assert "(policy.toml:7)" in text
    assert "(run:5)" in text


def test_without_a_rule_nothing_is_made() -> None:
    """A tap that nobody derives stays missing."""
    found = held(port(), original())
    assert [gap["reason"] for gap in found.gaps] == [
        "the tap is missing on the actual side"
    ]


def test_a_tap_that_is_there_is_not_made() -> None:
    """The real one wins where both sides have it."""
    wrong = Derived("obliquity", "close * R")
    found = held(original(), original(), wrong)
    assert found.verdict == "close"
    assert row_of(found, "obliquity")["derived"] is None


def test_it_inherits_from_its_inputs() -> None:
    """Where an input is wrong it inherits, even if it is printed first."""
    ours = [fired("close", 0.1, unit="m"), fired("R", R + 1e-6, **IMAGE)]
    last = fired("last", R, **IMAGE)
    found = held([*ours, last], [*original(), last], OBLIQUITY)
    assert found.first_divergence is not None
    assert found.first_divergence["tap"] == "R"
    (fault,) = found.faults
    assert (fault["tap"], fault["diverged_after"]) == ("R", ["obliquity"])
    assert (fault["last_tap"], fault["reached"]) == ("last", 0)
    assert fault["close_again"] == "last"
    answers = {row["tap"]: row["answer"] for row in found.introduced}
    assert answers == {"R": "introduced", "obliquity": "inherited"}
    assert [row["tap"] for row in found.taps][-1] == "obliquity"


def test_alone_it_is_a_fault_of_its_own() -> None:
    """What goes wrong after it by itself doesn't inherit from it."""
    later = fired("later", R, **IMAGE)
    wrong = fired("later", R * 2, **IMAGE)
    found = held([*port(), wrong], [*original(1e-6), later], OBLIQUITY)
    assert found.first_divergence is not None
    assert found.first_divergence["tap"] == "later"
    answers = {row["tap"]: row["answer"] for row in found.introduced}
    assert answers["later"] == "introduced"


def test_places_without_all_inputs_are_gaps() -> None:
    """A place that lacks an input has no number, and a NaN stays a NaN."""
    some = fired("R", R.reshape(-1)[:4], where=[0, 1, 3, 4], **IMAGE)
    whole = [fired("obliquity", 0.1 / R, **IMAGE), port()[0], some]
    found = held([port()[0], some], whole, OBLIQUITY)
    assert row_of(found, "obliquity")["compared"] == 4
    (gap,) = found.gaps
    assert gap["reason"].startswith("2 of its numbers are missing on the act")
    nan = np.where(R[0, 1] == R, np.nan, R)
    ours = [port()[0], fired("R", nan, **IMAGE)]
    theirs = [fired("obliquity", 0.1 / nan, **IMAGE)]
    row = row_of(held(ours, theirs, OBLIQUITY), "obliquity")
    assert (row["both_nan"], row["diverged"]) == (1, 0)


def test_what_cannot_be_made_is_a_gap() -> None:
    """The gap names the rule, its line, and why it is of no use."""
    found = held(port()[:1], original(), OBLIQUITY)
    reasons = {gap["tap"]: gap["reason"] for gap in found.gaps}
    assert found.verdict == "diverged"
    assert reasons["obliquity"] == (
        "the tap is missing on the actual side, and close / R by "
        "policy.toml:7 can't stand for it: the actual side has no numbers of R"
    )


def place(found: Trace, tap: str) -> tuple[int, int]:
    """Digits and last place of the only number of a tap."""
    table = found.elements(number_of(found, tap))
    return table["digits"].to_pylist()[0], table["quantum"].to_pylist()[0]


def test_printed_inputs_make_a_printed_number() -> None:
    """It counts as printed to the place that half a place of each decides."""
    printed = [
        fired("close", 0.1, digits=6, quantum=-6),  # 5e-7 of 0.1: 4.1e-6
        fired("R", 0.123457, digits=6, quantum=-6),  # 5e-7 of 0.12: 3.3e-6
    ]
    found, _ = made(log(*printed), [fired("obliquity", 0.81)], OBLIQUITY)
    assert place(found, "obliquity") == (4, -4)  # half of it is 5e-5
    policy = {"tolerances": (Tolerance(rtol=0.0),)}
    for error, diverged in ((4e-5, 0), (6e-5, 1)):
        ours = [fired("obliquity", 0.1 / 0.123457 + error)]
        row = row_of(
            held(ours, log(*printed), OBLIQUITY, **policy), "obliquity"
        )
        assert (row["diverged"], row["derived"]["side"]) == (
            diverged,
            "expected",
        )


def test_a_few_roundings_are_allowed() -> None:
    """An ulp of each input and of the result, so more where they cancel."""
    ours = [fired("a", 1.0), fired("b", 1 - 1e-9)]
    rules = Derived("near", "a * b"), Derived("far", "a - b")
    found, _ = made(ours, [fired("near"), fired("far")], *rules)
    assert place(found, "near")[1] == -14
    assert place(found, "far")[1] == -15  # of 1e-9
    whole = [fired("n", 3), fired("m", 4)]
    found, _ = made(whole, [fired("near")], Derived("near", "n * m"))
    assert place(found, "near")[1] == -14  # its own rounding alone


def test_the_type_of_the_inputs_decides() -> None:
    """Of float32 inputs it is a float32, and of float32() too."""
    ours = [fired("a", np.float32(0.3)), fired("b", 0.7), fired("I", 0.1)]
    rules = [
        Derived("single", "a * b"),
        Derived("double", "b * b"),
        Derived("stored", "float32(I)"),
    ]
    found, _ = made(ours, [fired(rule.tap) for rule in rules], *rules)
    types = [about(found, rule.tap)["dtype"] for rule in rules]
    assert types == ["float32", "float64", "float32"]
    assert stored(found, "stored").tolist() == [float(np.float32(0.1))]
    assert place(found, "stored")[1] == -7
    assert place(found, "single")[1] == -6


def test_what_is_not_finite_goes_through() -> None:
    """NaN, infinities and a division by zero give what C gives."""
    values = [np.nan, np.inf, 0.0, -1.0]
    ours = [fired("a", values, n=range(4))]
    rules = Derived("inverse", "1 / a"), Derived("root", "sqrt(a)")
    found, _ = made(ours, [fired("inverse"), fired("root")], *rules)
    inverse = stored(found, "inverse").tolist()
    assert repr(inverse) == "[nan, 0.0, inf, -1.0]"
    assert repr(stored(found, "root").tolist()) == "[nan, inf, 0.0, nan]"


@pytest.mark.parametrize("side", ["actual", "expected"])
def test_names_of_either_side(side: str) -> None:
    """A dialect's rule follows the names that a policy gives its taps."""
    rule = Declared("wave_A", "optional", derived='lam["m"] * 1e10')
    printed = log(
        fired("lam", 1.5e-10, unit="m"),
        fired("wave_A", 1.5),
        declared=[Declared("lam"), rule],
    )
    recorded = traced(fired("wave", 1.5, unit="angstrom"))
    other = "expected" if side == "actual" else "actual"
    for named, old, new in ((side, "wave", "lam"), (other, "lam", "wave")):
        words = Policy(translations=(Translation(named, old, tap=new),))
        sides = {side: recorded, other: printed}
        rows = ask("derived_taps", **sides, policy=words)
        assert [(row["inputs"], row["problem"]) for row in rows] == [
            (new, None)
        ]


def test_the_policy_speaks_last() -> None:
    """Before it speaks the dialect of the side that has the tap."""
    theirs, ours = (
        log(
            *events,
            declared=[Declared("d", derived=f"a * {factor}", origin="x:1")],
        )
        for events, factor in (
            ([fired("d", 1.0)], 3),
            ([fired("a", 1.0)], 5),
        )
    )
    assert stored(made(ours, theirs)[0], "d").tolist() == [3.0]
    found, _ = made(ours, theirs, Derived("d", "a * 2"))
    assert stored(found, "d").tolist() == [2.0]


def test_a_stranger_s_trace_is_read_with_care() -> None:
    """What a stored trace declares is parsed as any text is."""
    theirs = log(
        fired("d", 1.0), declared=[Declared("d", derived="__import__('os')")]
    )
    _, problems = made([fired("a", 1.0)], theirs)
    assert problems["d"].startswith("there is no function '__import__'")


def test_it_covers_what_its_inputs_do() -> None:
    """Where an input was recorded at pixels alone, so is what is made."""
    chosen = Coverage(("slow", "fast"), "selected", ((0, 1),), tap="R")
    ours = traced(
        fired("close", 0.1),
        fired("R", R[0, 1], slow=0, fast=1),
        coverage=[chosen],
    )
    found, _ = made(ours, [fired("obliquity", 0.1 / R, **IMAGE)], OBLIQUITY)
    rows = found.tables["coverage"].to_pylist()
    assert [row["tap"] for row in rows] == ["R", "obliquity"]
    assert rows[0]["selected"] == rows[1]["selected"] == [[0, 1]]


def test_pixels_that_are_not_stated_are_matched_by_order() -> None:
    """A log that states no pixel derives by its own places."""
    states = {"slow": "unknown", "fast": "unknown"}
    one: dict[str, Any] = {"slow": 0, "fast": 0, "states": states}
    theirs = log(fired("close", 0.1, **one), fired("R", 0.2, **one))
    ours = traced(fired("obliquity", 0.5, slow=10, fast=52))
    row = row_of(held(ours, theirs, OBLIQUITY), "obliquity")
    assert (row["compared"], row["diverged"]) == (1, 0)
    assert row["unknown_pixel"]


def test_long_tables_of_events_stay_on_the_disk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Very many events aren't read for a derived tap."""
    stored_at = traced(*port()).save(tmp_path / "ours").path
    monkeypatch.setattr("tracekit.storage.trace.FEW", 0)
    monkeypatch.setattr("tracekit.comparison.derived.FEW", 0)
    monkeypatch.setattr("tracekit.comparison.relations.FEW", 0)
    ours = tk.read_trace(stored_at or "")
    found, _ = made(ours, original(), OBLIQUITY)
    assert isinstance(found.tables, LateTables)
    row = row_of(held(ours, original(1e-6), OBLIQUITY), "obliquity")
    assert (row["compared"], row["diverged"]) == (6, 1)


def test_a_selection_of_taps_misses_none() -> None:
    """A recording of other taps alone has no gap where none can be made."""
    run = Run(family="python", selected_taps=("close",))
    ours = traced(fired("close", 0.1, unit="m"), run=run)
    found = held(ours, original(), OBLIQUITY)
    assert (found.verdict, found.gaps) == ("close", [])
