"""Arrays that wait on the disk, in a file that goes with its process."""

from __future__ import annotations

import math
import os
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt


class Stored(Protocol):
    """An array that can be read again."""

    def rows(self, first: int, last: int) -> npt.NDArray[Any]:
        """Some of its rows; not to be written to."""
        ...


@dataclass(frozen=True, slots=True)
class InMemory:
    """An array that stays where it is."""

    array: npt.NDArray[Any]

    def rows(self, first: int, last: int) -> npt.NDArray[Any]:
        """Some of its rows."""
        return self.array[first:last]


class _File:
    """A file without a name; it goes when nothing needs it any more."""

    def __init__(self, folder: Path) -> None:
        self.handle, path = tempfile.mkstemp(dir=folder)
        Path(path).unlink()

    def __del__(self) -> None:
        os.close(self.handle)


@dataclass(frozen=True, slots=True)
class OnDisk:
    """An array in a file."""

    file: _File
    place: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    def rows(self, first: int, last: int) -> npt.NDArray[Any]:
        """Some of its rows."""
        last = min(last, self.shape[0])
        shape = (max(last - first, 0), *self.shape[1:])
        row = self.dtype.itemsize * math.prod(self.shape[1:])
        found = np.empty(shape, self.dtype)
        left = found.reshape(-1).view(np.uint8).data
        place = self.place + first * row
        while left:
            count = os.preadv(self.file.handle, [left], place)
            if not count:
                raise OSError("a file that tracekit had written was cut")
            place += count
            left = left[count:]
        return found


class Spill:
    """Where arrays are put: into memory, or a file without a name.

    Args:
        folder: where the file lies; None for memory.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._file = None if folder is None else _File(folder)
        self._end = 0
        self._lock = threading.Lock()

    def put(self, array: npt.NDArray[Any]) -> Stored:
        """Keep an array.

        Raises:
            OSError: the disk is full.
        """
        if self._file is None:
            return InMemory(array)
        array = np.ascontiguousarray(array)
        with self._lock:
            place = self._end
            self._end += array.nbytes
        left, end = array.reshape(-1).view(np.uint8).data, place
        while left:
            count = os.pwrite(self._file.handle, left, end)
            left, end = left[count:], end + count
        return OnDisk(self._file, place, array.dtype, array.shape)
