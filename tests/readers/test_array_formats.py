"""Every format of arrays is read, and what is wrong with a file is told."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch
import xarray

import tracekit as tk
from tests.helpers import about, cells, grid, stored
from tests.readers.array_files import IMAGE, write_fabio, write_npy
from tracekit.errors import TraceError
from tracekit.open import as_trace
from tracekit.readers import arrays
from tracekit.readers.arrays import read_arrays

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
