"""What fired at one place again and again: found and numbered by table."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tracekit.schema import Axis
from tracekit.storage.grid import Ordinals, with_occurrence


class Runs:
    """How often one number stands in a row at most, over many arrays."""

    def __init__(self) -> None:
        self.most = 1
        self._last = np.empty(0, np.int64)
        self._run = 0

    def see(self, numbers: Ordinals) -> bool:
        """Count on; whether the numbers never went back."""
        marks = np.concatenate([self._last, numbers])
        edges = np.flatnonzero(np.diff(marks)) + 1
        runs = np.diff(np.concatenate([[0], edges, [len(marks)]]))
        runs[0] += max(self._run - 1, 0)
        self.most = max(self.most, int(runs.max()))
        self._last, self._run = marks[-1:], int(runs[-1])
        return bool(np.all(marks[1:] >= marks[:-1]))


class Counted:
    """Numbers what fired at one place again, in tables that ascend.

    Args:
        grid: without occurrences.
        most: how often one place fired at most.
    """

    def __init__(self, grid: tuple[Axis, ...], most: int) -> None:
        none = np.empty(0, np.int64)
        self._most, self._plain = most, grid
        self.grid = (
            grid if most == 1 else with_occurrence(grid, none, none, most)[0]
        )
        self._last, self._seen = -1, 0

    def number(self, table: pa.Table) -> pa.Table:
        """The table with its places in the grid with occurrences."""
        if self._most == 1 or not len(table):
            return table
        ordinals = table["ordinal"].to_numpy()
        fresh = np.concatenate(
            [[ordinals[0] != self._last], ordinals[1:] != ordinals[:-1]]
        )
        rows = np.arange(len(ordinals))
        start = np.maximum.accumulate(np.where(fresh, rows, -1))
        occurrence = np.where(start < 0, rows + self._seen, rows - start)
        self._last, self._seen = int(ordinals[-1]), int(occurrence[-1]) + 1
        _, numbered = with_occurrence(
            self._plain, ordinals, occurrence, self._most
        )
        return table.set_column(0, "ordinal", pa.array(numbered))
