"""Arrays that are read piece by piece, so that none has to fit in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit.errors import TraceError
from tracekit.storage.batches import Pages
from tracekit.storage.hashes import ROWS

Array = npt.NDArray[Any]
Box = tuple[int | slice, ...]

_BYTES = 16 << 20  # of a piece that a library reads at once


@dataclass(frozen=True, slots=True)
class Slabs:
    """An array as its pieces.

    Args:
        shape: of the whole.
        dtype: of its numbers, in the file's own byte order.
        pieces: gives flat pieces, in row-major order.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    pieces: Callable[[], Iterable[Array]]

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return prod(self.shape)

    def blocks(self) -> Iterator[Array]:
        """Flat pieces of at most a row group.

        Raises:
            TraceError: the file is damaged.
        """
        try:
            for piece in self.pieces():
                for begin in range(0, len(piece), ROWS):
                    yield piece[begin : begin + ROWS]
        except TraceError:
            raise
        except Exception as error:  # each library raises its own
            raise TraceError(str(error)) from error

    def whole(self) -> Array:
        """The array, in memory."""
        found = np.empty(self.size, self.dtype)
        begin = 0
        for block in self.blocks():
            found[begin : begin + len(block)] = block
            begin += len(block)
        return found.reshape(self.shape)

    def field(self, name: str) -> Slabs:
        """One column of a table of records."""
        kind = self.dtype[name]
        return Slabs(
            (*self.shape, *kind.shape),
            kind.base,
            lambda: (part[name].reshape(-1) for part in self.pieces()),
        )

    def changed(
        self, dtype: npt.DTypeLike, change: Callable[[Array], Array]
    ) -> Slabs:
        """The same places with other numbers.

        Args:
            dtype: of those.
            change: makes them of a flat piece.
        """
        return replace(
            self,
            dtype=np.dtype(dtype),
            pieces=lambda: map(change, self.pieces()),
        )


def in_memory(values: Any) -> Slabs:
    """An array that a library can only give whole."""
    array = np.asarray(values)
    return Slabs(array.shape, array.dtype, lambda: [array.reshape(-1)])


def in_boxes(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    take: Callable[[Box], Any],
    rows: int = 1,
) -> Slabs:
    """An array of which a library reads any box.

    Args:
        shape: of the whole.
        dtype: of its numbers.
        take: gives the numbers of a box.
        rows: along the first axis, what is packed together in the file.
    """

    def pieces() -> Iterator[Array]:
        for box in _boxes(shape, max(1, _BYTES // dtype.itemsize), rows):
            yield np.asarray(take(box), dtype).reshape(-1)

    return Slabs(shape, dtype, pieces)


def _boxes(shape: tuple[int, ...], most: int, rows: int) -> Iterator[Box]:
    """Boxes that follow one another in row-major order.

    Args:
        shape: of the whole.
        most: numbers of a box.
        rows: the first axis is cut at their multiples if that is possible.
    """
    if not prod(shape):
        return
    axis = 0
    while prod(shape[axis + 1 :]) > most:
        axis += 1
    if not shape:
        yield ()
        return
    step = max(1, most // prod(shape[axis + 1 :]))
    if axis == 0 and step > rows:
        step -= step % rows
    for outer in product(*map(range, shape[:axis])):
        for begin in range(0, shape[axis], step):
            yield (*outer, slice(begin, begin + step))


def in_file(
    path: Path,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    offset: int = 0,
    *,
    fortran: bool = False,
) -> Slabs:
    """Plain numbers that lie in a file one after the other.

    Args:
        path: the file; that it is long enough is known.
        dtype: of the numbers.
        shape: of the array.
        offset: bytes before the first.
        fortran: the first axis is the one that changes fastest.
    """
    if not prod(shape):
        return in_memory(np.empty(shape, dtype))
    pages = Pages(path)
    flat = np.frombuffer(pages.buffer, dtype, prod(shape), offset)

    def taken(part: Array) -> Array:
        """A copy of a part, whose pages are given back."""
        copied = np.array(part, order="C")
        begin = part.__array_interface__["data"][0]
        span = sum((n - 1) * step for n, step in _lengths(part))
        pages.forget(begin, begin + span + dtype.itemsize)
        return copied

    def plain() -> Iterator[Array]:
        for begin in range(0, len(flat), ROWS):
            yield taken(flat[begin : begin + ROWS])

    if not fortran or len(shape) == 1:
        return Slabs(shape, dtype, plain)
    whole = flat.reshape(shape, order="F")

    def turned(box: Box) -> Array:
        """A box; few of the planes that it crosses are in memory at once."""
        view = whole[box]
        found = np.empty(view.shape, dtype)
        step = max(1, _BYTES // view.strides[-1])
        for first in range(0, view.shape[-1], step):
            planes = ..., slice(first, first + step)
            found[planes] = taken(view[planes])
        return found

    return in_boxes(shape, dtype, turned)


def _lengths(part: Array) -> Iterator[tuple[int, int]]:
    return zip(part.shape, part.strides, strict=True)
