"""What a recording takes of a firing: its events, not yet written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tracekit.capture import tensors
from tracekit.capture.firing import (
    FORWARD,
    Firing,
    Moment,
    Origin,
    caller,
)
from tracekit.capture.place import Place
from tracekit.capture.places import Places
from tracekit.capture.reduction import Reduction, reduced
from tracekit.capture.sampling import Sampling
from tracekit.capture.selected import Selected, select
from tracekit.capture.selection import Selection
from tracekit.capture.transfers import on_gpu
from tracekit.errors import TapError
from tracekit.schema import Coverage, Event


class Found(NamedTuple):
    """What is taken of one value.

    Args:
        selected: elements in full.
        about: the other fields of their event.
        whole, where: the value of which statistics are taken, and its mask;
            None where none are.
        uncovered: what to state of a tap of which no number is kept.
    """

    selected: Selected
    about: dict[str, Any]
    whole: Any = None
    where: Any = None
    uncovered: Coverage | None = None

    def lies_on_gpu(self) -> bool:
        """Whether some of it does."""
        return any(map(on_gpu, self.selected.arrays()))

    def each(self, function: Callable[[Any], Any]) -> Found:
        """The same with this done to the arrays of the elements."""
        return self._replace(selected=self.selected.each(function))

    def events(self, *, copy: bool = True) -> list[Event]:
        """The event of the elements, and those of the statistics behind it.

        Args:
            copy: as for ``Selected.event``.
        """
        event = self.selected.event(self.about, copy=copy)
        if self.whole is None:
            return [event]
        place, loops = self.selected.place, self.selected.loops
        rank = place.rank
        return [event, *reduced(event, self.whole, rank, loops, self.where)]


class Taking:
    """Decides what is taken.

    Args:
        selection: which elements.
        reduction: of which taps statistics.
        sampling: which firings.
        around: loop indices around the program.
        wanted: whether a tap is recorded, as far as it was asked.
    """

    def __init__(
        self,
        selection: Selection,
        reduction: Reduction,
        sampling: Sampling,
        around: Mapping[str, int],
        wanted: Mapping[str, bool],
    ) -> None:
        self._selection = selection
        self._reduction = reduction
        self._sampling = sampling
        self._around = around
        self.places = Places(selection, around, wanted)
        self._uncovered: set[Coverage] = set()
        # a firing counts, or reaches an index, with no pixel in its value
        self.asks_nowhere = bool(selection.at) or not sampling.takes_all
        # whether all that leaves a value out is the selection
        self.only_selects = sampling.takes_all and reduction == Reduction()

    def take(self, firing: Firing, process: int) -> Found | None:
        """What is taken of one firing; None for nothing.

        Args:
            firing: of a tap that is recorded.
            process: number of this process.

        Raises:
            TapError: the value, its dims, unit or mask can't be recorded.
        """
        value, name, dims, unit, where, origin, axes = firing
        if unit is not None and not isinstance(unit, str):
            raise TapError(f"tap {name!r}: the unit {unit!r} is no text")
        origin = origin or FORWARD
        now = origin.loops is None
        array = tensors.as_array(value, name)
        box = self.places.box(value, array, name, dims, axes)
        array = tensors.along(array, box.order, box.shape)
        loops = (
            self.places.loops()
            if origin.loops is None
            else {**self._around, **origin.loops}
        )
        reduces = not self.only_selects and self._reduction.takes(
            name, box.shape, box.dims
        )
        if not self._sampling.takes(name, loops) or (
            reduces and self._selection.leaves_out(loops, box.dims.coordinates)
        ):
            return None
        if now and not reduces:
            place = self.places.now(box, name)
        else:
            place = self.places.at(box, loops, reduced=reduces)
        if place is None:
            return None
        about = _about(name, array, unit, origin, process)
        if where is not None:
            where = tensors.mask(where, name, box.order, place.extents)
        selected = select(array, place, loops, where, name)
        if not reduces:
            return Found(selected, about)
        uncovered = self._uncovered_by(name, place)
        return Found(selected, about, array, where, uncovered)

    def _uncovered_by(self, name: str, place: Place) -> Coverage | None:
        """Once, that no number of a tap is kept along its axes."""
        coordinates = place.dims.coordinates
        nothing = Coverage(coordinates, tap=name)
        if self._selection.touches(coordinates) or nothing in self._uncovered:
            return None
        self._uncovered.add(nothing)
        return nothing


def _about(
    name: str, array: Any, unit: str | None, origin: Origin, process: int
) -> dict[str, Any]:
    file, line = origin.file, origin.line
    if not file:
        file, line = caller(5)  # take, observe, emit, fire, tap
    moment = origin.moment or Moment.now()
    return {
        "tap": name,
        "dtype": tensors.type_name(array),
        "unit": unit,
        "file": file,
        "line": line,
        "context": moment.context,
        "phase": origin.phase,
        "need": "ignored" if origin.phase == "recompute" else "required",
        "time_ns": moment.time_ns,
        "thread": moment.thread,
        "process": process,
    }
