"""Takes the taps of pixels, and what is computed for them, out of a graph.

Taps that follow one another become one operator, ``taps_at``. What was
repeated for their pixels (``sampled.py``) becomes a program of that operator
``deferred.py``, which runs where a recorder waits for it: a compiler has
nothing to do with it, and most blocks of an image hold no pixel that is
recorded.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

import torch
from torch.fx import Graph, Node

from tracekit.capture import exact
from tracekit.capture.deferred import Number, Share, Where, text_of
from tracekit.capture.exact import FULL, IOTA
from tracekit.capture.numpy_terms import written
from tracekit.capture.terms import KINDS, Term

WITH_EFFECTS = torch.ops.higher_order.with_effects
SINK = torch.ops.prims._sink_tokens.default  # noqa: SLF001
_OURS = torch.ops.tracekit
_MAY_FAIL = (
    "index", "gather", "scatter", "embedding", "take", "assert", "linalg",
    "bincount", "hist", "interleave", "unpool", "ctc_loss",
)  # fmt: skip


def set_apart(graph: Graph, made: Mapping[Node, object]) -> bool:
    """Put one operator in the place of the taps between two other effects.

    Args:
        graph: a program.
        made: operations for pixels alone, none before what it is given.

    Returns:
        Whether there are any.
    """
    waiting = [node for node in graph.nodes if _is_tap(node)]
    ours = {*made}
    while waiting:
        run = [waiting.pop(0)]
        while waiting and _follows(waiting[0], run[-1]):
            run.append(waiting.pop(0))
        for tap in run:
            ours.update(tap.all_input_nodes)
        _replace(graph, run, made)
    _erase(graph, ours)
    return bool(ours)


def move_back(graph: Graph) -> None:
    """Let taps follow all that is only computed before the next effect.

    Kernels on both sides of them could not become one.
    """
    for effect in reversed(graph.find_nodes(
        op="call_function", target=WITH_EFFECTS
    )):  # fmt: skip
        if effect.args[1] is _OURS.taps_at.default:
            _move(effect)


def _move(effect: Node) -> None:
    tokens = [node for node in effect.users if node.target is operator.getitem]
    sinks = [n for token in tokens for n in token.users if n.target is SINK]
    along = [effect, *tokens, *sinks]
    behind = effect.next
    while behind in along or (
        only_computes(behind) and not {*along} & {*behind.all_input_nodes}
    ):
        behind = behind.next
    for node in along:
        behind.prepend(node)


def only_computes(node: Node) -> bool:
    """Whether it is sure to succeed: a tap before a crash has fired."""
    if node.op == "get_attr" or node.target in vars(operator).values():
        return True
    name = getattr(node.target, "name", str)()
    return (
        name.startswith(("aten::", "prims::"))
        and not any(word in name for word in _MAY_FAIL)
        and _is_pure(node)
    )


def _erase(graph: Graph, ours: set[Node]) -> None:
    """Take out what only taps needed, and what only that needed.

    A compiler that counts how often a value is used would keep it in memory.
    """
    for node in reversed(graph.nodes):
        if node in ours and not node.users and _is_pure(node):
            ours.update(node.all_input_nodes)
            graph.erase_node(node)


def _is_pure(node: Node) -> bool:
    if node.target in (operator.getitem, _OURS.pixels.default):
        return True
    return (
        node.op == "call_function"
        and node.target is not WITH_EFFECTS
        and not node.is_impure()
    )


def _is_tap(node: Node) -> bool:
    return node.target is WITH_EFFECTS and node.args[1] is _OURS.tap_at.default


def _follows(tap: Node, before: Node) -> bool:
    """Whether a tap is the next effect behind another."""
    token: Any = tap.args[0]
    return (
        token.target is operator.getitem
        and token.args == (before, 0)
        and len(before.users) == len(token.users) == 1
    )


def _replace(
    graph: Graph, run: list[Node], made: Mapping[Node, object]
) -> None:
    """Let all fire where the last does: what they observe is there."""
    writer = _Writer(made)
    shares = [writer.share(tap) for tap in run]
    last = run[-1]
    with graph.inserting_before(last):
        merged = graph.call_function(
            WITH_EFFECTS,
            (
                run[0].args[0], _OURS.taps_at.default,
                text_of(writer.lines, writer.windows, shares),
                writer.values, writer.counters, writer.integers,
            ),
        )  # fmt: skip
    merged.meta = dict(last.meta)
    last.replace_all_uses_with(merged)
    for tap in reversed(run):
        for token in list(tap.users):
            graph.erase_node(token)
        graph.erase_node(tap)


class _Writer:
    """Writes one program: its lines, and what it is given from outside."""

    def __init__(self, made: Mapping[Node, object]) -> None:
        self._made = made
        self._order = {node: n for n, node in enumerate(made)}
        self._names: dict[Node, Term] = {}
        self._arrays: dict[Node, Term] = {}
        self._windows: dict[Node, int] = {}
        self._symbols: dict[Node, tuple[int]] = {}
        self.lines: list[Term] = []
        self.windows: list[Where] = []
        self.values: list[Node] = []
        self.counters: list[Any] = []
        self.integers: list[Node] = []

    def share(self, tap: Node) -> Share:
        """What one tap has of the program."""
        taken: Any = tap.args[2:]
        parts, where, site, loops, tensors, pixels, shape = taken
        return Share(
            site,
            [self._number(part) for part in parts],
            None if where is None else self._number(where),
            self._window(pixels),
            _added(self.counters, tensors),
            self._numbers(loops),
            self._numbers(shape),
        )

    def _number(self, value: Node) -> int:
        """The line that gives a value."""
        _, line = self._named(value)
        return int(line)

    def _window(self, pixels: Node) -> int:
        if pixels not in self._windows:
            window: Any = pixels.args[0]
            loops, tensors, slow, fast = pixels.args[1:5]
            self._windows[pixels] = len(self.windows)
            self.windows.append(
                Where(
                    window,
                    _added(self.counters, tensors),
                    self._numbers(loops),
                    self._numbers((slow, fast)),
                )
            )
        return self._windows[pixels]

    def _named(self, value: Node) -> Term:
        """The term of a value, behind the lines that compute it."""
        waiting, found = [value], set[Node]()
        while waiting:
            node = waiting.pop()
            new = node not in self._names and node not in found
            if new and node in self._made:
                found.add(node)
                waiting += node.all_input_nodes
        for node in sorted(found, key=self._order.__getitem__):
            self._names[node] = self._computed(node)
        return self._names.get(value) or self._outside(value)

    def _given(self, node: Node) -> Term:
        """The term of an array, or of a number."""
        outside = node not in self._made and node not in self._arrays
        if outside and node.target is _OURS.pixels.default:
            self._arrays[node] = "pixels", self._window(node)
        elif outside and node.target in (FULL, IOTA):
            self._arrays[node] = self._computed(node)
        elif outside and exact.is_tensor(node):
            of = self._names.get(node) or self._outside(node)
            self._arrays[node] = self._line(("array", of))
        elif outside:
            self._arrays[node] = "integers", *self._symbol(node)
        return self._arrays.get(node) or self._names[node]

    def _numbers(self, given: Any) -> list[Number]:
        """Whole numbers, and which are the symbols among them."""
        return [self._symbol(n) if isinstance(n, Node) else n for n in given]

    def _symbol(self, node: Node) -> tuple[int]:
        """Which of the integers from outside it is."""
        if node not in self._symbols:
            self._symbols[node] = (len(self.integers),)
            self.integers.append(node)
        return self._symbols[node]

    def _outside(self, node: Node) -> Term:
        """The term of a tensor of the graph."""
        self.values.append(node)
        line = self._line(("values", len(self.values) - 1))
        return self._names.setdefault(node, line)

    def _computed(self, node: Node) -> Term:
        """The term of what an operation gives."""
        term = written(node, self._given)
        return term if term[0] in KINDS else self._line(term)

    def _line(self, term: Term) -> Term:
        self.lines.append(term)
        return "line", len(self.lines) - 1


def _added(to: list[Any], more: Any) -> tuple[int, int]:
    """Where in a list those stand that come to it now."""
    first = len(to)
    to.extend(more)
    return first, len(to)
