"""Files of arrays, each format as the arrays that it holds.

A reader yields ``Named`` arrays, and a ``Reject`` for what it can't read. It
observes: no scale factor is applied, no fill value masked, no axis turned.
Nothing pickled is loaded and no file is read but the one that was given.

Arrays are read piece by piece while the file stays open, which the caller
closes. Only what a library gives no piece of is read whole: one image, a
``.npz`` member in Fortran's order, texts, and a chunk of an HDF5 file.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tracekit.errors import TraceError
from tracekit.logs.array_files import map_npy
from tracekit.readers.slabs import Array, Slabs, in_boxes, in_file, in_memory
from tracekit.schema import Reject
from tracekit.storage.hashes import ROWS

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
    values: Slabs
    dims: str = ""
    unit: str | None = None
    dtype: str = ""


Found = Iterator[Named | Reject]


def read_npy(path: Path, _: ExitStack) -> Found:
    """A NumPy array; one with two axes is taken for an image."""
    yield _single(_mapped(path))


def _mapped(path: Path) -> Slabs:
    found = map_npy(path)
    fortran = not found.flags.c_contiguous
    return in_file(
        path, found.dtype, found.shape, found.offset, fortran=fortran
    )


def read_npz(path: Path, keep: ExitStack) -> Found:
    """NumPy arrays by name."""
    archive = keep.enter_context(zipfile.ZipFile(path))
    members = archive.infolist()
    _check_size(sum(part.file_size for part in members), path)
    for member in members:
        name = member.filename.removesuffix(".npy")
        try:
            yield Named(name, _member(archive, member))
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            yield Reject(path.name, 0, str(error), name)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Slabs:
    """An array that is unpacked from its beginning on."""
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        if version not in read:
            raise ValueError(f"its .npy version is {version}")
        shape, fortran, dtype = read[version](file)
        offset = file.tell()
    if dtype.hasobject:
        raise ValueError("it holds Python objects; save plain numbers")
    size = int(np.prod(shape, dtype=object)) * dtype.itemsize
    if size != member.file_size - offset:
        raise ValueError(f"it holds other than {size} bytes")

    def pieces() -> Iterator[Array]:
        with archive.open(member) as file:
            file.read(offset)
            while data := file.read(ROWS * dtype.itemsize):
                yield np.frombuffer(data, dtype)

    plain = Slabs(shape, dtype, pieces)
    if fortran and len(shape) > 1:
        turned = Slabs(shape[::-1], dtype, pieces)
        return Slabs(shape, dtype, lambda: [turned.whole().T.reshape(-1)])
    return plain


def read_image(path: Path, keep: ExitStack) -> Found:
    """A detector's image, or several, in any format that fabio reads."""
    fabio = library("fabio", "images")
    image = keep.enter_context(fabio.open(str(path)))
    frames, first = int(image.nframes), image.data
    if frames == 1:
        yield Named(ARRAY, in_memory(first), "slow fast")
        return
    _check_size(frames * first.nbytes, path)
    shape = frames, *first.shape

    def pieces() -> Iterator[Array]:
        for number in range(frames):
            yield np.asarray(image.get_frame(number).data).reshape(-1)

    yield Named(ARRAY, Slabs(shape, first.dtype, pieces), "frame slow fast")


def read_hdf5(path: Path, keep: ExitStack) -> Found:
    """Datasets by their paths, with the labels of their axes and units."""
    h5py = library("h5py", "arrays")
    with contextlib.suppress(ImportError):  # for some ways of compression
        importlib.import_module("hdf5plugin")
    found: list[Any] = []
    file = keep.enter_context(h5py.File(path, "r", rdcc_nbytes=_CHUNKS))
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
    if item.dtype.kind in _TEXTS or item.shape is None:
        try:
            values = item[()]
        except (OSError, TypeError, ValueError) as error:
            return Reject(file, 0, str(error), name)
        if not isinstance(values, bytes | str | np.ndarray):
            return Reject(file, 0, "it holds no array", name)
        slabs = in_memory(values)
    else:
        rows = item.chunks[0] if item.chunks else 1
        slabs = in_boxes(
            item.shape, item.dtype, lambda box: item[box or ()], rows
        )
    unit = item.attrs.get("units")
    unit = unit.decode() if isinstance(unit, bytes) else unit
    labels = [dim.label for dim in item.dims]
    dims = " ".join(labels) if all(labels) else ""
    return Named(name, slabs, dims, unit if isinstance(unit, str) else None)


_CHUNKS = 64 << 20  # bytes of unpacked chunks that are kept

_TEXTS = "OSUT"
"""Kinds of NumPy's types that may be texts; they are read whole."""


def read_netcdf(path: Path, keep: ExitStack) -> Found:
    """Variables by name, with their dimensions and units; nothing decoded."""
    xarray = library("xarray", "arrays")
    data = keep.enter_context(
        xarray.open_dataset(
            path, decode_cf=False, mask_and_scale=False, cache=False
        )
    )
    _check_size(data.nbytes, path)
    for name, variable in data.variables.items():
        unit = variable.attrs.get("units")
        yield Named(
            str(name),
            _variable(variable),
            " ".join(map(str, variable.dims)),
            unit if isinstance(unit, str) else None,
        )


def _variable(variable: Any) -> Slabs:
    if variable.dtype.kind in _TEXTS:
        return in_memory(variable.values)
    packed = variable.encoding.get("chunksizes") or (1,)
    return in_boxes(
        variable.shape,
        variable.dtype,
        lambda box: variable[box].values,
        packed[0],
    )


def read_safetensors(path: Path, _: ExitStack) -> Found:
    """Tensors by name; bfloat16 as the float32 numbers that it stands for."""
    safetensors = library("safetensors", "arrays")
    with safetensors.safe_open(str(path), "numpy"):
        pass  # it holds what its header says
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    for name, part in header.items():
        if name == "__metadata__":
            continue
        code, shape = part["dtype"], tuple(part["shape"])
        stored = np.dtype(_SAFETENSORS.get(code, "u1"))
        offset = 8 + size + part["data_offsets"][0]
        if code not in _SAFETENSORS:
            reason = f"its numbers are {code}, which NumPy has not"
            yield Reject(path.name, 0, reason, name)
            continue
        values = in_file(path, stored, shape, offset)
        if code == "BF16":
            wide = values.changed(np.float32, _widened)
            yield Named(name, wide, dtype="bfloat16")
        else:
            yield Named(name, values)


def _widened(halves: Array) -> Array:
    wide: Array = (halves.astype("<u4") << 16).view("<f4")
    return wide


_SAFETENSORS = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
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
    yield _single(in_file(path, kind, shape, offset))


_IMAGES = (
    *(".cbf", ".img", ".smv", ".edf", ".tif", ".tiff", ".mccd", ".mar3450"),
    *(".mar2300", ".pnm", ".pgm", ".gfrm", ".sfrm", ".spe", ".fit2d"),
)
READERS: dict[str, Callable[[Path, ExitStack], Found]] = {
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


def _single(values: Slabs) -> Named:
    return Named(ARRAY, values, "slow fast" if len(values.shape) == 2 else "")


def _check_size(size: int, path: Path) -> None:
    if size > LARGEST:
        raise TraceError(
            f"{path} holds {size} bytes of arrays, more than {LARGEST}; give "
            "a file with the ones that matter"
        )
