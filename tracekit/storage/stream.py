"""Events on disk while a program runs: an Arrow IPC stream.

An IPC stream keeps every batch that was flushed, whatever kills the program;
an unfinished Parquet file can't be read at all. So events are streamed, and
become Parquet when the recording closes. What the firings of one place in the
program share (``Layout``) is written once, beside the first batch that has
one. The stream is private to one format version; what is kept for good is
described in ``schema.py``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tracekit.schema import FORMAT_VERSION, Event
from tracekit.storage.ahead import Ahead
from tracekit.storage.layout import Layout, Layouts
from tracekit.storage.messages import LARGE, Messages

ARRAY = pa.large_binary()
SCHEMA = pa.schema(
    [
        ("layout", pa.int64()),
        ("values", ARRAY),
        ("origins", pa.list_(pa.int64())),
        ("positions", ARRAY),
        ("text", pa.list_(pa.string())),
        ("digits", ARRAY),
        ("quantum", ARRAY),
        ("context", pa.string()),
        ("time_ns", pa.int64()),
        ("thread", pa.int64()),
    ],
    metadata={"tracekit": f"{FORMAT_VERSION}, layouts"},
)
LAYOUTS = b"layouts"

BATCH_EVENTS = 1 << 14
BATCH_BYTES = 8 << 20
BATCH_SECONDS = 0.5
FIELDS = 5  # of a row: layout, value, time, thread, origins; None, event, ...


class EventStream:
    """Appends events to a file.

    A batch goes to the disk when it is large, or half a second old when an
    event is written, or when ``flush`` is called.

    Args:
        path: a new file.
        ahead: looks at large values when they are written.
    """

    def __init__(self, path: Path, ahead: Ahead | None = None) -> None:
        self.events = 0
        self.rows: list[Any] = []
        self._path = path
        self._ahead = ahead
        told = () if ahead is None else (ahead.told,)
        self._messages = Messages(path, SCHEMA, *told)
        self._inode = path.stat().st_ino
        self._layouts = Layouts()
        self._bytes = 0
        self._flushed = time.monotonic()

    def write(self, event: Event) -> None:
        """Append one event; it is on disk at the latest after a batch.

        A large value is written at once: it may be a view.
        """
        large = event.values.nbytes >= LARGE
        if large:
            self.flush()
        self.rows.extend((None, event, 0, 0, ()))
        self._bytes += event.values.nbytes
        if event.positions is not None:
            self._bytes += event.positions.nbytes
        if (
            large
            or len(self.rows) >= BATCH_EVENTS * FIELDS
            or self._bytes >= BATCH_BYTES
            or time.monotonic() - self._flushed > BATCH_SECONDS
        ):
            self.flush()

    def flush(self) -> None:
        """Hand everything to the operating system.

        Rows may be appended meanwhile: what came before is written.

        Raises:
            OSError: the disk is full, or the file is gone.
        """
        if self._path.stat().st_ino != self._inode:
            raise FileNotFoundError(f"{self._path} was replaced")
        taken = self.rows[:]
        count, self._bytes = len(taken), 0
        if taken:
            before = self._messages.tell()
            self._messages.forget()
            try:
                del self.rows[:count]  # without a call no signal comes here
                self.events += count // FIELDS
                self._gather(taken)
                self._messages.write(self._pieces(taken))
            except OSError:
                self._messages.forget()  # nothing is written any more
                raise
            except BaseException:  # a signal of the program, as Ctrl-C
                if self._messages.tell() == before:
                    if not self._messages.gathered():
                        self._layouts = Layouts()
                        self._gather(taken)
                    self._messages.write()
                raise
        self._flushed = time.monotonic()

    def _gather(self, rows: list[Any]) -> None:
        batch = _batch(rows, self._layouts)
        fresh = json.dumps(self._layouts.fresh()).encode()
        self._messages.gather(batch, {LAYOUTS: fresh})

    def _pieces(self, rows: list[Any]) -> npt.NDArray[Any] | None:
        """A large value, if its pieces are looked at ahead."""
        event, alone = rows[1], len(rows) == FIELDS
        if self._ahead is None or not alone or type(event) is not Event:
            return None
        return event.values if self._ahead.wants(event) else None

    def leave(self) -> None:
        """In a forked child: hold the file no longer."""
        self._messages.leave()

    def close(self, *, whole: bool = True) -> None:
        """End the stream, with its end mark where it is whole."""
        if whole:
            self.flush()
        self._messages.close(whole=whole)


_MORE = ("positions", "text", "digits", "quantum", "context")


def _batch(rows: list[Any], layouts: Layouts) -> pa.RecordBatch:
    own = [rows[place::FIELDS] for place in range(FIELDS)]
    more: dict[str, list[Any]] = {}
    if None in (used := dict.fromkeys(own[0])):
        more = _unfold(own, layouts)
        used = dict.fromkeys(own[0])
    shared, values, times, threads, origins = own
    count = len(shared)
    codes = _codes(used, shared)
    axes = np.array([len(layout.axes) for layout in used], np.int32)
    starts = np.zeros(count + 1, np.int32)
    np.cumsum(axes[codes], out=starts[1:])
    flat = _integers(chain.from_iterable(origins), starts[-1])
    columns: dict[str, pa.Array] = {
        "layout": _array(np.array(layouts.numbers(used), np.int64)[codes]),
        "values": _values(list(used), codes, values, numbers=not more),
        "origins": _lists(starts, _array(flat)),
        "time_ns": _array(_integers(times, count)),
        "thread": _array(_integers(threads, count)),
    }
    for name, column in more.items():
        given = [part is not None for part in column]
        if any(given):
            form = _FORMS.get(name, _optional_arrays)
            columns[name] = form(column, pa.py_buffer(_bits(given)))
    return pa.record_batch(
        [
            columns[field.name]
            if field.name in columns
            else pa.nulls(count, field.type)
            for field in SCHEMA
        ],
        schema=SCHEMA,
    )


def _unfold(own: list[list[Any]], layouts: Layouts) -> dict[str, list[Any]]:
    """Put the fields of whole events where those of the short way stand.

    Returns:
        The fields that only they have.
    """
    shared, values, times, threads, origins = own
    more: dict[str, list[Any]] = {n: [None] * len(shared) for n in _MORE}
    for row, layout in enumerate(shared):
        if layout is not None:
            continue
        event = event_of(values[row])
        shared[row], values[row] = layouts.of(event), event.values
        times[row], threads[row] = event.time_ns, event.thread
        origins[row] = [axis.origin for axis in event.axes]
        for name, column in more.items():
            column[row] = getattr(event, name)
    return more


def event_of(held: Any) -> Event:
    """An event that waits, or what waits to become one."""
    event: Event = held if type(held) is Event else held.event()
    return event


def _integers(found: Iterable[int], count: int) -> npt.NDArray[np.int64]:
    return np.fromiter(found, np.int64, count)


def _codes(
    used: Iterable[Layout], shared: list[Layout]
) -> npt.NDArray[np.int64]:
    """Which of those in use each is; most batches have one or two."""
    code = {layout: number for number, layout in enumerate(used)}
    if len(code) == 1:
        return np.zeros(len(shared), np.int64)
    return _integers(map(code.__getitem__, shared), len(shared))


def _values(
    used: list[Layout],
    codes: npt.NDArray[np.int64],
    values: list[Any],
    *,
    numbers: bool,
) -> pa.Array:
    """Arrays, and numbers of the short way, as one binary column.

    Args:
        used: the layouts; one of an array is never one of a number.
        codes: which of them each value has.
        values: as they waited; a single array is not copied again.
        numbers: none is an array.
    """
    kinds = {layout.values_dtype for layout in used}
    if numbers and len(kinds) == 1:
        data = np.fromiter(values, kinds.pop(), len(values))
        ends = np.arange(len(values) + 1) * data.itemsize
        return _large_binary(ends, _flat(data))
    if len(values) == 1 and isinstance(values[0], np.ndarray):
        return _binary([_flat(values[0])])
    sizes = np.empty(len(values), np.int64)
    arrays: list[int] = []
    packed: list[tuple[npt.NDArray[np.int64], npt.NDArray[Any]]] = []
    order = np.argsort(codes, kind="stable")
    edges = np.flatnonzero(np.diff(codes[order])) + 1
    for rows in np.split(order, edges):
        found = [values[row] for row in rows.tolist()]
        if isinstance(found[0], np.ndarray):
            arrays += rows.tolist()
            sizes[rows] = [value.nbytes for value in found]
        else:
            kind = used[codes[rows[0]]].values_dtype
            packed.append((rows, np.fromiter(found, kind, len(found))))
            sizes[rows] = kind.itemsize
    ends = np.concatenate([[0], np.cumsum(sizes)])
    whole = np.empty(ends[-1], np.uint8)
    for row in arrays:
        whole[ends[row] : ends[row + 1]] = _flat(values[row])
    for rows, part in packed:
        places = ends[rows][:, None] + np.arange(part.itemsize)
        whole[places] = _flat(part).reshape(places.shape)
    return _large_binary(ends, whole)


def _flat(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """The bytes of an array, not copied."""
    return values.reshape(-1).view(np.uint8)


def _bits(given: list[bool]) -> npt.NDArray[np.uint8]:
    return np.packbits(np.array(given, bool), bitorder="little")


def _array(numbers: npt.NDArray[Any]) -> pa.Array:
    """Numbers as they lie; ``pa.array`` would load pandas.

    That takes as long as the events that a kill may cost.
    """
    kind = pa.from_numpy_dtype(numbers.dtype)
    buffers = [None, pa.py_buffer(numbers)]
    return pa.Array.from_buffers(kind, len(numbers), buffers)


def _lists(
    starts: npt.NDArray[np.int32],
    items: pa.Array,
    valid: pa.Buffer | None = None,
) -> pa.Array:
    return pa.Array.from_buffers(
        pa.list_(items.type),
        len(starts) - 1,
        [valid, pa.py_buffer(starts)],
        children=[items],
    )


def _starts(parts: list[Any]) -> npt.NDArray[np.int32]:
    starts = np.zeros(len(parts) + 1, np.int32)
    np.cumsum(_integers(map(len, parts), len(parts)), out=starts[1:])
    return starts


def _texts(texts: list[str | None], valid: pa.Buffer) -> pa.Array:
    parts = [(text or "").encode() for text in texts]
    data = pa.py_buffer(b"".join(parts))
    buffers = [valid, pa.py_buffer(_starts(parts)), data]
    return pa.Array.from_buffers(pa.string(), len(parts), buffers)


def _several_texts(
    parts: list[list[str | None] | None], valid: pa.Buffer
) -> pa.Array:
    flat = [text for part in parts for text in part or ()]
    given = pa.py_buffer(_bits([text is not None for text in flat]))
    starts = _starts([part or () for part in parts])
    return _lists(starts, _texts(flat, given), valid)


def _optional_arrays(
    parts: list[npt.NDArray[Any] | None], valid: pa.Buffer
) -> pa.Array:
    return _binary(
        [
            b"" if part is None else np.ascontiguousarray(part).data
            for part in parts
        ],
        valid,
    )


_FORMS: dict[str, Any] = {"context": _texts, "text": _several_texts}


def _binary(parts: list[Any], valid: pa.Buffer | None = None) -> pa.Array:
    """Buffers as one binary column; a single one is not copied again."""
    offsets = np.zeros(len(parts) + 1, np.int64)
    sizes = [p.nbytes if hasattr(p, "nbytes") else len(p) for p in parts]
    np.cumsum(sizes, out=offsets[1:])
    data = parts[0] if len(parts) == 1 else b"".join(parts)
    return _large_binary(offsets, data, valid)


def _large_binary(
    offsets: npt.NDArray[np.int64],
    data: Any,
    valid: pa.Buffer | None = None,
) -> pa.Array:
    buffers = [valid, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(ARRAY, len(offsets) - 1, buffers)


def events_of(rows: list[Any]) -> Iterator[Event]:
    """The events of rows that were kept in memory."""
    columns = (rows[place::FIELDS] for place in range(FIELDS))
    for layout, value, moment, thread, origins in zip(*columns, strict=True):
        if layout is None:
            yield event_of(value)
        else:
            yield layout.event(
                np.fromiter((value,), layout.values_dtype, 1),
                origins,
                time_ns=moment,
                thread=thread,
            )
