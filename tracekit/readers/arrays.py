"""A trace from a file of arrays: images, tables of weights, raw numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np

from tracekit.capture import tensors
from tracekit.capture.dims import Dims, dims_of, unnamed_dims
from tracekit.capture.place import Place
from tracekit.errors import TapError, TraceError
from tracekit.readers.array_formats import (
    LARGEST,
    READERS,
    Found,
    Named,
    read_raw,
)
from tracekit.readers.slabs import Array, Slabs
from tracekit.run_record import file_use
from tracekit.schema import Axis, Event, FileUse, Reject, Run
from tracekit.storage.plain import PlainTap, write_plain
from tracekit.storage.trace import Trace, open_trace


class Wanted(TypedDict, total=False):
    """Which arrays of a file, and what they are.

    Args:
        array: this one only, of a file that holds several.
        tap: what to call it; by default as the file does, else ``array``.
        dims: a name an axis, as for ``tap`` ("slow fast"); by default as the
            file says; a single array of two axes is "slow fast", others have
            axis0, axis1, ...
        unit: in which the numbers are; by default as the file says.
        dtype: of plain numbers ("float32", ">i2").
        shape: of plain numbers, slowest axis first.
        offset: bytes before plain numbers.
    """

    array: str | None
    tap: str | None
    dims: str
    unit: str | None
    dtype: str | None
    shape: Sequence[int] | None
    offset: int


def is_array_file(path: Path) -> bool:
    """Whether the suffix says that arrays are in it, compressed or not."""
    return _suffix(path) in READERS


def read_arrays(path: str | Path, **wanted: Unpack[Wanted]) -> Trace:
    """Read a file of arrays as a trace in memory, one tap an array.

    Args:
        path: .npy, .npz, HDF5, NetCDF, safetensors, a detector's image, or
            plain numbers of a dtype and a shape.
        wanted: which arrays of it, and what they are: see ``Wanted``.

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
    with ExitStack() as keep:
        taps, rejects = _taps(file, keep, wanted)
        events = []
        for tap in taps:
            try:
                events.append(_event(tap))
            except TraceError as error:
                if len(taps) + len(rejects) == 1:
                    raise TraceError(
                        f"{file} can't be read: {error}"
                    ) from error
                why = str(error), tap.pattern.tap
                rejects.append(Reject(file.name, 0, *why))
    return Trace.build(
        events, run=_run(file), files=_files(file), rejects=rejects
    )


def store_arrays(
    path: str | Path, output: str | Path, **wanted: Unpack[Wanted]
) -> Trace:
    """Read a file of arrays into a new trace directory, piece by piece.

    Args:
        path: as for ``read_arrays``.
        output: the directory.
        wanted: as for ``read_arrays``.

    Raises:
        TraceError: as for ``read_arrays``, or the directory holds something.
    """
    file, root = Path(path), Path(output)
    with ExitStack() as keep:
        taps, rejects = _taps(file, keep, wanted)
        about: dict[str, Any] = {"run": _run(file), "files": _files(file)}
        write_plain(root, taps, rejects=rejects, **about)
    return open_trace(root)


def _run(file: Path) -> Run:
    return Run(program=file.name, family="table")


def _files(file: Path) -> list[FileUse]:
    return [file_use(file, "log")]


def _taps(
    file: Path, keep: ExitStack, wanted: Wanted
) -> tuple[list[PlainTap], list[Reject]]:
    """What there is to read, and what can't be."""
    if not file.is_file():
        raise TraceError(f"{file} is no file; give the path of an array")
    if file.stat().st_size > LARGEST:
        raise TraceError(f"{file} is larger than {LARGEST} bytes")
    parts = _parts(file, _found(file, keep, wanted), wanted.get("array"))
    rejects = [part for part in parts if isinstance(part, Reject)]
    arrays = [
        column
        for part in parts
        if isinstance(part, Named)
        for column in _columns(part)
    ]
    arrays = _described(file, arrays, wanted)
    names = Counter(part.name for part in arrays)
    taps = []
    for part in arrays:
        try:
            taps.append(_tap(part, wanted.get("dims", ""), file.name))
        except (TapError, TraceError, ValueError) as error:
            if len(arrays) + len(rejects) == 1:
                raise TraceError(f"{file}: {error}") from error
            rejects.append(Reject(file.name, 0, str(error), part.name))
    if again := [name for name in names if names[name] > 1]:
        raise TraceError(
            f"{file} holds two arrays of the name {again[0]!r}; rename one"
        )
    return taps, rejects


def _described(file: Path, arrays: list[Named], wanted: Wanted) -> list[Named]:
    """The one array as the user describes it."""
    tap, unit = wanted.get("tap"), wanted.get("unit")
    if tap is None and not wanted.get("dims") and unit is None:
        return arrays
    if len(arrays) != 1:
        names = ", ".join(part.name for part in arrays[:10])
        raise TraceError(
            f"{file} holds {len(arrays)} arrays ({names}); choose one of "
            "them before you say its tap, dims or unit"
        )
    (only,) = arrays
    return [replace(only, name=tap or only.name, unit=unit or only.unit)]


def _found(file: Path, keep: ExitStack, wanted: Wanted) -> Found:
    dtype, shape = wanted.get("dtype"), wanted.get("shape")
    offset = wanted.get("offset", 0)
    if dtype is not None and shape is not None:
        return read_raw(file, dtype, tuple(shape), offset)
    if dtype is not None or shape is not None or offset:
        raise TraceError("plain numbers need both a dtype and a shape")
    if not is_array_file(file):
        raise TraceError(
            f"{file}: {file.suffix or 'no suffix'} is none of "
            f"{', '.join(READERS)}; plain numbers need a dtype and a shape"
        )
    return READERS[_suffix(file)](file, keep)


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


def _columns(part: Named) -> list[Named]:
    """The columns of a table of records, each an array of its own."""
    return [
        inner
        for name in part.values.dtype.names or ()
        for inner in _columns(
            replace(
                part,
                name=f"{part.name}.{name}",
                values=part.values.field(name),
            )
        )
    ] or [part]


def _tap(part: Named, dims: str, file: str) -> PlainTap:
    values = part.values
    if values.dtype.kind in "OSUT":
        return _texts(part, file)
    if values.dtype.itemsize > (16 if values.dtype.kind == "c" else 8):
        raise ValueError(
            f"{values.dtype} would lose digits in a trace; save it as float64"
        )
    like = np.zeros((), values.dtype.newbyteorder("="))
    array = tensors.as_array(np.broadcast_to(like, values.shape), part.name)
    named = _dims(part, values.shape, dims)
    place = Place(named, values.shape)
    stored = tensors.to_numpy(like, part.name)
    size = prod(values.shape[len(named.coordinates) :]) * stored.size
    axes = place.axes(size, {})
    pattern = Event(
        part.name,
        np.broadcast_to(stored.reshape(-1)[:1], values.size * stored.size),
        axes=axes,
        kind=tensors.kind_of(stored),
        dtype=part.dtype or tensors.type_name(array),
        unit=part.unit,
        file=file,
    )
    kind = np.dtype(np.int8) if pattern.kind == "bool" else stored.dtype
    return PlainTap(pattern, kind, partial(_numbers, values, part.name))


def _numbers(values: Slabs, name: str) -> Iterator[Array]:
    """Numbers as a trace stores them, complex ones as two."""
    for block in values.blocks():
        yield tensors.to_numpy(block, name, copy=False).reshape(-1)


def _event(tap: PlainTap) -> Event:
    """The event with its numbers in memory."""
    if tap.pattern.kind == "text":
        return tap.pattern
    values = np.empty(len(tap.pattern.values), tap.pattern.values.dtype)
    begin = 0
    for block in tap.blocks():
        values[begin : begin + len(block)] = block
        begin += len(block)
    return replace(tap.pattern, values=values)


def _dims(part: Named, shape: tuple[int, ...], dims: str) -> Dims:
    """What the user says goes first; what a file says only if it can be."""
    if dims:
        return dims_of(shape, part.name, dims)
    try:
        return dims_of(shape, part.name, part.dims)
    except TapError:
        return unnamed_dims(len(shape))


def _texts(part: Named, file: str) -> PlainTap:
    texts = [
        text.decode("utf-8", "backslashreplace")
        if isinstance(text, bytes)
        else text
        for text in part.values.whole().reshape(-1).tolist()
    ]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("it holds objects; only numbers and texts are read")
    axes: tuple[Axis, ...] = tuple(
        Axis(f"axis{n}", 0, extent)
        for n, extent in enumerate(part.values.shape)
    )
    pattern = Event(
        part.name,
        np.empty(0),
        axes=axes,
        kind="text",
        dtype="text",
        text=texts,
        file=file,
    )
    whole = np.array(texts, object)
    return PlainTap(pattern, whole.dtype, lambda: iter([whole]))


def _suffix(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if len(suffixes) > 1 and suffixes[-1] in (".gz", ".bz2"):
        return suffixes[-2]  # fabio decompresses by itself
    return suffixes[-1] if suffixes else ""
