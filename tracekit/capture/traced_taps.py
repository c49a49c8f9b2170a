"""Taps where torch traces a program for calls to come.

A tap is the operator of ``operator.py`` there, or of ``picking.py``.

Dynamo runs what carries ``_dynamo_marked_constant`` (the mark of
``torch.compiler.assume_constant_result``) while it traces, and a raise in
there ends the compilation instead of running the function uncompiled.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from tracekit import _state
from tracekit.capture import torch_frames, torch_internals, torch_refusals
from tracekit.capture.dims import parse_dims
from tracekit.capture.inductor import (
    keep_order,
    pass_first,
    pass_no_more,
)
from tracekit.capture.operator import Site, declare_effects, parsed
from tracekit.capture.picking import Window
from tracekit.errors import TapError
from tracekit.schema import COMPONENT, OCCURRENCE

F = TypeVar("F", bound=Callable[..., Any])
Hook = Callable[[Any], None]
_ARRAYS = (np.ndarray, np.generic, list, tuple)
# What every compiler indexes; taps of other types get all of the value.
_PICKED = (
    torch.float64, torch.float32, torch.float16, torch.bfloat16,
    torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool,
)  # fmt: skip
_INDICES = (int, np.integer, np.ndarray, Tensor)


def _while_tracing(function: F) -> F:
    function._dynamo_marked_constant = True  # type: ignore[attr-defined] # noqa: SLF001
    return function


def tracing() -> bool:
    """Whether what runs now is traced, for calls to come."""
    if torch.compiler.is_dynamo_compiling():
        return True
    # the quickest to ask; whoever traces without Dynamo stands there
    return bool(torch_internals.stack_depth()) and _is_traced()


def _is_traced() -> bool:
    return torch.compiler.is_compiling() or torch_internals.proxies()


def when_backward(tensor: Tensor, hook: Hook) -> Any:
    """Run a hook with the gradient by a tensor."""
    return tensor.register_hook(hook)  # type: ignore[no-untyped-call]


def fire_traced(
    value: Any,
    name: str,
    dims: str,
    unit: str | None,
    where: Any,
    grad: bool,  # noqa: FBT001
) -> None:
    """Put a tap into the graph."""
    mask = None if where is None else torch.as_tensor(where)
    loops = _traced_loops()
    integers = [i for i in loops.values() if not isinstance(i, Tensor)]
    counters = [i for i in loops.values() if isinstance(i, Tensor)]
    names = tuple(loops)
    tensors = tuple(d for d, i in loops.items() if isinstance(i, Tensor))
    dynamo = torch.compiler.is_dynamo_compiling()
    if dynamo and _state.layout and not grad:
        parts = value if isinstance(value, tuple) else (value,)
        picks = _picks(parts, dims)
        if picks is not None:
            device = parts[0].device.type
            site = _site(
                name, dims, unit, names, tensors, device, dynamo, picks
            )
            _fire_picked(parts, mask, site, integers, counters, picks)
            return
    if dynamo and not grad and _apart(value):
        device = value[0].device.type
        site = _site(name, dims, unit, names, tensors, device, dynamo)
        torch.ops.tracekit.tap_planes.default(
            value, mask, site, integers, counters
        )
        return
    tensor = _as_tensor(value, name)
    device = tensor.device.type
    site = _site(name, dims, unit, names, tensors, device, dynamo)
    torch.ops.tracekit.tap.default(tensor, mask, site, integers, counters)
    if grad and tensor.requires_grad:
        if dynamo and tensor.is_leaf:
            _refuse_leaf(name)
        of_gradient = _gradient_site(site, dynamo)
        ticket = torch.ops.tracekit.ticket.default(tensor)

        def hook(gradient: Tensor) -> None:
            torch.ops.tracekit.tap.default(
                gradient, mask, of_gradient, integers, [*counters, ticket]
            )

        when_backward(tensor, hook)


def _apart(value: Any) -> bool:
    """Whether it is planes that need not be put together."""
    if not isinstance(value, tuple) or not value:
        return False
    for part in value:
        if not isinstance(part, Tensor) or not part.dim():
            return False
    return _untransformed()


@_while_tracing
def _untransformed() -> bool:
    return not torch_internals.transforms()


def _picks(parts: tuple[Any, ...], dims: str) -> tuple[int, int, int] | None:
    """The pixels' axes and the room for them; None where all is tapped."""
    if not dims or not parts or not isinstance(parts[0], Tensor):
        return None
    first = parts[0]
    for part in parts:
        if not isinstance(part, Tensor) or part.dtype not in _PICKED:
            return None
        if part.shape != first.shape or part.dtype != first.dtype:
            return None
    rank = first.dim() + (len(parts) > 1)
    picks = _pixel_axes(dims, _state.layout, rank)
    if picks is None or 0 in (first.shape[picks[0]], first.shape[picks[1]]):
        return None
    return picks


def _fire_picked(
    parts: tuple[Tensor, ...],
    mask: Tensor | None,
    site: str,
    integers: list[Any],
    counters: list[Tensor],
    picks: tuple[int, int, int],
) -> None:
    slow, fast, _ = picks
    first = parts[0]
    shape = [*first.shape]
    loops = _window_loops()
    window = (
        _window(
            tuple(loops),
            tuple(d for d, i in loops.items() if isinstance(i, Tensor)),
        ),
        [i for i in loops.values() if not isinstance(i, Tensor)],
        [i for i in loops.values() if isinstance(i, Tensor)],
        shape[slow],
        shape[fast],
    )
    pixels = torch.ops.tracekit.pixels.default(*window, first.device)
    here = pixels
    if first.device.type != "cpu":  # where the tap must not wait for them
        here = torch.ops.tracekit.pixels.default(*window, torch.device("cpu"))
    data = [
        torch.ops.tracekit.pick.default(part, pixels, slow, fast)
        for part in parts
    ]
    if mask is not None:
        mask = mask.broadcast_to(shape[: _rank(site)])
        mask = torch.ops.tracekit.pick.default(mask, pixels, slow, fast)
    if len(parts) > 1:
        shape.append(len(parts))
    torch.ops.tracekit.tap_at.default(
        data, mask, site, integers, counters, here, shape
    )


def _as_tensor(value: Any, name: str) -> Tensor:
    if isinstance(value, Tensor):
        return value
    if isinstance(value, bool):
        return torch.full((), value, dtype=torch.bool, device="cpu")
    if isinstance(value, int):
        return _whole(value, name)
    if isinstance(value, float):
        return torch.scalar_tensor(value, dtype=torch.float64, device="cpu")
    if isinstance(value, complex):
        return torch.scalar_tensor(value, dtype=torch.complex128, device="cpu")
    if isinstance(value, tuple) and any(isinstance(x, Tensor) for x in value):
        return torch.stack([torch.as_tensor(x) for x in value], dim=-1)
    if isinstance(value, tuple) and any(
        isinstance(x, np.ndarray) for x in value
    ):
        return torch.as_tensor(np.stack(value, axis=-1))
    if isinstance(value, _ARRAYS):
        return torch.as_tensor(np.asarray(value))
    _refuse_value(name, type(value).__name__)
    raise AssertionError


def _whole(value: int, name: str) -> Tensor:
    """A whole number, or a symbol of one that isn't known yet."""
    from torch.fx.experimental.symbolic_shapes import guard_or_true

    lowest, highest = value >= -(2**63), value < 2**64
    if not (guard_or_true(lowest) and guard_or_true(highest)):
        _refuse_integer(name, value)
    if guard_or_true(value < 2**63):
        return torch.scalar_tensor(value, dtype=torch.int64, device="cpu")
    return torch.tensor(value, dtype=torch.uint64, device="cpu")


@_while_tracing
def _refuse_value(name: str, kind: str) -> None:
    raise TapError(
        f"tap {name!r}: can't record a {kind}; tap tensors, arrays and "
        "numbers, and give texts to tk.config"
    )


@_while_tracing
def _refuse_integer(name: str, value: int) -> None:
    raise TapError(f"tap {name!r}: {value} doesn't fit 64 bits")


@_while_tracing
def _refuse_leaf(name: str) -> None:
    raise TapError(
        f"tap {name!r}: grad=True on an input of compiled code, whose "
        "gradient hook would stay on it and fire once more at each call; tap "
        "it before the compiled function is called, or a value made of it"
    )


@_while_tracing
def _site(
    name: str,
    dims: str,
    unit: str | None,
    loops: tuple[str, ...],
    tensors: tuple[str, ...],
    device: str,
    dynamo: bool,  # noqa: FBT001
    picks: tuple[int, int, int] = (0, 0, 0),
) -> str:
    """The site as text: it goes into the graph as it is."""
    torch_refusals.refuse_lost(name, device, dynamo=dynamo)
    _declare(dynamo=dynamo)
    if dims:
        parse_dims(dims)
    file, line = torch_frames.caller(dynamo=dynamo)
    site = Site(name, dims, unit, file, line, loops, tensors, pixels=picks)
    return json.dumps(site)


@_while_tracing
def _pixel_axes(
    dims: str, layout: str, rank: int
) -> tuple[int, int, int] | None:
    """The axes of a layout's dims, and its room."""
    named, (*pixel, room) = parse_dims(dims), layout.rsplit(" ", 2)
    if torch_internals.is_exporting() or torch_internals.transforms():
        return None
    coordinates = named.coordinates
    if named.rank != rank or not set(pixel) <= set(coordinates):
        return None
    slow, fast = (coordinates.index(dim) for dim in pixel)
    return slow, fast, int(room)


def _window_loops() -> dict[str, Any]:
    """The loop indices that say where a value's pixel dims begin."""
    dims = _pixel_dims(_state.layout)
    return {d: i for d, i in _traced_loops().items() if d in dims}


@_while_tracing
def _pixel_dims(layout: str) -> tuple[str, ...]:
    return tuple(layout.rsplit(" ", 2)[:2])


@_while_tracing
def _window(loops: tuple[str, ...], tensors: tuple[str, ...]) -> str:
    """The window as text."""
    slow, fast, room = _state.layout.rsplit(" ", 2)
    return json.dumps(Window(slow, fast, int(room), loops, tensors))


@_while_tracing
def _rank(site: str) -> int:
    """How many axes a mask of the tap has."""
    return len(parse_dims(parsed(site).dims).coordinates)


def _declare(*, dynamo: bool) -> None:
    declare_effects()
    if dynamo or _is_traced():  # for a compiler, not by vmap or grad alone
        keep_order()
        pass_first()


def begin() -> None:
    """Something records from now on."""
    entries = tuple(_state.entries)  # another thread may add some
    torch_internals.leave_alone(entries)
    torch_internals.outlive_reset(entries)
    if keep_order.cache_info().currsize:  # a backward pass is compiled late
        pass_first()


def rest() -> None:
    """Nothing records any more."""
    pass_no_more()


@_while_tracing
def _gradient_site(site: str, dynamo: bool) -> str:  # noqa: FBT001
    tap = parsed(site)
    torch_refusals.refuse_hook(tap.tap, dynamo=dynamo)
    return json.dumps(
        tap._replace(tap=f"{tap.tap}.grad", unit=None, gradient=True)
    )


def checked(scope: str, indices: dict[str, Any]) -> dict[str, Any]:
    """Indices of a scope that is traced, of a range its first.

    Raises:
        TapError: one can't be a loop index, or torch is too old.
    """
    _refuse_old(scope)
    found = {}
    for dim, index in indices.items():
        first = index
        if isinstance(index, range):
            first = index.start
            if index.step != 1:
                _refuse_gaps(scope, dim, index.step)
        whole = isinstance(first, _INDICES)
        if not whole or dim in (COMPONENT, OCCURRENCE):
            _refuse_index(scope, dim, type(index).__name__)
        found[dim] = first
    return found


def _traced_loops() -> dict[str, Any]:
    """By dim an integer, a symbol or a tensor; inner scopes win."""
    return {
        dim: index if isinstance(index, int) else torch.as_tensor(index)
        for dim, index in _state.traced
    }


@_while_tracing
def _refuse_old(scope: str) -> None:
    needed = (*torch_internals.NEEDED, *torch_internals.INDUCTOR)
    torch_refusals.refuse_lacking(f"scope {scope!r}", needed)


@_while_tracing
def _refuse_gaps(scope: str, dim: str, step: int) -> None:
    raise TapError(
        f"scope {scope!r}: a range of step {step} for {dim} leaves indices "
        "out; a block has all from its first to its last"
    )


@_while_tracing
def _refuse_index(scope: str, dim: str, kind: str) -> None:
    if dim in (COMPONENT, OCCURRENCE):
        raise TapError(
            f"scope {scope!r}: {dim!r} is reserved; name the loop another way"
        )
    raise TapError(
        f"scope {scope!r}: {dim} is a {kind}, no integer; loop indices are "
        "whole numbers"
    )


def state(*fact: Any) -> None:
    """Keep a fact about the run whenever the traced code runs."""
    dynamo = torch.compiler.is_dynamo_compiling()
    torch.ops.tracekit.state.default(_fact(dynamo, *fact))


@_while_tracing
def _fact(dynamo: bool, *fact: Any) -> str:  # noqa: FBT001
    called = fact[0] == "called"
    what = f"tap {fact[1]!r}" if called else f"{fact[0]}({fact[1]!r})"
    torch_refusals.refuse_body(what, dynamo=dynamo)
    _declare(dynamo=dynamo)
    try:
        return json.dumps(fact)
    except TypeError as error:
        raise TapError(
            f"{what}: {error}; in compiled code state only numbers and texts"
        ) from error
