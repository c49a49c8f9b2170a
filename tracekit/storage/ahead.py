"""Hashes and figures of large values, taken while the program runs.

Closing a recording asks for them row group by row group. Which rows are one is
foreseeable where a large value is written, so threads take them meanwhile:
from the file, never from the program's memory, which may have changed by then.
What they have not reached at the end, closing takes itself.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from io import RawIOBase
from pathlib import Path
from queue import SimpleQueue

import numpy as np

from tracekit.schema import Event
from tracekit.storage.forks import OpenFile, forks, let_go
from tracekit.storage.hashes import ROWS, Known, taken_of
from tracekit.storage.layout import SHARED, identity
from tracekit.storage.messages import LARGE, Piece

_WIDEST = 8  # bytes of a number
_THREADS = 2  # one alone is slower than a disk
_LATER = 10  # steps of priority behind the program
_MOST = 64  # pieces that wait, which the system still has in memory
_LINUX = sys.platform == "linux"  # where a thread has a priority
_PATIENCE = 0.05  # seconds for each: its piece is over where a core is free


class Ahead:
    """Takes what closing will ask for.

    Args:
        path: the stream.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reached: dict[tuple[object, ...], tuple[int, ...] | None] = {}
        self._written: SimpleQueue[Piece | None] = SimpleQueue()
        self.told = self._written.put
        self._threads: list[_Reader] = []
        self._ended = threading.Event()

    def wants(self, event: Event) -> bool:
        """Whether to be told of the pieces of a large event.

        Not where row groups will lie otherwise: where it or one of its tap
        before has more than numbers, ends within a row group or lies before
        another. Nor where so much waits that the disk would have to be read.
        """
        if event.values.nbytes < LARGE:
            return False
        shared = {name: getattr(event, name) for name in SHARED}
        tap = identity(shared, tuple(axis.dim for axis in event.axes))
        place = tuple(axis.origin for axis in event.axes)
        reached = self._reached.get(tap, ())
        follows = reached is not None and place > reached and _plain(event)
        whole = len(event.values) % ROWS == 0
        self._reached[tap] = place if follows and whole else None
        return (
            follows
            and len(event.values) >= ROWS
            and self._written.qsize() < _MOST
            and not self._ended.is_set()
            and self._runs()
        )

    def _runs(self) -> bool:
        """Start threads where there are none yet; whether there is one."""
        with suppress(RuntimeError):  # Python ends, or has too many
            while len(self._threads) < _THREADS:
                reader = _Reader(self._path, self._written, self._ended)
                reader.start()
                self._threads.append(reader)
                forks.stores.add(reader)
        return bool(self._threads)

    def close(self, *, cut: bool = True) -> Known:
        """End the threads; what was taken, nothing of a file that is gone.

        On a machine without a free core a thread ends behind this: at its
        priority a piece takes it a second, which closing can't wait for.

        Args:
            cut: leave what waits.
        """
        if cut:
            self._ended.set()
        self._written.put(None)
        known: Known = {}
        for reader in self._threads:
            reader.join(_PATIENCE if cut and _LINUX else None)
            known |= reader.known()
        return known


class _Reader(threading.Thread):
    """Takes one piece after the other from the file.

    Args:
        path: the file.
        pieces: of it; None is the end.
        ended: is set where the rest is to be left.
    """

    def __init__(
        self,
        path: Path,
        pieces: SimpleQueue[Piece | None],
        ended: threading.Event,
    ) -> None:
        super().__init__(name="tracekit hashes", daemon=True)
        self._path = path
        self._pieces = pieces
        self._cut = ended
        self.lock = threading.Lock()  # a child needs nothing of it: never held
        self._found: Known = {}
        self._file: OpenFile | None = None
        self._opened: os.stat_result | None = None

    def leave(self) -> None:
        """In a forked child: hold the file no longer."""
        if self._file is not None:
            let_go(self._file)

    def run(self) -> None:
        """Take pieces until the end, behind all that the program does."""
        if _LINUX:
            mine = os.PRIO_PROCESS, threading.get_native_id()
            with suppress(OSError):
                os.setpriority(*mine, os.getpriority(*mine) + _LATER)
        with (
            suppress(OSError, MemoryError),  # no more is known then
            self._path.open("rb", buffering=0) as file,
        ):
            self._file, self._opened = file, os.fstat(file.fileno())
            self._take_all(file)

    def _take_all(self, file: RawIOBase) -> None:
        room = np.empty(_WIDEST * ROWS, np.uint8)
        for begin, size, kind in iter(self._pieces.get, None):
            if self._cut.is_set():
                break
            file.seek(begin)
            if kind and file.readinto(room.data[:size]) == size:
                values = room[:size].view(kind)
                self._found[begin, size] = taken_of(values)
        self._pieces.put(None)  # for the next; a signal may hide one of them

    def known(self) -> Known:
        """What was taken so far, if the file lies where it lay."""
        with suppress(OSError):
            found = self._path.stat()
            if self._opened and os.path.samestat(self._opened, found):
                return self._found.copy()
        return {}


def _plain(event: Event) -> bool:
    """Whether it is nothing but numbers that are stored as they are."""
    more = (event.positions, event.text, event.digits, event.quantum)
    dtype = event.values.dtype
    stored = dtype.isnative and dtype != np.float16 and event.kind != "bool"
    return stored and all(part is None for part in more)
