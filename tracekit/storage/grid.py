"""The grid that all events of a tap share, and elements' places in it.

An element's *ordinal* is its row-major place in the grid: mixed radix with
the grid's extents as the radices.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tracekit.errors import TraceError
from tracekit.schema import COMPONENT, OCCURRENCE, Axis, Event

Ordinals = npt.NDArray[np.int64]
_LARGEST = 2**62


def shared_axes(events: list[Event]) -> tuple[Axis, ...]:
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


def event_ordinals(event: Event, axes: tuple[Axis, ...]) -> Ordinals:
    """Places of an event's elements in the grid."""
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


def with_occurrence(
    axes: tuple[Axis, ...], ordinals: Ordinals, occurrence: Ordinals
) -> tuple[tuple[Axis, ...], Ordinals]:
    """The grid with a dim for what fired several times at one place.

    It stands before the components, so that a vector stays together.
    """
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
