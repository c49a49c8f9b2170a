"""Taps of equal hashes are compared without reading a number of them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tracekit as tk
from tests.helpers import Cli
from tests.queries.blueprint import fired, traced
from tracekit.comparison.database import Library
from tracekit.comparison.policy import Policy, Tolerance
from tracekit.errors import TraceError
from tracekit.storage.contents import Figures, of_numbers
from tracekit.storage.trace import Trace, open_trace
from tracekit.storage.verification import verify

SIZE = 320


def run(root: Path, *, changed: bool = False) -> Trace:
    """Images and others of a size that is compared by position."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=SIZE * SIZE)
    odd = values.copy()
    odd[[0, 9]], odd[[1, 8]], odd[7] = np.nan, np.inf, -np.inf
    pixels: dict[str, Any] = {"slow": range(SIZE), "fast": range(SIZE)}
    vector = values[: SIZE * SIZE // 3 * 3]
    own = values + 1 if changed else values
    return traced(
        fired("plain", values, unit="m", **pixels),
        fired("odd", odd, **pixels),
        fired("narrow", np.abs(odd).astype("f4"), **pixels),
        fired("constant", np.full(SIZE * SIZE, -3.5), **pixels),
        fired("nothing", np.zeros(SIZE * SIZE), **pixels),
        fired("lost", np.full(SIZE * SIZE, np.nan), **pixels),
        fired("counts", (values * 9).astype(int), **pixels),
        fired("inside", values > 0, **pixels),
        fired("q", vector, n=range(len(vector) // 3), component=range(3)),
        fired("gap", values[3:], **pixels, where=range(3, SIZE * SIZE)),
        fired("own", own, **pixels),
    ).save(root)


def replace(trace: Trace, keep: str = "") -> None:
    """Write other numbers into the element files, of the same layout."""
    for number, tap in enumerate(trace.taps):
        if tap == keep:
            continue
        file = trace.element_file(number)
        with pq.ParquetFile(file) as parquet:
            table = parquet.read()
        kind = table.schema.field(2)
        ruined = np.arange(len(table)) % 100
        column = pa.array(ruined.astype(kind.type.to_pandas_dtype()))
        pq.write_table(table.set_column(2, kind, column), file)


def without_figures(trace: Trace) -> None:
    """Make the trace one as older versions wrote it."""
    assert trace.path is not None
    file = trace.path / "tap.parquet"
    table = pq.read_table(file).drop_columns(list(Figures.__slots__))
    pq.write_table(table, file)


def report(*sides: Trace, **options: Any) -> dict[str, str]:
    """What a comparison says, but for the names of the sides, as JSON."""
    paths = [str(side.path) for side in sides]
    found = tk.compare(*paths, **options).to_dict()
    return {
        name: json.dumps(part)
        for name, part in found.items()
        if name not in ("actual", "expected")
    }


@pytest.mark.parametrize(
    ("changed", "bounds"),
    [(False, {}), (False, {"atol": 4.0, "max_ulps": 99}), (True, {})],
)
def test_same_report_unread(
    tmp_path: Path, changed: bool, bounds: dict[str, Any]
) -> None:
    """The report of equal taps is the one that reading them gives.

    Then their numbers are replaced by others, and nothing changes.
    """
    policy = Policy((Tolerance(**bounds),))
    actual = run(tmp_path / "a", changed=changed)
    expected, older = run(tmp_path / "e"), run(tmp_path / "o")
    without_figures(older)
    said = report(actual, expected, policy=policy)
    assert (said["verdict"] == '"diverged"') == changed
    assert said == report(actual, older, policy=policy)
    for side in (actual, expected):
        replace(side, "own" if changed else "")
    again = report(actual, expected, policy=policy)
    if changed:  # the kind of an error is sought among all taps' numbers
        of_all = ("kinds", "pixels_to_trace")
        said, again = (
            {name: part for name, part in rows.items() if name not in of_all}
            for rows in (said, again)
        )
    assert said == again


def test_images_unread(tmp_path: Path) -> None:
    """Equal images correlate fully, and their figures need no number."""
    trace = run(tmp_path / "a")
    replace(trace)
    rows = {row["tap"]: row for row in tk.compare(trace, trace).images}
    values = np.random.default_rng(0).normal(size=SIZE * SIZE)
    plain, odd, lost = rows["plain"], rows["odd"], rows["lost"]
    assert (plain["correlation"], plain["sum_ratio"]) == (1.0, 1.0)
    assert (plain["rmse"], plain["max_abs_error"]) == (0.0, 0.0)
    assert plain["max_actual"] == plain["max_expected"] == values.max()
    assert (odd["pixels"], odd["not_finite"]) == (SIZE * SIZE - 5, 5)
    assert (odd["worst_slow"], odd["worst_fast"]) == (0, 2)
    assert (lost["pixels"], lost["correlation"], lost["rmse"]) == (
        0,
        None,
        None,
    )
    shown = {
        tap: (rows[tap]["correlation"], rows[tap]["sum_ratio"])
        for tap in ("constant", "nothing", "counts")
    }
    assert shown == {
        "constant": (None, 1.0),
        "nothing": (None, None),
        "counts": (1.0, 1.0),
    }


def test_converted_taps_are_read(tmp_path: Path) -> None:
    """Equal numbers in other units are none, whatever their hashes say."""
    sides = {}
    for side, unit in (("actual", "m"), ("expected", "mm")):
        event = fired("x", [1.0, 2.0], unit=unit, n=range(2))
        sides[side] = traced(event).save(tmp_path / side)
    (row,) = Library(sides, by_position=0).rows("tap_summary")
    assert row["diverged"] == 2


@given(
    st.lists(
        st.sampled_from([0.0, -0.0, 1.0, -2.5, 1e300])
        | st.sampled_from([math.nan, math.inf, -math.inf]),
        max_size=9,
    ),
    st.integers(0, 9),
)
def test_figures(values: list[float], cut: int) -> None:
    """Figures of the parts of a tap add up to those of the tap."""
    numbers = np.array(values, np.float64)
    ordinals = np.arange(len(values)) * 3 + 1
    found = Figures()
    for part in (slice(cut), slice(cut, None)):
        found.add(of_numbers(numbers[part], ordinals[part]))
    finite = [value for value in values if math.isfinite(value)]
    assert found == Figures(
        nan=sum(map(math.isnan, values)),
        positive_inf=values.count(math.inf),
        negative_inf=values.count(-math.inf),
        zeros=values.count(0.0),
        min=min(finite, default=None),
        max=max(finite, default=None),
        first_number=next(
            (n * 3 + 1 for n, v in enumerate(values) if not math.isnan(v)),
            None,
        ),
        first_finite=next(
            (n * 3 + 1 for n, v in enumerate(values) if math.isfinite(v)), None
        ),
    )


def test_verify(cli: Cli, tmp_path: Path) -> None:
    """What a trace says of its numbers can be held against them."""
    trace = run(tmp_path / "a")
    assert cli("show", tmp_path / "a", "--verify") == (
        0,
        f"{len(trace.taps)} taps, all as they were written\n",
        "",
    )
    replace(trace, "plain")
    status, out, told = cli("show", tmp_path / "a", "--verify", "--json")
    rows = {row["tap"]: row["differs"] for row in json.loads(out)}
    assert (status, rows["plain"]) == (2, [])
    assert rows["odd"][:2] == ["value_hash", "nan"]
    assert "edited" in told


def test_verify_older(tmp_path: Path) -> None:
    """A trace of an older version can't be verified, and says so."""
    without_figures(run(tmp_path / "a"))
    with pytest.raises(TraceError, match="version before 3"):
        verify(open_trace(tmp_path / "a"))
