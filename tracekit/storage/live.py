"""What takes the events of a running recording, until its end.

``memory_store.py`` and ``disk_store.py`` are the two ways.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, Unpack

from tracekit.schema import Event
from tracekit.storage.trace import Trace
from tracekit.storage.unfinished import Fact, Unfinished


class Taken(Protocol):
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

    def close(self) -> Taken:
        """Take no more; all that was taken, in the order in which it came.

        Raises:
            RecordingError: some is lost.
        """
        ...
