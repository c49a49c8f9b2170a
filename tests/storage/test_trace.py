"""Traces on disk and in memory."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

import tracekit as tk
from tests.helpers import number_of, recorded, stored
from tracekit.errors import TraceError
from tracekit.storage.arrow_tables import TABLES


def program() -> None:
    """A few taps with loops, vectors, masks and repeats."""
    for phi in range(2):
        with tk.scope("phi", phi=phi):
            tk.tap(torch.arange(12.0).reshape(2, 2, 3), "q", "slow fast xyz")
            tk.tap(np.arange(4), "hkl", "n", where=np.arange(4) > phi)
    tk.tap(2.5, "R", unit="m")
    tk.tap(2.5, "R", unit="m")
    tk.config("fluence", 1.0)


def elements(trace: tk.Trace) -> list[object]:
    """Elements of all taps."""
    numbers = range(trace.tables["tap"].num_rows)
    return [trace.elements(number).to_pydict() for number in numbers]


def without_clock(trace: tk.Trace) -> dict[str, object]:
    """All tables, less what tells when and where they were made."""
    tables = dict(trace.tables)
    tables["event"] = tables["event"].drop_columns(["time_ns"])
    tables["run"] = tables["run"].drop_columns(["started"])
    return {name: table.to_pylist() for name, table in tables.items()}


def test_memory_and_disk_hold_the_same(tmp_path: Path) -> None:
    """A trace is the same with a path, without one, saved, and opened."""
    in_memory = recorded(program)
    on_disk = recorded(program, path=tmp_path / "a.trace")
    saved = in_memory.save(tmp_path / "b.trace")
    again = saved.save(tmp_path / "c.trace")
    opened = tk.read_trace(tmp_path / "a.trace")
    for trace in (on_disk, saved, again, opened):
        assert elements(trace) == elements(in_memory)
        assert without_clock(trace) == without_clock(in_memory)
        types = [
            [trace.elements(n).schema.types for n in range(3)]
            for trace in (trace, in_memory)
        ]
        assert types[0] == types[1]


def test_another_tap_leaves_all_other_files_as_they_are(
    tmp_path: Path,
) -> None:
    """Stored bytes of a tap don't depend on which others there are."""

    def more() -> None:
        tk.tap(np.arange(5), "another", "n")
        program()
        tk.tap(1.0, "last")

    plain = recorded(program, path=tmp_path / "a")
    fuller = recorded(more, path=tmp_path / "b")
    for name in plain.taps:
        files = [
            trace.element_file(number_of(trace, name))
            for trace in (plain, fuller)
        ]
        assert files[0].read_bytes() == files[1].read_bytes()


def test_blocks_in_another_order_give_the_same_file(tmp_path: Path) -> None:
    """The stored bytes don't tell in which order blocks were computed."""
    whole = torch.rand(8, 2, dtype=torch.float64)
    stored_bytes = []
    for order in ((0, 2, 4, 6), (6, 0, 4, 2)):

        def blocks(order: tuple[int, ...] = order) -> None:
            for start in order:
                with tk.scope("block", slow=start):
                    tk.tap(whole[start : start + 2], "t", "slow fast")

        trace = recorded(blocks, path=tmp_path / str(order[0]))
        assert np.array_equal(stored(trace, "t"), whole.numpy().reshape(-1))
        stored_bytes.append(trace.element_file(0).read_bytes())
    assert stored_bytes[0] == stored_bytes[1]


def test_a_search_finds_nan(tmp_path: Path) -> None:
    """DuckDB finds a NaN in Parquet: no statistics hide it."""
    values = np.ones(1000)
    values[777] = np.nan
    trace = recorded(lambda: tk.tap(values, "t", "slow"), path=tmp_path / "a")
    con = tk.connect(trace=trace)
    found = con.sql("SELECT slow FROM element WHERE isnan(value)").fetchall()
    assert found == [(777,)]


def test_only_ordinals_carry_statistics(tmp_path: Path) -> None:
    """Minimum and maximum leave NaN out, so no float column has them."""
    trace = recorded(
        lambda: tk.tap(np.ones(10), "t", "n"), path=tmp_path / "a"
    )
    group = pq.ParquetFile(trace.element_file(0)).metadata.row_group(0)
    columns = {
        group.column(n).path_in_schema: group.column(n) for n in range(3)
    }
    assert columns["ordinal"].is_stats_set
    assert "DELTA_BINARY_PACKED" in columns["ordinal"].encodings
    assert not columns["float"].is_stats_set
    assert "BYTE_STREAM_SPLIT" in columns["float"].encodings
    assert columns["float"].compression == "ZSTD"


def test_tables_have_the_columns_of_the_schema(tmp_path: Path) -> None:
    """What is stored is what one file defines."""
    recorded(program, path=tmp_path / "a")
    for name, schema in TABLES.items():
        found = pq.read_schema(tmp_path / "a" / f"{name}.parquet")
        assert (found.names, found.types) == (schema.names, schema.types)


def test_a_trace_that_is_not_there_says_so(tmp_path: Path) -> None:
    """Neither an empty directory nor another tool's trace.json opens."""
    with pytest.raises(TraceError, match="is no trace"):
        tk.read_trace(tmp_path)
    for content in ('{"traceEvents": []}', "[]", "{"):
        (tmp_path / "trace.json").write_text(content)
        with pytest.raises(TraceError, match="is no trace"):
            tk.read_trace(tmp_path)


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    """The error tells both versions and what to install."""
    recorded(program, path=tmp_path / "a")
    marker = tmp_path / "a" / "trace.json"
    marker.write_text(
        json.dumps(json.loads(marker.read_text()) | {"version": 99})
    )
    with pytest.raises(TraceError, match=r"version 99.*install the tracekit"):
        tk.read_trace(tmp_path / "a")


def test_a_damaged_trace_is_named(tmp_path: Path) -> None:
    """A missing table is an error that names it."""
    recorded(program, path=tmp_path / "a")
    (tmp_path / "a" / "grid.parquet").unlink()
    with pytest.raises(TraceError, match=r"damaged.*grid\.parquet"):
        tk.read_trace(tmp_path / "a")


def test_a_trace_is_saved_into_an_empty_directory_only(tmp_path: Path) -> None:
    """Nothing is ever overwritten by save."""
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(TraceError, match="not empty"):
        recorded(program).save(tmp_path)


def test_a_trace_in_memory_has_no_files() -> None:
    """Asking for one says what to do."""
    trace = recorded(program)
    with pytest.raises(TraceError, match="save it"):
        trace.element_file(0)
    assert "in memory: 3 taps" in repr(trace)


def test_names_may_hold_anything(tmp_path: Path) -> None:
    """Files are numbered, so a tap's name is free."""
    names = ["../up", "a/b", " ", "tap=1", "Größe\n", "x" * 300]

    def program() -> None:
        for name in names:
            tk.tap(1.0, name)

    trace = recorded(program, path=tmp_path / "a")
    assert trace.taps == tuple(names)
    assert not (tmp_path / "up").exists()
