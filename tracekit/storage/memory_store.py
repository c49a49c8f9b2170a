"""A recording that is kept in memory, by one process."""

from __future__ import annotations

import mmap
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Unpack

import structlog

from tracekit.schema import Event
from tracekit.storage.batches import Firings
from tracekit.storage.live import Nowhere, Store, Taken
from tracekit.storage.stream import FIELDS, event_of, events_of
from tracekit.storage.trace import Trace
from tracekit.storage.unfinished import Fact, Unfinished

_REFUSED, _OVER = 1, 2  # a child had something to record; the block ended


@dataclass(slots=True)
class InMemory:
    """Events and facts of one process."""

    events: list[Event]
    facts: list[Fact]

    def of_others(self) -> Iterator[Firings]:
        """None reach the memory of this one."""
        return iter(())

    def trace(self, **about: Unpack[Unfinished]) -> Trace:
        """The trace of all events."""
        return Trace.build(self.events, **about)


class MemoryStore:
    """Keeps events in memory.

    Args:
        process: number of this process.
    """

    def __init__(self, process: int = 0) -> None:
        self.process = process
        self.rows: list[Any] = []
        self.most_rows = sys.maxsize
        self._lock = threading.Lock()
        self._taken = 0
        self._facts: list[Fact] = []
        self._refused = mmap.mmap(-1, 1)  # shared with forked children
        self._lost = ""

    @property
    def lost(self) -> str:
        """Whether a forked child had something to record."""
        if self._refused[0] != _REFUSED:
            return self._lost
        return (
            "taps fired in forked processes, which can't reach a recording "
            "in memory; give record() a path, and each writes its part"
        )

    def spill(self) -> None:
        """Events take the place of what waits to become one."""
        with self._lock:
            for place in range(self._taken, len(self.rows), FIELDS):
                if self.rows[place] is None:
                    self.rows[place + 1] = event_of(self.rows[place + 1])
                self._taken = place + FIELDS

    def write(self, event: Event) -> None:
        """Take one event."""
        self.rows.extend((None, event, 0, 0, ()))

    def keep(self, fact: Fact) -> None:
        """Take one fact."""
        self._facts.append(fact)

    def tell_end(self, how: str) -> None:
        """The recorder knows it."""

    def ends_of_others(self) -> list[tuple[str, str]]:
        """None records here."""
        return []

    def forked(self) -> Store:
        """Nothing of a child arrives; both tell so, while it records."""
        if self._refused[0] != _OVER:
            self._refused[0] = _REFUSED
            structlog.get_logger("tracekit").error(
                "a forked process can't reach a recording in memory; give "
                "record() a path",
                process=os.getpid(),
            )
        return Nowhere()

    def close(self) -> Taken:
        """All of it."""
        self._lost, self._refused[0] = self.lost, _OVER
        kept = InMemory(list(events_of(self.rows)), self._facts)
        self.rows, self._facts = [], []
        return kept
