"""Every private part of torch that taps rest on, each with its probe.

They may be missing in another torch. Then recording in compiled or
transformed code is refused; eager code records without any of them.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from contextlib import suppress
from operator import attrgetter
from types import CodeType
from typing import Any

import numpy as np
import torch
from torch import Tensor

NEEDED = (
    "torch._C:_len_torch_dispatch_stack",
    "torch._C:_current_graph_task_id",
    "torch._C._functorch:is_functorch_wrapped_tensor",
    "torch._C._functorch:get_interpreter_stack",
    "torch._C._functorch:TransformType.Vmap",
    "torch._C:_get_dispatch_mode",
    "torch._C:_is_tracing",
    "torch._dynamo.symbolic_convert:InstructionTranslator.current_tx",
    "torch._guards:TracingContext.extract_stack",
    "torch._library.effects:EffectType.ORDERED",
    "torch.fx.experimental.proxy_tensor:get_proxy_mode",
    "torch.library:_register_effectful_op",
    "torch._C._dynamo.eval_frame:set_code_exec_strategy",
    "torch._dynamo.convert_frame:input_codes.seen",
)
INDUCTOR = (
    "torch._inductor.codegen.custom_extern_kernel_codegen:CustomCodegen",
    "torch._inductor.custom_graph_pass:CustomGraphPass",
    "torch._inductor.custom_graph_pass:CustomInferenceAwareGraphPass",
    # of the torch in which Dynamo hooks values within a graph, too
    "torch._inductor.custom_graph_pass:get_custom_graph_passes",
    "torch._inductor.custom_graph_pass:get_hash_for_files",
    "torch._inductor.config:reorder_for_locality",
    "torch._inductor.config:triton.cudagraphs",
    "torch._inductor.fx_passes.post_grad:reorder_for_locality",
    "torch._inductor.graph:GraphLowering",
    "torch._inductor.ir:FallbackKernel.create",
    "torch._inductor.lowering:fallbacks",
    "torch._inductor.lowering:lowerings",
    "torch._inductor.virtualized:V",
)
# by what torch was built for: forked children lose a GPU that was looked for
_BUILT = {
    "cuda": torch.version.cuda or torch.version.hip,
    "xpu": getattr(torch.version, "xpu", None),
}
_GPUS: Any = next((getattr(torch, name) for name in _BUILT if _BUILT[name]), 0)
HAS_GRAPHS = hasattr(_GPUS, "is_current_stream_capturing")
_NUMBERS = (kind for kind in np.ScalarType if issubclass(kind, np.generic))
_PLAIN = frozenset((float, int, bool, complex, np.ndarray, *_NUMBERS))


def missing(needed: tuple[str, ...] = NEEDED) -> list[str]:
    """What this torch lacks of the parts that are needed."""
    return [path for path in needed if _resolved(path) is None]


def _resolved(path: str) -> Any:
    module, _, rest = path.partition(":")
    try:
        return attrgetter(rest)(importlib.import_module(module))
    except (AttributeError, ImportError):
        return None


def _or_constant(path: str, value: Any) -> Any:
    return _resolved(path) or (lambda *_: value)


is_wrapped = _or_constant(NEEDED[2], False)  # noqa: FBT003
graph_task = _or_constant(NEEDED[1], -1)
stack_depth = _or_constant(NEEDED[0], 0)
is_tracing = _or_constant(NEEDED[6], False)  # noqa: FBT003
is_exporting = _or_constant("torch.compiler:is_exporting", False)  # noqa: FBT003
_is_batched = _or_constant(
    "torch._C._functorch:is_legacy_batchedtensor",
    False,  # noqa: FBT003
)


def stands_for_others(value: Any) -> bool:
    """Whether torch.func.vmap, grad or jvp made the tensor."""
    return isinstance(value, Tensor) and bool(is_wrapped(value))


def is_plain(value: Any, where: Any) -> bool:
    """Whether torch does no more with a value and its mask than to hold it."""
    kind = type(value)
    if where is not None and not _holds(where):
        return False
    if kind in _PLAIN:
        return True
    if kind is tuple:
        if not all(map(_holds, value)):
            return False
    elif kind is not Tensor or is_wrapped(value):
        return False
    return graph_task() == -1 and not is_tracing()


def _holds(part: Any) -> bool:
    """Whether it is a tensor or an array of its own, or a number."""
    if type(part) is Tensor:
        return not is_wrapped(part)
    return type(part) in _PLAIN


def is_captured() -> bool:
    """Whether a CUDA graph, or another GPU's, takes up what runs."""
    return (
        HAS_GRAPHS
        and _GPUS.is_initialized()
        and bool(_GPUS.is_current_stream_capturing())
    )


def proxies() -> bool:
    """Whether make_fx or a non-strict export traces what runs."""
    if not stack_depth():
        return False
    from torch.fx.experimental.proxy_tensor import get_proxy_mode

    return get_proxy_mode() is not None


def declare_effect(operator: str, library: torch.library.Library) -> None:
    """Let no compiler drop, move or repeat the operator."""
    from torch._library.effects import EffectType

    register = torch.library._register_effectful_op  # noqa: SLF001
    register(operator, EffectType.ORDERED, lib=library)


def map_effects() -> None:
    """Let ``grad(is_grads_batched=True)`` go through compiled code with taps.

    It runs the code on tensors of a kind for which torch's operator around
    effects has no rule: each tap has its own. Where torch lacks a part, it
    says that it has none.
    """
    with suppress(ImportError, AttributeError, RuntimeError):
        from torch._higher_order_ops.effects import with_effects

        rules = with_effects.py_kernels
        run = rules[torch._C.DispatchKey.CompositeExplicitAutograd]  # noqa: SLF001
        for key in ("VmapMode", "Batched"):
            rules.setdefault(torch._C._dispatch_key_parse(key), run)  # noqa: SLF001


def transforms() -> int:
    """How many of vmap, grad and jvp stand around what runs."""
    from torch._C._functorch import get_interpreter_stack

    return len(get_interpreter_stack() or ())


def vmap_depth() -> int:
    """How many vmaps stand around the one whose rule runs."""
    from torch._C._functorch import TransformType, get_interpreter_stack

    levels = get_interpreter_stack() or ()
    return sum(level.key() == TransformType.Vmap for level in levels) - 1


def rows_of(gradient: Tensor) -> Tensor | None:
    """All rows of a gradient in ``grad(is_grads_batched=True)``, first axis.

    autograd.functional does so with ``vectorize=True``; None elsewhere.
    """
    if not _is_batched(gradient):
        return None
    level = torch._C._vmapmode_increment_nesting() - 1  # noqa: SLF001
    torch._C._vmapmode_decrement_nesting()  # noqa: SLF001
    return torch._remove_batch_dim(gradient, level, 1, 0)  # noqa: SLF001


def leave_alone(entries: Iterable[CodeType]) -> None:
    """Let Dynamo compile code as a part of what calls it, but never alone."""
    with suppress(ImportError, AttributeError):
        from torch._C._dynamo import eval_frame

        skip = eval_frame._FrameAction.SKIP  # noqa: SLF001
        strategy = eval_frame._FrameExecStrategy(skip, skip)  # noqa: SLF001
        for code in entries:
            eval_frame.set_code_exec_strategy(code, strategy)


def outlive_reset(entries: Iterable[CodeType]) -> None:
    """Let ``leave_alone`` hold when Dynamo is reset.

    That is undone for all that Dynamo has ever looked at: so it never has.
    """
    dynamo = sys.modules.get("torch._dynamo.convert_frame")
    if dynamo is None:
        return  # it has looked at nothing
    ours = set(map(id, entries))
    # without its lock: a thread that compiles, or did at a fork, holds that
    with suppress(AttributeError, IndexError):  # all is forgotten meanwhile
        seen = dynamo.input_codes.seen
        for place in reversed(range(len(seen))):
            if id(seen[place]()) in ours:
                del seen[place]
