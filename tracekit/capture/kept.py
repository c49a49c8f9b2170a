"""A few numbers, copied out of the program's memory and out of its heap.

They are read where they lie. To call an operator of PyTorch or NumPy for them
would bring so much code into the processor's caches, for each tap again, that
the program waited for that and not for the numbers.

What outlives a call of the program must not lie where its planes lie: a
small block of the heap takes the room of a plane that was just freed, and the
next plane has to go elsewhere, out of the caches. So numbers are kept as
bytes, which Python keeps where its small objects are.
"""

from __future__ import annotations

from collections.abc import Iterable
from ctypes import c_char
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

_AT = {size: (c_char * size).from_address for size in (1, 2, 4, 8)}


class Kept(NamedTuple):
    """Numbers.

    Args:
        raw: in row-major order.
        dtype, shape: of their array.
    """

    raw: bytes
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @classmethod
    def of(cls, array: npt.NDArray[Any]) -> Kept:
        """A copy of some.

        >>> Kept.of(np.array([1.5, 2.5])).numpy()
        array([1.5, 2.5])
        """
        return cls(array.tobytes(), array.dtype, array.shape)

    @classmethod
    def read(cls, dtype: np.dtype[Any], addresses: Iterable[int]) -> Kept:
        """A copy of those that lie at addresses, in row-major order.

        Args:
            dtype: theirs, of 1, 2, 4 or 8 bytes.
            addresses: inside of memory that the caller holds.

        >>> array = np.array([1.5, 2.5])
        >>> Kept.read(array.dtype, [array.ctypes.data + 8]).numpy()
        array([2.5])
        """
        at = _AT[dtype.itemsize]
        numbers = [at(address).raw for address in addresses]
        return cls(b"".join(numbers), dtype, (len(numbers),))

    def numpy(self, *, force: bool = True) -> npt.NDArray[Any]:  # noqa: ARG002
        """They as an array, as a tensor gives its own."""
        return np.frombuffer(self.raw, self.dtype).reshape(self.shape)
