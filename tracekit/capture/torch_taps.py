"""Taps on torch tensors: in eager code a call, in traced code an operator.

Where torch traces a program, or runs it on tensors that stand for others
(vmap, grad), ``traced_taps.py`` takes over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, is_grad_enabled
from torch.compiler import is_compiling, is_dynamo_compiling

from tracekit import _state
from tracekit.capture import torch_frames, torch_internals, torch_refusals
from tracekit.capture.box import Box, Pixels
from tracekit.capture.few import copiers
from tracekit.capture.firing import Origin, emit
from tracekit.capture.kept import Kept
from tracekit.capture.operator import batched_dims
from tracekit.capture.place import Place
from tracekit.capture.small import forms
from tracekit.capture.torch_internals import (
    HAS_GRAPHS,
    graph_task,
    is_captured,
    is_plain,
    is_tracing,
    is_wrapped,
    stack_depth,
)
from tracekit.capture.traced_taps import (
    _while_tracing,
    fire_traced,
    when_backward,
)
from tracekit.errors import TapError

_WRITTEN = (
    "never came: the view that was tapped, or the base of it, was written in "
    "place behind the tap, and autograd went around the view; tap the base, "
    "or a view that is made after the write"
)
_PART = (
    "the view of a tap was written in place behind the tap; its gradient is "
    "that of what had used it before"
)
_KEPT = "tracekit_loops"  # of a node of autograd
_TYPES = {
    getattr(torch, name): np.dtype(name)
    for name in (
        *("bool", "uint8", "int8", "int16", "int32", "int64"),
        *("float32", "float64"),
    )
}
"""Types that NumPy has, too."""


def _form(tensor: Tensor) -> torch.dtype | None:
    """See ``small.forms``."""
    return None if tensor.ndim or not tensor.is_cpu else tensor.dtype


def _copy(tensor: Tensor, box: Box, found: Place | Pixels) -> Kept | None:
    """See ``few.copiers``."""
    dtype = _TYPES.get(tensor.dtype)
    if (
        dtype is None
        or not tensor.is_cpu
        or tensor.layout is not torch.strided
        or tensor.is_neg()
    ):
        return None
    begin, size = tensor.data_ptr(), dtype.itemsize
    offsets = box.offsets(found, tensor.stride())
    if begin == size * tensor.storage_offset() and offsets:
        return None  # its memory was given back
    return Kept.read(dtype, [begin + size * offset for offset in offsets])


forms[Tensor] = _form
copiers[Tensor] = _copy


def fire(
    value: Any,
    name: str,
    dims: str,
    unit: str | None,
    where: Any,
    grad: bool,  # noqa: FBT001
    axes: tuple[int, ...] | None = None,
) -> None:
    """Bring a tapped value to every recorder."""
    if is_dynamo_compiling():
        _fire_traced(value, name, dims, unit, where, grad, axes)
        return
    if grad or stack_depth() or (HAS_GRAPHS and is_captured()):
        _fire_odd(value, name, dims, unit, where, grad, axes)
        return
    small = _state.small
    if small is None:  # then a block may be known to hold nothing
        levels, passed = _state.scopes.get(), _state.passed
        if levels and levels[-1].beside is passed and name in passed:
            return
    elif type(value) is not Tensor:
        if small(value, name, dims, unit, where, axes):
            return
    elif not (  # each is asked here, since a call takes as long as two
        value.ndim
        or not value.is_cpu
        or graph_task() != -1
        or is_tracing()
        or is_wrapped(value)
    ):
        number = value.item()  # the bits of a NaN need the long way
        if number == number and small(
            number, name, dims, unit, where, axes, value.dtype
        ):
            return
    passes, quick = _state.passes, _state.quick
    if not _state.asked[name] or (
        passes is not None and passes(value, name, dims, unit, axes)
    ):
        return
    if not is_plain(value, where):
        _fire_odd(value, name, dims, unit, where, grad, axes)
    elif quick is None or not quick(value, name, dims, unit, where, axes):
        emit(value, name, dims, unit, where, None, axes)


def _fire_odd(
    value: Any,
    name: str,
    dims: str,
    unit: str | None,
    where: Any,
    grad: bool,  # noqa: FBT001
    axes: tuple[int, ...] | None,
) -> None:
    """The same of a value that torch may do more with than to hold it."""
    if is_compiling():
        _fire_traced(value, name, dims, unit, where, grad, axes)
        return
    parts = _parts(value)
    if (
        stack_depth()
        or any(map(torch_internals.stands_for_others, parts))
        or torch_internals.stands_for_others(where)
    ):
        torch_refusals.refuse_fakes(name)
        _fire_traced(value, name, dims, unit, where, grad, axes)
    elif not any(isinstance(part, Tensor) for part in parts):
        torch_refusals.refuse_capture(name)
        torch_refusals.refuse_proxies(name, parts)
        emit(value, name, dims, unit, where, None, axes)
    else:
        torch_refusals.refuse_replay(name)
        phase = torch_frames.phase()
        origin = None if phase == "forward" else Origin(phase=phase)
        emit(value, name, dims, unit, where, origin, axes)
        if grad:
            _refuse_gradient_of_parts(value, name)
            if axes is not None:
                _refuse_gradient_along_axes(name)
            if not _elsewhere(phase) and value.requires_grad:
                _record_gradient(value, name, dims, where)


def _fire_traced(
    value: Any,
    name: str,
    dims: str,
    unit: str | None,
    where: Any,
    grad: bool,  # noqa: FBT001
    axes: tuple[int, ...] | None,
) -> None:
    if axes is not None:
        if grad:
            _refuse_gradient_along_axes(name)
        value, where = _along(value, where, axes)
    fire_traced(value, name, dims, unit, where, grad)


def _along(value: Any, where: Any, axes: tuple[int, ...]) -> tuple[Any, Any]:
    """A value and its mask as dims name their axes."""
    parts = tuple(map(torch.as_tensor, _parts(value)))
    rank = parts[0].dim()
    order = (*axes, *[n for n in range(rank) if n not in axes])
    left = tuple(range(len(axes), rank))
    seen = tuple([part.permute(order).squeeze(left) for part in parts])
    if isinstance(where, Tensor) and where.dim() == rank:
        where = where.permute(order).squeeze(left)
    return seen if isinstance(value, tuple) else seen[0], where


def _parts(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) and value else (value,)


def _refuse_gradient_of_parts(value: Any, name: str) -> None:
    if not isinstance(value, Tensor):
        raise TapError(
            f"tap {name!r}: grad=True of a {type(value).__name__}; tap one "
            "tensor"
        )


@_while_tracing
def _refuse_gradient_along_axes(name: str) -> None:
    raise TapError(
        f"tap {name!r}: grad=True with axes=; tap the value with dims that "
        "name its axes as they are"
    )


def _loops() -> dict[str, int]:
    """The loop indices around a tap, also where it fires again."""
    found: dict[str, int] = {}
    for node in reversed(torch_frames.checkpoints("backward")):
        found.update(getattr(node, _KEPT, {}))
    return found | _state.loops()


def _elsewhere(phase: str) -> bool:
    """Whether a firing of this tap in another phase has its gradient."""
    if phase == "recompute" and torch_frames.is_thrown_away():
        return True
    return not is_grad_enabled() and _keep_loops()


def _keep_loops() -> bool:
    """Whether this tap will fire again, in a reentrant checkpoint.

    Scopes around the checkpoint are closed then; so it keeps what is open
    around all of its taps.
    """
    nodes = torch_frames.checkpoints("forward")
    loops = _loops() if nodes else {}
    for node in nodes:
        kept = getattr(node, _KEPT, loops)
        both = {d: i for d, i in kept.items() if loops.get(d) == i}
        setattr(node, _KEPT, both)
    return bool(nodes)


def _record_gradient(value: Tensor, name: str, dims: str, where: Any) -> None:
    file, line = torch_frames.caller()
    origin = Origin(file, line, "backward", _loops())
    note = _watched(value, name)

    def hook(gradient: Tensor | None) -> None:
        if leaf:  # it outlives the backward pass, with its hooks
            handle.remove()
        if _state.recording and gradient is not None:
            note()
            rows = torch_internals.rows_of(gradient)
            named = dims
            if rows is not None:
                gradient = rows
                named = batched_dims(dims, rows.dim(), ("batch",))
            emit(gradient, f"{name}.grad", named, None, where, origin)

    leaf = value.is_leaf
    handle = _when_backward(value, hook)


def _watched(value: Tensor, name: str) -> Callable[[], None]:
    """What to call in a backward pass when the gradient by a view comes.

    Once a view or its base is written in place, autograd goes back through
    the base: what comes to the view is what had used it before, or nothing.
    The gradient of the base comes all the same, and behind that of the view.
    """
    base = value._base  # noqa: SLF001 - a view has one
    if base is None or base.is_leaf:
        return lambda: None
    same, version = value.detach(), value._version  # noqa: SLF001
    came: list[bool] = []

    def of_base(_: Tensor | None) -> None:
        written = same._version != version  # noqa: SLF001 - shared with it
        if written:
            for recorder in _state.recorders:
                if came:
                    recorder.doubts(f"{name}.grad", _PART)
                else:
                    recorder.lacks(f"{name}.grad", _WRITTEN)
        came.clear()

    _when_backward(base, of_base)
    return lambda: came.append(True)


def _when_backward(tensor: Tensor, hook: Callable[..., None]) -> Any:
    code = hook.__code__
    if code not in _state.entries:
        _state.entries.add(code)
        torch_internals.leave_alone((code,))
    return when_backward(tensor, hook)
