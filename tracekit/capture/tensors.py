"""Takes values off tensors, arrays and numbers.

torch is never imported here: a program that hands over tensors has it loaded.
What leaves this file is a NumPy copy, never a view: the program may write
into its tensor right after the tap.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit.capture.dense import (
    plain_tensor,
    seen_by_numpy,
    tensor_to_numpy,
)
from tracekit.capture.transfers import sent
from tracekit.errors import TapError
from tracekit.schema import Kind

Array = npt.NDArray[Any]

_DOUBLE = 8  # bytes
_KINDS: dict[str, Kind] = {"f": "float", "i": "int", "u": "uint"}
STORED = frozenset(np.dtype(kind) for kind in "?bhilqBHILQfd")


@dataclass(frozen=True, slots=True)
class Planes:
    """A vector whose components are kept apart, one array each.

    Args:
        parts: of one shape and type.
    """

    parts: tuple[Any, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Theirs, and the components last."""
        return (*self.parts[0].shape, len(self.parts))

    @property
    def dtype(self) -> Any:
        """Theirs."""
        return self.parts[0].dtype

    def together(self) -> Any:
        """One array of all; this copies every number."""
        first = self.parts[0]
        if isinstance(first, np.ndarray):
            return np.stack(self.parts, axis=-1)
        return sys.modules["torch"].stack(self.parts, dim=-1)


@dataclass(frozen=True, slots=True)
class Picked:
    """Some pixels of an array, which compiled code picked before.

    Args:
        data: [pixel ...], the pixels' two axes replaced by one in front.
        shape: of the whole array.
        axes: where the pixels' axes were.
        pixels: which were picked, [2 pixel].
    """

    data: Any
    shape: tuple[int, ...]
    axes: tuple[int, ...]
    pixels: npt.NDArray[np.int64]

    @property
    def dtype(self) -> Any:
        """The array's."""
        return self.data.dtype

    def places(
        self,
        axes: tuple[int, ...],
        index: tuple[npt.NDArray[np.int64], ...],
        extents: tuple[int, ...],
        name: str,
    ) -> tuple[tuple[int, ...], tuple[npt.NDArray[np.int64], ...]]:
        """Axes and indices of ``data`` for those of the whole array.

        Raises:
            TapError: a pixel was not picked.
        """
        slow, fast = (axes.index(axis) for axis in self.axes)
        width = extents[self.axes[1]]
        wanted = index[slow] * width + index[fast]
        there = self.pixels[0] * width + self.pixels[1]
        order = np.argsort(there, kind="stable")
        slots = np.searchsorted(there, wanted, sorter=order)
        slots = order[np.minimum(slots, len(order) - 1)]
        if not np.array_equal(there[slots], wanted):
            raise TapError(
                f"tap {name!r}: a recording of other pixels began while "
                "compiled code ran; begin it before or after the call"
            )
        others = [n for n in range(len(axes)) if n not in (slow, fast)]
        # in data the two axes are one, the first
        left = [1 + axes[n] - sum(a < axes[n] for a in self.axes)
                for n in others]  # fmt: skip
        return (0, *left), (slots, *(index[n] for n in others))


def is_planes(value: Any) -> bool:
    """Whether it is a tuple of tensors or arrays that have axes."""
    if not isinstance(value, tuple) or not value:
        return False
    for part in value:
        if not hasattr(part, "dtype") or not getattr(part, "ndim", 0):
            return False
    return True


def box_of(value: Any) -> Any:
    """Equal for values of one shape."""
    if type(value) is tuple and value:
        return len(value), box_of(value[0])
    try:
        shape = getattr(value, "shape", None)
    except RuntimeError:  # a nested tensor has none
        shape = None
    if shape is not None:
        return shape
    # what else has axes is like no other
    return () if isinstance(value, int | float | complex) else object()


def shape_of(
    value: Any, array: Any, name: str
) -> tuple[tuple[int, ...], bool]:
    """The shape of a value's array, and whether its last axis is its parts'.

    Args:
        value: the tapped one.
        array: as ``as_array`` gives it; None where nobody has asked yet.
        name: the tap, for errors.
    """
    if array is None:
        stated = _stated_shape(value)
        if stated is not None:
            return stated
        array = as_array(value, name)
    return tuple(array.shape), isinstance(array, Planes)


def _stated_shape(value: Any) -> tuple[tuple[int, ...], bool] | None:
    """As ``shape_of``; None where the value's array alone knows it."""
    planes = type(value) is tuple and is_planes(value)
    first = value[0] if planes else value
    shape = box_of(first)
    if not isinstance(shape, tuple) or not all(
        map(_says_shape, value if planes else (value,))
    ):
        return None
    return (*shape, len(value)) if planes else tuple(shape), planes


def _says_shape(value: Any) -> bool:
    """Whether its shape is that of its numbers, as any object may claim."""
    torch = sys.modules.get("torch")
    tensor = torch is not None and type(value) is torch.Tensor
    return tensor or type(value) is np.ndarray


def as_array(value: Any, name: str) -> Any:
    """The value as a NumPy array, or a detached, dense torch tensor.

    A tensor in memory, of a type that NumPy has, becomes a view: NumPy picks
    elements out faster. A quantised tensor becomes the numbers that it stands
    for, a tuple of tensors or arrays becomes ``Planes``.

    Raises:
        TapError: it is neither a tensor, an array nor a number.
    """
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        seen = seen_by_numpy(value, torch)
        return plain_tensor(value, name) if seen is None else seen
    if isinstance(value, Picked):
        return replace(value, data=as_array(value.data, name))
    if is_planes(value):
        return _planes(value, name)
    if isinstance(value, int) and not isinstance(value, bool):
        return _python_integer(value, name)
    if isinstance(value, np.ma.MaskedArray):
        raise TapError(
            f"tap {name!r}: a masked array hides its mask from a trace; tap "
            "x.data with where=~np.ma.getmaskarray(x)"
        )
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise TapError(f"tap {name!r}: {error}") from error
    if array.dtype.kind not in "fiubc":
        raise TapError(
            f"tap {name!r}: can't record a {type(value).__name__} of dtype "
            f"{array.dtype}; tap tensors, arrays and numbers, and give texts "
            "to tk.config"
        )
    if array.dtype.kind == "f" and isinstance(value, list | tuple):
        _check_whole(value, name)
    return array


def _check_whole(value: Any, name: str) -> None:
    """NumPy makes floats of integers beyond 2^63 beside negative ones."""
    numbers = np.asarray(value, object).reshape(-1)
    if len(numbers) and all(isinstance(n, int) for n in numbers):
        raise TapError(
            f"tap {name!r}: integers from {min(numbers)} to {max(numbers)} "
            "have no common type of 64 bits; tap them apart"
        )


def _planes(value: tuple[Any, ...], name: str) -> Planes:
    return _alike(tuple([as_array(part, name) for part in value]), name)


def _alike(parts: tuple[Any, ...], name: str) -> Planes:
    first, kind = parts[0], type_name(parts[0])
    if any(x.shape != first.shape or type_name(x) != kind for x in parts):
        kinds = {f"{type_name(x)} of shape {tuple(x.shape)}" for x in parts}
        raise TapError(
            f"tap {name!r}: a tuple is a vector of components that are alike, "
            f"these are {' and '.join(sorted(kinds))}; tap them one by one"
        )
    return Planes(parts)


def _python_integer(value: int, name: str) -> Array:
    for dtype in (np.int64, np.uint64):
        if np.iinfo(dtype).min <= value <= np.iinfo(dtype).max:
            return np.asarray(value, dtype)
    raise TapError(f"tap {name!r}: {value} doesn't fit 64 bits")


def type_name(array: Any) -> str:
    """The program's own name of the type, "float64" or "bfloat16"."""
    return _name_of(array.dtype)


@lru_cache(maxsize=256)
def _name_of(dtype: Any) -> str:
    if isinstance(dtype, np.dtype):
        return dtype.name  # whatever the order of its bytes
    return str(dtype).removeprefix("torch.")


def kind_of(values: Array) -> Kind:
    """What the numbers are."""
    return _KINDS.get(values.dtype.kind, "bool")


def move_first(array: Any, axes: tuple[int, ...]) -> Any:
    """The array with these axes in front, in this order (a view)."""
    if axes == tuple(range(len(axes))):
        return array
    if isinstance(array, np.ndarray):
        others = [axis for axis in range(array.ndim) if axis not in axes]
        return array.transpose(*axes, *others)
    return array.movedim(axes, tuple(range(len(axes))))


def pick(array: Any, indices: tuple[npt.NDArray[np.int64], ...]) -> Any:
    """Elements at these indices of the leading axes, on the device."""
    if isinstance(array, np.ndarray):
        return array[indices]
    found = tuple([sent(index, array.device) for index in indices])
    if array.is_floating_point() and array.itemsize == 1:
        # torch 2.6 picks bytes, but no float8
        return array.view(sys.modules["torch"].uint8)[found].view(array.dtype)
    return array[found]


def along(array: Any, order: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    """A view of an array whose axes dims name in another order.

    Args:
        array: as ``as_array`` gives it.
        order: of its axes, those that are not named last; () as they are.
        shape: of the view; components that are planes last.
    """
    if not order:
        return array
    if isinstance(array, Planes):
        parts = [along(part, order, shape[:-1]) for part in array.parts]
        return Planes(tuple(parts))
    if isinstance(array, np.ndarray):
        return array.transpose(order).reshape(shape)
    return array.permute(order).squeeze(tuple(range(len(shape), len(order))))


def mask(
    where: Any, name: str, order: tuple[int, ...], shape: tuple[int, ...]
) -> Any:
    """A boolean mask over coordinate axes (a view).

    Args:
        where: what a tap was given.
        name: the tap, for errors.
        order: as for ``along``; of a mask that has as many axes.
        shape: of the coordinates.
    """
    if isinstance(where, Picked):
        return where
    array = as_array(where, name)
    if order and len(array.shape) == len(order):
        extents = tuple([array.shape[axis] for axis in order])
        if prod(extents[len(shape) :]) == 1:
            array = along(array, order, extents[: len(shape)])
    return broadcast(array, shape, name)


def broadcast(mask: Any, shape: tuple[int, ...], name: str) -> Any:
    """A boolean mask expanded to these coordinate axes (a view)."""
    mask = as_array(mask, name)
    if type_name(mask) != "bool":
        raise TapError(
            f"tap {name!r}: where= is {type_name(mask)}; give a bool mask"
        )
    try:
        if isinstance(mask, np.ndarray):
            return np.broadcast_to(mask, shape)
        return mask.broadcast_to(shape)
    except (RuntimeError, ValueError) as error:
        raise TapError(
            f"tap {name!r}: where= of shape {tuple(mask.shape)} doesn't fit "
            f"the coordinate axes {shape}"
        ) from error


def to_numpy(array: Any, name: str, *, copy: bool = True) -> Array:
    """A contiguous native-endian copy; complex gets a last axis (re, im).

    Without ``copy`` it is the array itself where that is so already.

    Floats narrower than float32 are widened to it, which holds them exactly.

    Raises:
        TapError: the values can't be read, or are wider than 64 bits.
    """
    if not isinstance(array, np.ndarray):
        array = tensor_to_numpy(array, name)
    if array.dtype in STORED:
        return np.array(array, order="C", copy=copy or None)
    if array.dtype.kind == "c":
        array = np.stack([array.real, array.imag], axis=-1)
    if array.dtype == np.float16:
        with np.errstate(invalid="ignore"):  # a signalling NaN stays a NaN
            return np.array(array, np.float32, order="C")
    if array.dtype.itemsize > _DOUBLE:
        raise TapError(
            f"tap {name!r}: {array.dtype} has more digits than a trace can "
            "hold; tap a float64 value"
        )
    kind = array.dtype.newbyteorder("=")
    return np.array(array, kind, order="C", copy=copy or None)
