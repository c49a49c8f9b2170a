"""``compare``: one answer, the same every time, in JSON's types."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import textwrap
from functools import partial
from typing import Any

import duckdb
import numpy as np
import pytest

import tracekit as tk
from tests.queries.blueprint import fired, traced
from tracekit.comparison.compare import Comparison, compare
from tracekit.comparison.policy import Policy, Tolerance
from tracekit.errors import TraceError
from tracekit.schema import ConfigValue
from tracekit.storage.trace import Trace

ODD_NAMES = (
    "it's",
    'a "quoted" name',
    "100%",
    "{braces}",
    "F_latt; DROP TABLE trace_tap; --",
    "größe/ħ∇²",
    "*[?]",
    "tap\nline",
    "",
    " ",
)


def image(values: Any, tap: str = "x", **more: Any) -> Trace:
    """A trace of one image."""
    rows, columns = np.shape(values)
    return traced(
        fired(tap, values, slow=range(rows), fast=range(columns), **more)
    )


def test_a_run_is_close_to_itself() -> None:
    """Vectors, matrices, complex numbers, flags and loops agree."""
    with tk.record() as recording:
        for phi in range(3):
            with tk.scope("phi", phi=phi):
                tk.tap(np.eye(3), "rotation", "row column")
                tk.tap(1 + 2j * phi, "amplitude")
                tk.tap(np.array([True, False]), "hit", "slow")
                tk.tap(phi, "n")
        tk.tap(np.float32(0.1), "f")
    result = compare(recording.trace, recording.trace)
    assert result.verdict == "close"
    assert result.summary["compared"] == 27 + 6 + 6 + 3 + 1
    assert (result.gaps, result.configuration) == ([], [])
    assert result.first_divergence is None


def test_complex_numbers() -> None:
    """A complex value diverges in the part that differs."""
    actual, expected = (
        _recorded(np.array([1 + 2j, 3 + x * 1j]), "slow") for x in (4, 5)
    )
    row = compare(actual, expected).first_divergence
    assert row is not None
    assert (row["slow"], row["label"]) == (1, "im")
    assert (row["actual"], row["expected"]) == (4.0, 5.0)


def test_odd_names() -> None:
    """A tap's name may hold anything, and a rule of that name is its own."""
    one, two = (
        traced(*(fired(name, value) for name in ODD_NAMES))
        for value in (1.0, 1.1)
    )
    result = compare(one, two)
    assert [row["tap"] for row in result.taps] == [*ODD_NAMES]
    assert [row["tap"] for row in result.introduced] == [*ODD_NAMES]
    assert all(row["diverged"] == 1 for row in result.taps)
    rules = [Tolerance(tap, rtol=n + 1) for n, tap in enumerate(ODD_NAMES)]
    again = compare(one, two, policy=Policy((*rules,)))
    assert again.verdict == "close"
    assert [row["rtol"] for row in again.taps] == [rule.rtol for rule in rules]
    gaps = compare(one, traced(fired("other"))).gaps
    assert {row["tap"] for row in gaps} == {*ODD_NAMES, "other"}


def test_to_dict() -> None:
    """Odd numbers are strings, and the document is JSON without extensions."""
    actual = traced(
        fired("n", 2**60 + 1),
        fired("i", math.inf),
        fired("q", [math.nan, 1.0], slow=range(2)),
        config=[ConfigValue("fluence", math.inf), ConfigValue("hkls", 3.0)],
    )
    expected = traced(
        fired("n", 2**60),
        fired("i", -math.inf),
        fired("q", [1.0, 1.0], slow=range(2)),
        config=[ConfigValue("fluence", 1.0), ConfigValue("hkls", 4.0)],
    )
    document = compare(actual, expected).to_dict()
    text = json.dumps(document, allow_nan=False)
    assert json.loads(text) == document
    first = document["first_divergence"]
    assert (first["tap"], first["pixel"]) == ("n", None)
    assert (first["actual"], first["expected"]) == (
        str(2**60 + 1),
        str(2**60),
    )
    facts = {row["key"]: row for row in document["configuration"]}
    assert (facts["fluence"]["actual"], facts["hkls"]["actual"]) == ("inf", 3)
    taps = {row["tap"]: row for row in document["taps"]}
    assert taps["i"]["max_abs_error"] == "inf"
    assert (taps["q"]["nan_mismatches"], taps["q"]["max_abs_error"]) == (1, 0)


def test_promised_keys() -> None:
    """The document has at least the keys that scripts rely on."""
    document = compare(image([[1.0, 2.0]]), image([[1.0, 3.0]])).to_dict()
    assert document["verdict"] == "diverged"
    assert {"configuration", "gaps", "first_divergence", "taps"} <= set(
        document
    )
    assert {
        "tap", "pixel", "coordinate", "component", "actual", "expected",
        "abs_error", "rel_error", "ulps", "unit",
    } <= set(document["first_divergence"])  # fmt: skip
    assert document["first_divergence"]["pixel"] == [0, 1]
    assert {
        "tap", "compared", "diverged", "max_abs_error", "max_rel_error",
        "max_ulps", "nan_mismatches", "worst_pixel",
    } <= set(document["taps"][0])  # fmt: skip
    assert document["taps"][0]["worst_pixel"] == [0, 1]


def test_deterministic(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bytes of JSON for 1, 2 and 4 threads, in memory and stored."""
    rng = np.random.default_rng(3)
    base = rng.normal(size=(30, 50))
    base[3, 4] = math.nan
    taps = {f"t{n}": base * (n + 1) for n in range(8)}
    noisy = {
        k: v * (1 + 1e-9 * rng.normal(size=v.shape)) for k, v in taps.items()
    }
    actual, expected = (
        traced(
            *(
                fired(k, v, slow=range(30), fast=range(50))
                for k, v in side.items()
            )
        )
        for side in (noisy, taps)
    )
    stored = actual.save(tmp_path / "a"), expected.save(tmp_path / "e")
    found, connect = set(), duckdb.connect
    for threads in (1, 2, 4):
        monkeypatch.setattr(
            duckdb, "connect", partial(connect, config={"threads": threads})
        )
        for sides in ((actual, expected), stored):
            document = compare(*sides).to_dict()
            del document["actual"], document["expected"]
            found.add(json.dumps(document))
    assert len(found) == 1


def test_names_of_the_sides(tmp_path: Any) -> None:
    """The comparison says what was compared."""
    trace = traced(fired("x", 1.0))
    stored = trace.save(tmp_path / "run.trace")
    result = compare(trace, stored.path or "")
    assert (result.actual, result.expected) == (
        "recording",
        str(tmp_path / "run.trace"),
    )


@pytest.mark.parametrize("folder", ["tap=7", "float=32", "side=it's"])
def test_folders_that_look_like_columns(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    """What a folder is called never takes the place of what is stored."""
    (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / folder)
    for name, value in (("one", 1.0), ("other", 2.0)):
        traced(fired("x", 5.0), fired("y", value)).save(name)
    result = compare("one", "other")
    assert (result.summary["compared"], result.summary["diverged"]) == (2, 1)
    assert result.first_divergence is not None
    assert result.first_divergence["tap"] == "y"
    found = compare(*(f"{tmp_path}/{folder}/{n}" for n in ("one", "other")))
    assert found.summary == result.summary


def test_nothing_there(tmp_path: Any) -> None:
    """A side that can't be opened is an error, never a verdict."""
    with pytest.raises(TraceError, match="does not exist"):
        compare(tmp_path / "none", traced())


def test_large_traces_go_another_way() -> None:
    """More numbers than are evaluated at once give the same answers."""
    values = np.random.default_rng(5).normal(size=(460, 460))
    other = values.copy()
    other[400, 3] += 1.0
    other[459, 459] = math.nan
    result = compare(image(other), image(values))
    assert result.first_divergence is not None
    assert (result.first_divergence["slow"], result.taps[0]["diverged"]) == (
        400,
        2,
    )
    assert (result.taps[0]["worst_slow"], result.taps[0]["worst_fast"]) == (
        459,
        459,
    )


def test_loads_neither_torch_nor_pint() -> None:
    """Comparing loads torch never, and pint only where two units differ."""
    script = """
        import sys
        import tracekit as tk
        from tracekit.comparison.compare import compare

        def run(unit, value):
            with tk.record() as recording:
                tk.tap(value, "d", unit=unit)
            return recording.trace

        assert compare(run("m", 1.0), run("m", 1.0)).verdict == "close"
        assert "pint" not in sys.modules
        assert compare(run("mm", 1e3), run("m", 1.0)).verdict == "close"
        assert "pint" in sys.modules
        assert "torch" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True)


def test_comparison_prints() -> None:
    """Printing a comparison is its report."""
    result: Comparison = compare(image([[1.0]]), image([[1.0]]))
    assert str(result).startswith("CLOSE")


def _recorded(value: Any, dims: str) -> Trace:
    with tk.record() as recording:
        tk.tap(value, "x", dims)
    return recording.trace


def test_recordings_of_different_pixels_are_not_close() -> None:
    """What was never compared does not pass, though run-level taps agree."""

    def recorded(pixel: tuple[int, int]) -> tk.Trace:
        with tk.record(pixels=[pixel]) as recording:
            tk.tap(0.1, "distance", unit="m")
            tk.tap(np.ones((4, 4)), "R", "slow fast", unit="m")
        return recording.trace

    result = tk.compare(recorded((0, 0)), recorded((1, 1)))
    assert result.verdict == "diverged"
    assert [(gap["tap"], gap["required"]) for gap in result.gaps] == [
        ("R", True)
    ]
    assert tk.compare(recorded((1, 1)), recorded((1, 1))).verdict == "close"


def test_a_recording_is_no_trace() -> None:
    """Its trace is, which the error names."""
    with tk.record() as recording:
        tk.tap(1.0, "t")
    given: Any = recording
    with pytest.raises(TraceError, match=r"give its \.trace"):
        tk.compare(given, recording.trace)
