"""Writes an Arrow IPC stream, each message whole, whatever signal comes.

A signal of the program (Ctrl-C) strikes between two lines of Python. So what
Arrow writes is gathered first, and then goes to the file in one call, large
values in pieces of which someone may be told.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tracekit.storage.forks import let_go
from tracekit.storage.hashes import ROWS

LARGE = 1 << 20  # bytes; such a value is written from where it lies

Piece: TypeAlias = "tuple[int, int, np.dtype[Any] | None]"
"""Where in the file a piece begins, its bytes, and of which numbers."""

_NOBODY = deque[Piece](maxlen=0).append


class _Parts(list[Any]):
    """What Arrow writes; no line of it is Python."""

    closed = False
    write = list.append
    close = list.clear


class Messages:
    """The messages of an Arrow IPC stream.

    Args:
        path: a new file.
        schema: of the batches.
        told: is told of each piece that was written; a function in C, which
            no signal cuts.
    """

    def __init__(
        self,
        path: Path,
        schema: pa.Schema,
        told: Callable[[Piece], object] = _NOBODY,
    ) -> None:
        self._file = pa.OSFile(str(path), "wb")
        self._told = told
        self._parts = _Parts()
        parts = pa.PythonFile(self._parts, "w")
        self._sink = pa.BufferedOutputStream(parts, LARGE)
        self._writer = pa.ipc.new_stream(self._sink, schema)

    def tell(self) -> int:
        """How many bytes were written."""
        return int(self._file.tell())

    def gather(self, batch: pa.RecordBatch, about: dict[bytes, bytes]) -> None:
        """Make a message of a batch; large values are not copied."""
        self._writer.write_batch(batch, custom_metadata=about)

    def gathered(self) -> bool:
        """Whether there is something to write."""
        self._sink.flush()
        return bool(self._parts)

    def forget(self) -> None:
        """Hold what is gathered no longer."""
        self._parts.clear()

    def write(self, values: npt.NDArray[Any] | None = None) -> None:
        """Write what is gathered.

        Args:
            values: large ones of the last batch, which are written in pieces
                of as many rows as a row group has.

        Raises:
            OSError: the disk is full.
        """
        self._sink.flush()
        begin = self.tell()
        pieces: list[Any] = []
        notes: list[Piece] = []
        for part in self._parts:
            own, step = None, len(part)
            if values is not None and step == values.nbytes:
                own, step = values.dtype, ROWS * values.itemsize
            for start in range(0, len(part), step):
                pieces.append(part[start : start + step])
                notes.append((begin, len(pieces[-1]), own))
                begin += len(pieces[-1])
        done = map(self._file.write, pieces), map(self._told, notes)
        deque(zip(*done, strict=True), maxlen=0)
        self.forget()

    def leave(self) -> None:
        """In a forked child: hold the file no longer."""
        let_go(self._file)

    def close(self, *, whole: bool) -> None:
        """End the stream, with its end mark where it is whole.

        What is still held was written, and a signal came behind that.
        """
        self.forget()
        if whole:
            self._writer.close()
            self.write()
        self._sink.close()
        self._file.close()
