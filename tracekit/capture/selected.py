"""Takes the selected elements of a tapped value, and says where they sit.

A selection is applied on the tensor's device, before anything is copied: two
pixels of a 4096 x 4096 tensor are two gathered rows, not a copy of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit.capture import tensors
from tracekit.capture.dims import Dims
from tracekit.capture.reach import Reach
from tracekit.capture.selection import BOXES, Index, Selection
from tracekit.schema import COMPONENT, Axis, Event

Span = tuple[int, int] | int | None


@dataclass(frozen=True, slots=True)
class Taken:
    """Elements taken from a value: a copy, and where they sit in the box."""

    values: npt.NDArray[Any]
    axes: tuple[Axis, ...]
    positions: Index | None


@dataclass(frozen=True, slots=True)
class Selected:
    """What is selected of a value, on the device where it lies.

    Args:
        value: an array, or planes, of places and components.
        where: boolean mask over the places, or None.
        positions: the places' positions in the box; None for all of it.
        components: how many of the last axes are components.
        name, axes: what ``taken`` needs to know.
    """

    value: Any
    where: Any
    positions: Index | None
    components: int
    name: str
    axes: Callable[[int], tuple[Axis, ...]]

    def each(self, function: Callable[[Any], Any]) -> Selected:
        """The same with this done to its arrays."""
        value = (
            tensors.Planes(tuple(map(function, self.value.parts)))
            if isinstance(self.value, tensors.Planes)
            else function(self.value)
        )
        return replace(self, value=value, where=function(self.where))

    def arrays(self) -> tuple[Any, ...]:
        """Its arrays, and the mask."""
        planes = isinstance(self.value, tensors.Planes)
        return (*(self.value.parts if planes else [self.value]), self.where)

    def taken(self, *, copy: bool = True) -> Taken:
        """A copy of it in memory; else a view of a single array, if it can."""
        *parts, where = self.arrays()
        positions, kept = self.positions, None
        if where is not None:
            kept = np.flatnonzero(tensors.to_numpy(where, self.name))
            positions = kept if positions is None else positions[kept]
        values = (
            np.concatenate([self._rows(part, kept) for part in parts], axis=1)
            if len(parts) > 1
            else self._rows(parts[0], kept, copy=copy)
        )
        if positions is not None and (positions[1:] < positions[:-1]).any():
            order = np.argsort(positions)
            values, positions = values[order], positions[order]
        size = values.shape[1]
        if positions is not None and size != 1:
            places = np.arange(size, dtype=np.int64)
            positions = (positions[:, None] * size + places).reshape(-1)
        return Taken(values.reshape(-1), self.axes(size), positions)

    def event(self, about: dict[str, Any], *, copy: bool = True) -> Event:
        """The event of what is taken.

        Args:
            about: its other fields.
            copy: as for ``taken``.
        """
        taken = self.taken(copy=copy)
        return Event(
            values=taken.values,
            axes=taken.axes,
            positions=taken.positions,
            kind=tensors.kind_of(taken.values),
            **about,
        )

    def _rows(
        self, part: Any, kept: Index | None, *, copy: bool = True
    ) -> npt.NDArray[Any]:
        """One row a place, one column a component."""
        rank = len(part.shape) - self.components
        if kept is not None:
            count = prod(part.shape[:rank])
            part = part.reshape(count, *part.shape[rank:])
            part, rank = tensors.pick(part, [kept]), 1
        values = tensors.to_numpy(part, self.name, copy=copy)
        return values.reshape(
            prod(values.shape[:rank]), prod(values.shape[rank:])
        )


def select(
    value: Any,
    dims: Dims,
    scopes: Mapping[str, int],
    selection: Selection,
    where: Any,
    name: str,
    reach: Reach | None = None,
    *,
    reduced: bool = False,
) -> Selected | None:
    """Select elements of a tapped value; None if there are none.

    Args:
        value: tensor, array or planes of ``dims.rank`` axes.
        dims: its dims.
        scopes: loop indices around the tap; one that is an axis too is that
            axis' origin.
        selection: what to take.
        where: boolean mask over the coordinate axes, or None.
        name: the tap, for errors.
        reach: notes which selected coordinates the value holds.
        reduced: take nothing along axes of which nothing is selected, and
            nothing, not None, where there are none.
    """
    shape = tuple(value.shape)
    coordinates = dims.coordinates
    rank = len(coordinates)
    origins = [scopes.get(dim, 0) for dim in coordinates]
    loops = {d: i for d, i in scopes.items() if d not in coordinates}
    reach = reach or Reach(selection.groups)
    chosen = _chosen(coordinates, origins, shape, loops, selection, reach)
    if reduced and not chosen:
        chosen = [([0], np.empty((0, 1), np.int64))]
    if chosen is None:
        return None
    if where is not None and not isinstance(where, tensors.Picked):
        where = tensors.broadcast(where, shape[:rank], name)
    if isinstance(value, tensors.Planes) and rank == len(shape):
        value = value.together()  # the components have places of their own
    extents = shape[:rank]
    positions: Index | None = None
    if chosen:
        along = [axis for group, _ in chosen for axis in group]
        index = _crossed([rows for _, rows in chosen])
        positions = _positions(along, index, extents)

        def at(array: Any) -> Any:
            array = tensors.seen_by_numpy(array)
            return _at(array, along, index, extents, name)

        where = None if where is None else at(where)
        value = (
            tensors.Planes(tuple(map(at, value.parts)))
            if isinstance(value, tensors.Planes)
            else at(value)
        )
    planes = isinstance(value, tensors.Planes)
    return Selected(
        value, where, positions, len(shape) - rank - planes, name,
        partial(_axes, dims, shape, origins, loops),
    )  # fmt: skip


def _chosen(
    coordinates: tuple[str, ...],
    origins: list[int],
    shape: tuple[int, ...],
    loops: dict[str, int],
    selection: Selection,
    reach: Reach,
) -> list[tuple[list[int], Index]] | None:
    """Per group of selected axes their local indices; None: nothing here."""
    chosen = []
    held: dict[str, Span] = {**loops}
    for dim, origin, extent in zip(coordinates, origins, shape, strict=False):
        held[dim] = origin, extent
    for number, (group, tuples) in enumerate(selection.groups):
        spans = tuple([held.get(dim) for dim in group])
        try:  # the taps of one block have its box in common
            rows = reach.found[number, spans]
        except KeyError:
            rows, inside = _local(tuples, spans)
            if None not in spans:
                reach.note(number, inside)
            if len(reach.found) >= BOXES:
                reach.found.clear()
            reach.found[number, spans] = rows
        if rows is None:
            return None
        axes = [coordinates.index(dim) for dim in group if dim in coordinates]
        if axes:
            chosen.append((axes, rows))
    return chosen


def _local(
    tuples: Index, spans: tuple[Span, ...]
) -> tuple[Index | None, npt.NDArray[np.bool_]]:
    """Selected indices within a box, None if none are, and which they are.

    Args:
        tuples: the selected ones, a column a dim.
        spans: by dim origin and extent of an axis, a loop index, or None.
    """
    inside = np.ones(len(tuples), np.bool_)
    columns, first = [], []
    for column, span in enumerate(spans):
        if isinstance(span, tuple):
            columns.append(column)
            first.append(span[0])
            local = tuples[:, column] - span[0]
            inside &= (local >= 0) & (local < span[1])
        elif span is not None:
            inside &= tuples[:, column] == span
    rows = tuples[inside][:, columns] - np.array(first, np.int64)
    if not len(rows) and any(span is not None for span in spans):
        return None, inside
    if 0 < len(columns) < len(spans):
        rows = np.unique(rows, axis=0)
    return rows, inside


def _at(
    array: Any,
    axes: list[int],
    index: list[Index],
    extents: tuple[int, ...],
    name: str,
) -> Any:
    """Elements at indices of these axes, the axes that are left behind."""
    if isinstance(array, tensors.Picked):
        axes, index = array.places(axes, index, extents, name)
        array = array.data
    return tensors.pick(tensors.move_first(array, axes), index)


def _crossed(groups: list[Index]) -> list[Index]:
    """One index array a selected axis: every row of a group with every other.

    Args:
        groups: [row axis] of each group, index tuples of its axes.
    """
    if len(groups) == 1:
        return list(groups[0].T.copy())
    numbers = np.indices([len(rows) for rows in groups]).reshape(
        len(groups), -1
    )
    return [
        np.ascontiguousarray(rows[number, axis])
        for rows, number in zip(groups, numbers, strict=True)
        for axis in range(rows.shape[1])
    ]


def _positions(
    axes: list[int], index: list[Index], extents: tuple[int, ...]
) -> Index:
    """Row-major positions of picked elements, free axes in full behind."""
    steps = [prod(extents[axis + 1 :]) for axis in range(len(extents))]
    found = np.zeros(len(index[0]), np.int64)
    for axis, along in zip(axes, index, strict=True):
        found += along * steps[axis]
    for axis, extent in enumerate(extents):
        if axis not in axes and extent != 1:
            along = np.arange(extent, dtype=np.int64) * steps[axis]
            found = (found[:, None] + along).reshape(-1)
    return found


def _axes(
    dims: Dims,
    shape: tuple[int, ...],
    origins: list[int],
    loops: dict[str, int],
    size: int,
) -> tuple[Axis, ...]:
    axes = [Axis(dim, origin=index) for dim, index in loops.items()]
    axes += [
        Axis(dim, origin, extent)
        for dim, origin, extent in zip(
            dims.coordinates, origins, shape, strict=False
        )
    ]
    components = shape[len(dims.coordinates) :]
    labels = dims.labels(shape)
    if size != prod(components):  # complex: every number became two
        labels = tuple(
            f"{label}.{part}" if label else part
            for label in labels or ([] if components else [""])
            for part in ("re", "im")
        )
    if components or size != 1:
        axes.append(Axis(COMPONENT, 0, size, labels=labels))
    return tuple(axes)
