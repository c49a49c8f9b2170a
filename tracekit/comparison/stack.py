"""Images that lie over each other, pixel by pixel: where does each go wrong?

All taps of a run that are images of one grid are read side by side, one row
group of pixels at a time, so that what is found of a pixel needs no search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tracekit.comparison.closeness import diverged
from tracekit.comparison.course import COURSE, Course
from tracekit.comparison.float_pairs import FloatPair, column
from tracekit.comparison.maps import Map
from tracekit.comparison.signatures import SIGNATURE, Signatures

Array = npt.NDArray[Any]

FIRST = pa.schema(
    [
        ("slow", pa.int64()),
        ("fast", pa.int64()),
        ("number", pa.int64()),
        ("tap", pa.dictionary(pa.int32(), pa.string())),
        ("actual", pa.float64()),
        ("expected", pa.float64()),
        ("precision", pa.int64()),
        ("taps", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Stack:
    """Pairs of images that store the same pixels in the same row groups.

    Args:
        numbers: places of the taps in program order, ascending.
        taps: their names.
        pairs: one for each.
        axes: stride, extent and origin of slow and fast.
    """

    numbers: Sequence[int]
    taps: Sequence[str]
    pairs: Sequence[FloatPair]
    axes: Sequence[tuple[int, ...]]

    @property
    def groups(self) -> range:
        """Numbers of the row groups."""
        return range(len(self.pairs[0].groups))

    def first(self, group: int) -> pa.RecordBatch:
        """Rows of ``FIRST``: the pixels of a row group that diverged."""
        found = _Found(self.pairs[0].groups[group])
        for layer, pair in enumerate(self.pairs):
            if not pair.same:
                actual, expected = pair.numbers(group)
                found.add(
                    layer,
                    actual,
                    expected,
                    diverged(actual, expected, pair.bounds),
                )
        pixels = np.flatnonzero(found.taps)
        layers = found.layer[pixels]
        return pa.record_batch(
            [
                *(index[pixels] for index in self._pixels(group)),
                np.asarray(self.numbers)[layers],
                pa.DictionaryArray.from_arrays(
                    layers.astype(np.int32), list(self.taps)
                ),
                found.actual[pixels],
                found.expected[pixels],
                np.array([p.bounds.precision for p in self.pairs])[layers],
                found.taps[pixels],
            ],
            schema=FIRST,
        )

    def course(self, group: int) -> pa.RecordBatch:
        """Rows of ``COURSE``: what went wrong at a row group's pixels."""
        course = Course(self._pixels(group))
        for number, pair in zip(self.numbers, self.pairs, strict=True):
            if not pair.same:
                actual, expected = pair.numbers(group)
                bad = diverged(actual, expected, pair.bounds)
                course.add(number, actual, expected, bad)
        return pa.RecordBatch.from_pylist(course.rows(), COURSE)

    def signatures(self, group: int) -> pa.RecordBatch:
        """Rows of ``SIGNATURE``: which of a row group's pixels are alike."""
        found = Signatures(self._pixels(group))
        for number, pair in zip(self.numbers, self.pairs, strict=True):
            if not pair.same:
                actual, expected = pair.numbers(group)
                bad = diverged(actual, expected, pair.bounds)
                found.add(number, bad, np.isnan(actual) | np.isnan(expected))
        return pa.RecordBatch.from_pylist(found.rows(), SIGNATURE)

    def maps(self, group: int) -> pa.RecordBatch:
        """Rows of ``MAP``: where in a row group each pair is wrong."""
        every = Map(self._pixels(group), [axis[1] for axis in self.axes])
        found = []
        for pair in self.pairs:
            actual, expected = pair.numbers(group)
            bad = diverged(actual, expected, pair.bounds)
            found.append(
                every.rows(
                    pair.pair, actual, expected, bad, pair.bounds.precision
                )
            )
        return pa.Table.from_batches(found).combine_chunks().to_batches()[0]

    def _pixels(self, group: int) -> list[Array]:
        """Slow and fast of a row group's pixels."""
        ordinals = column(self.pairs[0].expected, group, "ordinal")
        return [_index(ordinals, *axis) for axis in self.axes]


def _index(ordinals: Array, stride: int, extent: int, origin: int) -> Array:
    """``ordinals // stride % extent + origin``; NumPy's % is slow."""
    whole = ordinals // stride if stride > 1 else ordinals
    index: Array = whole - whole // extent * extent
    return index + origin if origin else index


class _Found:
    """The first numbers that diverged of some pixels."""

    def __init__(self, pixels: int) -> None:
        self.layer = np.zeros(pixels, np.int64)
        self.taps = np.zeros(pixels, np.int64)
        self.actual = np.empty(pixels)
        self.expected = np.empty(pixels)

    def add(
        self, layer: int, actual: Array, expected: Array, bad: Array
    ) -> None:
        """Take in the next tap."""
        if not bad.any():
            return
        new = bad & (self.taps == 0)
        self.taps += bad
        if new.any():
            np.copyto(self.layer, layer, where=new)
            np.copyto(self.actual, actual, where=new)
            np.copyto(self.expected, expected, where=new)
