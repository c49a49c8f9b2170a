"""Which elements of a tapped value are recorded, and where they sit.

A selection is applied on the tensor's device, before anything is copied: two
pixels of a 4096 x 4096 tensor are two gathered rows, not a copy of the whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit import tensors
from tracekit.dims import Dims
from tracekit.schema import COMPONENT, Axis, Coverage

Index = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Selection:
    """Selected coordinates: pixels together, other dims one by one.

    Args:
        pixel_dims: names of the two pixel coordinates.
        pixels: (slow, fast) pairs, None for all.
        at: indices by dim.
    """

    pixel_dims: tuple[str, str] = ("slow", "fast")
    pixels: tuple[tuple[int, int], ...] | None = None
    at: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @classmethod
    def of(
        cls,
        pixels: Sequence[Sequence[int]] | None,
        at: Mapping[str, int | Sequence[int]] | None,
        pixel_dims: Sequence[str],
    ) -> Selection:
        """A selection from what a user writes."""
        slow, fast = pixel_dims
        chosen = (
            None
            if pixels is None
            else tuple(sorted({(int(s), int(f)) for s, f in pixels}))
        )
        indices = tuple(
            (dim, (i,) if isinstance(i, int) else tuple(sorted(set(i))))
            for dim, i in (at or {}).items()
        )
        return cls((slow, fast), chosen, indices)

    def coverage(self) -> list[Coverage]:
        """What a trace recorded with this selection covers."""
        groups = [
            Coverage((dim,), "selected", tuple((i,) for i in indices))
            for dim, indices in self.at
        ]
        if self.pixels is not None:
            groups.append(Coverage(self.pixel_dims, "selected", self.pixels))
        return groups

    def groups(self) -> list[tuple[tuple[str, ...], Index]]:
        """Dims that are selected together, and their index tuples."""
        found: list[tuple[tuple[str, ...], Index]] = [
            ((dim,), np.array(indices, np.int64).reshape(-1, 1))
            for dim, indices in self.at
        ]
        if self.pixels is not None:
            pairs = np.array(self.pixels, np.int64).reshape(-1, 2)
            found.append((self.pixel_dims, pairs))
        return found


@dataclass(frozen=True, slots=True)
class Taken:
    """Elements taken from a value: a copy, and where they sit in the box."""

    values: npt.NDArray[Any]
    axes: tuple[Axis, ...]
    positions: Index | None


def take(
    value: Any,
    dims: Dims,
    scopes: Mapping[str, int],
    selection: Selection,
    where: Any,
    name: str,
) -> Taken | None:
    """Copy the selected elements of a tapped value; None if there are none.

    Args:
        value: tensor or array of ``dims.rank`` axes.
        dims: its dims.
        scopes: loop indices around the tap; one that is an axis too is that
            axis' origin.
        selection: what to take.
        where: boolean mask over the coordinate axes, or None.
        name: the tap, for errors.
    """
    shape = tuple(value.shape)
    coordinates = dims.coordinates
    rank = len(coordinates)
    origins = [scopes.get(dim, 0) for dim in coordinates]
    loops = {d: i for d, i in scopes.items() if d not in coordinates}
    chosen = _chosen(coordinates, origins, shape, loops, selection)
    if chosen is None:
        return None
    if where is not None:
        where = tensors.broadcast(where, shape[:rank], name)
    values, positions = _gather(value, where, shape[:rank], chosen)
    size = values.shape[-1] if values.ndim > 1 else 1
    axes = _axes(dims, shape, origins, loops, size)
    if positions is None:
        return Taken(values.reshape(-1), axes, None)
    spread = positions[:, None] * size + np.arange(size, dtype=np.int64)
    return Taken(values.reshape(-1), axes, spread.reshape(-1))


def _chosen(
    coordinates: tuple[str, ...],
    origins: list[int],
    shape: tuple[int, ...],
    loops: dict[str, int],
    selection: Selection,
) -> list[tuple[list[int], Index]] | None:
    """Per group of selected axes their local indices; None: nothing here."""
    chosen = []
    for group_dims, tuples in selection.groups():
        axes: list[int] = []
        columns: list[Index] = []
        for column, dim in enumerate(group_dims):
            if dim in coordinates:
                axis = coordinates.index(dim)
                local = tuples[:, column] - origins[axis]
                tuples = tuples[(local >= 0) & (local < shape[axis])]  # noqa: PLW2901
                axes.append(axis)
                columns.append(np.array([column]))
            elif dim in loops:
                tuples = tuples[tuples[:, column] == loops[dim]]  # noqa: PLW2901
        touches = any(d in coordinates or d in loops for d in group_dims)
        if touches and not len(tuples):
            return None
        if axes:
            picked = tuples[:, np.concatenate(columns)]
            local = picked - np.array([origins[a] for a in axes], np.int64)
            chosen.append((axes, np.unique(local, axis=0)))
    return chosen


def _gather(
    value: Any,
    where: Any,
    extents: tuple[int, ...],
    chosen: list[tuple[list[int], Index]],
) -> tuple[npt.NDArray[Any], Index | None]:
    """Values as (elements, components), and positions or None for all."""
    rank = len(extents)
    if not chosen and where is None:
        return _rows(tensors.to_numpy(value), rank), None
    if not chosen:
        kept = np.flatnonzero(tensors.to_numpy(where))
        count = int(np.prod(extents, dtype=np.int64))
        flat = value.reshape(count, *value.shape[rank:])
        return _rows(tensors.to_numpy(tensors.pick(flat, [kept])), 1), kept
    index = _product(chosen, extents)
    selected = [axis.reshape(-1) for axis in index]
    positions = np.ravel_multi_index(tuple(selected), extents)
    order = np.argsort(positions, kind="stable")
    selected = [axis[order] for axis in selected]
    positions = positions[order]
    if where is not None:
        kept = tensors.to_numpy(tensors.pick(where, selected)).astype(bool)
        selected = [axis[kept] for axis in selected]
        positions = positions[kept]
    values = tensors.to_numpy(tensors.pick(value, selected))
    return _rows(values, 1), positions.astype(np.int64)


def _product(
    chosen: list[tuple[list[int], Index]], extents: tuple[int, ...]
) -> list[Index]:
    """Index arrays of every axis: groups together, free axes in full."""
    columns: list[tuple[list[int], Index]] = list(chosen)
    taken = {axis for axes, _ in chosen for axis in axes}
    columns += [
        ([axis], np.arange(extent, dtype=np.int64)[:, None])
        for axis, extent in enumerate(extents)
        if axis not in taken
    ]
    shape = [len(rows) for _, rows in columns]
    index: list[Index] = [np.empty(0, np.int64)] * len(extents)
    for place, (axes, rows) in enumerate(columns):
        spread = [1] * len(columns)
        spread[place] = len(rows)
        for column, axis in enumerate(axes):
            index[axis] = np.broadcast_to(
                rows[:, column].reshape(spread), shape
            )
    return index


def _rows(values: npt.NDArray[Any], rank: int) -> npt.NDArray[Any]:
    """Coordinates in the first axis, components in the second."""
    count = int(np.prod(values.shape[:rank], dtype=np.int64))
    size = int(np.prod(values.shape[rank:], dtype=np.int64))
    return values.reshape(count, size)


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
    labels = dims.labels(shape)
    if dims.components or size != 1:
        if size == 2 * max(len(labels), 1):
            labels = tuple(
                f"{label}.{part}" if label else part
                for label in (labels or ("",))
                for part in ("re", "im")
            )
        if len(labels) != size:
            labels = ()
        axes.append(Axis(COMPONENT, 0, size, labels=labels))
    return tuple(axes)
