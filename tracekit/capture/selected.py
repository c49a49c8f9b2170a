"""Takes the selected elements of a tapped value.

A selection is applied on the tensor's device, before anything is copied: two
pixels of a 4096 x 4096 tensor are two gathered rows, not a copy of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit.capture import tensors
from tracekit.capture.place import Place
from tracekit.capture.selection import Index
from tracekit.schema import Event


@dataclass(frozen=True, slots=True)
class Selected:
    """What is selected of a value, on the device where it lies.

    Args:
        value: an array, or planes, of places and components.
        where: boolean mask over the places, or None.
        place: where they sit in the value.
        loops: indices around it.
        name: the tap, for errors.
    """

    value: Any
    where: Any
    place: Place
    loops: Mapping[str, int]
    name: str

    def each(self, function: Callable[[Any], Any]) -> Selected:
        """The same with this done to its arrays."""
        value = (
            tensors.Planes(tuple(map(function, self.value.parts)))
            if isinstance(self.value, tensors.Planes)
            else function(self.value)
        )
        return Selected(
            value, function(self.where), self.place, self.loops, self.name
        )

    def arrays(self) -> tuple[Any, ...]:
        """Its arrays, and the mask."""
        planes = isinstance(self.value, tensors.Planes)
        return (*(self.value.parts if planes else [self.value]), self.where)

    def event(self, about: Mapping[str, Any], *, copy: bool = True) -> Event:
        """The event of a copy of it in memory.

        Args:
            about: its other fields.
            copy: else it is a view of a single array, if it can be.
        """
        *parts, where = self.arrays()
        _, kept = self.place.sites
        if where is not None:
            alive = tensors.to_numpy(where, self.name).reshape(-1)
            kept = np.flatnonzero(alive) if kept is None else kept[alive[kept]]
        rows = [self._rows(part, kept, copy=copy) for part in parts]
        values = rows[0] if len(rows) == 1 else np.concatenate(rows, axis=1)
        size = values.shape[1]
        positions = (
            self.place.positions(size)
            if where is None or kept is None
            else self.place.part(kept, size)
        )
        return self.place.event(values, positions, self.loops, about)

    def _rows(
        self, part: Any, kept: Index | None, *, copy: bool
    ) -> npt.NDArray[Any]:
        """One row a place, one column a component."""
        picked = bool(self.place.along)  # then it is a copy already
        rank = self.place.rank - len(self.place.along) + picked
        if kept is not None:
            count = prod(part.shape[:rank])
            part = part.reshape(count, *part.shape[rank:])
            part, rank, picked = tensors.pick(part, (kept,)), 1, True
        values = tensors.to_numpy(part, self.name, copy=copy and not picked)
        shape = values.shape
        return values.reshape(prod(shape[:rank]), prod(shape[rank:]))


def select(
    value: Any, place: Place, loops: Mapping[str, int], where: Any, name: str
) -> Selected:
    """Select elements of a tapped value.

    Args:
        value: tensor, array or planes of the axes of the place's dims.
        place: of the elements.
        loops: indices around the tap.
        where: boolean mask over the coordinate axes, or None.
        name: the tap, for errors.
    """
    rank = place.rank
    if isinstance(value, tensors.Planes) and rank == len(place.shape):
        value = value.together()  # the components have places of their own
    if place.along:
        where = None if where is None else _at(where, place, name)
        value = (
            tensors.Planes(
                tuple([_at(part, place, name) for part in value.parts])
            )
            if isinstance(value, tensors.Planes)
            else _at(value, place, name)
        )
    return Selected(value, where, place, loops, name)


def _at(array: Any, place: Place, name: str) -> Any:
    """Elements at a place, the axes that are left behind."""
    axes, index = place.along, place.index
    if isinstance(array, tensors.Picked):
        axes, index = array.places(axes, index, place.extents, name)
        array = array.data
    return tensors.pick(tensors.move_first(array, axes), index)
