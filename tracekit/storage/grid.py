"""The grid that all events of a tap share, and elements' places in it.

An element's *ordinal* is its row-major place in the grid: mixed radix with
the grid's extents as the radices.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit.errors import TraceError
from tracekit.schema import COMPONENT, OCCURRENCE, Axis, Event, State

Ordinals = npt.NDArray[np.int64]
Places = Ordinals | range
"""Ordinals; a range where they follow one another."""
_LARGEST = 2**62


class Extent:
    """Grows to the smallest grid that holds every box of a tap.

    Args:
        axes: of the first box; their origins do not matter.
    """

    def __init__(self, axes: tuple[Axis, ...]) -> None:
        self._axes = axes
        self._low = np.full(len(axes), np.iinfo(np.int64).max)
        self._high = np.full(len(axes), np.iinfo(np.int64).min)
        self._labels = [axis.labels for axis in axes]
        self._states: list[set[State]] = [{axis.state} for axis in axes]

    def take(self, axes: tuple[Axis, ...], origins: Ordinals) -> None:
        """Take boxes in.

        Args:
            axes: extents, states and labels of the boxes.
            origins: one row a box, one column an axis.
        """
        extents = np.array([axis.extent for axis in axes], np.int64)
        self._low = np.minimum(self._low, origins.min(axis=0))
        self._high = np.maximum(self._high, origins.max(axis=0) + extents)
        for place, axis in enumerate(axes):
            if len(axis.labels) > len(self._labels[place]):
                self._labels[place] = axis.labels
            self._states[place].add(axis.state)

    def grid(self, tap: str) -> tuple[Axis, ...]:
        """The grid.

        Raises:
            TraceError: it is too large to number its places.
        """
        shared = tuple(
            Axis(
                axis.dim,
                int(low),
                int(high - low),
                axis.state if len(states) == 1 else "index",
                labels,
            )
            for axis, low, high, states, labels in zip(
                self._axes,
                self._low,
                self._high,
                self._states,
                self._labels,
                strict=True,
            )
        )
        size = prod(max(axis.extent, 1) for axis in shared)
        if size > _LARGEST:
            raise TraceError(
                f"tap {tap!r}: its indices span {size} places, more than "
                f"{_LARGEST}; number its loop indices from a smaller range"
            )
        return shared


def shared_axes(events: list[Event]) -> tuple[Axis, ...]:
    """The smallest grid that holds every event's box."""
    shapes: dict[Any, tuple[tuple[Axis, ...], list[list[int]]]] = {}
    for event in events:
        shape = tuple([(a.extent, a.state, a.labels) for a in event.axes])
        _, origins = shapes.setdefault(shape, (event.axes, []))
        origins.append([axis.origin for axis in event.axes])
    extent = Extent(events[0].axes)
    for axes, origins in shapes.values():
        extent.take(axes, np.array(origins, np.int64))
    return extent.grid(events[0].tap)


def as_ordinals(places: Places) -> Ordinals:
    """The places as an array."""
    if isinstance(places, range):
        return np.arange(places.start, places.stop, dtype=np.int64)
    return places


def origins_of(axes: tuple[Axis, ...]) -> Ordinals:
    """The origin of one box, as a row."""
    return np.array([[axis.origin for axis in axes]], np.int64)


def strides(axes: Sequence[Axis]) -> list[int]:
    """Row-major strides of a grid."""
    found, stride = [], 1
    for axis in reversed(axes):
        found.append(stride)
        stride *= max(axis.extent, 1)
    return found[::-1]


def event_ordinals(event: Event, axes: tuple[Axis, ...]) -> Ordinals:
    """Places of an event's elements in the grid."""
    size = prod(axis.extent for axis in event.axes)
    positions = event.positions
    if positions is None:
        positions = np.arange(size, dtype=np.int64)
    first = box_ordinals(origins_of(event.axes), axes)
    return first + places_in_box(positions, event.axes, axes)


def box_ordinals(origins: Ordinals, grid: tuple[Axis, ...]) -> Ordinals:
    """Places in the grid of boxes' first corners, one row of origins each."""
    low = np.array([axis.origin for axis in grid], np.int64)
    steps = np.array(strides(grid), np.int64)
    found: Ordinals = origins @ steps - low @ steps
    return found


def places_in_box(
    positions: Ordinals, box: tuple[Axis, ...], grid: tuple[Axis, ...]
) -> Ordinals:
    """Places in the grid of a box's positions, from its first corner on."""
    steps = strides(grid)
    if all(
        axis.extent == 1 or own == step
        for axis, own, step in zip(box, strides(box), steps, strict=True)
    ):
        return positions  # the box lies in one piece
    local = np.unravel_index(positions, [axis.extent for axis in box])
    total = np.zeros(len(positions), np.int64)
    for step, index in zip(steps, local, strict=True):
        total += index * step
    return total


def with_occurrence(
    axes: tuple[Axis, ...],
    ordinals: Ordinals,
    occurrence: Ordinals,
    count: int,
) -> tuple[tuple[Axis, ...], Ordinals]:
    """The grid with a dim for what fired several times at one place.

    It stands before the components, so that a vector stays together.
    """
    size = component_size(axes)
    place = len(axes) - has_component(axes)
    counted = Axis(OCCURRENCE, 0, count)
    outer, inner = np.divmod(ordinals, size)
    return (
        (*axes[:place], counted, *axes[place:]),
        (outer * count + occurrence) * size + inner,
    )


def has_component(axes: tuple[Axis, ...]) -> bool:
    """Whether the grid's last dim are components."""
    return bool(axes) and axes[-1].dim == COMPONENT


def component_size(axes: tuple[Axis, ...]) -> int:
    """How many components stand together."""
    return axes[-1].extent if has_component(axes) else 1
