"""``record()``: collects the events of every tap while its block lasts."""

from __future__ import annotations

import fnmatch
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog

from tracekit import _state, run_record, tensors
from tracekit.dims import Dims, parse_dims, unnamed_dims
from tracekit.errors import RecordingError, TapError
from tracekit.schema import ConfigValue, Event, FileUse, Role, Run
from tracekit.selection import Selection, take
from tracekit.sinks import Sink
from tracekit.stream import EventStream, read_stream
from tracekit.trace import MARKER, Trace, open_trace

_STREAM = "recording.arrow"
_LOCK = "recording.lock"
_HERE = str(Path(__file__).parent)
_EXACT = 2**53


class Recorder:
    """Turns taps into events; made by ``record``."""

    def __init__(
        self,
        path: Path | None,
        selection: Selection,
        taps: tuple[str, ...] | None,
        sinks: Sequence[Sink],
        run: Run,
    ) -> None:
        self.path = path
        self._selection = selection
        self._globs = taps
        self._sinks = sinks
        self._run = run
        self._wanted: dict[str, bool] = {}
        self._config: list[ConfigValue] = []
        self._files: list[FileUse] = []
        self._kept: list[Event] = []
        self._lock = threading.Lock()
        self._trace: Trace | None = None
        self._process = os.getpid()
        self._stream = None if path is None else EventStream(path / _STREAM)

    @property
    def trace(self) -> Trace:
        """The finished trace; only after the block has ended."""
        if self._trace is None:
            raise RecordingError(
                "the recording still runs; use .trace after the with block"
            )
        return self._trace

    def observe(
        self, value: Any, name: str, dims: str, unit: str | None, where: Any
    ) -> None:
        """Record one firing of a tap, as far as it is selected."""
        wanted = self._wanted.get(name)
        if wanted is None:
            wanted = self._wanted[name] = self._globs is None or any(
                fnmatch.fnmatchcase(name, glob) for glob in self._globs
            )
        if not wanted or os.getpid() != self._process:
            return
        array = tensors.as_array(value, name)
        event = self._event(array, name, _dims_of(array, name, dims), unit, where)
        if event is not None:
            self._write(event)

    def _event(
        self, array: Any, name: str, dims: Dims, unit: str | None, where: Any
    ) -> Event | None:
        loops: dict[str, int] = {}
        for level in _state.scopes.get():
            loops.update(level.indices)
        taken = take(array, dims, loops, self._selection, where, name)
        if taken is None:
            return None
        file, line = _caller()
        context = structlog.contextvars.get_contextvars()
        return Event(
            tap=name,
            values=taken.values,
            axes=taken.axes,
            kind=tensors.kind_of(taken.values),
            dtype=tensors.type_name(array),
            unit=unit,
            positions=taken.positions,
            file=file,
            line=line,
            context=repr(dict(sorted(context.items()))) if context else "",
            time_ns=time.time_ns(),
            thread=threading.get_ident(),
        )

    def _write(self, event: Event) -> None:
        with self._lock:
            if self._stream is None:
                self._kept.append(event)
            else:
                self._stream.write(event)
            for sink in self._sinks:
                sink.write(event)

    def state(
        self, key: str, value: float | str, unit: str | None, *, decisive: bool
    ) -> None:
        """Keep a fact about the run."""
        text = value if isinstance(value, str) else None
        if isinstance(value, int) and abs(value) > _EXACT:
            text = str(value)
        number = None if isinstance(value, str) else float(value)
        with self._lock:
            self._config.append(
                ConfigValue(
                    key, number, text, unit, decisive=decisive, origin="program"
                )
            )

    def read_file(self, path: str | os.PathLike[str], role: Role) -> None:
        """Keep the name, size and hash of a file that the run used."""
        use = run_record.file_use(Path(path), role, "program")
        with self._lock:
            self._files.append(use)

    def close(self) -> None:
        """End the recording: the events become a trace."""
        events: Iterator[Event] | list[Event] = self._kept
        if self._stream is not None and self.path is not None:
            self._stream.close()
            events = read_stream(self.path / _STREAM)
        trace = Trace.build(
            events,
            run=self._run,
            config=self._config,
            files=self._files,
            coverage=self._selection.coverage(),
        )
        if self.path is not None:
            trace.write_into(self.path)
            trace = open_trace(self.path)
            (self.path / _STREAM).unlink()
        self._trace = trace
        self._kept = []
        for sink in self._sinks:
            sink.close()


@contextmanager
def record(
    path: str | os.PathLike[str] | None = None,
    *,
    pixels: Sequence[Sequence[int]] | None = None,
    at: Mapping[str, int | Sequence[int]] | None = None,
    taps: Sequence[str] | None = None,
    pixel_dims: Sequence[str] = ("slow", "fast"),
    sinks: Sequence[Sink] = (),
    program: str = "",
) -> Iterator[Recorder]:
    """Record every tap that fires while the block lasts.

    Args:
        path: a directory for the trace; None keeps it in memory. A trace
            that lies there is replaced, anything else is refused.
        pixels: (slow, fast) pairs to record; None records all.
        at: indices to record by dim, where a coordinate is no pixel:
            ``at={"cell": [3, 7], "level": 0}``.
        taps: names or globs ("F_*") to record; None records all.
        pixel_dims: the names of the pixel's two dims.
        sinks: where each event goes as well (see ``tracekit.sinks``).
        program: the program's name in the run record.

    Yields:
        The recorder; its ``.trace`` is there when the block has ended.

    Raises:
        RecordingError: another recorder writes to the path, or something
            lies there that is no trace.

    >>> import numpy as np, tracekit as tk
    >>> with tk.record(pixels=[(0, 1)]) as recording:
    ...     image = tk.tap(np.eye(2), "image", "slow fast")
    >>> recording.trace.elements(0)["float"].to_pylist()
    [0.0]
    """
    slow, fast = pixel_dims
    root = None if path is None else Path(path)
    globs = None if taps is None else tuple(taps)
    with _directory(root):
        recorder = Recorder(
            root,
            Selection.of(pixels, at, pixel_dims),
            globs,
            sinks,
            run_record.python_run(program, (slow, fast), globs or ()),
        )
        _state.activate(recorder)
        try:
            yield recorder
        finally:
            _state.deactivate(recorder)
            recorder.close()


@contextmanager
def _directory(root: Path | None) -> Iterator[None]:
    """An empty directory that nobody else writes to while the block lasts."""
    if root is None:
        yield
        return
    root.mkdir(parents=True, exist_ok=True)
    _lock_directory(root)
    try:
        _clear(root)
        yield
    finally:
        (root / _LOCK).unlink(missing_ok=True)


def _lock_directory(root: Path) -> None:
    lock = root / _LOCK
    try:
        handle = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        owner = lock.read_text().strip()
        if _is_alive(owner):
            raise RecordingError(
                f"{root} is being recorded by process {owner}; give each "
                "recorder a path of its own"
            ) from None
        lock.unlink()
        return _lock_directory(root)
    with os.fdopen(handle, "w") as stream:
        stream.write(str(os.getpid()))
    return None


def _is_alive(process: str) -> bool:
    if not process.isdigit():
        return True  # its owner is just about to write its number
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _clear(root: Path) -> None:
    """Remove an earlier trace; refuse a directory of anything else."""
    found = {entry.name for entry in root.iterdir()} - {_LOCK}
    if not found:
        return
    if MARKER not in found and _STREAM not in found:
        (root / _LOCK).unlink()
        raise RecordingError(
            f"{root} holds files that are no trace ({', '.join(sorted(found)[:3])}"
            "...); give a new directory"
        )
    for entry in root.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != _LOCK:
            entry.unlink()


def _dims_of(array: Any, name: str, dims: str) -> Dims:
    rank = len(array.shape)
    parsed = parse_dims(dims) if dims else unnamed_dims(rank)
    if parsed.rank != rank:
        raise TapError(
            f"tap {name!r}: dims {dims!r} name {parsed.rank} axes, the value "
            f"has {rank} (shape {tuple(array.shape)})"
        )
    return parsed


def _caller() -> tuple[str, int]:
    """File and line of the program's call, past tracekit's own frames."""
    frame = sys._getframe(2)  # noqa: SLF001 - the documented way to a caller
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


