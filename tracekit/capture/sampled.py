"""Compiled code computes what taps pick of a large value at the pixels alone.

A tap that picks pixels is one more user of a value, and a compiler then
writes the whole value to memory that it would keep in a register. Here the
operations that lead to it are repeated for the picked pixels, before the
compiler decides anything, so the program is compiled as if it had no tap.

What is repeated is exact: each operation has one right result (IEEE 754) or
only moves numbers, so both computations have the same bits, in vectors or
one by one. What isn't exact (a sine, a sum, a product of matrices), what is
narrower than 32 bits, and what doesn't run on a CPU is never repeated: that
one value is kept, and the pixels are picked from it.
"""

from __future__ import annotations

import math
import operator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.fx import Graph, Node, map_arg

aten, prims = torch.ops.aten, torch.ops.prims
_DTYPES = (
    torch.float64, torch.float32, torch.int64, torch.int32, torch.bool,
)  # fmt: skip
_EXACT = {
    getattr(aten, name)
    for name in (
        "abs", "add", "bitwise_and", "bitwise_not", "bitwise_or",
        "bitwise_xor", "ceil", "clamp", "clamp_max", "clamp_min", "div", "eq",
        "floor", "ge", "gt", "isinf", "isnan", "le", "logical_and",
        "logical_not", "logical_or", "logical_xor", "lt", "maximum",
        "minimum", "mul", "ne", "neg", "reciprocal", "round", "rsub", "sqrt",
        "sub", "trunc", "where",
    )
} | {prims.convert_element_type}  # fmt: skip
_NOT = (aten.div.Tensor_mode, aten.div.Scalar_mode, aten.round.decimals)
_SAME = {aten.alias, aten.clone, aten.detach, aten.lift_fresh_copy}
_VIEWS = {
    getattr(aten, name)
    for name in (
        "_unsafe_view", "expand", "permute", "reshape", "select", "slice",
        "squeeze", "t", "transpose", "unsqueeze", "view",
    )
}  # fmt: skip
_PIECES = {aten.split, aten.split_with_sizes, aten.unbind}
_LOOKED_UP = (aten.index.Tensor, aten._unsafe_index.Tensor)  # noqa: SLF001
_IOTA = prims.iota.default
_FREE = (aten.full.default, _IOTA)  # read from no memory

_WIDE = 256  # places that are computed at most where fewer are asked for

Index = tuple[Any, ...]  # an axis' node, or one place; nodes broadcast


class _Part(NamedTuple):
    """Elements of a value."""

    value: Node
    places: Index


def sample(graph: Graph) -> None:
    """Compute what a graph picks at the pixels alone, where that is exact."""
    sampler = _Sampler(graph)
    asked: dict[Any, Node] = {}
    for node in list(graph.nodes):
        if node.target is torch.ops.tracekit.pixels.default:
            first = asked.setdefault(node.args, node)
            if first is not node:
                node.replace_all_uses_with(first)
                graph.erase_node(node)
        elif node.target is torch.ops.tracekit.pick.default:
            sampler.replace(node)


class _Sampler:
    """Repeats operations for some elements of their results."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._calls: dict[Any, Node] = {}
        self._done: dict[_Part, Node] = {}
        self._rows: dict[Node, Node] = {}  # by what lies along an axis

    def replace(self, pick: Node) -> None:
        """Put the elements that are computed alone in the place of a pick."""
        arguments: Any = pick.args
        value, pixels, *axes = arguments
        sizes = list(value.meta["val"].shape)
        rest = {n: size for n, size in enumerate(sizes) if n not in axes}
        fixed = all(type(size) is int for size in rest.values())
        if not fixed or not _repeatable(value):
            return
        long = {axis: size for axis, size in rest.items() if size != 1}
        with self._graph.inserting_before(pick), _fakes(value):
            index = self._index(pixels, axes, long, len(sizes))
            found = self._elements(_Part(value, index))
            room = pixels.meta["val"].shape[1]
            found = self._call(
                aten.expand.default, found, (room, *long.values())
            )
            if len(long) != len(rest):
                whole = (room, *rest.values())
                found = self._call(aten.reshape.default, found, whole)
        pick.replace_all_uses_with(found)
        self._erase(pick)

    def _erase(self, pick: Node) -> None:
        """Take a pick out, with the operations that only it used."""
        waiting, gone = [pick], set[Node]()
        while waiting:
            node = waiting.pop()
            if not node.users and node not in gone:
                waiting += filter(_repeatable, node.all_input_nodes)
                gone.add(node)
                self._graph.erase_node(node)

    def _index(
        self, pixels: Any, axes: Any, long: dict[int, int], rank: int
    ) -> Index:
        """All pixels, by all places along the axes that are longer than 1."""
        rows = {
            axis: self._call(aten.select.int, pixels, 0, row)
            for row, axis in enumerate(axes)
        }
        return self._crossed(rows, long, rank)

    def _crossed(
        self, rows: dict[int, Node], long: dict[int, int], rank: int
    ) -> Index:
        """Rows of places together, by all places along the long axes."""
        index = {axis: self._along(r, len(long)) for axis, r in rows.items()}
        device = next(iter(rows.values())).meta["val"].device
        for place, (axis, size) in enumerate(long.items(), 1):
            places = self._call(
                _IOTA, size, start=0, step=1, dtype=torch.int64,
                device=device, requires_grad=False,
            )  # fmt: skip
            index[axis] = self._along(places, len(long) - place)
        return tuple(index.get(axis, 0) for axis in range(rank))

    def _along(self, row: Node, behind: int) -> Node:
        """A row, along the axis that has so many behind it."""
        shape = (row.meta["val"].shape[0], *[1] * behind)
        along = self._call(aten.reshape.default, row, shape)
        self._rows[along] = row
        return along

    def _widened(self, part: _Part) -> tuple[_Part, dict[int, int]] | None:
        """With all places along axes of which the part has one.

        What taps ask of several places is then computed once.
        """
        sizes = part.value.meta["val"].shape
        if not all(type(size) is int for size in sizes):
            return None
        single = {
            axis
            for axis, place in enumerate(part.places)
            if type(place) is int and sizes[axis] != 1
        }
        rows: dict[int, Any] = {
            axis: self._rows.get(place)
            for axis, place in enumerate(part.places)
            if isinstance(place, Node)
        }
        if not single or not rows or None in rows.values():
            return None
        pixel = {a: r for a, r in rows.items() if r.target is not _IOTA}
        long = {
            axis: sizes[axis]
            for axis in range(len(sizes))
            if axis in single or (axis in rows and axis not in pixel)
        }
        if not pixel or math.prod(long.values()) > _WIDE:
            return None
        index = self._crossed(pixel, long, len(sizes))
        return _Part(part.value, index), long

    def _call(self, target: Any, *args: Any, **kwargs: Any) -> Node:
        """The node of a call, one for all calls that are alike."""
        key = (target, args, tuple(kwargs.items()))
        if key not in self._calls:
            node = self._graph.call_function(target, args, kwargs)
            values = map_arg((node.args, kwargs), lambda n: n.meta["val"])
            node.meta["val"] = target(*values[0], **values[1])
            self._calls[key] = node
        return self._calls[key]

    def _elements(self, wanted: _Part) -> Node:
        """Elements as a node; without recursion, for chains are long."""
        waiting = [wanted]
        while waiting:
            part = waiting[-1]
            inputs = self._inputs(part)
            missing = [p for p in inputs if p not in self._done]
            waiting += missing
            if not missing:
                found = [self._done[p] for p in inputs]
                self._done[waiting.pop()] = self._repeated(part, found)
        return self._done[wanted]

    def _inputs(self, part: _Part) -> list[_Part]:
        """Of what elements are made; none where they are picked."""
        index = part.places
        node: Any = part.value  # its arguments are of many types
        if not _repeatable(node):
            return []
        wide = self._widened(part)
        if wide is not None:
            return [wide[0]]
        kind = _kind(node)
        if kind in _SAME:
            return [_Part(node.args[0], index)]
        if kind in _VIEWS | _PIECES:
            return [_Part(_shown(node), self._behind(node, index))]
        tensors = node.args[1] if node.target in _LOOKED_UP else node.args
        return [_Part(x, _aligned(x, index)) for x in _tensors(tensors)]

    def _repeated(self, part: _Part, inputs: list[Node]) -> Node:
        index = part.places
        node: Any = part.value
        if not inputs:
            return self._picked(node, index)
        wide = self._widened(part)
        if wide is not None:
            return self._narrowed(part, inputs[0], wide[1])
        if _kind(node) in _SAME | _VIEWS | _PIECES:
            return inputs[0]
        if node.target in _LOOKED_UP:
            return self._call(node.target, node.args[0], tuple(inputs))
        of = dict(zip(_tensors(node.args), inputs, strict=True))
        args = map_arg(node.args, lambda n: of.get(n, n))
        return self._call(node.target, *args, **node.kwargs)

    def _narrowed(
        self, part: _Part, found: Node, long: dict[int, int]
    ) -> Node:
        """The places of a part among those of a wider one."""
        pixel = max(
            self._rows[place].meta["val"].shape[0]
            for axis, place in enumerate(part.places)
            if axis not in long and isinstance(place, Node)
        )
        found = self._call(aten.expand.default, found, (pixel, *long.values()))
        for place, axis in reversed(list(enumerate(long, 1))):
            if isinstance(part.places[axis], int):
                found = self._call(
                    aten.select.int, found, place, part.places[axis]
                )
        return found

    def _picked(self, node: Node, index: Index) -> Node:
        """Elements of what is in memory, or has to be for them."""
        if not index:
            return node
        device = node.meta["val"].device
        places = tuple(
            place
            if isinstance(place, Node)
            else self._call(
                aten.full.default, (1,), place,
                dtype=torch.int64, device=device,
            )
            for place in index
        )  # fmt: skip
        if _is_free(node):
            return self._call(aten.index.Tensor, node, places)
        return self._call(torch.ops.tracekit.at.default, node, places)

    def _behind(self, node: Node, index: Index) -> Index:
        """Where elements of a view lie in what it shows."""
        source, view = _layouts(node)
        axes = list(zip(source.stride(), source.shape, strict=True))
        first = int(view.storage_offset())
        steps: list[tuple[Any, int, Any]] = [
            (place, step, _home(step, size, axes))
            for place, step, size in zip(
                index, view.stride(), view.shape, strict=True
            )
            if size != 1 and step
        ]
        if any(home is None for _, _, home in steps):
            flat: Any = first
            for place, step, _ in steps:
                flat = self._plus(flat, place, step)
            return tuple(self._digit(flat, *axis) for axis in axes)
        found: list[Any] = [first // stride % size for stride, size in axes]
        for place, step, home in steps:
            times = step // axes[home][0]
            found[home] = self._plus(found[home], place, times)
        return tuple(found)

    def _plus(self, first: Any, place: Any, times: int) -> Any:
        if isinstance(place, int) and isinstance(first, int):
            return first + place * times
        if isinstance(place, int):
            first, place, times = place * times, first, 1
        if times != 1:
            place = self._call(aten.mul.Tensor, place, times)
        if isinstance(first, int) and not first:
            return place
        return self._call(aten.add.Tensor, place, first)

    def _digit(self, flat: Any, stride: int, size: int) -> Any:
        """The place along one axis of a place in memory."""
        if isinstance(flat, int):
            return flat // stride % size
        if stride != 1:
            flat = self._call(
                aten.div.Tensor_mode, flat, stride, rounding_mode="floor"
            )
        return self._call(aten.remainder.Scalar, flat, size)


def _home(step: int, size: int, axes: list[tuple[int, int]]) -> int | None:
    """The axis that a view's axis goes along, if it is only one."""
    for number, (stride, extent) in enumerate(axes):
        fits = step * (size - 1) < stride * extent
        if extent > 1 and step % stride == 0 and fits:
            return number
    return None


def _layouts(node: Node) -> tuple[Tensor, Tensor]:
    """What a view shows, as if it were contiguous, and the view of it."""
    source = torch.empty(tuple(_shown(node).meta["val"].shape), device="meta")
    made, (_, *rest) = _maker(node), _maker(node).args
    view = made.target(source, *rest, **made.kwargs)
    return source, view if made is node else view[node.args[1]]


def _shown(node: Node) -> Any:
    """What a view is a view of."""
    return _maker(node).args[0]


def _maker(node: Node) -> Any:
    """The operation that a result is from, which may have several."""
    if node.target is operator.getitem:
        return node.args[0]
    return node


def _kind(node: Node) -> Any:
    return getattr(_maker(node).target, "overloadpacket", None)


def _tensors(args: Any) -> list[Node]:
    """The tensors among arguments, each once."""
    found: dict[Node, None] = {}
    map_arg(args, lambda n: found.setdefault(n) if _is_tensor(n) else None)
    return list(found)


def _is_tensor(node: Node) -> bool:
    return isinstance(node.meta.get("val"), Tensor)


def _aligned(x: Node, index: Index) -> Index:
    """The index of an operand that is broadcast to a result."""
    shape = x.meta["val"].shape
    behind = index[len(index) - len(shape) :]
    return tuple(
        0 if type(size) is int and size == 1 else place
        for size, place in zip(shape, behind, strict=True)
    )


def _is_free(node: Node) -> bool:
    """Whether it is in memory already, or needs none."""
    return node.op in ("placeholder", "get_attr") or node.target in _FREE


def _repeatable(node: Any) -> bool:
    """Whether elements of a result can be computed alone, with its bits."""
    kind = _kind(node)
    if not _is_tensor(node) or not all(
        x.meta["val"].dtype in _DTYPES and x.meta["val"].device.type == "cpu"
        for x in (node, *_tensors(_maker(node).args))
    ):
        return False
    if kind in _VIEWS | _PIECES:
        source, *rest = _maker(node).args
        sizes = (*source.meta["val"].shape, *node.meta["val"].shape)
        symbols: list[Node] = []
        map_arg(rest, symbols.append)
        return not symbols and all(type(size) is int for size in sizes)
    if node is not _maker(node):
        return False
    if node.target in _LOOKED_UP:
        table, places = node.args
        return (
            _is_free(table)
            and len(places) == table.meta["val"].dim()
            and all(
                isinstance(x, Node) and x.meta["val"].dtype != torch.bool
                for x in places
            )
        )
    return kind in _SAME or (kind in _EXACT and node.target not in _NOT)


def _fakes(value: Any) -> Any:
    """The mode in which a node's example value was made."""
    return value.meta["val"].fake_mode
