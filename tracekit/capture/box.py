"""Values that are alike, and the positions of numbers in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from operator import mul
from typing import Any

from tracekit import _state
from tracekit.capture.dims import Dims
from tracekit.capture.place import Place
from tracekit.capture.selection import Selection
from tracekit.errors import TapError

Levels = tuple[_state.Scope, ...]
Pixels = list[tuple[int, int]]  # within a value


class Box:
    """Values of the same axes, and the place that was asked last.

    Args:
        dims, shape: of the axes that are named.
        order: of all axes, as for ``tensors.along``.
        selection: what is selected.
        planes: the last axis is that of a tuple's parts.

    ``pixels`` are the two axes of the pixel, and ``pixel_extents`` how long
    they are; None where one is missing, or more than pixels is selected.
    """

    __slots__ = (
        *("dims", "groups", "last", "named", "order", "pixel_extents"),
        *("pixels", "planes", "shape", "_axes", "_each", "_long", "_offsets"),
    )

    def __init__(
        self,
        dims: Dims,
        shape: tuple[int, ...],
        order: tuple[int, ...],
        selection: Selection,
        *,
        planes: bool,
    ) -> None:
        self.dims = dims
        self.shape = shape
        self.order = order
        self.planes = planes
        axes = {dim: axis for axis, dim in enumerate(dims.coordinates)}
        # of each group of selected dims which axes they are, None for loops
        self.groups = [
            [(dim, axes.get(dim)) for dim in group]
            for group, _ in selection.groups
        ]
        self.named = [dim for group in self.groups for dim, _ in group]
        self.last: tuple[Levels | None, Place | None] = None, None
        self.pixels: tuple[int, ...] | None = None
        self.pixel_extents: tuple[int, ...] = ()
        if selection.pixels is not None and not selection.at:
            found = [axes[d] for d in selection.pixel_dims if d in axes]
            if len(found) == len(selection.pixel_dims):
                self.pixels = tuple(found)
                self.pixel_extents = tuple(shape[axis] for axis in found)
        own = range(len(shape) - planes)
        self._axes = order[: len(own)] or tuple(own)
        self._long = [axis for axis in own if shape[axis] != 1]
        self._each = prod(
            [shape[axis] for axis in own if axis not in (self.pixels or ())]
        )
        self._offsets: tuple[Any, Any, list[int]] = None, None, []

    def count(self, found: Place | Pixels) -> int:
        """How many numbers lie at a place, in one plane."""
        if isinstance(found, Place):
            return found.size
        return len(found) * self._each

    def offsets(
        self, found: Place | Pixels, strides: tuple[int, ...]
    ) -> list[int]:
        """How far the numbers at a place lie behind the first of a plane.

        Coordinate after coordinate, and within one number after number. There
        are few, and Python has them before NumPy has begun.

        Args:
            found: the place.
            strides: how far neighbours lie apart along the plane's axes.
        """
        place, along, offsets = self._offsets  # which other threads may change
        if place is not found or along != strides:
            offsets = self._counted(found, strides)
            self._offsets = found, strides, offsets
        return offsets

    def _counted(
        self, found: Place | Pixels, strides: tuple[int, ...]
    ) -> list[int]:
        along: tuple[int, ...] = self.pixels or ()
        picked: Iterable[tuple[int, ...]]
        if isinstance(found, Place):
            along = found.along
            index = [axis.tolist() for axis in found.index]
            picked = zip(*index, strict=True) if index else [()]
        else:
            picked = found
        steps = [strides[self._axes[axis]] for axis in along]
        offsets = [sum(map(mul, one, steps)) for one in picked]
        for axis in self._long:
            if axis not in along:
                step = strides[self._axes[axis]]
                free = [step * index for index in range(self.shape[axis])]
                offsets = [one + more for one in offsets for more in free]
        return offsets


def refuse_longer(
    name: str, dims: Sequence[str], shape: Sequence[int]
) -> None:
    """Raise where a value reaches beyond the range of a scope around it."""
    lengths = _state.lengths(_state.scopes.get())
    for dim, extent in zip(dims, shape, strict=False):
        if extent > lengths.get(dim, extent):
            raise TapError(
                f"tap {name!r}: its dim {dim!r} has {extent} indices, but a "
                f"scope around it has a range of {lengths[dim]} for {dim!r}; "
                "let the range reach as far as the block does, or give the "
                "scope only where it begins"
            )
