"""Files of arrays as traces, written by the libraries that own the formats."""

from __future__ import annotations

import builtins
import gc
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fabio
import h5py
import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch
import xarray

import tracekit as tk
from tests.helpers import about, cells, grid, labels, stored
from tracekit.errors import TraceError
from tracekit.open import as_trace
from tracekit.readers import arrays
from tracekit.readers.arrays import read_arrays

IMAGE = np.arange(12, dtype=np.int32).reshape(3, 4) * 7


def write_npy(path: Path) -> None:
    """NumPy's own."""
    np.save(path, IMAGE)


def write_fabio(kind: str) -> Callable[[Path], None]:
    """A writer of one of fabio's formats."""

    def write(path: Path) -> None:
        module = getattr(fabio, f"{kind}image")
        image = getattr(module, f"{kind.capitalize()}Image")
        image(data=IMAGE).write(str(path))

    return write


IMAGES = {
    "a.npy": write_npy,
    "a.edf": write_fabio("edf"),
    "a.cbf": write_fabio("cbf"),
    "a.tif": write_fabio("tif"),
}


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_is_one_tap(name: str, tmp_path: Path) -> None:
    """Every format of one image gives the same numbers at the same pixels."""
    IMAGES[name](tmp_path / name)
    trace = as_trace(tmp_path / name)
    assert trace.taps == ("array",)
    assert grid(trace, "array") == {"slow": (0, 3), "fast": (0, 4)}
    place = frozenset({("slow", 2), ("fast", 1)})
    assert cells(trace, "array")[place] == 63
    np.save(tmp_path / "b.npy", IMAGE)
    assert tk.compare(trace, tmp_path / "b.npy").verdict == "close"


def test_an_smv_image(tmp_path: Path) -> None:
    """A header of text and 16-bit numbers, as detectors write it."""
    header = (
        "{\nHEADER_BYTES=  512;\nDIM=2;\nBYTE_ORDER=little_endian;\n"
        "TYPE=unsigned_short;\nSIZE1=4;\nSIZE2=3;\n}\n"
    )
    content = header.encode().ljust(512) + IMAGE.astype("<u2").tobytes()
    (tmp_path / "a.img").write_bytes(content)
    trace = as_trace(tmp_path / "a.img")
    assert stored(trace, "array").tolist() == IMAGE.reshape(-1).tolist()


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


def test_npz_holds_several(tmp_path: Path) -> None:
    """Each array is a tap; one of them may be chosen."""
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.ones((2, 2)), b=np.array(["x", "y"]))
    trace = as_trace(path)
    assert trace.taps == ("a", "b")
    assert trace.elements(1)["text"].to_pylist() == ["x", "y"]
    one = read_arrays(path, array="a", tap="image", dims="slow fast")
    assert one.taps == ("image",)
    with pytest.raises(TraceError, match="holds 2 arrays"):
        read_arrays(path, tap="image")
    with pytest.raises(TraceError, match="holds no 'c'; it holds a, b"):
        read_arrays(path, array="c")


def test_plain_numbers_need_a_dtype_and_a_shape(tmp_path: Path) -> None:
    """The size of the file must be what they say."""
    path = tmp_path / "intimage.raw"
    path.write_bytes(b"headhead" + IMAGE.astype(">i2").tobytes())
    trace = read_arrays(path, dtype=">i2", shape=(3, 4), offset=8)
    assert stored(trace, "array").tolist() == IMAGE.reshape(-1).tolist()
    with pytest.raises(TraceError, match="takes 24; check shape"):
        read_arrays(path, dtype=">i2", shape=(3, 4))
    with pytest.raises(TraceError, match="both a dtype and a shape"):
        read_arrays(path, dtype=">i2")
    with pytest.raises(TraceError, match="names no type"):
        read_arrays(path, dtype="i99", shape=(3, 4))
    with pytest.raises(TraceError, match="no type of plain numbers"):
        read_arrays(path, dtype="O", shape=(4,))
    with pytest.raises(TraceError, match="plain numbers need a dtype"):
        read_arrays(path)
    with pytest.raises(TraceError, match="neither a trace directory"):
        as_trace(path)


def test_hdf5_datasets_are_taps(tmp_path: Path) -> None:
    """Paths, units, labels of axes; what lies elsewhere is not followed."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        data = file.create_dataset(
            "entry/data", data=IMAGE, compression="gzip", chunks=(2, 2)
        )
        data.attrs["units"] = "photon"
        data.dims[0].label, data.dims[1].label = "slow", "fast"
        file["title"] = "a text"
        file["distance"] = 0.1
        file["link"] = h5py.ExternalLink("/etc/passwd", "/")
        layout = h5py.VirtualLayout(shape=(3,), dtype="f8")
        layout[:] = h5py.VirtualSource(tmp_path / "b.h5", "x", shape=(3,))
        file.create_virtual_dataset("virtual", layout)
    trace = as_trace(path)
    assert set(trace.taps) == {"entry/data", "title", "distance"}
    assert about(trace, "entry/data")["unit"] == "photon"
    assert grid(trace, "entry/data") == {"slow": (0, 3), "fast": (0, 4)}
    (reject,) = trace.tables["reject"].to_pylist()
    assert "in another file" in reject["reason"]


def test_netcdf_variables_are_taps(tmp_path: Path) -> None:
    """Dimensions by name, units, and numbers as they are stored."""
    data = xarray.Dataset(
        {"T": (("lat", "lon"), IMAGE, {"units": "K", "scale_factor": 0.5})},
        coords={"lat": [10.0, 20.0, 30.0]},
    )
    data.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    trace = as_trace(tmp_path / "a.nc")
    assert set(trace.taps) == {"T", "lat"}
    assert grid(trace, "T") == {"lat": (0, 3), "lon": (0, 4)}
    assert about(trace, "T")["unit"] == "K"
    assert stored(trace, "T").tolist() == IMAGE.reshape(-1).tolist()


def test_safetensors_are_taps(tmp_path: Path) -> None:
    """bfloat16 too, which NumPy has not."""
    path = tmp_path / "a.safetensors"
    half = torch.tensor([1.0, 3.140625, float("nan")], dtype=torch.bfloat16)
    safetensors.torch.save_file(
        {"w": torch.arange(6.0).reshape(2, 3), "half": half}, path
    )
    trace = as_trace(path)
    assert set(trace.taps) == {"w", "half"}
    assert about(trace, "half")["dtype"] == "bfloat16"
    np.testing.assert_array_equal(stored(trace, "half"), half.float().numpy())
    safetensors.numpy.save_file({"z": np.array([1, -2], np.int64)}, path)
    assert stored(as_trace(path), "z").tolist() == [1, -2]


def test_objects_and_lost_digits_are_refused(tmp_path: Path) -> None:
    """Nothing pickled is loaded; a type that is too wide says so."""
    path = tmp_path / "a.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(TraceError, match="never loaded, save plain numbers"):
        as_trace(path)
    np.save(path, np.array([1.0], np.longdouble))
    with pytest.raises(TraceError, match="would lose digits"):
        as_trace(path)
    np.savez(tmp_path / "a.npz", a=np.ones(2), b=np.array([None]))
    trace = as_trace(tmp_path / "a.npz")
    assert trace.taps == ("a",)
    assert trace.rejects == 1


@pytest.mark.parametrize(
    "name", ["a.npy", "a.npz", "a.h5", "a.nc", "a.safetensors", "a.cbf"]
)
def test_damaged_files_are_one_clear_error(name: str, tmp_path: Path) -> None:
    """Junk in a file of any suffix, an empty file, a missing one."""
    path = tmp_path / name
    for content in (b"", b"\x93NUMPY\1\0", bytes(range(256)) * 20):
        path.write_bytes(content)
        with pytest.raises(TraceError, match="a\\."):
            as_trace(path)
    path.unlink()
    with pytest.raises(TraceError, match="does not exist"):
        as_trace(path)


def test_a_header_that_promises_too_much_takes_no_memory(
    tmp_path: Path,
) -> None:
    """Nor does one that isn't even Python; nothing is allocated for it."""
    np.save(tmp_path / "a.npy", np.zeros(3))
    content = (tmp_path / "a.npy").read_bytes()
    large = content.replace(b"(3,), }" + b" " * 11, b"(300000000000,), }")
    for damaged in (large, content.replace(b"}", b"(")):
        assert len(damaged) == len(content)
        (tmp_path / "a.npy").write_bytes(damaged)
        with pytest.raises(TraceError, match="can't be read"):
            as_trace(tmp_path / "a.npy")


def test_too_large_a_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small archive that unpacks to much is refused before it is."""
    monkeypatch.setattr(arrays, "LARGEST", 1 << 20)
    monkeypatch.setattr("tracekit.readers.array_formats.LARGEST", 1 << 20)
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(1 << 18))
    np.save(tmp_path / "a.npy", np.zeros(1 << 18))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", (1 << 30,), "f8", chunks=True)
    for name in ("a.npz", "a.npy", "a.h5"):
        with pytest.raises(TraceError, match=r"more than|larger than"):
            as_trace(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "missing", "extra"),
    [
        ("a.h5", "h5py", "arrays"),
        ("a.nc", "xarray", "arrays"),
        ("a.safetensors", "safetensors", "arrays"),
        ("a.cbf", "fabio", "images"),
    ],
)
def test_a_missing_library_names_its_extra(
    name: str,
    missing: str,
    extra: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error says what to install."""
    (tmp_path / name).write_bytes(b"x")

    def refuse(wanted: str, *_: Any) -> Any:
        if wanted == missing:
            raise ImportError(wanted)
        return builtins.__import__(wanted)

    monkeypatch.setattr("importlib.import_module", refuse)
    with pytest.raises(TraceError, match=rf"tracekit\[{extra}\]"):
        as_trace(tmp_path / name)


def write_all(folder: Path) -> list[Path]:
    """The same kinds of numbers in every format, and what can't be read."""
    rng = np.random.default_rng(5)
    values: dict[str, Any] = {
        "large": rng.random((1100, 1000)),
        "turned": np.asfortranarray(rng.random((30, 50, 7)).astype("f4")),
        "swapped": np.arange(6).astype(">i2").reshape(2, 3),
        "factor": np.array([1 + 2j, 3 - 4j], np.complex64),
        "mask": rng.random((3, 2)) < 0.5,
        "half": np.array([0.1, np.nan], np.float16),
        "one": np.array(2.5),
        "none": np.zeros((0, 3)),
    }
    for name, array in values.items():
        np.save(folder / f"{name}.npy", array)
    more: Any = {**values, "text": ["x", "y"], "wide": np.longdouble(1)}
    np.savez_compressed(folder / "a.npz", **more)
    with h5py.File(folder / "a.h5", "w") as file:
        for name, array in values.items():
            file[name] = array
        file.create_dataset("packed", data=values["large"], chunks=(64, 999))
        file["title"] = "a text"
    xarray.Dataset(
        {"T": (("lat", "lon"), values["large"]), "x": ((), 1)}
    ).to_netcdf(folder / "a.nc", engine="h5netcdf")
    tensors = {n: np.ascontiguousarray(a) for n, a in values.items()}
    del tensors["swapped"], tensors["factor"]
    safetensors.numpy.save_file(tensors, folder / "a.safetensors")
    half = torch.arange(7.0).to(torch.bfloat16)
    safetensors.torch.save_file({"h": half}, folder / "b.safetensors")
    record = np.zeros(3, [("x", "f8"), ("v", ">f4", (2,)), ("n", "S3")])
    record["v"] = [[1, 2], [3, 4], [5, 6]]
    np.save(folder / "record.npy", record)
    write_fabio("cbf")(folder / "a.cbf")
    return sorted(folder.iterdir())


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
