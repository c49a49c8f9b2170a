"""Files of arrays, each format as the arrays that it holds.

A reader yields ``Named`` arrays, and a ``Reject`` for what it can't read. It
observes: no scale factor is applied, no fill value masked, no axis turned.
Nothing pickled is loaded and no file is read but the one that was given.
"""

from __future__ import annotations

import contextlib
import importlib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tracekit.errors import TraceError
from tracekit.logs.array_files import load_npy
from tracekit.schema import Reject

LARGEST = 1 << 34
"""Bytes of one file's arrays that are read, uncompressed."""

ARRAY = "array"
"""The tap of a file that holds one array without a name."""


@dataclass(frozen=True, slots=True)
class Named:
    """An array of a file.

    Args:
        name: the tap.
        values: the array.
        dims: as the file names its axes, "" if it doesn't.
        unit: as the file states it.
        dtype: the file's own name of the type, where NumPy has none.
    """

    name: str
    values: Any
    dims: str = ""
    unit: str | None = None
    dtype: str = ""


Found = Iterator[Named | Reject]


def read_npy(path: Path) -> Found:
    """A NumPy array; one with two axes is taken for an image."""
    yield _single(load_npy(path))


def read_npz(path: Path) -> Found:
    """NumPy arrays by name."""
    with zipfile.ZipFile(path) as archive:
        _check_size(sum(part.file_size for part in archive.infolist()), path)
    with np.load(path, allow_pickle=False) as arrays:
        for name in arrays.files:
            try:
                values = arrays[name]
            except (OSError, ValueError, zipfile.BadZipFile) as error:
                yield Reject(path.name, 0, str(error), name)
                continue
            yield Named(name, values)


def read_image(path: Path) -> Found:
    """A detector's image, or several, in any format that fabio reads."""
    fabio = library("fabio", "images")
    with fabio.open(str(path)) as image:
        frames = int(image.nframes)
        if frames == 1:
            yield Named(ARRAY, np.asarray(image.data), "slow fast")
            return
        _check_size(frames * image.data.nbytes, path)
        stack = np.stack([image.get_frame(n).data for n in range(frames)])
        yield Named(ARRAY, stack, "frame slow fast")


def read_hdf5(path: Path) -> Found:
    """Datasets by their paths, with the labels of their axes and units."""
    h5py = library("h5py", "arrays")
    with contextlib.suppress(ImportError):  # for some ways of compression
        importlib.import_module("hdf5plugin")
    found: list[Any] = []
    with h5py.File(path, "r") as file:
        file.visititems(
            lambda _, item: (
                found.append(item) if isinstance(item, h5py.Dataset) else None
            )
        )
        _check_size(sum(item.nbytes for item in found), path)
        for item in found:
            yield _dataset(item, path.name)


def _dataset(item: Any, file: str) -> Named | Reject:
    name = item.name.lstrip("/")
    if item.is_virtual or item.external:
        return Reject(file, 0, "its numbers lie in another file", name)
    try:
        values = item[()]
    except (OSError, TypeError, ValueError) as error:
        return Reject(file, 0, str(error), name)
    if values is None or not hasattr(values, "dtype"):
        if not isinstance(values, bytes | str):
            return Reject(file, 0, "it holds no array", name)
        values = np.asarray(values)
    unit = item.attrs.get("units")
    unit = unit.decode() if isinstance(unit, bytes) else unit
    labels = [dim.label for dim in item.dims]
    dims = " ".join(labels) if all(labels) else ""
    return Named(name, values, dims, unit if isinstance(unit, str) else None)


def read_netcdf(path: Path) -> Found:
    """Variables by name, with their dimensions and units; nothing decoded."""
    xarray = library("xarray", "arrays")
    with xarray.open_dataset(
        path, decode_cf=False, mask_and_scale=False, chunks=None
    ) as data:
        _check_size(data.nbytes, path)
        for name, variable in data.variables.items():
            unit = variable.attrs.get("units")
            yield Named(
                str(name),
                variable.values,
                " ".join(map(str, variable.dims)),
                unit if isinstance(unit, str) else None,
            )


def read_safetensors(path: Path) -> Found:
    """Tensors by name; bfloat16 as the float32 numbers that it stands for."""
    safetensors = library("safetensors", "arrays")
    for name, part in safetensors.deserialize(path.read_bytes()):
        code, shape, data = part["dtype"], part["shape"], bytes(part["data"])
        if code == "BF16":
            wide = np.frombuffer(data, "<u2").astype("<u4") << 16
            values = wide.view("<f4").reshape(shape)
            yield Named(name, values, dtype="bfloat16")
        elif code in _SAFETENSORS:
            values = np.frombuffer(data, _SAFETENSORS[code]).reshape(shape)
            yield Named(name, values)
        else:
            reason = f"its numbers are {code}, which NumPy has not"
            yield Reject(path.name, 0, reason, name)


_SAFETENSORS = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BOOL": "?",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
    "C64": "<c8",
}


def read_raw(
    path: Path, dtype: str, shape: tuple[int, ...], offset: int = 0
) -> Found:
    """Plain numbers, row by row.

    Args:
        path: the file.
        dtype: NumPy's name of their type ("float32", ">i2").
        shape: slowest axis first.
        offset: bytes before the first number.

    Raises:
        TraceError: the file isn't as long as that.
    """
    try:
        kind = np.dtype(dtype)
    except TypeError as error:
        raise TraceError(
            f"{dtype!r} names no type of numbers; say float32, >i2 ..."
        ) from error
    if kind.hasobject or kind.itemsize == 0:
        raise TraceError(f"{dtype!r} is no type of plain numbers")
    count = int(np.prod(shape, dtype=object)) if shape else 1
    expected = offset + count * kind.itemsize
    size = path.stat().st_size
    if min(shape, default=0) < 0 or offset < 0 or size != expected:
        raise TraceError(
            f"{path} has {size} bytes, {dtype} of shape {shape} behind "
            f"{offset} bytes takes {expected}; check shape, dtype and offset"
        )
    values = np.fromfile(path, kind, count, offset=offset)
    yield _single(values.reshape(shape))


_IMAGES = (
    *(".cbf", ".img", ".smv", ".edf", ".tif", ".tiff", ".mccd", ".mar3450"),
    *(".mar2300", ".pnm", ".pgm", ".gfrm", ".sfrm", ".spe", ".fit2d"),
)
READERS: dict[str, Callable[[Path], Found]] = {
    ".npy": read_npy,
    ".npz": read_npz,
    **dict.fromkeys((".h5", ".hdf5", ".nxs", ".nexus"), read_hdf5),
    **dict.fromkeys((".nc", ".nc4", ".netcdf"), read_netcdf),
    ".safetensors": read_safetensors,
    **dict.fromkeys(_IMAGES, read_image),
}
"""What reads a file, by its suffix."""


def library(name: str, extra: str) -> Any:
    """A library that only some files need.

    Raises:
        TraceError: it isn't installed; the text says how to get it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise TraceError(
            f"{name} isn't installed; such files are read through it: "
            f"pip install 'tracekit[{extra}]'"
        ) from error


def _single(values: Any) -> Named:
    return Named(ARRAY, values, "slow fast" if values.ndim == 2 else "")


def _check_size(size: int, path: Path) -> None:
    if size > LARGEST:
        raise TraceError(
            f"{path} holds {size} bytes of arrays, more than {LARGEST}; give "
            "a file with the ones that matter"
        )
