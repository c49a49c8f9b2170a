"""Compiled code computes what taps pick of a large value at the pixels alone.

A tap that picks pixels is one more user of a value, and a compiler then
writes the whole value to memory that it would keep in a register. Here the
operations that lead to it are repeated for the picked pixels, before the
compiler decides anything, so the program is compiled as if it had no tap.

What is exact (``exact.py``) has the same bits in vectors or one by one, and
becomes a program of its own (``apart.py``). A sine and its like are left to
the compiler. A sum is kept, and its elements are picked from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.fx import Graph, Node, map_arg

from tracekit.capture import exact
from tracekit.capture.exact import FULL, IOTA, LOOKED_UP, SAME, VIEWS
from tracekit.capture.nodes import Nodes, NotSampled, fakes
from tracekit.capture.view_index import Index, aligned, behind

aten = torch.ops.aten
_WIDE = 256  # places that are computed at most where fewer are asked for

Make = Callable[[list[Node]], Node]


class _Part(NamedTuple):
    """Elements of a value."""

    value: Node
    places: Index


def sample(graph: Graph) -> dict[Node, None]:
    """Compute what a graph picks at the pixels alone, where that is possible.

    Returns:
        the exact operations that do so, none before what it is given.
    """
    if not exact.flags_are_exact():
        return {}
    nodes = Nodes(graph)
    sampler = _Sampler(graph, nodes)
    asked: dict[Any, Node] = {}
    for node in list(graph.nodes):
        if node.target is torch.ops.tracekit.pixels.default:
            first = asked.setdefault(node.args, node)
            if first is not node:
                node.replace_all_uses_with(first)
                graph.erase_node(node)
        elif node.target is torch.ops.tracekit.pick.default:
            sampler.replace(node)
    return nodes.tidy()


class _Sampler:
    """Repeats operations for some elements of their results."""

    def __init__(self, graph: Graph, nodes: Nodes) -> None:
        self._graph = graph
        self._nodes = nodes
        self._alone: dict[Node, bool] = {}
        self._done: dict[_Part, Node] = {}
        self._rows: dict[Node, Node] = {}  # by what lies along an axis

    def replace(self, pick: Node) -> None:
        """Put the elements that are computed alone in the place of a pick."""
        arguments: Any = pick.args
        value, pixels, *axes = arguments
        sizes = list(value.meta["val"].shape)
        rest = {n: size for n, size in enumerate(sizes) if n not in axes}
        fixed = all(type(size) is int and size for size in rest.values())
        if not fixed or not self._is_alone(value):
            return
        with self._graph.inserting_before(pick), fakes(value):
            try:
                found = self._pixels(value, pixels, axes, rest)
            except NotSampled:
                return
        pick.replace_all_uses_with(found)
        self._erase(pick)

    def _pixels(
        self, value: Node, pixels: Node, axes: list[int], rest: dict[int, int]
    ) -> Node:
        """What a pick gives: all pixels there is room for, [room ...]."""
        long = {axis: size for axis, size in rest.items() if size != 1}
        rows = {
            axis: self._nodes.call(aten.select.int, pixels, 0, row)
            for row, axis in enumerate(axes)
        }
        index = self._crossed(rows, long, len(axes) + len(rest))
        found = self._elements(_Part(value, index))
        room = pixels.meta["val"].shape[1]
        found = self._nodes.call(
            aten.expand.default, found, (room, *long.values())
        )
        if len(long) != len(rest):
            whole = (room, *rest.values())
            found = self._nodes.call(aten.reshape.default, found, whole)
        return found

    def _erase(self, pick: Node) -> None:
        """Take a pick out, with the operations that only it used."""
        waiting, gone = [pick], set[Node]()
        while waiting:
            node = waiting.pop()
            if not node.users and node not in gone:
                waiting += filter(self._is_alone, node.all_input_nodes)
                gone.add(node)
                self._graph.erase_node(node)

    def _is_alone(self, node: Node) -> bool:
        """Whether elements are computed alone."""
        if node not in self._alone:
            self._alone[node] = exact.is_elementwise(node)
        return self._alone[node]

    def _crossed(
        self, rows: dict[int, Node], long: dict[int, int], rank: int
    ) -> Index:
        """Rows of places together, by all places along the long axes."""
        index = {axis: self._along(r, len(long)) for axis, r in rows.items()}
        device = next(iter(rows.values())).meta["val"].device
        for place, (axis, size) in enumerate(long.items(), 1):
            places = self._nodes.call(
                IOTA, size, start=0, step=1, dtype=torch.int64,
                device=device, requires_grad=False,
            )  # fmt: skip
            index[axis] = self._along(places, len(long) - place)
        return tuple(index.get(axis, 0) for axis in range(rank))

    def _along(self, row: Node, behind: int) -> Node:
        """A row, along the axis that has so many behind it."""
        shape = (row.meta["val"].shape[0], *[1] * behind)
        along = self._nodes.call(aten.reshape.default, row, shape)
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
        pixel = {a: r for a, r in rows.items() if r.target is not IOTA}
        long = {
            axis: sizes[axis]
            for axis in range(len(sizes))
            if axis in single or (axis in rows and axis not in pixel)
        }
        if not pixel or math.prod(long.values()) > _WIDE:
            return None
        index = self._crossed(pixel, long, len(sizes))
        return _Part(part.value, index), long

    def _elements(self, wanted: _Part) -> Node:
        """Elements as a node; without recursion, for chains are long."""
        waiting = [(wanted, *self._step(wanted))]
        while waiting:
            part, inputs, make = waiting[-1]
            missing = [p for p in inputs if p not in self._done]
            waiting += [(p, *self._step(p)) for p in missing]
            if not missing:
                made = make([self._done[p] for p in inputs])
                self._done[part] = self._alike(part.value, made)
                self._nodes.count()
                waiting.pop()
        return self._done[wanted]

    def _step(self, part: _Part) -> tuple[list[_Part], Make]:
        """Of what elements are made, and how; of none where they are picked.

        Their value's arguments are of many types.
        """
        index = part.places
        node: Any = part.value
        if not self._is_alone(node):
            return [], lambda _: self._picked(node, index)
        wide = self._widened(part)
        if wide is not None:
            wider, long = wide
            return [wider], lambda found: self._narrowed(part, found[0], long)
        if exact.kind(node) in SAME:
            return [_Part(node.args[0], index)], _only
        if exact.kind(node) in VIEWS:
            return [
                _Part(exact.shown(node), behind(self._nodes, node, index))
            ], _only
        looks_up = node.target in LOOKED_UP
        of = node.args[1] if looks_up else exact.tensors(node.args)
        inputs = [_Part(x, aligned(x, index)) for x in of]
        if looks_up:
            return inputs, lambda found: self._nodes.call(
                node.target, node.args[0], tuple(found)
            )

        def again(found: list[Node]) -> Node:
            place = dict(zip(of, found, strict=True))
            args = map_arg(node.args, lambda n: place.get(n, n))
            made = self._nodes.call(node.target, *args, **node.kwargs)
            if not exact.is_exact(node):
                self._nodes.leave(made)
            return made

        return inputs, again

    def _alike(self, value: Node, made: Node) -> Node:
        """Elements with an axis where the value has one, and of its type.

        Of mixed types torch takes that of the operands that have axes.
        """
        whole = value.meta["val"]
        if (made.meta["val"].dim() > 0) != (whole.dim() > 0):
            shape = (1,) if whole.dim() else ()
            made = self._nodes.call(aten.reshape.default, made, shape)
        if made.meta["val"].dtype != whole.dtype:
            raise NotSampled
        return made

    def _narrowed(
        self, part: _Part, found: Node, long: dict[int, int]
    ) -> Node:
        """The places of a part among those of a wider one."""
        pixel = max(
            self._rows[place].meta["val"].shape[0]
            for axis, place in enumerate(part.places)
            if axis not in long and isinstance(place, Node)
        )
        found = self._nodes.call(
            aten.expand.default, found, (pixel, *long.values())
        )
        for place, axis in reversed(list(enumerate(long, 1))):
            if isinstance(part.places[axis], int):
                found = self._nodes.call(
                    aten.select.int, found, place, part.places[axis]
                )
        shapes = [p.meta["val"].shape for p in part.places if type(p) is Node]
        whole = tuple(np.broadcast_shapes(*shapes))  # of more axes, maybe
        return self._nodes.call(aten.reshape.default, found, whole)

    def _picked(self, node: Node, index: Index) -> Node:
        """Elements of what is in memory, or has to be for them."""
        if not index:
            return node
        if node.target is FULL:
            (_, number), kinds = node.args, node.kwargs
            return self._nodes.call(FULL, (1,), number, **kinds)
        device = node.meta["val"].device
        places = tuple(
            place
            if isinstance(place, Node)
            else self._nodes.call(
                FULL, (1,), place,
                dtype=torch.int64, device=device,
            )
            for place in index
        )  # fmt: skip
        if exact.is_free(node):
            return self._nodes.call(aten.index.Tensor, node, places)
        return self._nodes.call(torch.ops.tracekit.at.default, node, places)


def _only(found: list[Node]) -> Node:
    (one,) = found
    return one
