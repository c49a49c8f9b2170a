"""What a recording's streams hold, found without reading a value.

One pass over the streams gives every tap its number, its grid and its size,
so that a second one can write its elements where they belong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tracekit.schema import Axis
from tracekit.storage.batches import Batch, Firings, read_batches
from tracekit.storage.grid import Extent
from tracekit.storage.hashes import Known
from tracekit.storage.layout import Layout

_CHUNK = 1 << 10  # bytes that a batch's part of a tap takes beside its numbers


@dataclass(slots=True)
class TapSurvey:
    """One tap of a recording: what its firings have in common.

    Args:
        number: in the order of first firing.
        layout: of its first firing.
        order: place of that among all events.
    """

    number: int
    layout: Layout
    order: int = -1
    events: int = 0
    elements: int = 0
    bytes: int = 0
    one_box: bool = True
    dtypes: set[str] = field(default_factory=set)
    types: set[np.dtype[Any]] = field(default_factory=set)
    columns: set[str] = field(default_factory=set)
    _extent: Extent | None = None
    _box: Any = None

    def take(self, found: Firings, first: int) -> None:
        """Count firings in.

        Args:
            found: in the order of firing.
            first: the sequence number of the batch's first row.
        """
        layout, count = found.layout, len(found.rows)
        if self._extent is None:
            self.order = first + int(found.rows[0])
            self._extent = Extent(layout.axes)
            self._box = self._box_of(found)
        self._extent.take(layout.axes, found.origins)
        self.one_box = (
            self.one_box
            and found.positions is None
            and self._box_of(found) == self._box
            and bool(np.all(found.origins == found.origins[0]))
        )
        self.events += count
        self.elements += found.elements
        self.bytes += found.values.nbytes + 16 * found.elements
        self.bytes += _CHUNK + sum(len(t or "") for t in found.text or ())
        self.dtypes.add(layout.shared["dtype"])
        self.types.add(layout.values_dtype)
        for name in ("text", "digits", "quantum"):
            if getattr(found, name) is not None:
                self.columns.add(name)

    @staticmethod
    def _box_of(found: Firings) -> Any:
        extents = tuple(axis.extent for axis in found.layout.axes)
        return extents, found.origins[0].tolist()

    @property
    def dtype(self) -> str:
        """The program's type, or the stored one that holds several."""
        if len(self.dtypes) == 1:
            return next(iter(self.dtypes))
        return str(self.value_type)

    @property
    def value_type(self) -> np.dtype[Any]:
        """The type in which its numbers are stored, bool as it is."""
        return np.result_type(*self.types)

    def grid(self) -> tuple[Axis, ...]:
        """The grid that holds all its boxes.

        Raises:
            TraceError: it is too large to number its places.
        """
        extent = self._extent or Extent(self.layout.axes)
        return extent.grid(self.layout.shared["tap"])


class Survey:
    """The taps of a recording.

    Args:
        streams: its event streams, in the order of their processes.
        known: what was taken of parts of the first.
    """

    def __init__(
        self, streams: Sequence[Path], known: Known | None = None
    ) -> None:
        self.streams = tuple(streams)
        self.taps: list[TapSurvey] = []
        self.events_of: dict[Path, int] = dict.fromkeys(self.streams, 0)
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._known = {self.streams[0]: known}
        for stream in self.streams:
            for batch in self._batches_of(stream):
                first = self.events
                for number, found in batch.firings():
                    self.taps[number].take(found, first)
                self.events_of[stream] += len(batch)

    @property
    def events(self) -> int:
        """How many there are."""
        return sum(self.events_of.values())

    def _number_of(self, layout: Layout) -> int:
        number = self._numbers.setdefault(layout.identity(), len(self.taps))
        if number == len(self.taps):
            self.taps.append(TapSurvey(number, layout))
        return number

    def batches(self) -> Iterator[Batch]:
        """All batches, in the order of their processes."""
        for stream in self.streams:
            yield from self._batches_of(stream)

    def _batches_of(self, stream: Path) -> Iterator[Batch]:
        known = self._known.get(stream)
        return read_batches(stream, self._number_of, known)

    def firings(
        self, wanted: Iterable[int]
    ) -> Iterator[tuple[int, int, Firings]]:
        """Tap, number of the first firing within it, and firings of a tap.

        Args:
            wanted: numbers of taps.
        """
        fired = dict.fromkeys(wanted, 0)
        for batch in self.batches():
            for tap, found in batch.firings(fired):
                yield tap, fired[tap], found
                fired[tap] += len(found.rows)
