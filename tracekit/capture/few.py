"""The short way of a few numbers into a recording that selects some.

While a program computes, what a tap needs has left the processor's caches, and
every function that it calls costs a microsecond. So here the numbers are
copied and nothing else is done; what follows from them waits until the store
takes them in, many at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import get_ident
from time import time_ns
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit.capture import tensors
from tracekit.capture.context import is_bound
from tracekit.capture.expectation import Expectation
from tracekit.capture.firing import caller
from tracekit.capture.place import Place
from tracekit.capture.places import Places
from tracekit.schema import Event
from tracekit.storage.live import Store

_MOST = 64  # numbers; a store counts the bytes of larger events


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


class FewTaps:
    """Appends firings to a store.

    Args:
        store: of this process.
        places: where the selection lies.
        expectation: which taps are recorded.
    """

    def __init__(
        self, store: Store, places: Places, expectation: Expectation
    ) -> None:
        self._store = store
        self._rows = store.rows
        self._places = places
        self._expectation = expectation

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
