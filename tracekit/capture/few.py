"""The short way of a few numbers into a recording that selects some.

While a program computes, what a tap needs has left the processor's caches, and
every function that it calls costs a microsecond. So here the numbers are
copied and nothing else is done; what follows from them waits until the store
takes them in, many at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from threading import get_ident
from time import time_ns
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tracekit.capture import tensors
from tracekit.capture.context import is_bound
from tracekit.capture.expectation import Expectation
from tracekit.capture.firing import caller
from tracekit.capture.place import Place
from tracekit.capture.taking import Taking
from tracekit.schema import Event
from tracekit.storage.live import Store

if TYPE_CHECKING:  # which loads torch
    from tracekit.capture.late import Call

_MOST = 64  # numbers of a value; a store counts the bytes of more
_HELD = 8 << 20  # bytes of calls, until the store has to take them in


class Few:
    """Numbers that were copied, and all that makes an event of them.

    Args:
        parts: an array a component, [picked ...]; or one of all.
        place: where they sit.
        loops: indices around the tap.
        about: other fields of the event.
    """

    __slots__ = ("about", "loops", "parts", "place")

    def __init__(
        self,
        parts: list[npt.NDArray[Any]],
        place: Place,
        loops: Mapping[str, int],
        about: dict[str, Any],
    ) -> None:
        self.parts = parts
        self.place = place
        self.loops = loops
        self.about = about

    def event(self) -> Event:
        """The event."""
        place = self.place
        rank = place.rank - len(place.along) + bool(place.along)
        _, order = place.sites
        rows = []
        for part in self.parts:
            count = int(np.prod(part.shape[:rank]))
            row = part.reshape(count, part.size // count if count else 1)
            rows.append(row if order is None else row[order])
        values = np.concatenate(rows, axis=1)
        dtype = tensors.type_name(values)
        return place.event(
            values,
            place.positions(values.shape[1]),
            self.loops,
            {**self.about, "dtype": dtype},
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
        if where is not None or is_bound():
            return False
        if not self._expectation.wants(name):
            return True
        if unit is not None and type(unit) is not str:
            return False
        array = tensors.as_array(value, name)
        box = self._places.box(value, array, name, dims, axes)
        place = self._places.now(box)
        if place is None or place.size > _MOST:
            return False
        parts = _picked(array, box.order, place)
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
        few = Few(parts, place, self._places.loops(), about)
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


def _picked(
    array: Any, order: tuple[int, ...], place: Place
) -> list[npt.NDArray[Any]] | None:
    """Copies of what is picked; None of what is no array that is stored so."""
    planes = isinstance(array, tensors.Planes)
    if planes and place.rank == len(place.shape):
        return None
    shape = place.shape[:-1] if planes else place.shape
    plain = place.along == tuple(range(len(place.along)))
    found = []
    for part in array.parts if planes else (array,):
        if type(part) is not np.ndarray or part.dtype not in tensors.STORED:
            return None
        if order:
            part = part.transpose(order).reshape(shape)
        if not place.along:
            found.append(part.copy())
            continue
        if not plain:
            part = tensors.move_first(part, place.along)
        found.append(part[place.index])
    return found
