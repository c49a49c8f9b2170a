"""Exports hold every number, whoever reads them."""

import csv
import json
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tracekit as tk
from tracekit.errors import TraceError
from tracekit.export import export


@pytest.fixture
def trace() -> tk.Trace:
    """Floats with NaN, an integer beyond 2^53, and a loop index."""
    with tk.record() as recording:
        with tk.scope("phi", phi=3):
            tk.tap(np.array([1.5, np.nan, -0.0]), "q", "xyz", unit="1/m")
        tk.tap(2**60 + 1, "count")
    return recording.trace


def test_parquet_keeps_nan_findable(trace: tk.Trace, tmp_path: Path) -> None:
    """A reader that prunes by statistics still finds the NaN."""
    trace.to_parquet(tmp_path / "t.parquet")
    path = str(tmp_path / "t.parquet")
    con = duckdb.connect()
    found = con.execute(
        "SELECT tap, label FROM read_parquet($path) WHERE isnan(value)",
        {"path": path},
    ).fetchall()
    assert found == [("q", "y")]
    assert pq.read_table(path)["exact"].to_pylist()[-1] == str(2**60 + 1)


def test_arrow_is_an_ipc_file(trace: tk.Trace, tmp_path: Path) -> None:
    """Arrow readers open it with the same rows."""
    export(trace, tmp_path / "t.arrow", "arrow")
    table = pa.ipc.open_file(str(tmp_path / "t.arrow")).read_all()
    assert table["tap"].to_pylist() == ["q", "q", "q", "count"]
    assert table["coordinate"].to_pylist()[0] == [("phi", 3)]


def test_csv_and_json_say_the_same(trace: tk.Trace, tmp_path: Path) -> None:
    """Both text formats hold a row a number, NaN spelled out."""
    export(trace, tmp_path / "t.csv", "csv")
    export(trace, tmp_path / "t.json", "json")
    with (tmp_path / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines = (tmp_path / "t.json").read_text().splitlines()
    objects = [json.loads(line) for line in lines]
    assert [row["tap"] for row in rows] == [row["tap"] for row in objects]
    assert rows[0]["coordinate"] == "phi=3"
    assert objects[1]["value"] == "nan"
    assert objects[3]["exact"] == str(2**60 + 1)


def test_npz_holds_an_array_a_tap(trace: tk.Trace, tmp_path: Path) -> None:
    """NumPy reads it without pickle, bit for bit."""
    export(trace, tmp_path / "t.npz", "npz")
    with np.load(tmp_path / "t.npz", allow_pickle=False) as arrays:
        assert arrays["taps"].tolist() == ["q", "count"]
        expected = np.array([1.5, np.nan, -0.0])
        assert arrays["values_0"].tobytes() == expected.tobytes()


def test_unknown_format_is_refused(trace: tk.Trace, tmp_path: Path) -> None:
    """The error names what is possible."""
    with pytest.raises(TraceError, match="parquet, csv, json, npz, arrow"):
        export(trace, tmp_path / "t.xls", "xls")  # type: ignore[arg-type]
