"""Events become tables: one grid a tap, one sorted element table a tap.

While a program runs, an event only knows its own box. Sealing fixes the grid
that all events of a tap share, numbers every element by its place in it (its
*ordinal*, mixed radix, sorted), and counts what fired twice at one place.

Nothing in an element table depends on any other tap, so adding a tap leaves
the stored bytes of all others unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tracekit.schema import Axis, Event
from tracekit.storage.grid import (
    Ordinals,
    event_ordinals,
    shared_axes,
    with_occurrence,
)
from tracekit.storage.hashes import hashes
from tracekit.storage.layout import SHARED, identity


@dataclass(slots=True)
class TapFacts:
    """What is known of a tap beside its elements; ``count`` is how many."""

    name: str
    family: str
    order: int
    kind: str
    dtype: str
    unit: str | None
    need: str
    merged: int
    grid: tuple[Axis, ...]
    count: int
    key_hash: str
    value_hash: str


@dataclass(slots=True)
class SealedTap(TapFacts):
    """One tap of a trace in memory, ready to be stored."""

    events: list[tuple[int, Event]]
    elements: pa.Table


@dataclass(slots=True)
class _Group:
    """Events of one tap that share their dims, in the order of firing."""

    events: list[tuple[int, Event]] = field(default_factory=list)
    merged: int = 0
    seen: dict[Any, list[bytes]] = field(default_factory=dict)


def seal(events: Iterable[Event], *, merge: bool) -> list[SealedTap]:
    """Seal events, taps in the order of their first firing.

    Args:
        events: in program order.
        merge: drop an event that repeats another of its tap at the same place
            with the same values, and count it: logs print one value many
            times. A recorded program's repeats are kept as occurrences.

    Raises:
        TraceError: a tap's grid is too large to number its elements.
    """
    groups: dict[Any, _Group] = {}
    for sequence, event in enumerate(events):
        group = groups.setdefault(_identity(event), _Group())
        if merge and _repeats(event, group):
            group.merged += 1
        else:
            group.events.append((sequence, event))
    return [_sealed(group) for group in groups.values()]


def _identity(event: Event) -> Any:
    shared = {name: getattr(event, name) for name in SHARED}
    return identity(shared, tuple(axis.dim for axis in event.axes))


def _repeats(event: Event, group: _Group) -> bool:
    positions = None if event.positions is None else event.positions.tobytes()
    content = event.values.tobytes() + repr(event.text).encode()
    earlier = group.seen.setdefault((event.axes, positions), [])
    if content in earlier:
        return True
    earlier.append(content)
    return False


def _sealed(group: _Group) -> SealedTap:
    order, first = group.events[0]
    events = [event for _, event in group.events]
    axes = shared_axes(events)
    ordinals = [event_ordinals(event, axes) for event in events]
    axes, table = count_occurrences(axes, _element_table(events, ordinals))
    firsts = [part[0] if len(part) else 0 for part in ordinals]
    ranks = event_ranks(np.array(firsts, np.int64))
    hashed = hashes(axes, table)
    return SealedTap(
        name=first.tap,
        family=first.family,
        order=order,
        kind=first.kind,
        dtype=_shared_dtype(events),
        unit=first.unit,
        need=first.need,
        merged=group.merged,
        grid=axes,
        events=[group.events[place] for place in np.argsort(ranks)],
        elements=renumbered(table, ranks),
        count=len(table),
        key_hash=hashed.keys,
        value_hash=hashed.values,
    )


def event_ranks(firsts: Ordinals) -> Ordinals:
    """Numbers of a tap's events in the order of place, then of firing.

    Args:
        firsts: the first place of each event, in the order of firing.

    So a program that goes through its blocks in another order leaves the
    same bytes; the order of firing is kept in the event table.
    """
    order = np.argsort(firsts, kind="stable")
    return np.argsort(order, kind="stable")


def renumbered(table: pa.Table, ranks: Ordinals) -> pa.Table:
    """The elements with their events' ranks for numbers."""
    column = table.schema.get_field_index("event")
    events = ranks[table["event"].to_numpy()]
    return table.set_column(column, "event", pa.array(events, pa.int64()))


def _shared_dtype(events: list[Event]) -> str:
    """The program's type, or the stored one that holds several of them."""
    if len({event.dtype for event in events}) == 1:
        return events[0].dtype
    return str(np.result_type(*(event.values.dtype for event in events)))


def _element_table(events: list[Event], ordinals: list[Ordinals]) -> pa.Table:
    counts = [element_count(event) for event in events]
    columns: dict[str, Any] = {
        "ordinal": _joined(ordinals),
        "event": np.repeat(np.arange(len(events), dtype=np.int64), counts),
    }
    kind = events[0].kind
    if kind != "text":
        columns[column_of(kind)] = _values([e.values for e in events], kind)
    if any(event.text is not None for event in events):
        columns["text"] = pa.array(
            [
                text
                for event, count in zip(events, counts, strict=True)
                for text in (event.text or [None] * count)
            ],
            pa.string(),
        )
    for name in ("digits", "quantum"):
        parts = [getattr(event, name) for event in events]
        if any(part is not None for part in parts):
            columns[name] = _optional_parts(parts, counts)
    return pa.table(columns)


def column_of(kind: str) -> str:
    """The element column that holds the numbers of this kind."""
    names = {"float": "float", "uint": "unsigned", "text": "text"}
    return names.get(kind, "integer")


def element_count(event: Event) -> int:
    """How many elements an event holds."""
    if event.kind == "text":
        return len(event.text or ())
    return len(event.values)


def _values(parts: list[npt.NDArray[Any]], kind: str) -> npt.NDArray[Any]:
    values = _joined(parts)
    return values.astype(np.int8) if kind == "bool" else values


def _joined(parts: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    if len(parts) == 1:
        return parts[0]
    with np.errstate(invalid="ignore"):  # a signalling NaN stays a NaN
        return np.concatenate(parts)


def _optional_parts(
    parts: list[npt.NDArray[Any] | None], counts: list[int]
) -> pa.Array:
    pieces = [
        pa.nulls(count, pa.int16())
        if part is None
        else pa.array(part, pa.int16())
        for part, count in zip(parts, counts, strict=True)
    ]
    return pa.chunked_array(pieces)


def count_occurrences(
    axes: tuple[Axis, ...], table: pa.Table
) -> tuple[tuple[Axis, ...], pa.Table]:
    """Sort by ordinal; what fired n times at one place gets n occurrences."""
    ordinals: Ordinals = table["ordinal"].to_numpy()
    if bool(np.all(ordinals[1:] > ordinals[:-1])):
        return axes, table
    again = _same_place_again(ordinals)
    if again is not None:
        occurrence = np.arange(again[1], dtype=np.int64).repeat(again[0])
        axes, ordinals = with_occurrence(axes, ordinals, occurrence, again[1])
        return axes, _sorted_by(ordinals, table)
    order = np.argsort(ordinals, kind="stable")
    table = table.take(pa.array(order))
    ordinals = ordinals[order]
    fresh = np.concatenate(([True], np.diff(ordinals) != 0))
    if bool(np.all(fresh)):
        return axes, table
    places = np.arange(len(ordinals))
    occurrence = places - np.maximum.accumulate(np.where(fresh, places, 0))
    count = int(occurrence.max()) + 1
    axes, ordinals = with_occurrence(axes, ordinals, occurrence, count)
    return axes, _sorted_by(ordinals, table)


def _same_place_again(ordinals: Ordinals) -> tuple[int, int] | None:
    """How many places fired how often, where all fired equally in turns."""
    first = int(np.argmax(ordinals[1:] <= ordinals[:-1])) + 1
    count, rest = divmod(len(ordinals), first)
    if rest:
        return None
    turns = ordinals.reshape(count, first)
    return (first, count) if bool(np.all(turns == turns[0])) else None


def _sorted_by(ordinals: Ordinals, table: pa.Table) -> pa.Table:
    column = table.schema.get_field_index("ordinal")
    table = table.set_column(column, "ordinal", pa.array(ordinals))
    return table.take(pa.array(np.argsort(ordinals, kind="stable")))
