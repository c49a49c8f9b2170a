"""Statistics of a value that is too large to keep, taken where it lies.

Equal numbers have equal statistics, bit by bit, on every device and for any
number of threads: what is summed in an order that is not fixed are whole
numbers, and floats are summed in pairs, one half of a leaf onto the other. A
few leaves at a time are computed with, and a few numbers leave the device.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit.capture import tensors

Array = npt.NDArray[Any]
Number = int | float

LEAF = 1 << 15  # numbers that are summed together; they fit into a cache
_LEAVES = 64  # that a device computes with at a time
_WORD = 1 << 64
_LOWEST, _HIGHEST = -(1 << 63), (1 << 63) - 1
_HALF = (1 << 32) - 1
_GOLDEN = 0x9E3779B97F4A7C15 - _WORD  # the constants of splitmix64
_ROUNDS = (
    (30, 0xBF58476D1CE4E5B9 - _WORD),
    (27, 0x94D049BB133111EB - _WORD),
    (31, 1),
)
_SMALLER = 2.0**-64
_SINGLE = 4  # bytes


@dataclass(frozen=True, slots=True)
class Statistics:
    """What is known of many numbers.

    Args:
        count: how many.
        nan, inf, zeros: how many of them are NaN, infinite, zero.
        low, high: the smallest and the largest that is finite; None of none.
        mean, absolute: of the finite ones, and of their absolute values; NaN
            of none.
        hash: 64 bits, equal for equal numbers at equal places. All NaN are
            alike; -0 is not 0.
    """

    count: int
    nan: int
    inf: int
    zeros: int
    low: Number | None
    high: Number | None
    mean: float
    absolute: float
    hash: int


def statistics(value: Any, rank: int, where: Any = None) -> list[Statistics]:
    """Statistics of each component of a value.

    Args:
        value: tensor, array or planes, as ``tensors.as_array`` gives them.
        rank: how many of its axes are coordinates; the others are components.
        where: boolean mask over the coordinates; None for all.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return [
            (_of_integers if _is_whole(part) else _of_floats)(part, where)
            for part in _components(value, rank)
        ]


def _components(value: Any, rank: int) -> Iterator[Any]:
    """Arrays of real numbers, in the order in which a trace has them."""
    if isinstance(value, tensors.Planes) and rank < len(value.shape):
        for part in value.parts:
            yield from _components(part, rank)
        return
    if isinstance(value, tensors.Planes):
        value = value.together()
    for index in np.ndindex(*value.shape[rank:]):
        part = value[(..., *index)]
        if tensors.type_name(part).startswith("complex"):
            yield from (part.real, part.imag)
        else:
            yield part


def _is_whole(numbers: Any) -> bool:
    return tensors.type_name(numbers).startswith(("int", "uint", "bool"))


def _of_floats(numbers: Any, where: Any) -> Statistics:
    for scale in (1.0, _SMALLER):
        counts, ends, sums = _figures_of_floats(numbers, where, scale)
        totals = _folded(sums)
        if np.all(np.isfinite(totals)):
            break  # else it is a sum that no double holds
    count, nan, finite, zeros, mixed = _totals(counts)
    mean, absolute = (
        float(total) / finite / scale if finite else math.nan
        for total in totals
    )
    # of -0 and 0 either may come first
    low, high = (
        (float(ends[0].min()) + 0.0, float(ends[1].max()) + 0.0)
        if finite
        else (None, None)
    )
    inf = count - nan - finite
    mixed = _with_shape(mixed, numbers.shape)
    return Statistics(count, nan, inf, zeros, low, high, mean, absolute, mixed)


def _figures_of_floats(
    numbers: Any, where: Any, scale: float
) -> tuple[Array, Array, Array]:
    """Counts and hash, both ends: a column a chunk; sums: a column a leaf."""
    counts, ends, sums = [], [], []
    for first, x, kept in _chunks(numbers, where):
        library = _library(x)
        nan = _among(kept, library.isnan(x))
        finite = _among(kept, library.isfinite(x))
        figures = [_length(x, kept)]
        figures += [m.sum() for m in (nan, finite, _among(kept, x == 0))]
        bits = _fill(x, nan, math.nan)
        bits = bits.view(getattr(library, f"int{8 * x.itemsize}"))
        figures.append(_hash(_cast(bits, "int64"), kept, first))
        counts.append(library.stack(figures))
        wide, other = _cast(x, "float64"), ~finite
        low = _fill(wide, other, math.inf).min()
        high = _fill(wide, other, -math.inf).max()
        ends.append(library.stack([low, high]))
        wide = _fill(wide, other, 0.0) * scale
        sums.append(_in_leaves(library.stack([wide, abs(wide)])))
    return (
        _home(counts, np.empty((5, 0), np.int64)),
        _home(ends, np.empty((2, 0))),
        _home(sums, np.empty((2, 0))),
    )


def _of_integers(numbers: Any, where: Any) -> Statistics:
    rows, offset = [], 0
    for first, x, kept in _chunks(numbers, where):
        library = _library(x)
        if tensors.type_name(x) == "uint64":
            bits, offset = x.view(library.int64), 1 << 63
            ordered = bits ^ _LOWEST  # less the offset
        else:
            ordered = bits = _cast(x, "int64")
        summed, low, high = ordered, ordered, ordered
        if kept is not None:
            summed = _fill(ordered, ~kept, 0)
            low = _fill(ordered, ~kept, _HIGHEST)
            high = _fill(ordered, ~kept, _LOWEST)
        figures = [
            _length(x, kept), _among(kept, bits == 0).sum(),
            _hash(bits, kept, first),
        ]  # fmt: skip
        for part in (summed, _fill(summed, summed > 0, 0)):
            # in halves, which can't overflow
            figures += [(part >> 32).sum(), (part & _HALF).sum()]
        rows.append(library.stack([*figures, low.min(), high.max()]))
    table = _home(rows, np.empty((9, 0), np.int64))
    count, zeros, mixed, *halves = _totals(table[:7])
    mixed = _with_shape(mixed, numbers.shape)
    nothing = math.nan
    if not count:
        return Statistics(0, 0, 0, 0, None, None, nothing, nothing, mixed)
    total = (halves[0] << 32) + halves[1] + offset * count
    below = 0 if offset else (halves[2] << 32) + halves[3]
    return Statistics(
        count, 0, 0, zeros,
        int(table[7].min()) + offset, int(table[8].max()) + offset,
        total / count, (total - 2 * below) / count, mixed,
    )  # fmt: skip


def _hash(bits: Any, kept: Any, first: int) -> Any:
    """The sum of what each number and its place are mixed to."""
    mixed = (_ramp(bits) + (first + 1)) * _GOLDEN
    mixed += bits
    for shift, factor in _ROUNDS:
        mixed ^= (mixed >> shift) & ((1 << (64 - shift)) - 1)
        mixed *= factor
    return (mixed if kept is None else _fill(mixed, ~kept, 0)).sum()


def _with_shape(mixed: int, shape: tuple[int, ...]) -> int:
    for extent in shape:
        if extent == 1:  # an axis, or a loop around the tap
            continue
        mixed = (mixed ^ (extent + 1)) * _GOLDEN % _WORD
        mixed ^= mixed >> 32
    return mixed % _WORD


def _in_leaves(rows: Any) -> Any:
    """Sums of each row's leaves; the last one is filled up with zeros."""
    count = rows.shape[1]
    if count > LEAF:
        rows = _padded(rows, -count % LEAF)
        return _folded(rows.reshape(rows.shape[0], -1, LEAF))
    return _folded(rows)[:, None]


def _folded(rows: Any) -> Any:
    """Sums along the last axis, in an order that only its length decides."""
    count = rows.shape[-1]
    room = 1 << max(count - 1, 0).bit_length()
    rows = _padded(rows, room - count) if count else rows
    while room > 1:
        room //= 2
        rows = rows[..., :room] + rows[..., room:]
    return rows.sum(-1)  # of one number, or of none


def _padded(rows: Any, count: int) -> Any:
    if not count:
        return rows
    if isinstance(rows, np.ndarray):
        return np.pad(rows, [(0, 0)] * (rows.ndim - 1) + [(0, count)])
    return sys.modules["torch"].nn.functional.pad(rows, (0, count))


def _totals(rows: Array) -> list[int]:
    return [sum(row) for row in rows.tolist()]


def _chunks(numbers: Any, where: Any) -> Iterator[tuple[int, Any, Any]]:
    """First place, numbers in a type that is computed with, and mask."""
    size = math.prod(numbers.shape)
    step = LEAF * (1 if _at_home(numbers) else _LEAVES)
    for first in range(0, size, step):
        end = min(first + step, size)
        x = _flat(numbers, first, end)
        if not _is_whole(x) and x.itemsize < _SINGLE:
            x = _cast(x, "float32")
        x = _native(x)
        kept = None if where is None else _flat(where, first, end)
        yield first, x, _beside(x, kept)


def _flat(x: Any, first: int, end: int) -> Any:
    """Elements ``first`` to ``end`` in row-major order, few of them copied."""
    whole = (
        x.flags.c_contiguous
        if isinstance(x, np.ndarray)
        else x.is_contiguous()
    )
    if len(x.shape) < 2 or whole:
        return x.reshape(-1)[first:end]
    row = math.prod(x.shape[1:])
    top, bottom = first // row, (end - 1) // row
    if row <= end - first:
        few = x[top : bottom + 1].reshape(-1)
        return few[first - top * row : end - top * row]
    parts = [
        _flat(x[n], max(first - n * row, 0), min(end - n * row, row))
        for n in range(top, bottom + 1)
    ]
    return _library(x).concatenate(parts) if len(parts) > 1 else parts[0]


def _at_home(x: Any) -> bool:
    """Whether NumPy can compute with it where it lies.

    On a processor that others use too, threads that wait for each other take
    many times as long as one.
    """
    return isinstance(x, np.ndarray) or x.device.type == "cpu"


def _native(x: Any) -> Any:
    if isinstance(x, np.ndarray):
        return x.astype(x.dtype.newbyteorder("="), copy=False)
    return x.numpy() if _at_home(x) else x


def _beside(x: Any, mask: Any) -> Any:
    """The mask where x lies."""
    if mask is None:
        return None
    if isinstance(x, np.ndarray):
        return mask if isinstance(mask, np.ndarray) else mask.cpu().numpy()
    return sys.modules["torch"].as_tensor(mask, device=x.device)


def _among(kept: Any, mask: Any) -> Any:
    return mask if kept is None else mask & kept


def _length(x: Any, kept: Any) -> Any:
    """How many numbers are kept, where x lies."""
    if kept is not None:
        return kept.sum()
    if isinstance(x, np.ndarray):
        return np.int64(len(x))
    return x.new_full((), len(x), dtype=sys.modules["torch"].int64)


def _library(x: Any) -> Any:
    return np if isinstance(x, np.ndarray) else sys.modules["torch"]


def _cast(x: Any, name: str) -> Any:
    if isinstance(x, np.ndarray):
        return x.astype(name, copy=False)
    return x.to(getattr(sys.modules["torch"], name))


def _ramp(x: Any) -> Any:
    """0, 1, 2, ... of the length of x, where it lies."""
    if isinstance(x, np.ndarray):
        return np.arange(len(x), dtype=np.int64)
    torch = sys.modules["torch"]
    return torch.arange(len(x), dtype=torch.int64, device=x.device)


def _fill(x: Any, mask: Any, value: Number) -> Any:
    if isinstance(x, np.ndarray):
        return np.where(mask, x.dtype.type(value), x)
    return x.masked_fill(mask, value)


def _home(columns: list[Any], none: Array) -> Array:
    """Columns in the program's own memory, in one transfer."""
    if not columns:
        return none
    one = len(columns[0].shape) == 1
    library = _library(columns[0])
    table = (library.stack if one else library.concatenate)(columns, 1)
    if isinstance(table, np.ndarray):
        return table
    found: Array = table.cpu().numpy()
    return found
