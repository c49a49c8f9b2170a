"""Events on disk while a program runs: an Arrow IPC stream.

An IPC stream keeps every batch that was flushed, whatever kills the program;
an unfinished Parquet file can't be read at all. So events are streamed, and
become Parquet when the recording closes. The stream is private to one format
version; what is kept for good is described in ``schema.py``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tracekit.schema import FORMAT_VERSION, Axis, Event

_TEXT = pa.string()
_AXIS = pa.struct(
    [
        ("dim", _TEXT),
        ("origin", pa.int64()),
        ("extent", pa.int64()),
        ("state", _TEXT),
        ("labels", pa.list_(_TEXT)),
    ]
)
_ARRAY = pa.large_binary()
SCHEMA = pa.schema(
    [
        ("tap", _TEXT),
        ("values", _ARRAY),
        ("values_type", _TEXT),
        ("axes", pa.list_(_AXIS)),
        ("kind", _TEXT),
        ("dtype", _TEXT),
        ("unit", _TEXT),
        ("family", _TEXT),
        ("need", _TEXT),
        ("positions", _ARRAY),
        ("text", pa.list_(_TEXT)),
        ("digits", _ARRAY),
        ("quantum", _ARRAY),
        ("file", _TEXT),
        ("line", pa.int64()),
        ("context", _TEXT),
        ("phase", _TEXT),
        ("time_ns", pa.int64()),
        ("thread", pa.int64()),
        ("process", pa.int64()),
    ],
    metadata={"tracekit": str(FORMAT_VERSION)},
)

BATCH_EVENTS = 256
BATCH_BYTES = 8 << 20
BATCH_SECONDS = 0.5


class EventStream:
    """Appends events to a file.

    A batch goes to the disk when it is large, or half a second old when a tap
    fires, or when ``flush`` is called.

    Args:
        path: a new file.
    """

    def __init__(self, path: Path) -> None:
        self.events = 0
        self._path = path
        self._file = pa.OSFile(str(path), "wb")
        self._inode = path.stat().st_ino
        self._writer = pa.ipc.new_stream(self._file, SCHEMA)
        self._rows: list[tuple[Any, ...]] = []
        self._bytes = 0
        self._flushed = time.monotonic()

    def write(self, event: Event) -> None:
        """Append one event; it is on disk at the latest after a batch."""
        self._rows.append(_row(event))
        self._bytes += event.values.nbytes
        if event.positions is not None:
            self._bytes += event.positions.nbytes
        self.events += 1
        if (
            len(self._rows) >= BATCH_EVENTS
            or self._bytes >= BATCH_BYTES
            or time.monotonic() - self._flushed > BATCH_SECONDS
        ):
            self.flush()

    def flush(self) -> None:
        """Hand everything to the operating system.

        Raises:
            OSError: the disk is full, or the file is gone.
        """
        if self._rows:
            if self._path.stat().st_ino != self._inode:
                raise FileNotFoundError(f"{self._path} was replaced")
            columns = [
                _binary(column)
                if field.type == _ARRAY
                else pa.array(column, field.type)
                for column, field in zip(
                    zip(*self._rows, strict=True), SCHEMA, strict=True
                )
            ]
            self._writer.write_batch(pa.record_batch(columns, schema=SCHEMA))
            self._file.flush()
        self._rows, self._bytes = [], 0
        self._flushed = time.monotonic()

    def close(self, *, whole: bool = True) -> None:
        """End the stream, with its end mark where it is whole."""
        if whole:
            self.flush()
            self._writer.close()
        self._file.close()


def _row(event: Event) -> tuple[Any, ...]:
    return (
        event.tap,
        event.values,
        event.values.dtype.str,
        [
            (a.dim, a.origin, a.extent, a.state, list(a.labels))
            for a in event.axes
        ],
        event.kind,
        event.dtype,
        event.unit,
        event.family,
        event.need,
        event.positions,
        None if event.text is None else list(event.text),
        event.digits,
        event.quantum,
        event.file,
        event.line,
        event.context,
        event.phase,
        event.time_ns,
        event.thread,
        event.process,
    )


def _binary(parts: tuple[npt.NDArray[Any] | None, ...]) -> pa.Array:
    """Arrays as one binary column; a single array is not copied again."""
    raw = [
        np.empty(0, np.uint8)
        if part is None
        else part.reshape(-1).view(np.uint8)
        for part in parts
    ]
    offsets = np.zeros(len(parts) + 1, np.int64)
    np.cumsum([len(piece) for piece in raw], out=offsets[1:])
    data = raw[0] if len(raw) == 1 else np.concatenate(raw)
    given = [part is not None for part in parts]
    valid = np.packbits(given, bitorder="little")
    return pa.Array.from_buffers(
        _ARRAY,
        len(parts),
        [pa.py_buffer(valid), pa.py_buffer(offsets), pa.py_buffer(data)],
    )


def read_stream(path: Path) -> Iterator[Event]:
    """Events of a stream, up to its last whole batch; values are views."""
    source = pa.memory_map(str(path))
    try:
        reader = pa.ipc.open_stream(source)
    except (pa.ArrowInvalid, EOFError):
        return  # killed before the first flush: nothing was kept
    while True:
        try:
            batch = reader.read_next_batch()
        except (StopIteration, pa.ArrowInvalid, OSError):
            return  # the end, or a batch that was cut off by a kill
        yield from _events(batch)


def _events(batch: pa.RecordBatch) -> Iterator[Event]:
    plain = {
        name: batch.column(name).to_pylist()
        for name in SCHEMA.names
        if SCHEMA.field(name).type != _ARRAY
    }
    arrays = {
        name: batch.column(name)
        for name in SCHEMA.names
        if SCHEMA.field(name).type == _ARRAY
    }
    for row in range(batch.num_rows):
        fields = {name: column[row] for name, column in plain.items()}
        value_type = np.dtype(fields.pop("values_type"))
        fields["axes"] = tuple(
            Axis(**{**axis, "labels": tuple(axis["labels"])})
            for axis in fields["axes"]
        )
        yield Event(
            values=_view(arrays["values"][row], value_type),
            positions=_optional(arrays["positions"][row], np.dtype(np.int64)),
            digits=_optional(arrays["digits"][row], np.dtype(np.int16)),
            quantum=_optional(arrays["quantum"][row], np.dtype(np.int16)),
            **fields,
        )


def _view(scalar: Any, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    buffer = scalar.as_buffer()
    if buffer.size == 0:
        return np.empty(0, dtype)
    return np.frombuffer(buffer, dtype)


def _optional(scalar: Any, dtype: np.dtype[Any]) -> npt.NDArray[Any] | None:
    return _view(scalar, dtype) if scalar.is_valid else None
