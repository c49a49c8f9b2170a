"""Events become tables: one grid a tap, one sorted element table a tap.

While a program runs, an event only knows its own box. Sealing fixes the grid
that all events of a tap share, numbers every element by its place in it (its
*ordinal*, mixed radix, sorted), and counts what fired twice at one place.

Nothing in an element table depends on any other tap, so adding a tap leaves
the stored bytes of all others unchanged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tracekit.errors import TraceError
from tracekit.schema import COMPONENT, OCCURRENCE, Axis, Event

Ordinals = npt.NDArray[np.int64]
_LARGEST = 2**62


@dataclass(slots=True)
class SealedTap:
    """One tap of a trace, ready to be stored."""

    name: str
    family: str
    order: int
    kind: str
    dtype: str
    unit: str | None
    need: str
    merged: int
    grid: tuple[Axis, ...]
    events: list[tuple[int, Event]]
    elements: pa.Table
    key_hash: str
    value_hash: str


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


def _identity(event: Event) -> tuple[Any, ...]:
    dims = tuple(axis.dim for axis in event.axes)
    return event.tap, event.family, dims, event.kind, event.unit


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
    axes = _shared_axes(events)
    ordinals = _ordinals(events, axes)
    table = _element_table(events, ordinals)
    axes, table = _count_occurrences(axes, table)
    ordinals = table["ordinal"].to_numpy()
    return SealedTap(
        name=first.tap,
        family=first.family,
        order=order,
        kind=first.kind,
        dtype=first.dtype,
        unit=first.unit,
        need=first.need,
        merged=group.merged,
        grid=axes,
        events=group.events,
        elements=table,
        key_hash=_hash(repr(axes).encode(), ordinals),
        value_hash=_value_hash(table),
    )


def _shared_axes(events: list[Event]) -> tuple[Axis, ...]:
    """The smallest grid that holds every event's box."""
    shared = []
    for place, first in enumerate(events[0].axes):
        boxes = [event.axes[place] for event in events]
        origin = min(box.origin for box in boxes)
        end = max(box.origin + box.extent for box in boxes)
        labels = max((box.labels for box in boxes), key=len)
        states = {box.state for box in boxes}
        state = first.state if len(states) == 1 else "index"
        shared.append(Axis(first.dim, origin, end - origin, state, labels))
    size = 1
    for axis in shared:
        size *= max(axis.extent, 1)
    if size > _LARGEST:
        raise TraceError(
            f"tap {events[0].tap!r}: its indices span {size} places, more "
            f"than {_LARGEST}; number its loop indices from a smaller range"
        )
    return tuple(shared)


def strides(axes: tuple[Axis, ...]) -> list[int]:
    """Row-major strides of a grid."""
    found, stride = [], 1
    for axis in reversed(axes):
        found.append(stride)
        stride *= max(axis.extent, 1)
    return found[::-1]


def _ordinals(events: list[Event], axes: tuple[Axis, ...]) -> Ordinals:
    parts = [_event_ordinals(event, axes) for event in events]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _event_ordinals(event: Event, axes: tuple[Axis, ...]) -> Ordinals:
    steps = strides(axes)
    if event.positions is not None:
        extents = tuple(axis.extent for axis in event.axes) or (1,)
        local = np.unravel_index(event.positions, extents)
        total = np.zeros(len(event.positions), np.int64)
        for axis, box, step, index in zip(
            axes, event.axes, steps, local, strict=False
        ):
            total += (index + (box.origin - axis.origin)) * step
        return total
    total = np.zeros(1, np.int64)
    for axis, box, step in zip(axes, event.axes, steps, strict=True):
        start = box.origin - axis.origin
        along = np.arange(start, start + box.extent, dtype=np.int64) * step
        total = (total[:, None] + along).reshape(-1)
    return total


def _element_table(events: list[Event], ordinals: Ordinals) -> pa.Table:
    counts = [_length(event) for event in events]
    columns: dict[str, Any] = {
        "ordinal": ordinals,
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


def _length(event: Event) -> int:
    if event.kind == "text":
        return len(event.text or ())
    return len(event.values)


def _values(parts: list[npt.NDArray[Any]], kind: str) -> npt.NDArray[Any]:
    values = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return values.astype(np.int8) if kind == "bool" else values


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


def _count_occurrences(
    axes: tuple[Axis, ...], table: pa.Table
) -> tuple[tuple[Axis, ...], pa.Table]:
    """Sort by ordinal; what fired n times at one place gets n occurrences."""
    ordinals: Ordinals = table["ordinal"].to_numpy()
    steps = np.diff(ordinals)
    if bool(np.all(steps > 0)):
        return axes, table
    order = np.argsort(ordinals, kind="stable")
    table = table.take(pa.array(order))
    ordinals = ordinals[order]
    fresh = np.concatenate(([True], np.diff(ordinals) != 0))
    if bool(np.all(fresh)):
        return axes, table
    places = np.arange(len(ordinals))
    occurrence = places - np.maximum.accumulate(np.where(fresh, places, 0))
    axes, ordinals = _with_occurrence(axes, ordinals, occurrence)
    order = np.argsort(ordinals, kind="stable")
    column = table.schema.get_field_index("ordinal")
    table = table.set_column(column, "ordinal", pa.array(ordinals))
    return axes, table.take(pa.array(order))


def _with_occurrence(
    axes: tuple[Axis, ...], ordinals: Ordinals, occurrence: Ordinals
) -> tuple[tuple[Axis, ...], Ordinals]:
    has_component = bool(axes) and axes[-1].dim == COMPONENT
    size = axes[-1].extent if has_component else 1
    count = int(occurrence.max()) + 1
    place = len(axes) - has_component
    counted = Axis(OCCURRENCE, 0, count)
    outer, inner = np.divmod(ordinals, size)
    return (
        (*axes[:place], counted, *axes[place:]),
        (outer * count + occurrence) * size + inner,
    )


def _hash(*parts: bytes | npt.NDArray[Any]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(
            part if isinstance(part, bytes) else np.ascontiguousarray(part)
        )
    return digest.hexdigest()


def _value_hash(table: pa.Table) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name in ("float", "integer", "unsigned"):
        if name in table.column_names:
            values = table[name].to_numpy()
            digest.update(values.dtype.str.encode())
            digest.update(np.ascontiguousarray(values))
    if "text" in table.column_names:
        digest.update(repr(table["text"].to_pylist()).encode())
    return digest.hexdigest()
