"""Inductor computes whole values that taps show beside the program.

A tap is one more user of a value, and a compiler then keeps in memory what it
would have computed in passing: it fuses other kernels, adds up in another
order, saves other values for the backward pass. Here the operations that lead
to the value are repeated for the tap alone, so the program is compiled as if
it had no tap, and its numbers keep their last bits.

Both have the same operations of the same numbers, by the same compiler. What
is random or has effects, what inductor leaves to other kernels (convolutions,
but no products of matrices), and what the program gives back is observed
itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.fx import Graph, Node, map_arg

from tracekit.capture import exact
from tracekit.capture.apart import SINK, WITH_EFFECTS, only_computes
from tracekit.capture.nodes import Nodes, fakes
from tracekit.capture.operator import HELD

aten = torch.ops.aten
_OURS = torch.ops.tracekit
_WHOLE = (_OURS.tap.default, _OURS.tap_planes.default, _OURS.ticket.default)


def compute_beside(graph: Graph, *, joint: bool) -> None:
    """Let taps use nothing that the program computes in passing.

    Those at pixels only where each element is computed alone, as ``sampled``
    does then: sums of rows for the sake of two pixels would cost too much.

    Args:
        graph: a program.
        joint: it is forward and backward, before they are parted; what is
            backward then waits until they are.
    """
    if not any(map(_is_tap, graph.nodes)):
        return
    backward = _behind(graph, _is_tangent) if joint else {}
    twins = _Twins(graph, joint=joint)
    for node in list(graph.nodes):
        observed = [n for n in node.all_input_nodes if exact.is_tensor(n)]
        if not observed:
            continue
        with graph.inserting_before(node), fakes(observed[0]):
            if _is_whole(node):
                node.args = map_arg(
                    node.args, lambda n: n if n in backward else twins.of(n)
                )
            elif node.target is _OURS.pick.default and twins.alone(node):
                node.args = (twins.of(node.args[0]), *node.args[1:])
    _erase(graph)
    _move_back(graph)


class _Twins:
    """Repeats operations, each once."""

    def __init__(self, graph: Graph, *, joint: bool) -> None:
        self._nodes = Nodes(graph)
        self._needed = _needed(graph)
        self._same = {node: node for node in _behind(graph, _is_held)}
        self._joint = joint
        self._given: set[Node] = set()
        for output in graph.find_nodes(op="output"):
            self._given.update(output.all_input_nodes)

    def of(self, value: Node) -> Node:
        """A value of the same operations, of which the program uses none."""
        if self._is_observed(value):
            return value
        waiting = [value]
        while waiting:
            node = waiting[-1]
            missing = self._missing(node)
            if not missing:
                self._same.setdefault(node, self._again(waiting.pop()))
            waiting += missing
        return self._same[value]

    def _missing(self, node: Node) -> list[Node]:
        if node in self._same or self._is_observed(node):
            return []
        made = exact.maker(node)
        return [n for n in exact.inputs(made) if n not in self._same]

    def _again(self, node: Node) -> Node:
        constant = node.op == "get_attr" or not exact.is_tensor(node)
        if node in self._same or constant:
            return node
        if self._is_observed(node):
            held = _OURS.seen if self._is_unwritten(node) else _OURS.held
            return self._nodes.call(held.default, node)
        made: Any = exact.maker(node)
        args = map_arg((made.args, made.kwargs), self._same.__getitem__)
        found = self._nodes.call(made.target, *args[0], **args[1])
        if node is not made:
            found = self._nodes.call(node.target, found, *node.args[1:])
        return found

    def _is_unwritten(self, node: Node) -> bool:
        """Whether nothing writes into a value while it is needed."""
        return (
            self._joint
            and node.op == "placeholder"
            and not any(n.is_impure() for n in node.users if not _is_tap(n))
        )

    def alone(self, pick: Node) -> bool:
        """Whether each element is computed from what is observed, alone."""
        waiting: list[Any] = [pick.args[0]]
        found = set[Node]()
        while waiting:
            node = waiting.pop()
            if node in found or self._is_observed(node):
                continue
            if not exact.is_elementwise(node):
                return False
            found.add(node)
            waiting += exact.inputs(exact.maker(node))
        return True

    def _is_observed(self, node: Node) -> bool:
        """Whether a value is there however it is used, or can't be repeated.

        What only taps need, the program doesn't have.
        """
        made = exact.maker(node)
        operator = made.target
        if not (
            exact.is_tensor(node)
            and isinstance(operator, torch._ops.OpOverload)  # noqa: SLF001
            and _is_repeatable(operator)
            and "unbacked_bindings" not in made.meta  # a shape of its own
        ):
            return True
        in_program = node in self._needed
        return in_program and (node in self._given or not _is_code(operator))


def _is_repeatable(operator: Any) -> bool:
    """Whether it gives the same result however often it runs.

    And of a copy: ``as_strided`` counts from where the memory begins.
    """
    random = torch.Tag.nondeterministic_seeded in operator.tags
    return not (
        random
        or operator._schema.is_mutable  # noqa: SLF001
        or "as_strided" in operator.name()
    )


def _is_code(operator: Any) -> bool:
    """Whether inductor writes an operation's code, or a product's."""
    from torch._inductor.lowering import fallbacks, lowerings

    return (
        operator in lowerings
        and operator not in fallbacks
        and operator.overloadpacket is not aten.convolution
    )


def _needed(graph: Graph) -> set[Node]:
    """What a program would have without taps."""
    waiting = [
        node
        for node in graph.nodes
        if node.op != "call_function" or node.is_impure()
    ]
    found = set[Node]()
    while waiting:
        node = waiting.pop()
        if node not in found and not _is_tap(node):
            found.add(node)
            waiting += node.all_input_nodes
    return found


def _is_tap(node: Node) -> bool:
    at = _OURS.tap_at.default
    return _is_whole(node) or (
        node.target is WITH_EFFECTS and node.args[1] is at
    )


def _is_whole(node: Node) -> bool:
    return node.target is WITH_EFFECTS and node.args[1] in _WHOLE


def _is_held(node: Node) -> bool:
    return getattr(node.target, "overloadpacket", None) in HELD


def _is_tangent(node: Node) -> bool:
    """As torch names what a backward pass is given."""
    return node.op == "placeholder" and "tangents" in str(node.target)


def _behind(graph: Graph, begins: Callable[[Node], bool]) -> dict[Node, None]:
    """Nodes and all that is computed from them, effects left out."""
    found: dict[Node, None] = {}
    for node in graph.nodes:
        follows = any(n in found for n in node.all_input_nodes)
        if begins(node) or (follows and node.target is not WITH_EFFECTS):
            found[node] = None
    return found


def _erase(graph: Graph) -> None:
    """Take out what only taps needed."""
    needed = _needed(graph)
    for node in reversed(graph.nodes):
        if node not in needed and not node.users and not _is_tap(node):
            graph.erase_node(node)


def _move_back(graph: Graph) -> None:
    """Let all this follow the program, up to what may fail.

    How far apart its operations are decides what a compiler fuses.
    """
    ours = _behind(graph, _is_held)
    waiting: list[Node] = []
    for node in list(graph.nodes):
        if _is_whole(node) or node in ours or _is_token(node):
            waiting.append(node)
        elif node.op == "output" or not only_computes(node):
            for each in waiting:
                node.prepend(each)
            waiting.clear()


def _is_token(node: Node) -> bool:
    """Whether a node only says what follows a tap."""
    made = exact.maker(node)
    return node.target is SINK or (made is not node and _is_whole(made))
