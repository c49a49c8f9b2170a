"""Where the events of a running recording wait for its end.

On disk they survive the program: a thread flushes them twice in the half
second that a kill may cost. A disk that takes no more ends the recording, not
the program.
"""

from __future__ import annotations

import mmap
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Protocol, Unpack
from weakref import WeakSet

import structlog

from tracekit.errors import RecordingError
from tracekit.schema import Coverage, Event, Run
from tracekit.storage import stream as event_stream
from tracekit.storage.batches import read_stream
from tracekit.storage.closing import write_recording
from tracekit.storage.directory import wait_for_ranks
from tracekit.storage.stream import FIELDS, EventStream, events_of
from tracekit.storage.survey import Survey
from tracekit.storage.trace import Trace
from tracekit.storage.unfinished import (
    STREAM,
    Fact,
    Journal,
    Unfinished,
    part_files,
    read_facts,
    remove_unfinished,
    streams_of,
)

FLUSH_SECONDS = 0.2
FORK_SECONDS = 10


class Kept(Protocol):
    """What a store has taken."""

    @property
    def facts(self) -> list[Fact]:
        """Facts and files, as they came."""
        ...

    def of_others(self) -> Iterator[Event]:
        """Events of other processes than the one that closes."""
        ...

    def trace(self, **about: Unpack[Unfinished]) -> Trace | None:
        """The trace of all events; None where it lies on the disk now.

        Raises:
            OSError: the disk is full.
            TraceError: the events don't fit into a trace.
        """
        ...


@dataclass(slots=True)
class InMemory:
    """Events and facts of one process."""

    events: list[Event]
    facts: list[Fact]

    def of_others(self) -> Iterator[Event]:
        """None reach the memory of this one."""
        return iter(())

    def trace(self, **about: Unpack[Unfinished]) -> Trace:
        """The trace of all events."""
        return Trace.build(self.events, **about)


@dataclass(slots=True)
class OnDisk:
    """Events and facts of all processes, where they were written."""

    root: Path
    survey: Survey
    facts: list[Fact]

    def of_others(self) -> Iterator[Event]:
        """Events of forked children and ranks."""
        for stream in self.survey.streams[1:]:
            yield from read_stream(stream)

    def trace(self, **about: Unpack[Unfinished]) -> Trace | None:
        """Write the trace of all events; None, it is opened when asked for."""
        write_recording(self.root, self.survey, **about)
        remove_unfinished(self.root)
        return None


class Store(Protocol):
    """Takes what a recorder collects, from any thread.

    ``process`` numbers the process, ``lost`` says what could not be taken.
    """

    process: int

    @property
    def rows(self) -> list[Any]:
        """Small events wait here, ``stream.FIELDS`` entries each."""
        ...

    @property
    def most_rows(self) -> int:
        """How many entries may wait until ``spill`` is called."""
        ...

    def spill(self) -> None:
        """Take the rows."""
        ...

    @property
    def lost(self) -> str:
        """What was refused although the recording went on, or ""."""
        ...

    def write(self, event: Event) -> None:
        """Take one event."""
        ...

    def keep(self, fact: Fact) -> None:
        """Take one fact."""
        ...

    def forked(self) -> Store:
        """The store of a forked child, called in the child."""
        ...

    def close(self) -> Kept:
        """Take no more; all that was taken, in the order in which it came.

        Raises:
            RecordingError: some is lost.
        """
        ...


class MemoryStore:
    """Keeps events in memory.

    Args:
        process: number of this process.
    """

    def __init__(self, process: int = 0) -> None:
        self.process = process
        self.rows: list[Any] = []
        self.most_rows = sys.maxsize
        self._facts: list[Fact] = []
        self._refused = mmap.mmap(-1, 1)  # shared with forked children

    @property
    def lost(self) -> str:
        """Whether a forked child had something to record."""
        if self._refused[0] == 0:
            return ""
        return (
            "taps fired in forked processes, which can't reach a recording "
            "in memory; give record() a path, and each writes its part"
        )

    def spill(self) -> None:
        """Rows stay where they are."""

    def write(self, event: Event) -> None:
        """Take one event."""
        self.rows.extend((None, event, 0, 0, ()))

    def keep(self, fact: Fact) -> None:
        """Take one fact."""
        self._facts.append(fact)

    def forked(self) -> Store:
        """Nothing of a child arrives; the parent tells so at its end."""
        return _Refusing(self._refused)

    def close(self) -> Kept:
        """All of it."""
        kept = InMemory(list(events_of(self.rows)), self._facts)
        self.rows, self._facts = [], []
        return kept


class _Refusing:
    """Takes nothing and says so, once here and once in the parent."""

    process = 0
    lost = ""

    def __init__(self, refused: mmap.mmap) -> None:
        self.rows: list[Any] = []
        self.most_rows = 0
        refused[0] = 1
        structlog.get_logger("tracekit").error(
            "a forked process can't reach a recording in memory; give "
            "record() a path",
            process=os.getpid(),
        )

    def spill(self) -> None:
        """Refuse."""
        self.rows.clear()

    def write(self, event: Event) -> None:
        """Refuse."""

    def keep(self, fact: Fact) -> None:
        """Refuse."""

    def forked(self) -> Store:
        """A child's child is refused as well."""
        return self

    def close(self) -> Kept:
        """Nothing."""
        return InMemory([], [])


class _Forks:
    """Lets no process be forked while a store writes.

    A lock that another thread holds at a fork, of pyarrow while it imports
    pandas for one, is never opened in the child.
    """

    def __init__(self) -> None:
        self.stores: WeakSet[DiskStore] = WeakSet()
        self._one = threading.RLock()
        self._held: list[threading.Lock] = []
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self._wait,
                after_in_parent=self._go_on,
                after_in_child=self._go_on,
            )

    def _wait(self) -> None:
        self._one.acquire()
        for store in tuple(self.stores):
            # a signal's handler may fork while its own thread writes
            if store.lock.acquire(timeout=FORK_SECONDS):
                self._held.append(store.lock)

    def _go_on(self) -> None:
        for lock in self._held:
            lock.release()
        self._held.clear()
        self._one.release()


_forks = _Forks()


class DiskStore:
    """Keeps events and facts in a directory, up to the last half second.

    Args:
        root: the directory of the trace.
        run: the run record.
        coverage: which coordinates the recording selects.
        rank, world: this process, and how many write parts of the trace.
        child: number of a forked child, 0 in the process that was forked. A
            child may end without a word, so each of its events is flushed.
    """

    lost = ""

    def __init__(
        self,
        root: Path,
        run: Run,
        coverage: list[Coverage],
        rank: int = 0,
        world: int = 1,
        child: int = 0,
    ) -> None:
        self._root = root
        self._origin = (root, run, coverage, rank, world)
        self._world, self._is_part = world, rank > 0 or child > 0
        self.process = world - 1 + child if child else rank
        label = f"fork{child}" if child else f"rank{rank}" if rank else ""
        stream, journal = part_files(root, label)
        self._journal = Journal(journal, run, coverage)
        self._stream = EventStream(stream)
        self.rows = self._stream.rows
        self._at_once = child > 0
        self.most_rows = FIELDS * (1 if child else event_stream.BATCH_EVENTS)
        self.lock = threading.Lock()
        _forks.stores.add(self)
        self._failure = ""
        self._parent: DiskStore | None = None
        self._ended = threading.Event()
        self._flusher = threading.Thread(
            target=self._flush_often, name="tracekit flush", daemon=True
        )
        if not self._at_once:
            self._flusher.start()

    def _flush_often(self) -> None:
        while not self._ended.wait(FLUSH_SECONDS):
            with self.lock:
                if self._failure:
                    return
                try:
                    self._stream.flush()
                except OSError as error:
                    self._fail(error)

    def spill(self) -> None:
        """Write the rows; they are dropped once the disk has failed."""
        with self.lock:
            if self._failure:
                self.rows.clear()
                return
            try:
                self._stream.flush()
            except OSError as error:
                self._fail(error)

    def write(self, event: Event) -> None:
        """Take one event; nothing once the disk has failed."""
        with self.lock:
            if self._failure:
                return
            try:
                self._stream.write(event)
                if self._at_once:
                    self._stream.flush()
            except OSError as error:
                self._fail(error)

    def keep(self, fact: Fact) -> None:
        """Take one fact."""
        with self.lock:
            if self._failure:
                return
            try:
                self._journal.write(fact)
            except OSError as error:
                self._fail(error)

    def forked(self) -> Store:
        """A part of its own for a forked child."""
        for child in count(1):
            try:
                store = DiskStore(*self._origin, child)
            except FileExistsError:
                continue
            except OSError as error:
                self.lock = threading.Lock()
                self._fail(error)
                return self
            # what the parent has not flushed is the parent's to write
            store._parent = self
            return store
        raise AssertionError

    def _fail(self, error: OSError) -> None:
        left = (
            "What was written before can be read as it is; make room and run "
            "'tracekit repair' on it, or record again"
            if (self._root / STREAM).exists()
            else "What was written before isn't there any more; record again"
        )
        self._failure = (
            f"the recording to {self._root} stopped while the program went "
            f"on: {error}. {left}"
        )
        structlog.get_logger("tracekit").error(
            "the recording stopped, the program goes on",
            trace=str(self._root),
            reason=str(error),
        )

    def close(self) -> Kept:
        """End the files; what lies on the disk, of all processes.

        Raises:
            RecordingError: the disk took no more, or lost some.
        """
        self._ended.set()
        if not self._at_once:
            self._flusher.join()
        with self.lock:
            try:
                self._stream.close(whole=not self._failure)
            except OSError as error:
                self._fail(error)
                self._stream.close(whole=False)
            self._journal.close()
        if self._failure:
            raise RecordingError(self._failure)
        if self._is_part:
            return InMemory([], [])
        wait_for_ranks(self._root, self._world)
        survey = Survey(streams_of(self._root))
        mine = survey.events_of[self._root / STREAM]
        if mine != self._stream.events:
            raise RecordingError(
                f"{self._root / STREAM} holds {mine} of "
                f"{self._stream.events} events; something else wrote into it"
            )
        return OnDisk(self._root, survey, read_facts(self._root))
