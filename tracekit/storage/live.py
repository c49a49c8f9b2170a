"""Where the events of a running recording wait for its end.

On disk they survive the program: a thread flushes them twice in the half
second that a kill may cost. A disk that takes no more ends the recording, not
the program.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Protocol

import structlog

from tracekit.errors import RecordingError
from tracekit.schema import ConfigValue, Coverage, Event, FileUse, Run
from tracekit.storage.stream import EventStream, read_stream
from tracekit.storage.unfinished import JOURNAL, STREAM, Journal

FLUSH_SECONDS = 0.2


class Store(Protocol):
    """Takes what a recorder collects, from any thread."""

    def write(self, event: Event) -> None:
        """Take one event."""
        ...

    def keep(self, fact: ConfigValue | FileUse) -> None:
        """Take one fact."""
        ...

    def close(self) -> list[Event]:
        """Take no more; all events in the order in which they came.

        Raises:
            RecordingError: some are lost.
        """
        ...


class MemoryStore:
    """Keeps events in memory."""

    def __init__(self) -> None:
        self._events: list[Event] = []

    def write(self, event: Event) -> None:
        """Take one event."""
        self._events.append(event)

    def keep(self, fact: ConfigValue | FileUse) -> None:
        """A fact needs no copy: the recorder has it."""

    def close(self) -> list[Event]:
        """All events."""
        events, self._events = self._events, []
        return events


class DiskStore:
    """Keeps events and facts in a directory, up to the last half second.

    Args:
        root: the directory of the trace.
        run: the run record.
        coverage: which coordinates the recording selects.
    """

    def __init__(self, root: Path, run: Run, coverage: list[Coverage]) -> None:
        self._root = root
        self._journal = Journal(root / JOURNAL, run, coverage)
        self._stream = EventStream(root / STREAM)
        self._lock = threading.Lock()
        self._failure = ""
        self._ended = threading.Event()
        self._flusher = threading.Thread(
            target=self._flush_often, name="tracekit flush", daemon=True
        )
        self._flusher.start()

    def _flush_often(self) -> None:
        while not self._ended.wait(FLUSH_SECONDS):
            with self._lock:
                if self._failure:
                    return
                try:
                    self._stream.flush()
                except OSError as error:
                    self._fail(error)

    def write(self, event: Event) -> None:
        """Take one event; nothing once the disk has failed."""
        with self._lock:
            if self._failure:
                return
            try:
                self._stream.write(event)
            except OSError as error:
                self._fail(error)

    def keep(self, fact: ConfigValue | FileUse) -> None:
        """Take one fact."""
        with self._lock:
            if self._failure:
                return
            try:
                self._journal.write(fact)
            except OSError as error:
                self._fail(error)

    def _fail(self, error: OSError) -> None:
        self._failure = (
            f"the recording to {self._root} stopped while the program went "
            f"on: {error}. What was written before can be read as it is; "
            "make room and run 'tracekit repair' on it, or record again"
        )
        structlog.get_logger("tracekit").error(
            "the recording stopped, the program goes on",
            trace=str(self._root),
            reason=str(error),
        )

    def close(self) -> list[Event]:
        """End the files; the events as they lie on the disk.

        Raises:
            RecordingError: the disk took no more, or lost some.
        """
        self._ended.set()
        self._flusher.join()
        with self._lock:
            try:
                if not self._failure:
                    self._stream.flush()
            except OSError as error:
                self._fail(error)
            self._stream.close(whole=not self._failure)
            self._journal.close()
        if self._failure:
            raise RecordingError(self._failure)
        events = list(read_stream(self._root / STREAM))
        if len(events) != self._stream.events:
            raise RecordingError(
                f"{self._root / STREAM} holds {len(events)} of "
                f"{self._stream.events} events; something else wrote into it"
            )
        return events
