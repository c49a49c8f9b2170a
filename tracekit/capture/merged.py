"""Lets the taps of a graph that follow one another fire in one call.

A call from compiled code into Python costs more than a tap that has nothing
to record, and most blocks of an image hold no pixel that is recorded.
"""

from __future__ import annotations

import json
import operator
from typing import Any

import torch
from torch.fx import Graph, Node

from tracekit.capture.picking import Share

WITH_EFFECTS = torch.ops.higher_order.with_effects


def merge(graph: Graph) -> None:
    """Put one operator in the place of the taps between two other effects."""
    waiting = [node for node in graph.nodes if _is_tap(node)]
    while waiting:
        run = [waiting.pop(0)]
        while waiting and _follows(waiting[0], run[-1]):
            run.append(waiting.pop(0))
        if len(run) > 1:
            _merge(graph, run)


def _is_tap(node: Node) -> bool:
    return (
        node.target is WITH_EFFECTS
        and node.args[1] is torch.ops.tracekit.tap_at.default
    )


def _follows(tap: Node, before: Node) -> bool:
    """Whether a tap is the next effect behind another."""
    token: Any = tap.args[0]
    return (
        token.target is operator.getitem
        and token.args == (before, 0)
        and len(before.users) == len(token.users) == 1
    )


def _merge(graph: Graph, run: list[Node]) -> None:
    """Let all fire where the last does: what they observe is there."""
    values: list[Any] = []
    counters: list[Any] = []
    integers: list[Any] = []
    of_pixels: dict[Any, int] = {}
    shares = []
    for tap in run:
        taken: Any = tap.args[2:]
        parts, where, site, loops, tensors, pixels, shape = taken
        masks = [] if where is None else [where]
        number = of_pixels.setdefault(pixels, len(of_pixels))
        shares.append(
            Share(
                site, len(parts), bool(masks), number, len(tensors),
                len(loops), len(shape),
            )
        )  # fmt: skip
        values += [*parts, *masks]
        counters += tensors
        integers += [*loops, *shape]
    last = run[-1]
    with graph.inserting_before(last):
        merged = graph.call_function(
            WITH_EFFECTS,
            (
                run[0].args[0], torch.ops.tracekit.taps_at.default,
                json.dumps(shares), values, list(of_pixels), counters,
                integers,
            ),
        )  # fmt: skip
    merged.meta = dict(last.meta)
    last.replace_all_uses_with(merged)
    for tap in reversed(run):
        for token in list(tap.users):
            graph.erase_node(token)
        graph.erase_node(tap)
