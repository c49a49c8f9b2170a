"""Keeps taps in program order where inductor schedules them.

Inductor notes which effect must follow which under the name of a buffer and
looks it up under the name of an operation, so nothing holds the operators
together: it sorts them for fusion and for peak memory. Here each says itself
which one it follows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import torch

from tracekit.capture import (
    apart,
    beside,
    deferred,
    exact,
    nodes,
    numpy_terms,
    operator,
    picking,
    sampled,
    terms,
    torch_internals,
    torch_refusals,
    view_index,
)
from tracekit.capture.apart import move_back, set_apart
from tracekit.capture.beside import compute_beside
from tracekit.capture.operator import EFFECTS
from tracekit.capture.sampled import sample
from tracekit.errors import TapError


@lru_cache(maxsize=1)
def keep_order() -> None:
    """Teach inductor to lower the operators one behind the other.

    Loading its lowerings takes a second; only what compiles pays for it.

    Raises:
        TapError: this torch lacks a part of it.
    """
    torch_refusals.refuse_lacking("torch.compile", torch_internals.INDUCTOR)
    from torch._inductor.lowering import lowerings

    for name in EFFECTS:
        operator = getattr(torch.ops.tracekit, name).default
        lowerings[operator] = partial(_lowered, operator)
    _call_directly()


def _call_directly() -> None:
    """Let inductor's Python code call programs of taps without a dispatcher.

    It would copy their texts at every call, and costs much more than
    a call between kernels that leave nothing in the cache.
    """
    from torch._inductor.codegen import custom_extern_kernel_codegen as own

    own.CUSTOM_EXTERN_KERNEL_CODEGEN["torch.ops.tracekit.taps_at.default"] = (
        own.CustomCodegen(python=_direct_call)
    )


def _direct_call(node: Any, write: Callable[[str], None]) -> None:
    from torch._inductor.virtualized import V

    text, *given = node.codegen_args()
    name = f"taps_of_{node.get_name()}"
    place = deferred.__name__
    V.graph.wrapper_code.add_import_once(f"import {place}")
    V.graph.wrapper_code.add_import_once(f"{name} = {place}.program({text})")
    write(f"{name}({', '.join(given)})")


def pass_first() -> None:
    """Let inductor part program and taps before all passes of its own."""
    from torch._inductor import config

    for setting, ours in _passes().items():
        before = getattr(config, setting)
        if ours not in _listed(before):
            _before[setting] = before
            both = [*_listed(before), ours] if before else ours
            setattr(config, setting, both)


def pass_no_more() -> None:
    """Leave inductor with the passes that it had before."""
    if not _before:
        return
    from torch._inductor import config

    for setting, before in _before.items():
        ours, found = _passes()[setting], _listed(getattr(config, setting))
        if ours in found:  # else somebody has put others there
            others = [each for each in found if each is not ours]
            same = others == _listed(before)
            setattr(config, setting, before if same else others)
    _before.clear()


_before: dict[str, Any] = {}  # what else is there, while ours are


def _listed(passes: Any) -> list[Any]:
    if passes is None:
        return []
    return list(passes) if isinstance(passes, list | tuple) else [passes]


@lru_cache(maxsize=1)
def _passes() -> dict[str, Any]:
    """Our passes, by the setting that runs them."""
    from torch._inductor import custom_graph_pass as passes

    class Beside(passes.CustomGraphPass):
        """Before forward and backward are parted, and known patterns found."""

        def __call__(self, graph: torch.fx.Graph) -> None:
            compute_beside(graph, joint=True)

        def uuid(self) -> bytes:
            return _hash()

    class Sampling(passes.CustomInferenceAwareGraphPass):
        """Before one program is scheduled."""

        def __call__(
            self,
            graph: torch.fx.Graph,
            is_inference: bool = False,  # noqa: FBT001, FBT002
        ) -> None:
            compute_beside(graph, joint=False)
            found = set_apart(graph, sample(graph))
            if found and is_inference:
                _reorder(graph)
            move_back(graph)

        def uuid(self) -> bytes:
            return _hash()

    return {
        "joint_custom_pre_pass": Beside(),
        "post_grad_custom_pre_pass": Sampling(),
    }


def _hash() -> bytes:
    """It tells apart what versions of tracekit compiled."""
    from torch._inductor import custom_graph_pass as passes

    files = (
        *(apart, beside, deferred, exact, nodes, numpy_terms, operator),
        *(picking, sampled, terms, view_index),
    )
    names = (__file__, *(str(file.__file__) for file in files))
    return bytes(passes.get_hash_for_files(names))


def _reorder(graph: torch.fx.Graph) -> None:
    """Order a graph as inductor had done, had there been no taps.

    It has brought values near to what uses them, so near to their taps.
    """
    from torch._inductor import config
    from torch._inductor.fx_passes.post_grad import reorder_for_locality

    if config.reorder_for_locality:
        reorder_for_locality(graph)


def _lowered(operator: Any, *args: Any) -> Any:
    from torch._inductor import config, ir
    from torch._inductor.virtualized import V
    from torch._library.effects import EffectType
    from torch.utils import _pytree as pytree

    graph = V.graph
    if config.triton.cudagraphs and "cuda" in graph.device_types:
        raise TapError(
            'CUDA graphs, of mode="reduce-overhead" or "max-autotune", run no '
            "taps; compile with another mode while recording"
        )
    before = graph.effectful_ops.get(EffectType.ORDERED)
    first = len(graph.operations)
    made = ir.FallbackKernel.create(operator, *args)
    for operation in graph.operations[first:]:
        if not isinstance(operation, ir.FallbackKernel):
            continue
        if operation.get_device() is None:  # else kernels that wait to be
            # written come behind it, when what they read is given back
            operation.layout = ir.NoneLayout(device=torch.device("cpu"))
        if before is not None:
            name = operation.get_operation_name()
            graph.additional_star_deps[name].add(before.get_name())
    return pytree.tree_map(
        lambda x: x.wrap_for_lowering() if isinstance(x, ir.IRNode) else x,
        made,
    )
