"""Which selected coordinates lay inside a tapped value at least once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit import _state
from tracekit.schema import Event

Group = tuple[tuple[str, ...], npt.NDArray[np.int64]]


class Reach:
    """Coordinates that were reached, by group of dims selected together.

    Args:
        groups: dims and their selected index tuples.
    """

    def __init__(self, groups: Sequence[Group]) -> None:
        self._groups = groups
        self._reached = [np.zeros(len(rows), np.bool_) for _, rows in groups]
        self._left = [len(rows) for _, rows in groups]
        # by group and box which indices lie in the last boxes
        self.found: dict[Any, npt.NDArray[np.int64] | None] = {}
        self._passed: tuple[object, set[Any]] = None, set()

    def is_passed(self, dims: str, box: object) -> bool:
        """Whether such a value was found to hold nothing in these scopes."""
        levels, boxes = self._passed
        return levels is _state.scopes.get() and (dims, box) in boxes

    def note_passed(self, dims: str, box: object) -> None:
        """Note that such a value holds nothing in these scopes."""
        levels = _state.scopes.get()
        if self._passed[0] is not levels:
            self._passed = levels, set()
        self._passed[1].add((dims, box))

    def note(self, number: int, inside: npt.NDArray[np.bool_]) -> None:
        """Note which tuples of a group lie in a value that has its dims."""
        if self._left[number]:
            self._reached[number] |= inside
            self._left[number] = int(np.sum(~self._reached[number]))

    def note_event(self, event: Event) -> None:
        """Note what an event of another process reached."""
        held = {axis.dim: (axis.origin, axis.extent) for axis in event.axes}
        for number, (dims, rows) in enumerate(self._groups):
            if self._left[number] and all(dim in held for dim in dims):
                first, extent = np.array([held[dim] for dim in dims]).T
                local = rows - first
                inside = np.all((local >= 0) & (local < extent), axis=1)
                self.note(number, inside)

    def outside(self) -> Iterator[str]:
        """The coordinates that no value held, as ``slow=3 fast=-1``."""
        for (dims, rows), reached in zip(
            self._groups, self._reached, strict=True
        ):
            for row in rows[~reached]:
                yield " ".join(
                    f"{dim}={index}"
                    for dim, index in zip(dims, row.tolist(), strict=True)
                )

    def told(self) -> str:
        """The coordinates that no value held; warns of them."""
        outside = "; ".join(self.outside())
        if outside:
            import structlog  # 0.1 s to load, and needed only here

            structlog.get_logger("tracekit").warning(
                "selected coordinates lie outside of every tapped value; "
                "nothing was recorded there",
                coordinates=outside,
            )
        return outside
