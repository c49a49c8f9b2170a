"""What takes the events of a running recording, until its end.

``memory_store.py`` and ``disk_store.py`` are the two ways.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, Unpack

from tracekit.schema import Event
from tracekit.storage.batches import Firings
from tracekit.storage.trace import Trace
from tracekit.storage.unfinished import Fact, Unfinished


class Taken(Protocol):
    """What a store has taken."""

    @property
    def facts(self) -> list[Fact]:
        """Facts and files, as they came."""
        ...

    def of_others(self) -> Iterator[Firings]:
        """Firings of other processes than the one that closes."""
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

    def tell_end(self, how: str) -> None:
        """Tell the process that closes how this one ended, if not well."""
        ...

    def ends_of_others(self) -> list[tuple[str, str]]:
        """Which other processes ended otherwise than well, and how."""
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


class Nowhere:
    """The store of a forked child that can't reach the recording."""

    process = 0
    lost = ""
    most_rows = 0

    def __init__(self) -> None:
        self.rows: list[Any] = []

    def spill(self) -> None:
        """Take nothing."""
        self.rows.clear()

    def write(self, event: Event) -> None:
        """Take nothing."""

    def keep(self, fact: Fact) -> None:
        """Take nothing."""

    def tell_end(self, how: str) -> None:
        """Tell nobody."""

    def ends_of_others(self) -> list[tuple[str, str]]:
        """None."""
        return []

    def forked(self) -> Store:
        """A child's child is no better off."""
        return self

    def close(self) -> Taken:
        """Only the process that began closes."""
        raise AssertionError
