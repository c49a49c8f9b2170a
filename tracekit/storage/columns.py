"""Many events of one layout, by column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit.schema import Axis, Event
from tracekit.storage.grid import Ordinals
from tracekit.storage.layout import SHARED

_SHAPE = (*(name for name in SHARED if name != "line"), "context")
_OWN = ("line", "time_ns", "thread")


@dataclass(slots=True)
class EventColumns:
    """Events that differ in place, time and values only.

    Args:
        pattern: the first event; the fields below go before its own.
        sequence: place of each among all events, ascending.
        origins: one row an event, one column an axis.
        values: one event after the other.
        line: where each was read or fired.
        time_ns, thread: as for ``Event``, of each; None where all are 0.
        text, digits, quantum: as for ``Event``, one event after the other.
        again: how many more there were that say what one of these says.
    """

    pattern: Event
    sequence: Ordinals
    origins: Ordinals
    values: npt.NDArray[Any]
    line: Ordinals
    time_ns: Ordinals | None = None
    thread: Ordinals | None = None
    text: Sequence[str | None] | None = None
    digits: npt.NDArray[np.int16] | None = None
    quantum: npt.NDArray[np.int16] | None = None
    again: int = 0

    def __len__(self) -> int:
        return len(self.sequence)

    @property
    def size(self) -> int:
        """How many elements each event holds."""
        return element_count(self.pattern)

    def events(self) -> Iterator[tuple[int, Event]]:
        """The events one by one, with their places among all."""
        size = self.size
        for row, origins in enumerate(self.origins.tolist()):
            own = slice(row * size, (row + 1) * size)
            fields: dict[str, Any] = {
                name: found[own]
                for name in ("values", "text", "digits", "quantum")
                if (found := getattr(self, name)) is not None
            }
            fields |= {
                name: int(found[row])
                for name in _OWN
                if (found := getattr(self, name)) is not None
            }
            axes = tuple(
                Axis(a.dim, origin, a.extent, a.state, a.labels)
                for a, origin in zip(self.pattern.axes, origins, strict=True)
            )
            event = replace(self.pattern, axes=axes, **fields)
            yield int(self.sequence[row]), event

    def moved(self, places: int) -> EventColumns:
        """The same behind so many other events."""
        return replace(self, sequence=self.sequence + places)


def element_count(event: Event) -> int:
    """How many elements an event holds."""
    if event.kind == "text":
        return len(event.text or ())
    return len(event.values)


def columns_of(numbered: Iterable[tuple[int, Event]]) -> list[EventColumns]:
    """Events put together by layout; each has its place among all."""
    alike: dict[Any, list[tuple[int, Event]]] = {}
    for number, event in numbered:
        alike.setdefault(_shape(event), []).append((number, event))
    return [_columns(*zip(*group, strict=True)) for group in alike.values()]


def _shape(event: Event) -> Any:
    positions = event.positions
    return (
        *(getattr(event, name) for name in _SHAPE),
        *((a.dim, a.extent, a.state, a.labels) for a in event.axes),
        event.values.dtype,
        element_count(event),
        None if positions is None else positions.tobytes(),
        *((n is None) for n in (event.text, event.digits, event.quantum)),
    )


def _columns(
    numbers: tuple[int, ...], events: tuple[Event, ...]
) -> EventColumns:
    first = events[0]
    own: dict[str, Any] = {
        name: joined([getattr(event, name) for event in events])
        for name in ("digits", "quantum")
        if getattr(first, name) is not None
    }
    own |= {
        name: np.array([getattr(event, name) for event in events], np.int64)
        for name in _OWN
    }
    if first.text is not None:
        own["text"] = [text for event in events for text in event.text or ()]
    origins = [[axis.origin for axis in event.axes] for event in events]
    return EventColumns(
        first,
        np.array(numbers, np.int64),
        np.array(origins, np.int64).reshape(len(events), len(first.axes)),
        joined([event.values for event in events]),
        **own,
    )


def joined(parts: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """One array of several; one alone is not copied."""
    if len(parts) == 1:
        return parts[0]
    with np.errstate(invalid="ignore"):  # a signalling NaN stays a NaN
        return np.concatenate(parts)
