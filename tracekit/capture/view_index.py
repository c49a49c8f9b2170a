"""Where the elements of a view lie in what it shows."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from tracekit.capture import exact
from tracekit.capture.exact import aten
from tracekit.capture.nodes import Nodes

Index = tuple[Any, ...]  # an axis' node, or one place; nodes broadcast


def behind(nodes: Nodes, node: Node, index: Index) -> Index:
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
            flat = _plus(nodes, flat, place, step)
        return tuple(_digit(nodes, flat, *axis) for axis in axes)
    found: list[Any] = [first // stride % size for stride, size in axes]
    for place, step, home in steps:
        times = step // axes[home][0]
        found[home] = _plus(nodes, found[home], place, times)
    return tuple(found)


def _plus(nodes: Nodes, first: Any, place: Any, times: int) -> Any:
    if isinstance(place, int) and isinstance(first, int):
        return first + place * times
    if isinstance(place, int):
        first, place, times = place * times, first, 1
    if times != 1:
        place = nodes.call(aten.mul.Tensor, place, times)
    if isinstance(first, int) and not first:
        return place
    return nodes.call(aten.add.Tensor, place, first)


def _digit(nodes: Nodes, flat: Any, stride: int, size: int) -> Any:
    """The place along one axis of a place in memory."""
    if isinstance(flat, int):
        return flat // stride % size
    if stride != 1:
        flat = nodes.call(
            aten.div.Tensor_mode, flat, stride, rounding_mode="floor"
        )
    return nodes.call(aten.remainder.Scalar, flat, size)


def _home(step: int, size: int, axes: list[tuple[int, int]]) -> int | None:
    """The axis that a view's axis goes along, if it is only one."""
    for number, (stride, extent) in enumerate(axes):
        fits = step * (size - 1) < stride * extent
        if extent > 1 and step % stride == 0 and fits:
            return number
    return None


def _layouts(node: Node) -> tuple[Tensor, Tensor]:
    """What a view shows, as if it were contiguous, and the view of it."""
    source = torch.empty(
        tuple(exact.shown(node).meta["val"].shape), device="meta"
    )
    made, (_, *rest) = exact.maker(node), exact.maker(node).args
    view = made.target(source, *rest, **made.kwargs)
    return source, view if made is node else view[node.args[1]]


def aligned(x: Node, index: Index) -> Index:
    """The index of an operand that is broadcast to a result."""
    shape = x.meta["val"].shape
    last = index[len(index) - len(shape) :]
    return tuple(
        0 if type(size) is int and size == 1 else place
        for size, place in zip(shape, last, strict=True)
    )
