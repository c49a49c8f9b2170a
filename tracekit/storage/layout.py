"""What all firings at one place of the program have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit.schema import Axis, Event

SHARED = (
    *("tap", "kind", "dtype", "unit", "family", "need"),
    *("file", "line", "phase", "process"),
)
_MOST = 4096


class Layout:
    """An event without its values, origins, time, thread and context.

    Args:
        event: one of the events.

    ``size`` is how many elements the box has.
    """

    __slots__ = ("axes", "shared", "size", "values_dtype")

    def __init__(
        self,
        shared: dict[str, Any],
        axes: tuple[Axis, ...],
        values_dtype: np.dtype[Any],
    ) -> None:
        self.shared = shared
        self.axes = axes
        self.values_dtype = values_dtype
        self.size = prod(axis.extent for axis in axes)

    @classmethod
    def of(cls, event: Event) -> Layout:
        """The layout of an event."""
        shared = {name: getattr(event, name) for name in SHARED}
        return cls(shared, event.axes, event.values.dtype)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Layout:
        """What ``to_json`` gave."""
        axes = tuple(
            Axis(dim, 0, extent, state, tuple(labels))
            for dim, extent, state, labels in stored["axes"]
        )
        dtype = np.dtype(stored["values"])
        return cls(stored["shared"], axes, dtype)

    def identity(self) -> tuple[Any, ...]:
        """Equal for what is one tap of a trace."""
        dims = tuple(axis.dim for axis in self.axes)
        return identity(self.shared, dims)

    def to_json(self) -> dict[str, Any]:
        """Plain lists and texts."""
        return {
            "shared": self.shared,
            "axes": [
                (axis.dim, axis.extent, axis.state, axis.labels)
                for axis in self.axes
            ],
            "values": self.values_dtype.str,
        }

    def event(
        self,
        values: npt.NDArray[Any],
        origins: Sequence[int],
        **own: Any,
    ) -> Event:
        """The event of these values at these origins."""
        axes = tuple(
            Axis(axis.dim, origin, axis.extent, axis.state, axis.labels)
            for axis, origin in zip(self.axes, origins, strict=True)
        )
        return Event(values=values, axes=axes, **self.shared, **own)


def identity(
    shared: Mapping[str, Any], dims: tuple[str, ...]
) -> tuple[Any, ...]:
    """What makes events one tap of a trace.

    Args:
        shared: fields of an event by name.
        dims: names of its axes.
    """
    again = shared["phase"] == "recompute"
    names = ("tap", "family", "kind", "unit")
    return (*(shared[name] for name in names), dims, again)


class Layouts:
    """The numbers that layouts have in a stream.

    Where boxes differ from firing to firing there is no end of layouts, so
    numbers are given anew from time to time.
    """

    def __init__(self) -> None:
        self._numbers: dict[Layout, int] = {}
        self._known: dict[tuple[Any, ...], Layout] = {}
        self._fresh: list[tuple[int, Layout]] = []

    def of(self, event: Event) -> Layout:
        """The layout of an event, the same object for equal ones."""
        key = (
            *(getattr(event, name) for name in SHARED),
            *((a.dim, a.extent, a.state, a.labels) for a in event.axes),
            event.values.dtype.str,
        )
        layout = self._known.get(key)
        if layout is None:
            layout = self._known[key] = Layout.of(event)
        return layout

    def numbers(self, layouts: Iterable[Layout]) -> list[int]:
        """Their numbers; each comes once."""
        for layout in layouts:
            if layout not in self._numbers:
                number = self._numbers[layout] = len(self._numbers)
                self._fresh.append((number, layout))
        return [self._numbers[layout] for layout in layouts]

    def fresh(self) -> list[tuple[int, dict[str, Any]]]:
        """Numbers given since this was last asked."""
        given = [(number, layout.to_json()) for number, layout in self._fresh]
        self._fresh = []
        if len(self._numbers) > _MOST:
            self._numbers, self._known = {}, {}
        return given
