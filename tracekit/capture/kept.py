"""A few numbers, copied out of the program's memory and out of its heap.

What outlives a call of the program must not lie where its planes lie: a
small block of the heap takes the room of a plane that was just freed, and the
next plane has to go elsewhere, out of the caches. So numbers are kept as
bytes, which Python keeps where its small objects are.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


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

    def numpy(self, *, force: bool = True) -> npt.NDArray[Any]:  # noqa: ARG002
        """They as an array, as a tensor gives its own."""
        return np.frombuffer(self.raw, self.dtype).reshape(self.shape)
