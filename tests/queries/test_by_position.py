"""Large taps of the same places meet by position, with the same rows."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.queries.blueprint import ask_all, fired, traced
from tracekit.comparison import course
from tracekit.comparison.database import Library
from tracekit.comparison.policy import Policy, Tolerance
from tracekit.schema import Event
from tracekit.storage.trace import Trace

DTYPES = ("float64", "float32", "int64", "int16", "uint8", "bool")
ODD = st.sampled_from([0.0, -0.0, 1.0, 1.5, 3.0, np.nan, np.inf, -np.inf])
ASKED = (
    "aligned", "judged", "divergence", "outcome", "unmatched", "missing",
    "hole", "gaps()", "tap_summary()", "faults()",
)  # fmt: skip


@st.composite
def taps(draw: st.DrawFn) -> tuple[list[Event], list[Event]]:
    """Taps of two sides, of equal places or not.

    They are many, as what takes time is to plan the queries.
    """
    sides: tuple[list[Event], list[Event]] = ([], [])
    for number in range(draw(st.integers(5, 7))):
        size = draw(st.integers(1, 6))
        gaps = st.lists(st.integers(0, size - 1), unique=True, min_size=1)
        shared = sorted(draw(gaps))
        unit = draw(st.sampled_from([None, "mm"]))
        order = draw(st.permutations("xyz")) if size == 3 else None
        for side in sides:
            own = draw(st.booleans())
            where = sorted(draw(gaps)) if own else shared
            values = draw(
                st.lists(ODD, min_size=len(where), max_size=len(where))
            )
            dtype = np.dtype(draw(st.sampled_from(DTYPES)))
            array = np.array(values)
            if dtype.kind != "f":
                array = np.nan_to_num(array, posinf=7, neginf=5)
            dims: dict[str, Any] = {"slow": range(2, 2 + size)}
            labels: list[str] = []
            if order is not None:
                dims = {"component": range(3)}
                labels = list(order) if own else ["x", "y", "z"]
            side.append(
                fired(
                    f"t{number}",
                    array.astype(dtype),
                    where=where,
                    unit="m" if unit and own else unit,
                    labels=labels,
                    **dims,
                )
            )
    return sides


def rows(
    actual: Trace,
    expected: Trace,
    by_position: int,
    *keep: str,
    policy: Policy | None = None,
) -> Any:
    """All rows that are asked for, and how many pairs met by position."""
    library = Library(
        {"actual": actual, "expected": expected},
        by_position=by_position,
        keep=keep,
        policy=policy,
    )
    library.need_for(" ".join((*ASKED, "by_position")))
    con = library.con
    found = {name: con.sql(f"FROM {name}").fetchall() for name in ASKED}
    (count,) = con.sql("SELECT count(*) FROM by_position").fetchall()
    con.close()
    return {name: sorted(map(repr, part)) for name, part in found.items()}, (
        count[0]
    )


@settings(max_examples=4)
@given(taps())
def test_same_rows(sides: tuple[list[Event], list[Event]]) -> None:
    """By position and by key, every query returns the same rows."""
    with tempfile.TemporaryDirectory() as folder:
        actual = traced(*sides[0]).save(Path(folder) / "a")
        expected = traced(*sides[1]).save(Path(folder) / "e")
        by_key, none = rows(actual, expected, 2**62)
        by_position, _ = rows(actual, expected, 0)
    assert none == 0
    assert by_position == by_key


def large_run(number: int, seed: int, prefix: str = "") -> list[Event]:
    """Taps of all kinds that meet by position, with zeros, NaN and noise."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(4, 60)).round(1)
    values[1, ::7] = 0.0
    values[2, number::9] = np.nan
    values[2, 5], values[2, 7] = np.inf, (-1) ** number * np.inf
    noisy = np.random.default_rng(0).normal(size=60)
    noisy *= 1 + 1e-15 * rng.integers(-9, 9, 60)
    half = (noisy * (1 + 1e-3 * number)).astype("f2").astype("f4")
    alone: dict[str, Any] = {"n": range(60)}
    return [
        fired(f"{prefix}plain", values[0], **alone),
        fired(f"{prefix}zeros", values[1], **alone),
        fired(f"{prefix}odd", values[2], **alone),
        fired(f"{prefix}nothing", np.zeros(60), **alone),
        fired(f"{prefix}noisy", noisy, **alone),
        fired(f"{prefix}narrow", noisy.astype("f4"), **alone),
        fired(f"{prefix}half", half, **alone, dtype="float16"),
        fired(f"{prefix}v", values[3], n=range(20), component=range(3)),
        fired(f"{prefix}whole", values[0].astype(int), **alone),
    ]


def test_same_rows_of_large_runs(tmp_path: Path) -> None:
    """So it is for runs that are too large to judge every number of.

    Some taps are equal, some differ, and some do so under bounds of all kinds.
    """
    sides = [
        traced(
            *large_run(0, 5, "same "),
            *large_run(number, number, "other "),
            *large_run(number, number, "bounded "),
        ).save(tmp_path / str(number))
        for number in range(2)
    ]
    bounds = Tolerance("bounded *", max_ulps=12, atol=0.5, rtol=1e-16)
    policy = Policy((Tolerance(), bounds))
    by_key, none = rows(sides[0], sides[1], 2**62, policy=policy)
    assert none == 0
    for keep in ((), ("outcome",)):
        by_position, count = rows(sides[0], sides[1], 20, *keep, policy=policy)
        assert count == 27
        assert by_position == by_key


def test_row_groups(tmp_path: Path) -> None:
    """Several row groups give the figures of one; unequal ones meet by key."""
    one, other = (
        traced(*large_run(number, number)).save(tmp_path / str(number))
        for number in range(2)
    )
    asked = "outcome", "divergence", "tap_summary", "by_position"

    def figures() -> tuple[list[list[str]], int]:
        *found, met = ask_all(asked, one, other, by_position=20)
        return [sorted(map(repr, part)) for part in found], len(met)

    whole, _ = figures()
    for trace, size, meeting in ((one, 7, 0), (other, 7, 9)):
        for number in range(9):
            file = trace.element_file(number)
            pq.write_table(
                pq.read_table(file, partitioning=None),
                file,
                row_group_size=size,
                write_statistics=False,
            )
        assert figures() == (whole, meeting)


WHERE = (
    "first_by_pixel()", "wrong_pixels", "signatures()", "faults()",
    "introduced()", "pixels_to_trace()", "error_kinds()", "error_map()",
)  # fmt: skip


@pytest.mark.parametrize(
    ("beside", "wrong"), [(False, 9), (False, 60), (True, 9)]
)
def test_same_places(
    tmp_path: Path, beside: bool, wrong: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where things went wrong is the same, in the same order.

    Some taps lie over each other; one without a pixel, or one of whole
    numbers and one of vectors, lie beside them. A pixel at least is close
    everywhere, or none is.
    """
    monkeypatch.setattr(course, "BLOCK", 16)
    sides = []
    pixels: dict[str, Any] = {"slow": range(3, 9), "fast": range(2, 12)}
    for number in range(2):
        rng = np.random.default_rng(number)
        values = np.linspace(1, 2, 240).reshape(4, 60).copy()
        values[1:, rng.integers(60, size=9)] *= 1 + number
        values[1, :wrong] += 1e-3 * number
        values[2, 5 + number] = np.nan
        values[2, 7:9] = np.inf, (-1) ** number * np.inf
        values[3, 7:20] *= 1 + 1e-6 * number
        events = [
            fired("same", values[0], **pixels),
            *(fired(f"i{n}", values[n], **pixels) for n in (1, 2)),
            fired("alone", values[0] + number * (wrong < 60), n=range(60)),
            fired("narrow", values[3].astype("f4"), **pixels),
        ]
        if beside:
            whole = rng.integers(2, size=60)
            vector = rng.integers(9, size=120)
            events += [
                fired("whole", whole, **pixels),
                fired("v", vector / 8, **pixels, component=range(2)),
            ]
        sides.append(traced(*events).save(tmp_path / str(number)))
    policy = Policy((Tolerance(), Tolerance("i1", max_ulps=1, atol=1e-9)))
    answers: list[dict[str, Any]] = []
    for by_position in (2**62, 20):
        *found, stacked = ask_all(
            [f"FROM {name}" for name in (*WHERE, "_stacked_first")],
            *sides,
            by_position=by_position,
            policy=policy,
        )
        answers.append(dict(zip(WHERE, found, strict=True)))
    assert stacked
    assert len(answers[0]["first_by_pixel()"]) > len(stacked) - (wrong == 60)
    for name, rows in answers[0].items():
        if name == "wrong_pixels":
            rows.sort(key=repr)
            answers[1][name].sort(key=repr)
        assert repr(rows) == repr(answers[1][name]), name


def test_same_figures_of_images(tmp_path: Path) -> None:
    """An image has the same figures, to the last bit, read in either way."""
    rng = np.random.default_rng(3)
    sides = []
    for name in ("actual", "expected"):
        values = rng.normal(size=300 * 340).round(4)
        values[rng.integers(values.size, size=9)] = np.nan
        values[rng.integers(values.size, size=9)] = -np.inf
        event = fired("i", values, slow=range(300), fast=range(340))
        small = fired(
            "f", values[:6].astype("f4"), slow=range(2), fast=range(3)
        )
        sides.append(traced(event, small).save(tmp_path / name))
    calls = "FROM image_metrics()", "FROM image_metrics(slow_to := 9)"
    answers = [
        ask_all(calls, *sides, by_position=by_position)
        for by_position in (2**62, 1000, 0)
    ]
    assert [len(rows) for rows in answers[0]] == [2, 2]
    assert repr(answers[0]) == repr(answers[1]) == repr(answers[2])


def test_which_pairs(tmp_path: Path) -> None:
    """Equal places meet by position; gaps and printed numbers by key."""

    def run(side: int) -> Trace:
        return traced(
            fired("dense", [1.0, 2.0, float(side)], n=range(3)),
            fired(
                "mixed",
                np.array([1, side], "f4,f8"[3 * side :][:2]),
                n=range(2),
            ),
            fired("whole", [1, side], n=range(2)),
            fired("gap", [1.0], n=range(3), where=[side]),
            fired("printed", [1.0], digits=6, quantum=-5),
        ).save(tmp_path / f"t{side}")

    found, shown = ask_all(
        ("by_position", "tap_summary"), run(0), run(1), by_position=0
    )
    assert [row["tap"] for row in found] == ["dense", "mixed", "whole"]
    assert [(row["tap"], row["diverged"]) for row in shown] == [
        ("dense", 1),
        ("mixed", 1),
        ("whole", 1),
        ("gap", 0),
        ("printed", 0),
    ]


def test_counts_are_not_cut(tmp_path: Path) -> None:
    """A sum over what is estimated at no row is as wide as it has to be."""
    image = np.arange(1 << 18, dtype=float).reshape(512, 512)
    events = [
        fired("k", 1.0),
        fired("x", image, slow=range(512), fast=range(512)),
    ]
    sides = {
        side: traced(*events).save(tmp_path / side)
        for side in ("actual", "expected")
    }
    library = Library(sides, keep=("outcome",), briefly=True, by_position=9)
    counts = {r["tap"]: r["compared"] for r in library.rows("tap_summary")}
    assert counts == {"k": 1, "x": 1 << 18}
