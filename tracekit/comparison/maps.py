"""Coarse maps of where an image is wrong, as ``queries/error_map.sql`` says.

Pixels in order lie in runs of one block, which are taken together first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tracekit.comparison.ulps import ulp_distance

Array = npt.NDArray[Any]

MAP = pa.schema(
    [
        ("pair", pa.int64()),
        ("block", pa.int64()),
        ("slow", pa.int64()),
        ("fast", pa.int64()),
        ("compared", pa.int64()),
        ("diverged", pa.int64()),
        ("nan_mismatches", pa.int64()),
        ("max_abs_error", pa.float64()),
        ("max_rel_error", pa.float64()),
        ("max_ulps", pa.int64()),
    ]
)
# blocks along each dim, at most
_BLOCKS = 16


class Map:
    """Blocks of some pixels in their order.

    Args:
        pixels: slow and fast of each.
        extents: how many pixels the image has along them.
    """

    def __init__(
        self, pixels: Sequence[Array], extents: Sequence[int]
    ) -> None:
        self._size = max(extents) // _BLOCKS + 1
        slow, fast = (index // self._size for index in pixels)
        across = int(fast.max()) + 1
        block = slow * across + fast
        changes = np.flatnonzero(block[1:] != block[:-1]) + 1
        self._starts = np.concatenate(([0], changes))
        self._blocks, self._of_run = np.unique(
            block[self._starts], return_inverse=True
        )
        self._corners = [
            part * self._size for part in divmod(self._blocks, across)
        ]

    def rows(
        self,
        pair: int,
        actual: Array,
        expected: Array,
        bad: Array,
        precision: int,
    ) -> pa.RecordBatch:
        """Rows of ``MAP``: the blocks of one pair of images."""
        with np.errstate(all="ignore"):
            nan = np.isnan(actual), np.isnan(expected)
            either = nan[0] | nan[1]
            error = np.abs(actual - expected)
            error[actual == expected] = 0
            error[either] = -1  # no error: less than any
            rel_error = error / np.abs(expected)
            rel_error[error == 0] = 0
            rel_error[np.isinf(error)] = np.inf
            rel_error[either] = -1
        ulps = np.full(len(error), -1)
        there = slice(None) if not either.any() else ~either
        ulps[there] = ulp_distance(actual[there], expected[there], precision)
        count = self._added
        columns = [
            np.full(len(self._blocks), pair),
            np.full(len(self._blocks), self._size),
            *self._corners,
            count(np.ones(len(bad), np.int64)),
            count(bad.astype(np.int64)),
            count((nan[0] != nan[1]).astype(np.int64)),
            *map(self._largest, (error, rel_error, ulps)),
        ]
        return pa.record_batch(columns, schema=MAP)

    def _added(self, values: Array) -> Array:
        runs = np.add.reduceat(values, self._starts)
        found = np.zeros(len(self._blocks), np.int64)
        np.add.at(found, self._of_run, runs)
        return found

    def _largest(self, values: Array) -> pa.Array:
        runs = np.maximum.reduceat(values, self._starts)
        found = np.full(len(self._blocks), -1, values.dtype)
        np.maximum.at(found, self._of_run, runs)
        return pa.array(found, mask=found < 0)
