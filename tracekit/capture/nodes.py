"""Adds operations to a graph, each once and not too many."""

from __future__ import annotations

from typing import Any

import torch
from torch.fx import Graph, Node, map_arg

_LONGER = 4  # times as long a graph may become, and a short one more
_SHORT = 250


class NotSampled(Exception):  # noqa: N818 - no error
    """A value is kept, though its operations are exact."""


class Nodes:
    """The operations that were added to a graph."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._most = _LONGER * max(len(graph.nodes), _SHORT)
        self._calls: dict[Any, Node] = {}
        self._found = 0
        self._left: set[Node] = set()

    def call(self, target: Any, *args: Any, **kwargs: Any) -> Node:
        """The node of a call, one for all calls that are alike."""
        key = target, repr(args), repr(kwargs)  # 0.0 and -0.0 are not alike
        if key not in self._calls:
            if len(self._calls) + self._found >= self._most:
                raise NotSampled
            node = self._graph.call_function(target, args, kwargs)
            values = map_arg((node.args, kwargs), lambda n: n.meta["val"])
            node.meta["val"] = target(*values[0], **values[1])
            self._calls[key] = node
        return self._calls[key]

    def leave(self, node: Node) -> None:
        """Note that the compiler has to compute it."""
        self._left.add(node)

    def count(self) -> None:
        """Note that elements of one more value were found."""
        self._found += 1

    def tidy(self) -> dict[Node, None]:
        """Take out what was made for values that are kept after all.

        Returns:
            the rest, but for elements of what is kept or left.
        """
        for node in reversed(self._calls.values()):
            if not node.users:
                self._graph.erase_node(node)
        return {
            node: None
            for node in self._calls.values()
            if node.users
            and node not in self._left
            and node.target is not torch.ops.tracekit.at.default
        }


def fakes(value: Any) -> Any:
    """The mode in which a node's example value was made."""
    return value.meta["val"].fake_mode
