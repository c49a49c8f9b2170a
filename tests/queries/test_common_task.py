"""Four faults at once in twelve taps: what each query says of them.

A sign flip that heals, a drift from the fifth tap on, one NaN inside it, a
tap that is missing, and an ulp of noise on one number in ten.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pytest

from tests.queries.blueprint import fired, traced
from tracekit.comparison.compare import Comparison, compare
from tracekit.comparison.database import connect
from tracekit.comparison.policy import Policy, Tolerance
from tracekit.storage.trace import Trace

SIZE = 60
# in the order in which the program fires them, which is not the alphabet's
SCALES = {
    "pixel_pos": 0.1, "obliq_cos": 1.0, "airpath": 2.0, "r_abs": 0.2,
    "omega_pixel_sr": 1.8e-7, "h_frac": 3.0, "k_frac": 4.0, "l_frac": 5.0,
    "f_latt": 100.0, "f_cell": 50.0, "capture": 1e-3, "intensity": 1e4,
}  # fmt: skip
PATCH = np.s_[20:30, 40:50]


def side(*, wrong: bool) -> Trace:
    """One run of the twelve taps."""
    rng = np.random.default_rng(1)
    base = rng.uniform(0.5, 1.0, (SIZE, SIZE))
    events = []
    for number, (tap, scale) in enumerate(SCALES.items(), 1):
        values = base * scale
        if wrong:
            noisy = rng.random(values.shape) < 0.1
            values = np.where(noisy, np.nextafter(values, 0), values)
            if tap in ("obliq_cos", "airpath"):
                values[PATCH] *= -1
            if number >= 5:
                values *= 1 + 1e-6
            if tap == "k_frac":
                values[12, 34] = np.nan
            if tap == "f_cell":
                continue
        events.append(fired(tap, values, slow=range(SIZE), fast=range(SIZE)))
    return traced(*events)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to both sides."""
    con = connect(actual=side(wrong=True), expected=side(wrong=False))
    yield con
    con.close()


@pytest.fixture(scope="module")
def result() -> Comparison:
    """The comparison of both sides."""
    return compare(side(wrong=True), side(wrong=False))


def test_signatures(con: duckdb.DuckDBPyConnection) -> None:
    """Healed fault, drift, NaN and the missing tap stand side by side."""
    rows = con.execute(
        "SELECT signature, pixels, slow_from, slow_to, fast_from, fast_to "
        "FROM signatures()"
    ).fetchall()
    assert rows == [
        ("....xxxxx-xx", 3499, 0, 59, 0, 59),
        (".xx.xxxxx-xx", 100, 20, 29, 40, 49),
        ("....xxnxx-xx", 1, 12, 12, 34, 34),
    ]


def test_faults(con: duckdb.DuckDBPyConnection) -> None:
    """Three faults begin at three taps; one is close again downstream."""
    rows = con.execute(
        "SELECT tap, class, pixels, first_slow, first_fast, close_again, "
        "last_tap, reached FROM faults()"
    ).fetchall()
    assert rows == [
        ("obliq_cos", "number", 100, 20, 40, "r_abs", "intensity", 100),
        ("omega_pixel_sr", "number", 3500, 0, 0, None, "intensity", 3500),
        ("k_frac", "nan mismatch", 1, 12, 34, None, "intensity", 1),
    ]


def test_introduced_or_inherited(con: duckdb.DuckDBPyConnection) -> None:
    """Only the taps at which errors begin introduced anything."""
    rows = con.execute("SELECT tap, answer, introduced FROM introduced()")
    assert rows.fetchall() == [
        ("obliq_cos", "introduced", 100),
        ("airpath", "inherited", 0),
        ("omega_pixel_sr", "both", 3500),
        *(
            (tap, "inherited", 0)
            for tap in list(SCALES)[5:]
            if tap != "f_cell"
        ),
    ]


def test_kinds(con: duckdb.DuckDBPyConnection) -> None:
    """The flip is a sign, the drift a constant factor, and nothing else."""
    rows = con.execute("SELECT tap, kind FROM error_kinds()").fetchall()
    drifting = [tap for tap in list(SCALES)[4:] if tap != "f_cell"]
    assert rows == [
        ("obliq_cos", "sign"),
        ("airpath", "sign"),
        *((tap, "factor") for tap in drifting),
    ]


def test_first_by_pixel(con: duckdb.DuckDBPyConnection) -> None:
    """Each pixel has the tap that went wrong first there."""
    rows = con.execute(
        "SELECT tap, count(*) FROM first_by_pixel() GROUP BY tap ORDER BY tap"
    ).fetchall()
    assert rows == [("obliq_cos", 100), ("omega_pixel_sr", 3500)]


def test_summary(result: Comparison) -> None:
    """The NaN is one of its tap's numbers; the tap keeps its other figures."""
    taps = {row["tap"]: row for row in result.taps}
    assert taps["pixel_pos"]["diverged"] == taps["r_abs"]["diverged"] == 0
    k_frac = taps["k_frac"]
    assert (k_frac["nan_mismatches"], k_frac["diverged"]) == (1, 3600)
    for tap in ("omega_pixel_sr", "k_frac", "intensity"):
        assert taps[tap]["max_rel_error"] == pytest.approx(1e-6, rel=1e-6)
        assert taps[tap]["least_rtol"] == pytest.approx(1e-6, rel=1e-6)
    assert not any(row["vacuous"] for row in result.taps)


def test_a_wide_tolerance_is_vacuous() -> None:
    """Atol = 1e-5 hides the drift of 1.8e-7, and that is said."""
    policy = Policy((Tolerance(atol=1e-5, rtol=1e-5),))
    result = compare(side(wrong=True), side(wrong=False), policy=policy)
    vacuous = [row["tap"] for row in result.taps if row["vacuous"]]
    assert vacuous == ["omega_pixel_sr"]
    assert "warning: omega_pixel_sr would pass with zeros" in str(result)


def test_what_the_report_says(result: Comparison) -> None:
    """All four faults stand in the report, on one page."""
    text = str(result)
    assert result.verdict == "diverged"
    for line in (
        "f_cell: the tap is missing on the actual side",
        "First divergence: obliq_cos at pixel (20, 40)",
        "3 independent faults, by where errors begin:",
        (
            "  obliq_cos: 100 pixels in slow 20-29, fast 40-49; close again "
            "at r_abs; diverged at intensity, the last tap"
        ),
        "    sign: actual = -1 * expected (100 of 100 numbers)",
        (
            "  omega_pixel_sr: 3500 pixels in slow 0-59, fast 0-59; diverged "
            "at intensity, the last tap"
        ),
        "    factor: actual = 1.000001 * expected (3600 of 3600 numbers)",
        (
            "  k_frac: nan mismatch, 1 pixel in slow 12, fast 34; diverged "
            "at intensity, the last tap"
        ),
    ):
        assert line in text.splitlines() or f"  {line}" in text.splitlines()
    assert "1 NaN on one side" in text
    assert len(text.splitlines()) < 60
