"""A long table of numbers is a trace, whoever wrote it."""

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

import tracekit as tk
from tests.helpers import cells, stored
from tracekit.errors import TraceError
from tracekit.open import as_trace
from tracekit.readers.tables import read_csv, read_parquet, store_parquet


def test_an_exported_trace_compares_close_to_itself(tmp_path: Path) -> None:
    """Export and reading lose nothing that a comparison sees."""
    with tk.record() as recording:
        for phi in range(2):
            with tk.scope("phi", phi=phi):
                x = np.array([[1.5, np.nan], [-0.0, np.inf]])
                tk.tap(x + phi, "x", "slow fast", unit="m")
        tk.tap(np.arange(3.0), "v", "xyz")
        tk.tap(2**60 + 1, "n")
        tk.tap(0.1, "again")
        tk.tap(0.2, "again")
    trace = recording.trace
    trace.to_parquet(tmp_path / "t.parquet")
    result = tk.compare(tmp_path / "t.parquet", trace)
    assert result.verdict == "close"
    assert result.gaps == []
    assert [tap["compared"] for tap in result.taps] == [8, 3, 1, 2]
    assert max(tap["max_ulps"] for tap in result.taps) == 0


def test_any_integer_column_is_a_dim(tmp_path: Path) -> None:
    """A table that somebody wrote by hand meets a recording."""
    table = pa.table(
        {"tap": ["T"] * 2, "level": [4, 5], "value": [280.0, 281.0]}
    )
    pq.write_table(table, tmp_path / "t.parquet")
    with tk.record() as recording:
        for level, value in ((4, 280.0), (5, 281.5)):
            with tk.scope("column", level=level):
                tk.tap(value, "T")
    result = tk.compare(recording.trace, tmp_path / "t.parquet")
    first = result.first_divergence
    assert first is not None
    assert first["coordinate"] == {"level": 5}


def test_tables_that_cannot_be_placed_are_refused(tmp_path: Path) -> None:
    """No such column, or two numbers at one place: the error says which."""
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"x": [1.0]}), path)
    with pytest.raises(TraceError, match="no column 'slow' of integers"):
        read_parquet(path, "slow")
    pq.write_table(pa.table({"tap": ["a", "a"], "value": [1.0, 2.0]}), path)
    with pytest.raises(TraceError, match="two numbers at one coordinate"):
        tk.compare(path, path)
    path.write_bytes(b"no parquet")
    with pytest.raises(TraceError, match="can't be read"):
        read_parquet(path)


@pytest.mark.parametrize("suffix", ["parquet", "csv", "tsv"])
def test_columns_are_taps(suffix: str, tmp_path: Path) -> None:
    """A plain table: each column a tap, at the coordinates of some."""
    table = pa.table(
        {
            "slow": [0, 0, 1],
            "fast": [0, 1, 1],
            "omega": [0.1, float("nan"), 1e300],
            "count": [1, 2**60 + 1, 3],
            "name": ["a", "b", "c"],
        }
    )
    path = tmp_path / f"t.{suffix}"
    if suffix == "parquet":
        pq.write_table(table, path)
        trace = read_parquet(path, "slow fast")
    else:
        options = pa_csv.WriteOptions(
            delimiter="," if suffix == "csv" else "\t"
        )
        pa_csv.write_csv(table, path, options)
        trace = read_csv(path, "slow fast")
    assert trace.taps == ("omega", "count", "name")
    place = frozenset({("slow", 0), ("fast", 1)})
    assert cells(trace, "count")[place] == 2**60 + 1
    assert math.isnan(cells(trace, "omega")[place])
    assert cells(as_trace(path), "slow")[frozenset({("index", 2)})] == 1


def test_columns_read_in_row_groups_are_those_of_memory(
    tmp_path: Path,
) -> None:
    """Every type, and what is missing: all files of both traces agree."""
    table = pa.table(
        {
            "x": pa.array([0.1, None, math.nan]),
            "half": pa.array([0.5, None, 2.5], pa.float32()),
            "n": pa.array([1, 2**60 + 1, -3]),
            "some": pa.array([1, None, 3], pa.int32()),
            "small": pa.array([1, 2, 3], pa.uint8()),
            "large": pa.array([1, 2, 2**64 - 1], pa.uint64()),
            "yes": pa.array([True, False, True]),
            "text": pa.array(["a", None, "c"]),
        }
    )
    path = tmp_path / "t.parquet"
    pq.write_table(table, path, row_group_size=2)
    store_parquet(path, tmp_path / "pieces")
    read_parquet(path).save(tmp_path / "memory")
    files = sorted((tmp_path / "memory").rglob("*.*"))
    assert len(files) == 10 + 8
    for file in files:
        mine = tmp_path / "pieces" / file.relative_to(tmp_path / "memory")
        assert mine.read_bytes() == file.read_bytes(), file.name
    with pytest.raises(TraceError, match="not empty"):
        store_parquet(path, tmp_path / "pieces")


def test_integers_that_stand_as_texts_keep_every_bit(tmp_path: Path) -> None:
    """CSV has no types, so exports write them so."""
    table = pa.table(
        {"tap": ["n"] * 2, "i": [0, 1], "exact": ["1", str(2**64 - 1)]}
    ).append_column("value", pa.nulls(2, pa.float64()))
    pq.write_table(table, tmp_path / "t.parquet")
    found = stored(read_parquet(tmp_path / "t.parquet"), "n")
    assert found.tolist() == [1, 2**64 - 1]
