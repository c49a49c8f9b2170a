"""What tells that two taps hold the same: a hash of places, one of values.

Both are taken row group by row group, so that neither needs the whole tap, and
figures of the numbers on the way. Of a tap of one row group a hash is that of
the row group; of a larger one, the hash of its row groups' hashes. Ordinals
without a gap say so and are not read.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tracekit.schema import Axis
from tracekit.storage.contents import (
    NUMBERS,
    Contents,
    Figures,
    figures_of,
    of_numbers,
)
from tracekit.storage.grid import Places, as_ordinals

ROWS = 1 << 20
"""Rows of a row group."""

_DIGITS = 32  # of values' hashes: SHA-256 is what processors have built in


@dataclass(frozen=True, slots=True)
class Taken:
    """What is taken of numbers, wherever they lie.

    Args:
        values: hash of them.
        figures: of them, with places from 0 on.
    """

    values: str
    figures: Figures


Known: TypeAlias = dict[tuple[int, int], Taken]
"""What was taken of parts of a file, by their begin and size in bytes."""


@dataclass(frozen=True, slots=True)
class Block:
    """What is taken of a row group, apart from all others.

    Args:
        places: of its rows; a range where they follow one another.
        keys: what says which they are.
        values: hash of its values.
        figures: of its numbers.
    """

    places: Places
    keys: bytes
    values: str
    figures: Figures


def block_of(
    rows: pa.Table, places: Places | None = None, taken: Taken | None = None
) -> Block:
    """What is taken of a row group.

    Args:
        rows: of it.
        places: of the rows, which have no column of them then.
        taken: of its numbers, if that is known; their places ascend by one.
    """
    if places is None:
        places = rows["ordinal"].to_numpy()
    if taken is not None:
        figures = taken.figures.moved(int(places[0]))
        return Block(places, _keys(places), taken.values, figures)
    figures = figures_of(rows, places)
    return Block(places, _keys(places), _value_hash(rows), figures)


def taken_of(numbers: npt.NDArray[Any]) -> Taken:
    """What is taken of a row group that has these numbers and no text."""
    digest = hashlib.sha256(usedforsecurity=False)
    _take(digest, numbers)
    figures = of_numbers(numbers, range(len(numbers)))
    return Taken(digest.hexdigest()[:_DIGITS], figures)


class TapHash:
    """Hashes a tap's elements, one row group after the other.

    Args:
        axes: its grid.
    """

    def __init__(self, axes: tuple[Axis, ...]) -> None:
        self._grid = repr(axes).encode()
        self._blocks = 0
        self._only: Places | None = None
        self._keys: list[bytes] = []
        self._values: list[str] = []
        self._figures = Figures()

    def add(self, block: Block) -> None:
        """Take the next row group; only the last may be short."""
        self._only = None if self._blocks else block.places
        self._keys.append(block.keys)
        self._values.append(block.values)
        self._figures.add(block.figures)
        self._blocks += 1

    @property
    def contents(self) -> Contents:
        """All that was found."""
        return Contents(self.keys, self.values, self._figures)

    @property
    def keys(self) -> str:
        """Equal for equal places of equal grids."""
        if self._only is not None:
            return _hash(self._grid, as_ordinals(self._only))
        return _hash(self._grid, *self._keys)

    @property
    def values(self) -> str:
        """Equal for equal values."""
        if self._blocks < 2:
            return self._values[0]
        return _hash("".join(self._values).encode())


def contents_of(axes: tuple[Axis, ...], table: pa.Table) -> Contents:
    """The hashes and figures of a whole element table."""
    found = TapHash(axes)
    for start in range(0, max(len(table), 1), ROWS):
        found.add(block_of(table.slice(start, ROWS)))
    return found.contents


def _keys(places: Places) -> bytes:
    """What says which places these are; they ascend."""
    count = len(places)
    if count and places[-1] - places[0] == count - 1:
        return f"{places[0]}+{count};".encode()
    return _hash(as_ordinals(places)).encode()


def _value_hash(table: pa.Table) -> str:
    digest = hashlib.sha256(usedforsecurity=False)
    for name in NUMBERS:
        if name in table.column_names:
            _take(digest, table[name].to_numpy())
    if "text" in table.column_names:
        digest.update(repr(table["text"].to_pylist()).encode())
    return digest.hexdigest()[:_DIGITS]


def _take(digest: hashlib._Hash, numbers: npt.NDArray[Any]) -> None:
    digest.update(numbers.dtype.str.encode())
    digest.update(_bytes(numbers))


def _hash(*parts: bytes | npt.NDArray[Any]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(part if isinstance(part, bytes) else _bytes(part))
    return digest.hexdigest()


def _bytes(values: npt.NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(values).data
