"""Arrays of files as traces, whole and piece by piece."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import tracekit as tk
from tests.helpers import about, labels, stored
from tests.readers.array_files import IMAGE, write_all
from tracekit.errors import TraceError
from tracekit.open import as_trace
from tracekit.readers import arrays
from tracekit.readers.arrays import read_arrays


def test_images_that_differ_say_where(tmp_path: Path) -> None:
    """Two files compare as two traces do."""
    other = IMAGE.copy()
    other[1, 2] += 1
    np.save(tmp_path / "a.npy", other)
    np.save(tmp_path / "b.npy", IMAGE)
    result = tk.compare(tmp_path / "a.npy", tmp_path / "b.npy")
    assert result.verdict == "diverged"
    assert result.first_divergence is not None
    assert (
        result.first_divergence["slow"],
        result.first_divergence["fast"],
    ) == (1, 2)


@pytest.mark.parametrize(
    "values",
    [
        np.array([[1.5, np.nan], [-0.0, np.inf]], ">f8"),
        np.asfortranarray(np.arange(6, dtype="<f4").reshape(2, 3)),
        np.zeros((0, 3)),
        np.array(2.5),
        np.array([True, False]),
        np.array([2**64 - 1], np.uint64),
        np.array([0.1], np.float16),
    ],
    ids=["big-endian", "Fortran", "empty", "scalar", "bool", "uint64", "half"],
)
def test_every_layout_keeps_its_bits(values: Any, tmp_path: Path) -> None:
    """Byte order, order of axes and size change no number."""
    np.save(tmp_path / "a.npy", values)
    found = stored(read_arrays(tmp_path / "a.npy", tap="x"), "x")
    native = values.astype(values.dtype.newbyteorder("="))
    expected = np.ascontiguousarray(native).reshape(-1)
    if values.dtype.kind == "b" or values.dtype.itemsize == 2:
        np.testing.assert_array_equal(found, expected)
    else:
        assert found.tobytes() == expected.tobytes()


def test_complex_numbers_are_two_components(tmp_path: Path) -> None:
    """As they are for taps."""
    np.save(tmp_path / "a.npy", np.array([1 + 2j, 3 - 4j]))
    trace = read_arrays(tmp_path / "a.npy", tap="F", dims="hkls")
    assert labels(trace, "F") == ["re", "im"]
    assert stored(trace, "F").tolist() == [1, 2, 3, -4]


def test_a_table_of_records_is_a_tap_a_column(tmp_path: Path) -> None:
    """Nested ones too."""
    kind = np.dtype([("x", "f8"), ("at", [("slow", "i4"), ("fast", ">i4")])])
    values = np.zeros(3, kind)
    values["at"]["fast"] = [1, 2, 3]
    np.save(tmp_path / "a.npy", values)
    trace = as_trace(tmp_path / "a.npy")
    assert trace.taps == ("array.x", "array.at.slow", "array.at.fast")
    assert stored(trace, "array.at.fast").tolist() == [1, 2, 3]


def test_dims_tap_and_unit_are_the_users(tmp_path: Path) -> None:
    """So that an image of one program meets a tap of another."""
    np.save(tmp_path / "a.npy", np.arange(24.0).reshape(2, 4, 3))
    trace = read_arrays(
        tmp_path / "a.npy", tap="q", dims="slow fast xyz", unit="1/m"
    )
    with tk.record() as recording:
        tk.tap(
            np.arange(24.0).reshape(2, 4, 3), "q", "slow fast xyz", unit="1/m"
        )
    assert (
        about(trace, "q")["value_hash"]
        == (about(recording.trace, "q")["value_hash"])
    )
    with pytest.raises(TraceError, match="dims 'slow' don't fit"):
        read_arrays(tmp_path / "a.npy", dims="slow")


def test_what_is_read_piece_by_piece_is_what_memory_gives(
    tmp_path: Path,
) -> None:
    """Every format, type and order: all files of the traces are the same."""
    (tmp_path / "in").mkdir()
    for file in write_all(tmp_path / "in"):
        root = tmp_path / file.name
        piecewise = arrays.store_arrays(file, root / "pieces")
        read_arrays(file).save(root / "memory")
        assert piecewise.taps, file.name
        names = [
            sorted(
                str(path.relative_to(root / how))
                for path in (root / how).rglob("*.*")
            )
            for how in ("pieces", "memory")
        ]
        assert names[0] == names[1], file.name
        for name in names[0]:
            mine = (root / "pieces" / name).read_bytes()
            assert mine == (root / "memory" / name).read_bytes(), name


PEAK = """
import sys
import numpy, tracekit, tracekit.storage.element_file
from tracekit.readers.arrays import store_arrays
def resident(name):
    lines = open("/proc/self/status").read().splitlines()
    return int(*(w.split()[1] for w in lines if w.startswith(name)))
before = resident("VmRSS")
store_arrays(sys.argv[1], sys.argv[2])
print((resident("VmHWM") - before) >> 10)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_need_not_fit_in_memory(order: Any, tmp_path: Path) -> None:
    """One of 96 MB, whose trace took 500 MB when it was read whole.

    The limit is what a few row groups take (tests/benchmarks/large_arrays.py
    has an array of 1 GB).
    """
    kind = np.dtype("f8")
    whole = np.lib.format.open_memmap(
        tmp_path / "a.npy", "w+", kind, (3000, 4000), order == "F"
    )
    whole[:] = np.arange(4000)
    whole.flush()
    command = [sys.executable, "-c", PEAK, "a.npy", "trace"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 260, "MB above the interpreter"
    assert stored(tk.read_trace(tmp_path / "trace"), "array")[4001] == 1


def test_large_arrays_are_compared_from_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their trace is there as long as it is used, and gone after that."""
    monkeypatch.setattr("tracekit.open._LARGE", 1)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "aside"))
    (tmp_path / "aside").mkdir()
    np.save(tmp_path / "a.npy", IMAGE)
    trace = (
        as_trace(tmp_path / "a.npy")
        .with_more({}, {})
        .with_tables(as_trace(tmp_path / "a.npy").tables)
    )
    assert trace.is_stored(0)
    assert tk.compare(trace, tmp_path / "a.npy").verdict == "close"
    del trace
    gc.collect()
    assert not list((tmp_path / "aside").iterdir())


def test_numbers_that_cannot_be_unpacked_are_told(tmp_path: Path) -> None:
    """Beside other arrays that is a reject; alone it is an error."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["whole"] = [1.0, 2.0]
        data = file.create_dataset(
            "packed", data=np.arange(5000), compression="gzip"
        )
        begin, size = data.id.get_chunk_info(0).byte_offset, 40
    content = bytearray((tmp_path / "a.h5").read_bytes())
    content[begin : begin + size] = bytes(size)
    (tmp_path / "a.h5").write_bytes(content)
    memory = read_arrays(tmp_path / "a.h5")
    stored = arrays.store_arrays(tmp_path / "a.h5", tmp_path / "t")
    for trace in (memory, stored):
        assert trace.taps == ("whole",)
        (reject,) = trace.tables["reject"].to_pylist()
        assert reject["text"] == "packed"
    with pytest.raises(TraceError, match="can't be"):
        read_arrays(tmp_path / "a.h5", array="packed")
    with pytest.raises(TraceError, match="can't be"):
        arrays.store_arrays(tmp_path / "a.h5", tmp_path / "u", array="packed")
    assert not (tmp_path / "u").exists()
