"""Where a selection lies in the values that a recording meets.

It depends on the axes of a value alone, on where they begin, and on those
loop indices that are selected. So it is found once for all values that are
alike: the taps of a block share it, and a block that holds nothing of it is
passed by with a look into two tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit import _state
from tracekit._state import scopes
from tracekit.capture import tensors
from tracekit.capture.box import Box, Levels, Pixels, refuse_longer
from tracekit.capture.dims import dims_of
from tracekit.capture.place import Place
from tracekit.capture.reach import Reach
from tracekit.capture.selection import Index, Selection, Span
from tracekit.errors import TapError

_FAR = 1 << 63
_MOST = 256  # kinds of values, and places, that are known at a time


class Places:
    """The places of a selection.

    Args:
        selection: what is selected.
        around: loop indices around the program.
        wanted: whether a tap is recorded, as far as it was asked.
    """

    def __init__(
        self,
        selection: Selection,
        around: Mapping[str, int],
        wanted: Mapping[str, bool],
    ) -> None:
        self.reach = Reach(selection.groups)
        self._selection = selection
        self._around = dict(around)
        self._wanted = wanted
        self._boxes: dict[Any, Box] = {}
        self._known: dict[Any, Place | None] = {}
        self._rows: dict[Any, Index | None] = {}
        self._open: tuple[Levels | None, dict[str, int]] = None, {}
        # by extents the pixels in a value that begins here
        self._within: tuple[Levels | None, dict[Any, Pixels]] = None, {}
        self._held: set[tuple[Span, ...]] = set()
        self.passed: set[Any] = set()

    def passes(
        self, value: Any, name: str, dims: str, unit: str | None, axes: Any
    ) -> bool:
        """Whether it is known that nothing of a value is recorded.

        Most taps of a program that computes in blocks end here, while what
        they need has left the processor's caches: it touches little.

        Raises:
            TapError: the value reaches beyond the range of its scope.
        """
        if not self._wanted.get(name):  # it was never asked for
            return False
        if unit is not None and type(unit) is not str:
            return False
        try:
            box = self._boxes.get((dims, axes, tensors.box_of(value)))
        except TypeError:  # a list for a text: the long way says so
            return False
        if box is None or self.found(box, name) is not None:
            return False
        levels = scopes.get()
        if levels and levels[-1].beside is self.passed:
            self.passed.add(name)
        return True

    def found(self, box: Box, name: str) -> Place | Pixels | None:
        """Where what is recorded lies in a value that is tapped now.

        Returns:
            Pixels within it, where nothing else is selected; None if nothing
            is recorded.

        Raises:
            TapError: the value reaches beyond the range of its scope.
        """
        if box.pixels is None:
            return self.now(box, name)
        levels, found = self._within
        if levels is not scopes.get():
            levels, found = self._within = scopes.get(), {}
        pixels = found.get(box.pixel_extents)
        if pixels is None:
            refuse_longer(name, box.dims.coordinates, box.shape)
            pixels = found[box.pixel_extents] = self._pixels_within(box)
        return pixels or None

    def _pixels_within(self, box: Box) -> Pixels:
        loops, extents = self.loops(), box.pixel_extents
        first = [loops.get(dim, 0) for dim in self._selection.pixel_dims]
        pixels = self._selection.inside(first, extents)
        if pixels:
            if len(self._held) >= _MOST:
                self._note_held()
            spans = tuple(zip(first, extents, strict=True))
            self._held.add(spans)  # at once: another thread may take the set
        return pixels

    def _note_held(self) -> None:
        """Note which pixels were reached, once for all values of a block."""
        held, self._held = self._held, set()
        for spans in tuple(held):
            self._inside(0, spans)

    def never_reached(self) -> str:
        """The selected coordinates that no value held; warns of them."""
        self._note_held()
        return self.reach.told()

    def beside(
        self,
        around: Levels,
        first: Mapping[str, int],
        lengths: Mapping[str, int],
    ) -> set[Any] | None:
        """The taps that pass in a block of which a scope says where it ends.

        Whatever dims their values have: what is not along a pixel dim is
        where the block begins.

        Args:
            around: scopes around it.
            first: by dim, where it begins.
            lengths: by dim, how long it is.

        Returns:
            None where the block holds one of the pixels, or may hold one.
        """
        slow, fast = self._selection.pixel_dims
        if self._selection.pixels is None:
            return None
        if slow not in lengths or fast not in lengths:
            levels = *around, _state.Scope("", first, lengths)
            lengths = _state.lengths(levels)
            bound = lengths.keys() & {slow, fast}
            if not bound:
                return None
            indices = _state.indices(levels)
            first = {
                dim: indices[dim] if dim in bound else -_FAR
                for dim in (slow, fast)
            }
            lengths = {slow: 2 * _FAR, fast: 2 * _FAR, **lengths}
        begin = first[slow], first[fast]
        extent = lengths[slow], lengths[fast]
        return None if self._selection.inside(begin, extent) else self.passed

    def loops(self) -> dict[str, int]:
        """The loop indices around a tap that fires now; not to be changed."""
        levels, loops = self._open
        if levels is not scopes.get():
            levels = scopes.get()
            loops = {**self._around, **_state.loops()}
            self._open = levels, loops
        return loops

    def box(
        self,
        value: Any,
        array: Any,
        name: str,
        dims: str,
        axes: tuple[int, ...] | None,
    ) -> Box:
        """The box of a value.

        Args:
            value: the tapped one.
            array: what a trace has of it; None if that is not known yet.
            name: the tap, for errors.
            dims: the names of its axes.
            axes: as for ``tap``.

        Raises:
            TapError: dims or axes don't fit it.
        """
        if axes is not None and type(axes) is not tuple:
            try:
                axes = tuple(axes)
            except TypeError as error:
                raise TapError(
                    f"tap {name!r}: axes={axes!r}; expected the number of an "
                    "axis for each of dims, like axes=(2, 0)"
                ) from error
        key = dims, axes, tensors.box_of(value)
        box = self._boxes.get(key)
        if box is None:
            given, planes = tensors.shape_of(value, array, name)
            shape, order = _named(given, name, axes, planes=planes)
            named = dims_of(shape, name, dims)
            box = Box(named, shape, order, self._selection, planes=planes)
            if len(self._boxes) >= _MOST:
                self._boxes.clear()
            self._boxes[key] = box
        return box

    def now(self, box: Box, name: str) -> Place | None:
        """The place in a value that is tapped now; None if there is none.

        Raises:
            TapError: the value reaches beyond the range of its scope.
        """
        levels, place = box.last
        if levels is not scopes.get():
            levels = scopes.get()
            refuse_longer(name, box.dims.coordinates, box.shape)
            place = self.at(box, self.loops())
            box.last = levels, place
        return place

    def at(
        self, box: Box, loops: Mapping[str, int], *, reduced: bool = False
    ) -> Place | None:
        """The place in a value within these loops; None if there is none.

        Args:
            box: of the value.
            loops: indices around it; one that is an axis too is where that
                axis begins.
            reduced: nothing along axes of which nothing is selected, and
                nothing, not None, where there are none.
        """
        key = box, reduced, *[loops.get(dim) for dim in box.named]
        try:
            return self._known[key]
        except KeyError:
            place = self._found(box, loops, reduced=reduced)
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[key] = place
        return place

    def _found(
        self, box: Box, loops: Mapping[str, int], *, reduced: bool
    ) -> Place | None:
        along: list[int] = []
        chosen: list[Index] = []
        for number, group in enumerate(box.groups):
            spans = [
                loops.get(dim)
                if axis is None
                else (loops.get(dim, 0), box.shape[axis])
                for dim, axis in group
            ]
            columns = self._inside(number, tuple(spans))
            if columns is None:
                if not reduced:
                    return None
                along, chosen = [], []
                break
            if len(columns):
                chosen.append(columns)
                along += [axis for _, axis in group if axis is not None]
        if reduced and not chosen:
            along, chosen = [0], [np.empty((1, 0), np.int64)]
        return Place(box.dims, box.shape, along, _crossed(chosen))

    def _inside(self, number: int, spans: tuple[Span, ...]) -> Index | None:
        """Which indices of a group lie in a box, a row an axis of it.

        The taps of a block share it. None for none.
        """
        key = number, spans
        try:
            return self._rows[key]
        except KeyError:
            _, tuples = self._selection.groups[number]
            rows, inside = _local(tuples, spans)
        if None not in spans:
            self.reach.note(number, inside)
        if len(self._rows) >= _MOST:
            self._rows.clear()
        found = None if rows is None else np.ascontiguousarray(rows.T)
        self._rows[key] = found
        return found


def _named(
    shape: tuple[int, ...],
    name: str,
    axes: tuple[int, ...] | None,
    *,
    planes: bool,
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shape of the axes that are named, and the order of all.

    Args:
        shape: of a value.
        name: its tap, for errors.
        axes: as for ``tap``.
        planes: the last axis is that of a tuple's parts, and has its name.
    """
    if axes is None:
        return shape, ()
    own = shape[:-1] if planes else shape
    left = [axis for axis in range(len(own)) if axis not in axes]
    order = (*axes, *left)
    if sorted(order) != list(range(len(own))) or any(
        own[axis] != 1 for axis in left
    ):
        raise TapError(
            f"tap {name!r}: axes={axes} don't fit a value of shape {own}; "
            "name each of its axes once, by number, and leave out only such "
            "as have one index"
        )
    return (*[own[axis] for axis in axes], *shape[len(own) :]), order


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


def _crossed(groups: list[Index]) -> list[Index]:
    """One index array a selected axis: every row of a group with every other.

    Args:
        groups: [axis row] of each group, index tuples of its axes.
    """
    if len(groups) < 2:
        return [along for group in groups for along in group]
    numbers = np.indices([group.shape[1] for group in groups]).reshape(
        len(groups), -1
    )
    return [
        along[number]
        for group, number in zip(groups, numbers, strict=True)
        for along in group
    ]
