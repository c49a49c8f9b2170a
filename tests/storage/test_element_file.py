"""Element files: row groups that were encoded apart are one Parquet file."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.schema import Axis
from tracekit.storage import element_file
from tracekit.storage.element_file import (
    COORDINATES,
    ElementFile,
    steps,
    storage,
    stored,
)
from tracekit.storage.hashes import TapHash
from tracekit.storage.movable import Movable
from tracekit.storage.row_groups import chunk
from tracekit.storage.stretch import Stretch
from tracekit.storage.thrift import (
    BINARY,
    BYTE,
    DOUBLE,
    FALSE,
    I16,
    I32,
    I64,
    LIST,
    STRUCT,
    TRUE,
    Reader,
    written,
)

ROWS = 100
MANY = 1 << 20  # of a row group, as it is
COLUMNS = {"f": "float", "i": "integer", "u": "unsigned"}


@pytest.fixture(autouse=True, scope="module")
def _small_row_groups() -> Any:
    """Row groups of a hundred rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(element_file, "ROWS", ROWS)
        yield


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """Elements of several row groups, or of one that isn't full."""
    count = draw(st.sampled_from([0, 1, 99, 100, 101, 200, 250, 431]))
    kind = draw(st.sampled_from(["f8", "f4", "i8", "i1", "u2"]))
    rng = np.random.default_rng(count)
    gap = draw(st.integers(0, 500))  # from where on places have gaps
    ordinals = np.arange(count)
    ordinals[gap:] *= 2
    events = np.arange(count) // draw(st.sampled_from([1, 7, 1000]))
    values = (rng.normal(size=count) * 50).astype(kind)
    columns = {
        "ordinal": pa.array(ordinals + draw(st.integers(0, 9))),
        "event": pa.array(events),
        COLUMNS[kind[0]]: pa.array(values),
    }
    if draw(st.booleans()):
        texts = [None if n % 3 else f"{n}" for n in range(count)]
        columns["text"] = pa.array(texts, pa.string())
        columns["digits"] = pa.array([6] * count, pa.int16())
    return pa.table(columns)


@given(tables(), st.integers(1, 300))
def test_file_is_pyarrows(table: pa.Table, piece: int) -> None:
    """However rows are handed over, the file is the one pyarrow writes."""
    rows = pa.table(table.columns, schema=stored(table.schema))
    with tempfile.TemporaryDirectory() as folder:
        one, other = Path(folder) / "one", Path(folder) / "other"
        with ElementFile(one, table.schema) as file:
            for start in range(0, len(table), piece):
                file.write(table.slice(start, piece))
        pq.write_table(rows, other, ROWS, **storage(rows.schema))
        assert file.written == len(table)
        assert one.read_bytes() == other.read_bytes()
        assert pq.read_table(one).equals(rows)


@given(
    st.integers(1, 431),
    st.integers(0, 10**12),
    st.one_of(st.just(7), st.just(np.arange(431) // 90)),
    st.sampled_from([np.float64, np.int16, np.bool_]),
    st.integers(1, 300),
)
def test_stretches_are_rows(
    count: int, first: int, events: Any, kind: Any, piece: int
) -> None:
    """Values whose places are known make the file that tables of them make."""
    values = (np.arange(count) % 5).astype(kind)
    event = events if isinstance(events, int) else events[:count]
    stretch = Stretch(first, event, values)
    stored_type = pa.int8() if kind is np.bool_ else pa.from_numpy_dtype(kind)
    name = "float" if kind is np.float64 else "integer"
    types = [*((c, pa.int64()) for c in COORDINATES), (name, stored_type)]
    schema = pa.schema(types)
    grid = (Axis("n", first, count),)
    with tempfile.TemporaryDirectory() as folder:
        one, other = Path(folder) / "one", Path(folder) / "other"
        found, wanted = TapHash(grid), TapHash(grid)
        with ElementFile(one, schema, found) as file:
            for start in range(0, count, piece):
                part = stretch.slice(start, piece)
                file.write(part.table(schema) if start % 2 else part)
        with ElementFile(other, schema, wanted) as file:
            file.write(stretch.table(schema))
        assert one.read_bytes() == other.read_bytes()
        assert found.contents == wanted.contents
        read = pq.read_table(one)
        assert read[name].to_numpy().tolist() == values.tolist()
        assert read["ordinal"][0].as_py() == first


@given(
    st.sampled_from(COORDINATES),
    st.integers(0, 1),
    st.sampled_from([1, 2, 100, 20_001, 50_000]),
    st.integers(0, 2**62),
)
def test_moved_numbers_are_encoded_ones(
    name: str, step: int, rows: int, by: int
) -> None:
    """Numbers that are moved have the bytes that pyarrow gives them."""
    schema = stored(pa.schema([(name, pa.int64())]))
    one, other = (
        chunk(pa.table([numbers], schema=schema), storage(schema))
        for first in (0, by)
        for numbers in [first + step * np.arange(rows)]
    )
    codec = pa.Codec("zstd", compression_level=1)
    assert Movable(one, codec).moved(by) == other
    assert element_file.steps(name, by, step, rows) == other


def test_whole_row_groups_are_moved() -> None:
    """Of a whole row group's places none is encoded a second time."""
    assert element_file._can_move()
    for step, name in enumerate(reversed(COORDINATES)):
        numbers = 2**40 + step * np.arange(MANY)
        moved = element_file._from_zero(name, step, MANY).moved(2**40)
        assert moved == element_file._chunk(name, numbers)


def test_error_in_a_thread(tmp_path: Path) -> None:
    """What goes wrong while a row group is encoded is told, not lost."""
    never = pa.array([None] * ROWS, pa.month_day_nano_interval())
    table = pa.table(
        {"ordinal": range(ROWS), "event": [0] * ROWS, "text": never}
    )
    with (
        pytest.raises(pa.ArrowNotImplementedError, match="Unhandled type"),
        ElementFile(tmp_path / "e", table.schema) as file,
    ):
        file.write(table)


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/null")
def long_file(file: Path) -> None:
    """A file of nine row groups."""
    rows = 9 * ROWS
    table = pa.table({"ordinal": range(rows), "event": [0] * rows})
    with ElementFile(file, table.schema) as target:
        target.write(table)


@pytest.mark.parametrize("number", [errno.EIO, errno.EINVAL])
def test_a_disk_that_fails_meanwhile(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told; a file system that is never waited for is no such disk."""

    def failing(_: int) -> None:
        raise OSError(number, "from the disk")

    monkeypatch.setattr(os, "fsync", failing)
    if number == errno.EIO:
        with pytest.raises(OSError, match="from the disk"):
            long_file(tmp_path / "a.parquet")
        with pytest.raises(pa.ArrowInvalid, match="Parquet magic bytes"):
            pq.ParquetFile(tmp_path / "a.parquet")
    else:
        long_file(tmp_path / "a.parquet")
        assert pq.ParquetFile(tmp_path / "a.parquet").num_row_groups == 9


@pytest.mark.parametrize(
    "kind", ["?", "b", "B", "h", "H", "i", "I", "q", "Q", "f", "d"]
)
def test_a_row_group_of_any_numbers_is_encoded(kind: str) -> None:
    """Numbers that can't be packed have room, too, whatever their width."""
    noise = np.random.default_rng(0).bytes(8 * MANY)
    numbers = np.frombuffer(noise, kind)[:MANY]
    if kind == "?":
        numbers = np.frombuffer(noise, np.uint8)[:MANY] > 127
    table = pa.table({"value": numbers})
    group = chunk(table, storage(table.schema)).group
    assert group[3][1] == MANY


def test_places_that_are_kept_take_little_room() -> None:
    """Encoded places of short row groups hold no room of what they were."""
    before = pa.total_allocated_bytes()
    kept = [steps("ordinal", 3, 1, MANY - number) for number in range(1, 9)]
    assert pa.total_allocated_bytes() - before < 1 << 20
    assert all(len(places.pages) < 1 << 19 for places in kept)


VALUES = st.recursive(
    st.one_of(
        st.tuples(
            st.sampled_from([I16, I32, I64]), st.integers(-(2**62), 2**62)
        ),
        st.tuples(st.just(BINARY), st.binary(max_size=300)),
        st.tuples(st.just(BYTE), st.binary(min_size=1, max_size=1)),
        st.tuples(st.just(DOUBLE), st.binary(min_size=8, max_size=8)),
        st.tuples(st.sampled_from([TRUE, FALSE]), st.none()),
        st.tuples(
            st.just(LIST),
            st.tuples(st.just(I32), st.lists(st.integers(-9, 9), max_size=20)),
        ),
    ),
    lambda inner: st.tuples(
        st.just(STRUCT), st.dictionaries(st.integers(-40, 99), inner)
    ),
)


@given(st.dictionaries(st.integers(1, 2000), VALUES, max_size=5))
def test_footers_are_read_as_written(struct: Any) -> None:
    """Whatever a footer holds is read, and written again with equal bytes."""
    data = written(struct)
    assert Reader(data).struct() == struct
    assert written(Reader(data).struct()) == data
