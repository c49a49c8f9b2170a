"""The short way of a few numbers into a recording that selects some.

While a program computes, what a tap needs has left the processor's caches, and
every function that it calls costs a microsecond. So here the numbers are
copied and nothing else is done; what follows from them waits until the store
takes them in, many at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import prod
from threading import get_ident
from time import time_ns
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tracekit.capture import tensors
from tracekit.capture.box import Box, Pixels
from tracekit.capture.context import is_bound, variables
from tracekit.capture.expectation import Expectation
from tracekit.capture.firing import caller
from tracekit.capture.kept import Kept
from tracekit.capture.place import Place
from tracekit.capture.places import Places
from tracekit.capture.taking import Taking
from tracekit.errors import TapError
from tracekit.schema import Event
from tracekit.storage.live import Store

if TYPE_CHECKING:  # which loads torch
    from tracekit.capture.late import Call

Copier = Callable[[Any, Box, "Place | Pixels"], "Kept | None"]

_MOST = 64  # numbers of a value; a store counts the bytes of more
_HELD = 8 << 20  # bytes of calls, until the store has to take them in


class Few:
    """Numbers that were copied, and all that makes an event of them.

    Args:
        parts: the numbers of each component, or of all in one: coordinate
            after coordinate, and within one number after number.
        box: of the value.
        loops: indices around the tap.
        about: other fields of the event.
        places: says where in the box they sit.
    """

    __slots__ = ("_about", "_box", "_loops", "_parts", "_places")

    def __init__(
        self,
        parts: list[Kept],
        box: Box,
        loops: Mapping[str, int],
        about: dict[str, Any],
        places: Places,
    ) -> None:
        self._parts = parts
        self._box = box
        self._loops = loops
        self._about = about
        self._places = places

    def event(self) -> Event:
        """The event."""
        place = self._places.at(self._box, self._loops)
        if place is None:  # there are numbers of it
            raise AssertionError(self._about["tap"])
        sites, order = place.sites
        count = prod(place.extents) if sites is None else len(sites)
        rows = []
        for kept in self._parts:
            part = kept.numpy()
            row = part.reshape(count, part.size // count if count else 1)
            rows.append(row if order is None else row[order])
        values = np.concatenate(rows, axis=1)
        dtype = tensors.type_name(values)
        return place.event(
            values,
            place.positions(values.shape[1]),
            self._loops,
            {**self._about, "dtype": dtype},
        )


class Late:
    """A tap of a call that is held."""

    __slots__ = ("_event", "_number")

    def __init__(self, event: Callable[[int], Event], number: int) -> None:
        self._event = event
        self._number = number

    def event(self) -> Event:
        """The event."""
        return self._event(self._number)


class FewTaps:
    """Appends firings to a store.

    Args:
        store: of this process.
        taking: decides what is taken.
        expectation: which taps are recorded.
    """

    def __init__(
        self, store: Store, taking: Taking, expectation: Expectation
    ) -> None:
        self._store = store
        self._rows = store.rows
        self._taking = taking
        self._places = taking.places
        self._variables = variables()
        self._expectation = expectation
        self._held = 0

    def take(
        self,
        value: Any,
        name: str,
        dims: str,
        unit: str | None,
        where: Any,
        axes: Any,
    ) -> bool:
        """Append this firing, if few numbers are selected of its value.

        For the function that a tap calls: the program stands three frames
        further up.
        """
        if where is not None or (self._variables and is_bound()):
            return False
        if not self._expectation.wants(name):
            return True
        if unit is not None and type(unit) is not str:
            return False
        box = self._places.box(value, None, name, dims, axes)
        found = self._places.found(box, name)
        if found is None or box.count(found) > _MOST:
            return False
        parts = _copies(value, box, found)
        if parts is None:
            return False
        file, line = caller(3)
        about = {
            "tap": name,
            "unit": unit,
            "file": file,
            "line": line,
            "time_ns": time_ns(),
            "thread": get_ident(),
            "process": self._store.process,
        }
        few = Few(parts, box, self._places.loops(), about, self._places)
        self._rows.extend((None, few, 0, 0, ()))
        self._expectation.recorded(name)
        if len(self._rows) >= self._store.most_rows:
            self._store.spill()
        return True

    def later(self, call: Call) -> bool:
        """Append all firings of a call, if it can be computed later."""
        if self._taking.asks_nowhere or is_bound() or not call.hold():
            return False
        event = partial(self._event_of, call, self._store.process)
        rows: list[Any] = []
        for number in call.asked:
            rows += (None, Late(event, number), 0, 0, ())
        self._rows.extend(rows)
        self._expectation.recorded(*call.names())
        self._held += call.held
        if len(self._rows) >= self._store.most_rows or self._held > _HELD:
            self._held = 0
            self._store.spill()
        return True

    def _event_of(self, call: Call, process: int, number: int) -> Event:
        firing = call.firing(number)
        found = self._taking.take(firing, process)
        if found is None:  # its value holds one of the pixels
            raise AssertionError(firing.name)
        (event,) = found.events()
        return event


def _copies(value: Any, box: Box, found: Place | Pixels) -> list[Kept] | None:
    """Copies of what is picked; None of what is not stored as it is."""
    parts = value if type(value) is tuple else (value,)
    if parts is value and (
        not box.planes or len(box.dims.coordinates) == len(box.shape)
    ):
        return None  # it is no vector, or its components have a dim
    first = parts[0]
    kind = type(first)
    copier: Copier = copiers.get(kind, _copy_of_number)
    copies = []
    for part in parts:
        if part is not first and (
            type(part) is not kind
            or part.shape != first.shape
            or part.dtype != first.dtype
        ):
            return None
        copy = copier(part, box, found)
        if copy is None:
            return None
        copies.append(copy)
    return copies


def _copy_of_array(
    array: npt.NDArray[Any], box: Box, found: Place | Pixels
) -> Kept | None:
    if array.dtype not in tensors.STORED:
        return None
    begin, _ = array.__array_interface__["data"]
    offsets = box.offsets(found, array.strides)
    return Kept.read(array.dtype, [begin + offset for offset in offsets])


def _copy_of_number(
    number: Any, box: Box, found: Place | Pixels
) -> Kept | None:
    if not isinstance(number, int | float | complex | np.generic):
        return None
    try:
        array = tensors.as_array(number, "")
    except TapError:
        return None  # the long way says what is wrong, and where
    return _copy_of_array(array, box, found)


# By type how numbers are copied; None of what is not stored as it is.
copiers: dict[type, Copier] = {np.ndarray: _copy_of_array}
