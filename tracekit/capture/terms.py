"""Terms: operations of NumPy as data, and what computes them.

A term is a number, the name of a type, or a list: the name of a function and
the terms that it is given; or ``("line", n)``, the value of another term, and
``("values", n)``, ``("integers", n)`` and ``("pixels", n)``, what comes along.
It travels through a graph as JSON. No text is ever run: a term that names
anything else is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit.errors import TapError

Term = Any  # bool | int | float | str | Sequence[Term]
# By kind, as ``KINDS``: the values of lines so far, and what comes along.
Given = tuple[list[Any], Sequence[Any], Sequence[int], Sequence[Any]]
Value = Callable[[Given], Any]

KINDS = ("line", "values", "integers", "pixels")
_TYPES = {
    name: np.dtype(name)
    for name in ("float64", "float32", "int64", "int32", "bool")
}


def _array(tensor: Any) -> npt.NDArray[Any]:
    found: npt.NDArray[Any] = tensor.numpy(force=True)
    return found


def _astype(x: Any, dtype: Any) -> Any:
    return x.astype(dtype)


def _at(x: Any, *places: Any) -> Any:
    return x[places]


def _select(x: Any, axis: int, place: int) -> Any:
    return x[(*[slice(None)] * axis, place)]


def _reshape(x: Any, *shape: int) -> Any:
    return x.reshape(shape)


def _expand(x: Any, dtype: Any, *shape: int) -> npt.NDArray[Any]:
    whole = np.empty(shape, dtype)
    whole[...] = x
    return whole


def _full(number: Any, dtype: Any, *shape: int) -> npt.NDArray[Any]:
    return np.full(shape, number, dtype)


def _arange(size: int, start: int, step: int, dtype: Any) -> npt.NDArray[Any]:
    places = np.arange(size, dtype=np.int64)
    if (start, step) != (0, 1):
        places = places * step + start
    return places.astype(dtype, copy=False)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "array": _array,
    "astype": _astype,
    "at": _at,
    "select": _select,
    "reshape": _reshape,
    "expand": _expand,
    "full": _full,
    "arange": _arange,
    **{
        name: getattr(np, name)
        for name in (
            "absolute", "add", "bitwise_and", "bitwise_or", "bitwise_xor",
            "ceil", "equal", "floor", "floor_divide", "greater",
            "greater_equal", "invert", "isinf", "isnan", "less", "less_equal",
            "logical_and", "logical_not", "logical_or", "logical_xor",
            "maximum", "minimum", "multiply", "negative", "not_equal",
            "remainder", "rint", "sqrt", "subtract", "true_divide", "trunc",
            "where",
        )
    },
}  # fmt: skip


def lines_in(term: Term) -> Iterator[int]:
    """The lines of which a term takes the value."""
    if isinstance(term, list | tuple):
        if term[:1] and term[0] == "line":
            yield term[1]
        else:
            for part in term[1:]:
                yield from lines_in(part)


def value_of(term: Term) -> Value:
    """What computes a term.

    Raises:
        TapError: it names no function, type or value that there is.

    >>> twice = value_of(["multiply", ["line", 0], 2])
    >>> float(twice(([1.5], [], [], [])))
    3.0
    """
    if isinstance(term, bool | int | float):
        return _constant(term)
    if isinstance(term, str):
        return _type(term)
    name, *parts = term if isinstance(term, list | tuple) and term else [None]
    if name in KINDS:
        return _given(KINDS.index(name), *parts)
    if not isinstance(name, str) or name not in _FUNCTIONS:
        raise _refused(term)
    return _call(_FUNCTIONS[name], [value_of(part) for part in parts])


def _constant(value: Any) -> Value:
    return lambda _: value


def _call(function: Callable[..., Any], parts: list[Value]) -> Value:
    if len(parts) == 1:
        (only,) = parts
        return lambda given: function(only(given))
    if len(parts) == 2:
        one, other = parts
        return lambda given: function(one(given), other(given))
    return lambda given: function(*[part(given) for part in parts])


def _given(kind: int, *numbers: Any) -> Value:
    if len(numbers) != 1 or type(numbers[0]) is not int or numbers[0] < 0:
        raise _refused([KINDS[kind], *numbers])
    (number,) = numbers
    return lambda given: given[kind][number]


def _type(name: str) -> Value:
    if name not in _TYPES:
        raise _refused(name)
    return _constant(_TYPES[name])


def _refused(term: Term) -> TapError:
    return TapError(
        f"compiled code asks its taps to compute {str(term)[:80]!r}, which is "
        "none of the operations that this tracekit knows; compile the program "
        "again"
    )
