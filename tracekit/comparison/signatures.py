"""Pixels that went wrong alike: of which taps, all the way.

The rows are those of ``queries/signatures.sql`` for some pixels, with numbers
of taps where it has letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tracekit.comparison.course import PIXEL

Array = npt.NDArray[Any]
Taps = tuple[int, ...]

SIGNATURE = pa.schema(
    [
        ("bad", pa.list_(pa.int64())),
        ("odd", pa.list_(pa.int64())),
        ("pixels", pa.int64()),
        ("first", PIXEL),
        ("slow_from", pa.int64()),
        ("slow_to", pa.int64()),
        ("fast_from", pa.int64()),
        ("fast_to", pa.int64()),
    ]
)


class Signatures:
    """Signatures of some pixels, which grow tap by tap.

    Args:
        pixels: slow and fast of each, in the order of the pixels.
    """

    def __init__(self, pixels: Sequence[Array]) -> None:
        self._slow, self._fast = pixels
        self._label = np.zeros(len(self._slow), np.int64)
        # by label: the taps that diverged, and those of them with a NaN
        self._taps: list[tuple[Taps, Taps]] = [((), ())]

    def add(self, number: int, bad: Array, odd: Array) -> None:
        """Take in the next tap.

        Args:
            number: its place in program order.
            bad: at which pixels it diverged.
            odd: at which of them it is NaN on one side.
        """
        state = np.where(bad, 1 + odd, 0)
        label = self._label * 3 + state
        present = np.flatnonzero(np.bincount(label))
        renamed = np.zeros(len(self._taps) * 3, np.int64)
        renamed[present] = np.arange(len(present))
        self._label = renamed[label]
        self._taps = [
            self._grown(*self._taps[each // 3], number, each % 3)
            for each in present.tolist()
        ]

    @staticmethod
    def _grown(
        bad: Taps, odd: Taps, number: int, state: int
    ) -> tuple[Taps, Taps]:
        if not state:
            return bad, odd
        return (*bad, number), (*odd, number) if state > 1 else odd

    def rows(self) -> list[dict[str, Any]]:
        """Rows of ``SIGNATURE``: pixels at which something diverged."""
        order = np.argsort(self._label, kind="stable")
        pixels = np.bincount(self._label, minlength=len(self._taps))
        starts = np.cumsum(pixels) - pixels
        firsts = order[starts].tolist()
        boxes = [
            edge.reduceat(index[order], starts).tolist()
            for index in (self._slow, self._fast)
            for edge in (np.minimum, np.maximum)
        ]
        return [
            {
                "bad": bad,
                "odd": odd,
                "pixels": count,
                "first": {
                    "slow": self._slow[first],
                    "fast": self._fast[first],
                },
                **dict(zip(SIGNATURE.names[4:], box, strict=True)),
            }
            for (bad, odd), count, first, *box in zip(
                self._taps, pixels.tolist(), firsts, *boxes, strict=True
            )
            if bad
        ]
