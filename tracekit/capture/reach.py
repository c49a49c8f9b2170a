"""Which selected coordinates lay inside a tapped value at least once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tracekit.storage.batches import Firings

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

    def note_firings(self, found: Firings) -> None:
        """Note what firings of another process reached."""
        axes = {axis.dim: n for n, axis in enumerate(found.layout.axes)}
        for number, (dims, rows) in enumerate(self._groups):
            if not self._left[number] or not all(dim in axes for dim in dims):
                continue
            along = [axes[dim] for dim in dims]
            extent = np.array([found.layout.axes[n].extent for n in along])
            for first in np.unique(found.origins[:, along], axis=0):
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
