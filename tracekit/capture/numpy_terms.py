"""Writes operations that are exact (``exact.py``) as terms of NumPy's.

NumPy starts an operation on a few numbers in a quarter of the time that
torch takes, and rounds as IEEE 754 says; torch's own eager root does not.
What an operation computes in is decided here as torch decides it: NumPy would
widen a float32 beside one float64.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch.fx import Node

from tracekit.capture import exact
from tracekit.capture.exact import FULL, FUNCTIONS, IOTA, LOOKED_UP, aten
from tracekit.capture.terms import Term

Name = Callable[[Node], Term]
Writer = Callable[[Any, Name], Term]
_COMPARED = {
    getattr(aten, name) for name in ("eq", "ge", "gt", "le", "lt", "ne")
}
_OF_ANY = {
    getattr(aten, name)
    for name in (
        "isinf", "isnan", "logical_and", "logical_not", "logical_or",
        "logical_xor",
    )
}  # fmt: skip
_WHOLE = {getattr(aten, name) for name in ("ceil", "floor", "round", "trunc")}


def written(node: Node, name: Name) -> Term:
    """An operation as a term.

    Args:
        node: the operation.
        name: the term that stands for what it is given.
    """
    writer = _WRITERS.get(node.target, _WRITERS.get(exact.kind(node)))
    return (writer or _computed)(node, name)


def _computed(node: Any, name: Name) -> Term:
    what = exact.kind(node)
    given = [_operand(x, _computes_in(node), name) for x in node.args]
    if what in _WHOLE and not node.meta["val"].is_floating_point():
        return given[0]
    return FUNCTIONS[what], *given


def _computes_in(node: Any) -> torch.dtype | None:
    """The type to which operands are converted, None for no other."""
    what = exact.kind(node)
    if what in _OF_ANY:
        return None
    if what in _COMPARED:
        return torch.result_type(*map(_value, node.args))
    found: torch.dtype = node.meta["val"].dtype
    return found


def _value(argument: Any) -> Any:
    """What stands for an argument; any whole number for a symbol."""
    value = argument.meta["val"] if isinstance(argument, Node) else argument
    return 1 if isinstance(value, torch.SymInt) else value


def _operand(x: Any, dtype: torch.dtype | None, name: Name) -> Term:
    known = isinstance(x, Node) and exact.is_tensor(x)
    if not known or dtype in (None, x.meta["val"].dtype):
        return _named(x, name)
    return "astype", name(x), _type(dtype)


def _type(dtype: torch.dtype | None) -> str:
    """What NumPy calls a type."""
    return str(dtype).removeprefix("torch.")


def _named(argument: Any, name: Name) -> Term:
    """A number as it is."""
    return name(argument) if isinstance(argument, Node) else argument


def _all(arguments: Any, name: Name) -> list[Term]:
    return [_named(x, name) for x in arguments]


def _converted(node: Any, name: Name) -> Term:
    x, dtype = node.args
    return "astype", name(x), _type(dtype)


def _reciprocal(node: Any, name: Name) -> Term:
    x = _operand(node.args[0], node.meta["val"].dtype, name)
    return "true_divide", 1, x


def _squared(node: Any, name: Name) -> Term:
    x = name(node.args[0])
    return "multiply", x, x


def _from_behind(node: Any, name: Name) -> Term:
    dtype = node.meta["val"].dtype
    x, y = (_operand(x, dtype, name) for x in node.args)
    return "subtract", y, x


def _chosen(node: Any, name: Name) -> Term:
    dtype = node.meta["val"].dtype
    mask, *rest = node.args
    given = [_operand(x, dtype, name) for x in rest]
    return "astype", ("where", name(mask), *given), _type(dtype)


def _bounded(
    least: int | None, most: int | None, node: Any, name: Name
) -> Term:
    """A clamp, whose bounds are these arguments."""
    dtype, given = node.meta["val"].dtype, [*node.args]
    found = _operand(given[0], dtype, name)
    for place, key, function in (
        (least, "min", "maximum"),
        (most, "max", "minimum"),
    ):
        bound = node.kwargs.get(key)
        if place is not None and place < len(given):
            bound = given[place]
        if bound is not None:
            found = function, found, _operand(bound, dtype, name)
    return found


def _selected(node: Any, name: Name) -> Term:
    x, axis, place = node.args
    return "select", name(x), axis, place


def _looked_up(node: Any, name: Name) -> Term:
    table, places = node.args
    return "at", name(table), *(_at(place, name) for place in places)


def _is_number(node: Any) -> bool:
    """Whether it is written as a number, not as an array."""
    if node.target in LOOKED_UP:
        return all(map(_is_number, node.args[1]))
    return node.target is FULL and node.meta["val"].numel() == 1


def _at(place: Any, name: Name) -> Term:
    """One of some places: a number is looked up sooner than an array."""
    if place.target is FULL and _is_number(place):
        return _named(place.args[1], name)
    return name(place)


def _shaped(node: Any, name: Name) -> Term:
    x, shape = node.args
    if not shape and _is_number(x):
        return name(x)
    return "reshape", name(x), *_all(shape, name)


def _expanded(node: Any, name: Name) -> Term:
    x, shape = node.args
    dtype = _type(node.meta["val"].dtype)
    return "expand", name(x), dtype, *_all(shape, name)


def _filled(node: Any, name: Name) -> Term:
    shape, number = node.args
    dtype = _type(node.meta["val"].dtype)
    return "full", _named(number, name), dtype, *_all(shape, name)


def _counted(node: Any, name: Name) -> Term:
    (size,), start, step = node.args, *map(node.kwargs.get, ("start", "step"))
    return (
        "arange",
        *_all((size, start, step), name),
        _type(node.kwargs["dtype"]),
    )


def _place(function: str, node: Any, name: Name) -> Term:
    """Of the places along axes, which are whole and not negative."""
    return function, name(node.args[0]), _named(node.args[1], name)


_WRITERS: dict[Any, Writer] = {
    FULL: _filled,
    IOTA: _counted,
    exact.prims.convert_element_type: _converted,
    aten.reciprocal: _reciprocal,
    aten.pow: _squared,
    aten.rsub: _from_behind,
    aten.where: _chosen,
    aten.clamp: partial(_bounded, 1, 2),
    aten.clamp_min: partial(_bounded, 1, None),
    aten.clamp_max: partial(_bounded, None, 1),
    aten.maximum: partial(_bounded, 1, None),
    aten.minimum: partial(_bounded, None, 1),
    aten.select: _selected,
    aten.reshape: _shaped,
    aten.expand: _expanded,
    aten.div.Tensor_mode: partial(_place, "floor_divide"),
    aten.remainder: partial(_place, "remainder"),
    **dict.fromkeys(LOOKED_UP, _looked_up),
}
