"""Events by column that are put together when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tracekit.schema import Event
from tracekit.storage.columns import EventColumns


@dataclass(frozen=True, slots=True)
class LateColumns:
    """Many events of one layout, which may wait on the disk.

    Args:
        pattern: as for ``EventColumns``.
        first: place of the first event among all.
        count: how many events.
        load: puts them together.
        places: the events without values, digits and texts, some at a time;
            repeats are among them, even where ``load`` leaves them out.
        pieces: the same events, whole.
    """

    pattern: Event
    first: int
    count: int
    load: Callable[[], EventColumns]
    places: Callable[[], Iterator[EventColumns]]
    pieces: Callable[[], Iterator[EventColumns]]

    @property
    def elements(self) -> int:
        """How many numbers all of them hold."""
        return self.count * len(self.pattern.values)


def at_hand(columns: EventColumns) -> LateColumns:
    """Events that are put together already."""
    return LateColumns(
        columns.pattern,
        int(columns.sequence[0]),
        len(columns),
        lambda: columns,
        lambda: iter([columns]),
        lambda: iter([columns]),
    )
