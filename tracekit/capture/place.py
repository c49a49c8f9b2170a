"""Where the selected elements of a value sit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit.capture import tensors
from tracekit.capture.dims import Dims
from tracekit.capture.selection import Index
from tracekit.schema import COMPONENT, Axis, Event


class Place:
    """Where the selected elements of a box sit, wherever that begins.

    Args:
        dims, shape: of the box.
        along: the axes that are picked from.
        index: for each of them the indices of what is picked.

    ``size`` is how many numbers it has, if they are real.
    """

    __slots__ = (
        *("along", "dims", "index", "rank", "shape", "size"),
        *("_components", "_positions", "_sites"),
    )

    def __init__(
        self,
        dims: Dims,
        shape: tuple[int, ...],
        along: Sequence[int] = (),
        index: Sequence[Index] = (),
    ) -> None:
        self.dims = dims
        self.shape = shape
        self.rank = len(dims.coordinates)
        self.along = tuple(along)
        self.index = tuple(index)
        self.size = len(index[0]) if index else 1
        for axis, extent in enumerate(shape):
            if extent != 1 and axis not in self.along:
                self.size *= extent
        self._sites: tuple[Index | None, Index | None] | None = None
        self._positions: dict[int, Index | None] = {}
        self._components: dict[int, tuple[Axis, ...]] = {}

    @property
    def extents(self) -> tuple[int, ...]:
        """Of the coordinates."""
        return self.shape[: self.rank]

    @property
    def sites(self) -> tuple[Index | None, Index | None]:
        """Row-major positions of what is picked, and what sorts them.

        The first is None for all of the box, the second where they ascend.
        """
        if not self.along:
            return None, None
        if self._sites is None:
            places = _positions(self.along, self.index, self.extents)
            sorts = None
            if (places[1:] < places[:-1]).any():
                sorts = np.argsort(places)
            self._sites = places, sorts
        return self._sites

    def positions(self, size: int) -> Index | None:
        """Those of all its numbers, so many at each coordinate."""
        if size not in self._positions:
            positions, order = self.sites
            if positions is not None and order is not None:
                positions = positions[order]
            self._positions[size] = _by_number(positions, size)
        return self._positions[size]

    def part(self, kept: Index, size: int) -> Index | None:
        """Those of some of them.

        Args:
            kept: which of what is picked, so that the positions ascend.
            size: as for ``positions``.
        """
        positions, _ = self.sites
        return _by_number(kept if positions is None else positions[kept], size)

    def axes(self, size: int, loops: Mapping[str, int]) -> tuple[Axis, ...]:
        """Of its event: loops, coordinates, and components last.

        Args:
            size: how many numbers are at each coordinate.
            loops: indices around the tap; of an axis where it begins.
        """
        if size not in self._components:
            self._components[size] = self._labelled(size)
        names = self.dims.coordinates
        around = [
            Axis(dim, index)
            for dim, index in loops.items()
            if dim not in names
        ]
        own = [
            Axis(dim, loops.get(dim, 0), extent)
            for dim, extent in zip(names, self.extents, strict=True)
        ]
        return (*around, *own, *self._components[size])

    def _labelled(self, size: int) -> tuple[Axis, ...]:
        components = self.shape[self.rank :]
        labels = self.dims.labels(self.shape)
        if size != prod(components):  # complex: every number became two
            labels = tuple(
                f"{label}.{part}" if label else part
                for label in labels or ([] if components else [""])
                for part in ("re", "im")
            )
        if components or size != 1:
            return (Axis(COMPONENT, 0, size, labels=labels),)
        return ()

    def event(
        self,
        values: npt.NDArray[Any],
        positions: Index | None,
        loops: Mapping[str, int],
        about: Mapping[str, Any],
    ) -> Event:
        """The event of numbers at this place.

        Args:
            values: one row a coordinate.
            positions: where they are in the box; None for all of it.
            loops: as for ``axes``.
            about: its other fields.
        """
        return Event(
            values=values.reshape(-1),
            axes=self.axes(values.shape[1], loops),
            positions=positions,
            kind=tensors.kind_of(values),
            **about,
        )


def _by_number(positions: Index | None, size: int) -> Index | None:
    """Positions of numbers, of which each coordinate has so many."""
    if positions is None or size == 1:
        return positions
    places = np.arange(size, dtype=np.int64)
    return (positions[:, None] * size + places).reshape(-1)


def _positions(
    axes: tuple[int, ...], index: tuple[Index, ...], extents: tuple[int, ...]
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
