"""A recording that is written to the disk while the program runs.

It survives the program: a thread flushes twice in the half second that a kill
may cost. A disk that takes no more ends the recording, not the program.
"""

from __future__ import annotations

import mmap
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Unpack

import structlog

from tracekit.errors import RecordingError
from tracekit.schema import Coverage, Event, Run
from tracekit.storage import stream as event_stream
from tracekit.storage.ahead import Ahead
from tracekit.storage.batches import Firings, read_batches
from tracekit.storage.closing import write_recording
from tracekit.storage.forks import forks
from tracekit.storage.live import Nowhere, Store, Taken
from tracekit.storage.memory_store import InMemory
from tracekit.storage.ranks import wait_for_ranks
from tracekit.storage.stream import FIELDS, EventStream
from tracekit.storage.survey import Survey
from tracekit.storage.trace import Trace
from tracekit.storage.unfinished import (
    ENDED,
    STREAM,
    Fact,
    Journal,
    Unfinished,
    ends_of_parts,
    part_files,
    read_facts,
    remove_unfinished,
    streams_of,
)

FLUSH_SECONDS = 0.2

_OVER, _UNBEGUN = 0, 1  # what is told: the end; a child that couldn't begin


@dataclass(slots=True)
class OnDisk:
    """Events and facts of all processes, where they were written."""

    root: Path
    survey: Survey
    facts: list[Fact]

    def of_others(self) -> Iterator[Firings]:
        """Firings in forked children and ranks."""
        for stream in self.survey.streams[1:]:
            for batch in read_batches(stream, lambda _: 0):
                yield from (found for _, found in batch.firings())

    def trace(self, **about: Unpack[Unfinished]) -> Trace | None:
        """Write the trace of all events; None, it is opened when asked for."""
        write_recording(self.root, self.survey, **about)
        remove_unfinished(self.root)
        return None


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
        self._ahead = None if self._is_part else Ahead(stream)
        self._stream = EventStream(stream, self._ahead)
        self.rows = self._stream.rows
        self._at_once = child > 0
        self.most_rows = FIELDS * (1 if child else event_stream.BATCH_EVENTS)
        self.lock = threading.Lock()
        forks.stores.add(self)
        self._failure = ""
        self._parent: DiskStore | None = None
        self._told = mmap.mmap(-1, 2)  # shared with forked children
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
                # whatever it is: what ends a thread, nobody else would see
                except Exception as error:
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

    def tell_end(self, how: str) -> None:
        """Tell the process that closes how this one ended, if not well."""
        with self.lock:
            self._note_end(how)

    def _note_end(self, how: str) -> None:
        with suppress(OSError):
            self._journal.append(ENDED, how)

    def ends_of_others(self) -> list[tuple[str, str]]:
        """Which other processes ended otherwise than well, and how."""
        ends = ends_of_parts(self._root)
        if self._told[_UNBEGUN]:
            ends.append(("a forked process", "could not begin its part"))
        return ends

    def forked(self) -> Store:
        """A part of its own for a forked child; none behind the end."""
        if self._told[_OVER]:
            return Nowhere()
        for child in count(1):
            try:
                store = DiskStore(*self._origin, child)
            except FileExistsError:
                continue
            except OSError as error:
                self.lock = threading.Lock()
                self._told[_UNBEGUN] = 1
                self._fail(error)
                return self
            # what the parent has not flushed is the parent's to write
            store._parent, store._told = self, self._told
            return store
        raise AssertionError

    def leave(self) -> None:
        """In a forked child: hold the parent's stream no longer."""
        self._stream.leave()

    def _fail(self, error: Exception) -> None:
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
        if self._parent is not None and self._told[_OVER]:
            return  # the parent's block has ended
        if self._is_part:  # the rest of a page may have room for it
            self._note_end(f"could not write all that fired: {error}")
        structlog.get_logger("tracekit").error(
            "the recording stopped, the program goes on",
            trace=str(self._root),
            reason=str(error),
        )

    def close(self) -> Taken:
        """End the files; what lies on the disk, of all processes.

        Raises:
            RecordingError: the disk took no more, or lost some.
        """
        self._ended.set()
        self._told[_OVER] = 1
        if not self._at_once:
            self._flusher.join()
        known = None if self._ahead is None else self._ahead.close()
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
        self.lost = wait_for_ranks(self._root, self._world)
        survey = Survey(streams_of(self._root), known)
        mine = survey.events_of[self._root / STREAM]
        if mine != self._stream.events:
            raise RecordingError(
                f"{self._root / STREAM} holds {mine} of "
                f"{self._stream.events} events; something else wrote into it"
            )
        return OnDisk(self._root, survey, read_facts(self._root))
