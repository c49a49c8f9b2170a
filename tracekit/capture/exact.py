"""Which operations give an element the same bits, alone or with the others.

Each has one right result (IEEE 754), or only moves numbers. What isn't exact
(a sine, a sum, a product of matrices), what is narrower than 32 bits and what
doesn't run on a CPU is none of them; nor is what has two right results: the
greater of 0 and -0 is either.
"""

from __future__ import annotations

import operator
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node, map_arg

from tracekit.capture.operator import HELD

aten, prims = torch.ops.aten, torch.ops.prims
_DTYPES = (
    torch.float64, torch.float32, torch.int64, torch.int32, torch.bool,
)  # fmt: skip
# What NumPy calls them: so they are computed apart.
FUNCTIONS = {
    getattr(aten, name): function
    for name, function in {
        "abs": "absolute", "add": "add", "bitwise_and": "bitwise_and",
        "bitwise_not": "invert", "bitwise_or": "bitwise_or",
        "bitwise_xor": "bitwise_xor", "ceil": "ceil", "div": "true_divide",
        "eq": "equal", "floor": "floor", "ge": "greater_equal",
        "gt": "greater", "isinf": "isinf", "isnan": "isnan",
        "le": "less_equal", "logical_and": "logical_and",
        "logical_not": "logical_not", "logical_or": "logical_or",
        "logical_xor": "logical_xor", "lt": "less", "mul": "multiply",
        "ne": "not_equal", "neg": "negative", "reciprocal": "true_divide",
        "round": "rint", "rsub": "subtract", "sqrt": "sqrt",
        "sub": "subtract", "trunc": "trunc", "where": "where",
    }.items()
} | {prims.convert_element_type: "astype"}  # fmt: skip
_NOT = (aten.div.Tensor_mode, aten.div.Scalar_mode, aten.round.decimals)
_BOUNDED = {
    getattr(aten, name)
    for name in ("clamp", "clamp_max", "clamp_min", "maximum", "minimum")
}
SAME = {
    *(aten.alias, aten.clone, aten.detach, aten.lift_fresh_copy),
    *HELD,
}
VIEWS = {
    getattr(aten, name)
    for name in (
        "_unsafe_view", "expand", "permute", "reshape", "select", "slice",
        "split", "split_with_sizes", "squeeze", "t", "transpose", "unbind",
        "unsqueeze", "view",
    )
}  # fmt: skip
LOOKED_UP = (aten.index.Tensor, aten._unsafe_index.Tensor)  # noqa: SLF001
FULL, IOTA = aten.full.default, prims.iota.default


def flags_are_exact() -> bool:
    """Whether the C++ compiler may round nowhere but where the program does.

    torch's defaults say so.
    """
    from torch._inductor.config import cpp

    return (
        getattr(cpp, "enable_floating_point_contract_flag", "off") == "off"
        and not getattr(cpp, "enable_unsafe_math_opt_flag", False)
    )  # fmt: skip


def maker(node: Node) -> Any:
    """The operation that a result is from, which may have several."""
    if node.target is operator.getitem:
        return node.args[0]
    return node


def kind(node: Node) -> Any:
    """The operation, whatever types its arguments have."""
    return getattr(maker(node).target, "overloadpacket", None)


def shown(node: Node) -> Any:
    """What a view is a view of."""
    return maker(node).args[0]


def tensors(args: Any) -> list[Node]:
    """The tensors among arguments, each once."""
    found: dict[Node, None] = {}
    map_arg(args, lambda n: found.setdefault(n) if is_tensor(n) else None)
    return list(found)


def is_tensor(node: Node) -> bool:
    """Whether a node stands for one tensor, and that is known."""
    return isinstance(node.meta.get("val"), Tensor)


def is_free(node: Node) -> bool:
    """Whether it is in memory already, or needs none."""
    held: Any = node.args[0] if kind(node) in HELD else node
    return held.op in ("placeholder", "get_attr") or (
        node.target in (FULL, IOTA) and all(map(_is_known, inputs(node)))
    )


def _is_known(node: Node) -> bool:
    """Whether it stands for one tensor or whole number."""
    value = node.meta.get("val")
    return isinstance(value, Tensor | torch.SymInt)


def is_exact(node: Node) -> bool:
    """Whether elements of a result can be computed alone, with its bits."""
    made = maker(node)
    known = is_tensor(node) and all(map(_is_known, inputs(made)))
    if not known or tensors(made.kwargs):
        return False
    values = [x.meta["val"] for x in (node, *tensors(made.args))]
    if any(v.dtype not in _DTYPES or v.device.type != "cpu" for v in values):
        return False
    what = kind(node)
    if what in VIEWS:
        return _is_fixed_view(node)
    if node is not made:
        return False
    if what in SAME:
        return bool(values[0].dtype == values[1].dtype)
    if node.target in LOOKED_UP:
        return _is_table(node)
    if what in _BOUNDED:
        return _has_one_bound(node)
    if what is aten.pow:
        return _is_square(node)
    return (
        what in FUNCTIONS
        and node.target not in _NOT
        and "alpha" not in made.kwargs  # its product may not be rounded
    )


def is_elementwise(node: Node) -> bool:
    """Whether elements can be computed alone; the last bits may be others.

    A sine in a vector and one by itself need not have the same ones.
    """
    made = maker(node)
    if made is not node or not is_tensor(node) or tensors(node.kwargs):
        return is_exact(node)
    values = [x.meta["val"] for x in (node, *tensors(node.args))]
    return is_exact(node) or (
        torch.Tag.pointwise in getattr(node.target, "tags", ())
        and torch.Tag.nondeterministic_seeded not in node.target.tags
        and all(v.device.type == "cpu" for v in values)
    )


def inputs(node: Any) -> list[Node]:
    """What an operation is given."""
    return node.all_input_nodes if isinstance(node, Node) else []


def _is_fixed_view(node: Node) -> bool:
    """Whether it shows numbers, of which the places are known."""
    source, *rest = maker(node).args
    if not isinstance(source, Node):
        return False
    values = source.meta["val"], node.meta["val"]
    symbols: list[Node] = []
    map_arg(rest, symbols.append)
    return (
        not symbols
        and values[0].dtype == values[1].dtype  # else it shows bits
        and all(type(size) is int for v in values for size in v.shape)
    )


def _is_table(node: Node) -> bool:
    """Whether it looks numbers up, by whole indices along all axes."""
    table, places = node.args
    return (
        isinstance(table, Node)
        and isinstance(places, list | tuple)
        and is_free(table)
        and len(places) == table.meta["val"].dim()
        and all(
            isinstance(x, Node) and x.meta["val"].dtype != torch.bool
            for x in places
        )
    )


def _is_square(node: Node) -> bool:
    """Whether it is a number times itself, as torch and inductor take it."""
    if node.target is not aten.pow.Tensor_Scalar or node.args[1] != 2:
        return False
    given: Any = node.args[0]
    before, after = given.meta["val"], node.meta["val"]
    return bool(after.is_floating_point() and before.dtype == after.dtype)


def _has_one_bound(node: Node) -> bool:
    """Whether no 0 meets a -0."""
    whole: Tensor = node.meta["val"]
    return not whole.is_floating_point() or all(
        bound is None or (isinstance(bound, int | float) and bound != 0)
        for bound in (*node.args[1:], *node.kwargs.values())
    )
