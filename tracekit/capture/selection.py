"""Which coordinates of tapped values a user selects."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import index as integer
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit.errors import RecordingError
from tracekit.schema import Coverage

Index = npt.NDArray[np.int64]
Span = tuple[int, int] | int | None
_BOXES = 64  # of the last values, for which it is known what lies in them
_ROOMS = (4, 64, 1024)


@dataclass(frozen=True)
class Selection:
    """Selected coordinates: pixels together, other dims one by one.

    Args:
        pixel_dims: names of the two pixel coordinates.
        pixels: (slow, fast) pairs, None for all.
        at: indices by dim.
        whole: something else needs all of each value.
    """

    pixel_dims: tuple[str, str] = ("slow", "fast")
    pixels: tuple[tuple[int, int], ...] | None = None
    at: tuple[tuple[str, tuple[int, ...]], ...] = ()
    whole: bool = False

    @classmethod
    def of(
        cls,
        pixels: Sequence[Sequence[int]] | None,
        at: Mapping[str, int | Sequence[int]] | None,
        pixel_dims: Sequence[str],
        *,
        whole: bool = False,
    ) -> Selection:
        """A selection from what a user writes.

        Raises:
            RecordingError: it can't be understood.
        """
        if (
            len(pixel_dims) != 2
            or len({*pixel_dims}) != 2
            or isinstance(pixel_dims, str)
        ):
            raise RecordingError(
                f"pixel_dims={pixel_dims!r}: expected two names, like "
                '("slow", "fast")'
            )
        if at is not None and not isinstance(at, Mapping):
            raise RecordingError(
                f"at={at!r}: expected indices by dim, like "
                '{"cell": [3, 7], "level": 0}'
            )
        slow, fast = pixel_dims
        both = {slow, fast} & set(at or ())
        if pixels is not None and both:
            raise RecordingError(
                f"at= names {sorted(both)}, which pixels= selects already; "
                "give one of the two"
            )
        chosen = (
            None
            if pixels is None
            else tuple(sorted({_pixel(pixel) for pixel in pixels}))
        )
        indices = tuple(
            (dim, _indices(dim, wanted)) for dim, wanted in (at or {}).items()
        )
        return cls((slow, fast), chosen, indices, whole)

    def coverage(self) -> list[Coverage]:
        """What a trace recorded with this selection covers."""
        groups = [
            Coverage((dim,), "selected", tuple((i,) for i in indices))
            for dim, indices in self.at
        ]
        if self.pixels is not None:
            groups.append(Coverage(self.pixel_dims, "selected", self.pixels))
            # of a tap that has only one of the two dims
            for place, dim in enumerate(self.pixel_dims):
                along = sorted({pixel[place] for pixel in self.pixels})
                groups.append(
                    Coverage((dim,), "selected", tuple((i,) for i in along))
                )
        return groups

    def leaves_out(
        self, loops: Mapping[str, int], coordinates: Sequence[str]
    ) -> bool:
        """Whether a loop index around a tap is not among those selected."""
        return any(
            dim in loops and dim not in coordinates
            and loops[dim] not in indices
            for dim, indices in self.at
        )  # fmt: skip

    def touches(self, coordinates: Sequence[str]) -> bool:
        """Whether it selects along an axis of a value."""
        return any(
            dim in coordinates for group, _ in self.groups for dim in group
        )

    @cached_property
    def layout(self) -> str:
        """The pixel dims and room for the pixels, "slow fast 4"; "" for all.

        So much of a tap compiled code hands over; see ``_state.layout``.
        There are few sizes of rooms, since compiled code is made for one.
        """
        count = 0 if self.whole else len(self.pixels or ())
        room = next((r for r in _ROOMS if 0 < count <= r), 0)
        return " ".join((*self.pixel_dims, str(room))) if room else ""

    def within(
        self, first: tuple[int, int], extent: tuple[int, int], room: int
    ) -> Index | None:
        """The pixels in a value that begins at the first one, [3 room].

        Their places along its two axes, and 1; rows without a pixel are zero.
        None where it holds none, as most do.
        """
        inside = self.inside(first, extent)[:room]
        if not inside:
            return None
        box = first, extent, room
        found = self._found.get(box)
        if found is None:
            none = [0] * (room - len(inside))
            slow, fast = zip(*inside, strict=True)
            ones = [1] * len(inside)
            rows = [[*own, *none] for own in (slow, fast, ones)]
            found = np.array(rows, np.int64)
            if len(self._found) >= _BOXES:
                self._found.clear()
            self._found[box] = found
        return found

    def inside(
        self, first: Sequence[int], extent: Sequence[int]
    ) -> list[tuple[int, int]]:
        """Places of pixels in a box; most boxes hold none.

        The pixels are sorted, so few are looked at, in less time than NumPy
        takes to look at all.

        Args:
            first: indices of its first pixel.
            extent: how many it has along both dims.
        """
        pixels, (slow, fast) = self.pixels or (), first
        begin = bisect_left(pixels, (slow,))
        if begin == len(pixels) or pixels[begin][0] >= slow + extent[0]:
            return []
        end = bisect_left(pixels, (slow + extent[0],), begin)
        return [
            (row - slow, column - fast)
            for row, column in pixels[begin:end]
            if 0 <= column - fast < extent[1]
        ]

    @cached_property
    def _found(self) -> dict[Any, Index]:
        return {}

    @cached_property
    def _pairs(self) -> Index:
        return np.array(self.pixels or (), np.int64).reshape(-1, 2)

    @cached_property
    def groups(self) -> list[tuple[tuple[str, ...], Index]]:
        """Dims that are selected together, and their index tuples."""
        found: list[tuple[tuple[str, ...], Index]] = [
            ((dim,), np.array(indices, np.int64).reshape(-1, 1))
            for dim, indices in self.at
        ]
        if self.pixels is not None:
            found.append((self.pixel_dims, self._pairs))
        return found


def _pixel(pixel: Sequence[int]) -> tuple[int, int]:
    try:
        slow, fast = pixel
        return integer(slow), integer(fast)
    except (TypeError, ValueError) as error:
        raise RecordingError(
            f"pixels= holds {pixel!r}; expected pairs of integers (slow, fast)"
        ) from error


def _indices(dim: str, wanted: int | Sequence[int]) -> tuple[int, ...]:
    several = wanted if isinstance(wanted, Iterable) else (wanted,)
    try:
        return tuple(sorted({integer(i) for i in several}))
    except TypeError as error:
        raise RecordingError(
            f"at={{{dim!r}: {wanted!r}}}: expected an integer or several"
        ) from error
