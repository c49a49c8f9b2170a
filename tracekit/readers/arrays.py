"""A trace from a file of arrays: images, tables of weights, raw numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tracekit.capture import tensors
from tracekit.capture.dims import Dims, dims_of, unnamed_dims
from tracekit.capture.selection import Selection, select
from tracekit.errors import TapError, TraceError
from tracekit.readers.array_formats import (
    LARGEST,
    READERS,
    Found,
    Named,
    read_raw,
)
from tracekit.run_record import file_use
from tracekit.schema import Axis, Event, Reject, Run
from tracekit.storage.trace import Trace

_ALL = Selection.of(None, None, ("slow", "fast"))


def is_array_file(path: Path) -> bool:
    """Whether the suffix says that arrays are in it, compressed or not."""
    return _suffix(path) in READERS


def read_arrays(
    path: str | Path,
    *,
    array: str | None = None,
    tap: str | None = None,
    dims: str = "",
    unit: str | None = None,
    dtype: str | None = None,
    shape: Sequence[int] | None = None,
    offset: int = 0,
) -> Trace:
    """Read a file of arrays as a trace in memory, one tap an array.

    Args:
        path: .npy, .npz, HDF5, NetCDF, safetensors, a detector's image, or
            plain numbers of a dtype and a shape.
        array: read this one only, of a file that holds several.
        tap: what to call it; by default as the file does, else ``array``.
        dims: a name an axis, as for ``tap`` ("slow fast"); by default as the
            file says; a single array of two axes is "slow fast", others have
            axis0, axis1, ...
        unit: in which the numbers are; by default as the file says.
        dtype: of plain numbers ("float32", ">i2").
        shape: of plain numbers, slowest axis first.
        offset: bytes before plain numbers.

    Raises:
        TraceError: it can't be read, is too large, or needs a library that
            isn't installed.

    >>> import numpy as np, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(f"{folder}/image.npy", np.eye(3))
    ...     read_arrays(f"{folder}/image.npy", tap="image").taps
    ('image',)
    """
    file = Path(path)
    if not file.is_file():
        raise TraceError(f"{file} is no file; give the path of an array")
    if file.stat().st_size > LARGEST:
        raise TraceError(f"{file} is larger than {LARGEST} bytes")
    found = _found(file, dtype, shape, offset)
    parts = _parts(file, found, array)
    parts = [column for part in parts for column in _columns(part)]
    arrays = [part for part in parts if isinstance(part, Named)]
    if tap is not None or dims or unit is not None:
        if len(arrays) != 1:
            names = ", ".join(part.name for part in arrays[:10])
            raise TraceError(
                f"{file} holds {len(arrays)} arrays ({names}); choose one of "
                "them before you say its tap, dims or unit"
            )
        arrays = [
            replace(
                arrays[0],
                name=tap or arrays[0].name,
                unit=unit or arrays[0].unit,
            )
        ]
    rejects = [part for part in parts if isinstance(part, Reject)]
    events = []
    for part in arrays:
        try:
            events.append(_event(part, dims, file.name))
        except (TapError, ValueError) as error:
            if len(parts) == 1:
                raise TraceError(f"{file}: {error}") from error
            rejects.append(Reject(file.name, 0, str(error), part.name))
    return Trace.build(
        events,
        run=Run(program=file.name, family="table"),
        files=[file_use(file, "log")],
        rejects=rejects,
    )


def _found(
    file: Path, dtype: str | None, shape: Sequence[int] | None, offset: int
) -> Found:
    if dtype is not None and shape is not None:
        return read_raw(file, dtype, tuple(shape), offset)
    if dtype is not None or shape is not None or offset:
        raise TraceError("plain numbers need both a dtype and a shape")
    if not is_array_file(file):
        raise TraceError(
            f"{file}: {file.suffix or 'no suffix'} is none of "
            f"{', '.join(READERS)}; plain numbers need a dtype and a shape"
        )
    return READERS[_suffix(file)](file)


def _parts(file: Path, found: Found, array: str | None) -> list[Any]:
    try:
        parts = list(found)
    except TraceError:
        raise
    except Exception as error:  # each library raises its own
        hint = (
            "; arrays of Python objects are never loaded, save plain numbers"
            if "allow_pickle" in str(error) or "Python objects" in str(error)
            else ""
        )
        raise TraceError(f"{file} can't be read: {error}{hint}") from error
    if array is None:
        return parts
    names = [p.name if isinstance(p, Named) else p.text for p in parts]
    if array not in names:
        raise TraceError(
            f"{file} holds no {array!r}; it holds {', '.join(names[:20])}"
        )
    return [p for p, name in zip(parts, names, strict=True) if name == array]


def _columns(part: Named | Reject) -> list[Any]:
    """The columns of a table of records, each an array of its own."""
    if isinstance(part, Reject):
        return [part]
    names = getattr(part.values, "dtype", None) and part.values.dtype.names
    return [
        inner
        for name in names or ()
        for inner in _columns(
            replace(part, name=f"{part.name}.{name}", values=part.values[name])
        )
    ] or [part]


def _event(part: Named, dims: str, file: str) -> Event:
    values = np.asarray(part.values)
    if values.dtype.kind in "OSUT":
        return _texts(part, values, file)
    if values.dtype.itemsize > (16 if values.dtype.kind == "c" else 8):
        raise ValueError(
            f"{values.dtype} would lose digits in a trace; save it as float64"
        )
    array = tensors.as_array(
        values.astype(values.dtype.newbyteorder("="), copy=False), part.name
    )
    named = _dims(part, tuple(array.shape), dims)
    selected = select(array, named, {}, _ALL, None, part.name)
    if selected is None:
        raise ValueError("nothing of it could be taken")
    taken = selected.taken()
    return Event(
        part.name,
        taken.values,
        axes=taken.axes,
        kind=tensors.kind_of(taken.values),
        dtype=part.dtype or tensors.type_name(array),
        unit=part.unit,
        positions=taken.positions,
        file=file,
    )


def _dims(part: Named, shape: tuple[int, ...], dims: str) -> Dims:
    """What the user says goes first; what a file says only if it can be."""
    if dims:
        return dims_of(shape, part.name, dims)
    try:
        return dims_of(shape, part.name, part.dims)
    except TapError:
        return unnamed_dims(len(shape))


def _texts(part: Named, values: Any, file: str) -> Event:
    flat = values.reshape(-1).tolist()
    texts = [
        text.decode("utf-8", "backslashreplace")
        if isinstance(text, bytes)
        else text
        for text in flat
    ]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("it holds objects; only numbers and texts are read")
    axes: tuple[Axis, ...] = tuple(
        Axis(f"axis{n}", 0, extent) for n, extent in enumerate(values.shape)
    )
    return Event(
        part.name,
        np.empty(0),
        axes=axes,
        kind="text",
        dtype="text",
        text=texts,
        file=file,
    )


def _suffix(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if len(suffixes) > 1 and suffixes[-1] in (".gz", ".bz2"):
        return suffixes[-2]  # fabio decompresses by itself
    return suffixes[-1] if suffixes else ""
