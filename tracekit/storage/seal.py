"""Events become tables: one grid a tap, one sorted element table a tap.

While a program runs, an event only knows its own box. Sealing fixes the grid
that all events of a tap share, numbers every element by its place in it (its
*ordinal*, mixed radix, sorted), and counts what fired twice at one place.

Nothing in an element table depends on any other tap, so adding a tap leaves
the stored bytes of all others unchanged.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa

from tracekit.schema import Axis, Event
from tracekit.storage.columns import EventColumns, joined
from tracekit.storage.contents import Contents
from tracekit.storage.grid import (
    Extent,
    Ordinals,
    box_ordinals,
    places_in_box,
    with_occurrence,
)
from tracekit.storage.hashes import contents_of
from tracekit.storage.layout import SHARED, identity
from tracekit.storage.repeats import without_repeats


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
    contents: Contents


@dataclass(slots=True)
class SealedTap(TapFacts):
    """One tap of a trace in memory, ready to be stored.

    Args:
        parts: its events.
        ranks: by part, the number of each event within the tap.
    """

    parts: list[EventColumns]
    ranks: list[Ordinals]
    elements: pa.Table


def seal(parts: Iterable[EventColumns], *, merge: bool) -> list[SealedTap]:
    """Seal events, taps in the order of their first firing.

    Args:
        parts: events, each with its place among all.
        merge: drop an event that repeats another of its tap at the same place
            with the same values, and count it: logs print one value many
            times. A recorded program's repeats are kept as occurrences.

    Raises:
        TraceError: a tap's grid is too large to number its elements.
    """
    taps: dict[Any, list[EventColumns]] = {}
    for part in parts:
        if len(part):
            taps.setdefault(tap_identity(part.pattern), []).append(part)
    sealed = [_sealed(tap, merge=merge) for tap in taps.values()]
    return sorted(sealed, key=lambda tap: tap.order)


def facts_of(tap: SealedTap) -> TapFacts:
    """What is known of a tap, without its elements and events."""
    return TapFacts(*(getattr(tap, field.name) for field in fields(TapFacts)))


def tap_identity(event: Event) -> Any:
    """Equal for events of one tap."""
    shared = {name: getattr(event, name) for name in SHARED}
    return identity(shared, tuple(axis.dim for axis in event.axes))


def _sealed(parts: list[EventColumns], *, merge: bool) -> SealedTap:
    parts = sorted(parts, key=lambda part: int(part.sequence[0]))
    count = sum(len(part) + part.again for part in parts)
    if merge:
        parts = without_repeats(parts)
    first = parts[0].pattern
    axes = _grid(parts)
    places = [places_of(part, axes) for part in parts]
    order, numbers = _in_order(parts)
    table = element_table(parts, places, numbers)
    if len(parts) > 1:
        fired = np.argsort(table["event"].to_numpy(), kind="stable")
        table = table.take(pa.array(fired))
    axes, table = count_occurrences(axes, table)
    firsts = [
        found[:: part.size] if part.size else np.zeros(len(part), np.int64)
        for part, found in zip(parts, places, strict=True)
    ]
    ranks = event_ranks(joined(firsts)[order])
    return SealedTap(
        name=first.tap,
        family=first.family,
        order=int(parts[0].sequence[0]),
        kind=first.kind,
        dtype=_shared_dtype(parts),
        unit=first.unit,
        need=first.need,
        merged=count - sum(map(len, parts)),
        grid=axes,
        parts=parts,
        ranks=[ranks[number] for number in numbers],
        elements=renumbered(table, ranks),
        count=len(table),
        contents=contents_of(axes, table),
    )


def _grid(parts: Sequence[EventColumns]) -> tuple[Axis, ...]:
    """The smallest grid that holds every event's box."""
    first = parts[0].pattern
    extent = Extent(first.axes)
    for part in parts:
        extent.take(part.pattern.axes, part.origins)
    return extent.grid(first.tap)


def places_of(part: EventColumns, grid: tuple[Axis, ...]) -> Ordinals:
    """Places in the grid of all elements, one event after the other."""
    positions = part.pattern.positions
    axes = part.pattern.axes
    if positions is None:
        size = math.prod(axis.extent for axis in axes)
        positions = np.arange(size, dtype=np.int64)
    inner = places_in_box(positions, axes, grid)
    outer = box_ordinals(part.origins, grid)
    found: Ordinals = (outer[:, None] + inner).reshape(-1)
    return found


def _in_order(
    parts: Sequence[EventColumns],
) -> tuple[Ordinals, list[Ordinals]]:
    """Events of all parts in the order of firing, and each one's number."""
    sequence = joined([part.sequence for part in parts])
    order = np.argsort(sequence, kind="stable")
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.arange(len(order))
    ends = np.cumsum([len(part) for part in parts])
    return order, np.split(numbers, ends[:-1])


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


def _shared_dtype(parts: Sequence[EventColumns]) -> str:
    """The program's type, or the stored one that holds several of them."""
    patterns = [part.pattern for part in parts]
    if len({event.dtype for event in patterns}) == 1:
        return patterns[0].dtype
    return str(np.result_type(*(part.values.dtype for part in parts)))


def element_table(
    parts: Sequence[EventColumns],
    places: Sequence[Ordinals],
    numbers: Sequence[Ordinals],
) -> pa.Table:
    """The elements of events, part after part.

    Args:
        parts: events of one tap.
        places: by part, the ordinals of their elements.
        numbers: by part, the numbers of the events.
    """
    counts = [len(found) for found in places]
    columns: dict[str, Any] = {
        "ordinal": joined(places),
        "event": joined(
            [
                number.repeat(part.size)
                for part, number in zip(parts, numbers, strict=True)
            ]
        ),
    }
    kind = parts[0].pattern.kind
    if kind != "text":
        values = joined([part.values for part in parts])
        stored = values.astype(np.int8) if kind == "bool" else values
        columns[column_of(kind)] = stored
    for name, stored in (
        ("text", pa.string()),
        ("digits", pa.int16()),
        ("quantum", pa.int16()),
    ):
        found = [getattr(part, name) for part in parts]
        if any(part is not None for part in found):
            columns[name] = _optional(found, counts, stored)
    return pa.table(columns)


def _optional(
    parts: Sequence[Any], counts: Sequence[int], stored: pa.DataType
) -> pa.ChunkedArray:
    pieces = [
        pa.nulls(count, stored) if part is None else pa.array(part, stored)
        for part, count in zip(parts, counts, strict=True)
    ]
    return pa.chunked_array(pieces)


def column_of(kind: str) -> str:
    """The element column that holds the numbers of this kind."""
    names = {"float": "float", "uint": "unsigned", "text": "text"}
    return names.get(kind, "integer")


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
