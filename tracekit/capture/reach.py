"""Which selected coordinates lay inside a tapped value at least once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

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
