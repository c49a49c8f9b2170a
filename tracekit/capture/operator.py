"""The operator ``tracekit::tap``: a tap that a compiler keeps.

It returns nothing, so autograd never sees it; it has an ordered effect, so no
compiler drops or repeats it, nor has others before it (``inductor.py``); it
finds its recorders when it runs, so one graph serves every recording.
Everything that is known while tracing is one constant text, the *site*; loop
indices that change from call to call are arguments.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.library import Library, fallthrough_kernel

from tracekit import _state
from tracekit.capture import torch_frames, torch_internals, torch_refusals
from tracekit.capture.dims import parse_dims
from tracekit.capture.firing import Origin, emit
from tracekit.errors import TapError


class Located(Protocol):
    """What says which loop indices come as arguments."""

    @property
    def tap(self) -> str:
        """What it is called in errors."""

    @property
    def loops(self) -> tuple[str, ...]:
        """As of ``Site``."""

    @property
    def tensors(self) -> tuple[str, ...]:
        """As of ``Site``."""


class Site(NamedTuple):
    """What is known about a tap while a program is traced.

    Args:
        tap, dims, unit: as for ``tap``.
        file, line: where it stands.
        loops: names of the loop indices that come with it.
        tensors: those of them that are tensors.
        batch: dims that vmap put in front, outermost first.
        gradient: the value is a gradient; the last index is the ticket of
            the scopes that were open around the tap.
        pixels: the axes of the pixels that are picked, and room for how many.
    """

    tap: str
    dims: str
    unit: str | None
    file: str
    line: int
    loops: tuple[str, ...] = ()
    tensors: tuple[str, ...] = ()
    batch: tuple[str, ...] = ()
    gradient: bool = False
    pixels: tuple[int, int, int] = (0, 0, 0)


@lru_cache(maxsize=4096)
def parsed(text: str) -> Site:
    """The site of an operator's argument."""
    fields = json.loads(text)
    return Site._make(tuple(f) if isinstance(f, list) else f for f in fields)


EFFECTS = ("tap", "tap_at", "taps_at", "tap_planes", "ticket", "state")
LIBRARY: Any = Library("tracekit", "FRAGMENT")  # type: ignore[no-untyped-call]
# The second tag says that no tracer may run it on constants beforehand.
TAGS = tuple(
    getattr(torch.Tag, name)
    for name in ("cudagraph_unsafe", "nondeterministic_seeded")
    if hasattr(torch.Tag, name)
)
LIBRARY.define(
    "tap(Tensor value, Tensor? where, str site, SymInt[] integers,"
    " Tensor[] counters) -> ()",
    tags=TAGS,
)
LIBRARY.define(
    "tap_planes(Tensor[] planes, Tensor? where, str site, SymInt[] integers,"
    " Tensor[] counters) -> ()",
    tags=TAGS,
)
LIBRARY.define("held(Tensor value) -> Tensor")
LIBRARY.define("seen(Tensor(a) value) -> Tensor(a)")
LIBRARY.define("state(str fact) -> ()", tags=TAGS)
LIBRARY.define("ticket(Tensor value) -> Tensor", tags=TAGS)


def _observe(
    value: Tensor,
    where: Tensor | None,
    text: str,
    integers: list[int],
    counters: list[Tensor],
) -> None:
    """Run the tap: the values are there now."""
    if not _state.recording:
        return
    site = parsed(text)
    dims = batched_dims(site.dims, value.dim(), site.batch)
    origin = origin_of(site, integers, counters)
    emit(value, site.tap, dims, site.unit, where, origin)


def batched_dims(dims: str, rank: int, batch: tuple[str, ...]) -> str:
    """Dims of a value of this rank, in which the batch's stand first."""
    if not batch:
        return dims
    both = {*batch} & {*dims.split()}
    if both:
        raise TapError(
            f"dims {dims!r}: {', '.join(both)} is the dim of vmap's rows, "
            "which are added; name the axis another way, or leave it out"
        )
    axes = (f"axis{n}" for n in range(rank - len(batch)))
    return " ".join((*batch, dims or " ".join(axes))).rstrip()


def _observe_rows(
    value: Tensor,
    where: Tensor | None,
    text: str,
    integers: list[int],
    counters: list[Tensor],
) -> None:
    """Run the tap of a gradient of which autograd computes all rows."""
    site, rows = parsed(text), torch_internals.rows_of(value)
    text = json.dumps(site._replace(batch=("batch", *site.batch)))
    torch.ops.tracekit.tap.default(rows, where, text, integers, counters)


def _observe_planes(
    planes: list[Tensor],
    where: Tensor | None,
    text: str,
    integers: list[int],
    counters: list[Tensor],
) -> None:
    """Run the tap on a vector whose components are kept apart."""
    if _state.recording:
        site = parsed(text)
        origin = origin_of(site, integers, counters)
        value = tuple(planes)
        emit(value, site.tap, site.dims, site.unit, where, origin)


def origin_of(
    site: Site, integers: list[int], counters: list[Tensor]
) -> Origin:
    """Where a tap in compiled code stands, while the code runs."""
    torch_refusals.refuse_capture(site.tap)
    if site.gradient:
        loops, phase = _state.loops_of(counters[-1].tolist()), "backward"
    else:
        loops, phase = _state.loops(), torch_frames.phase()
    loops.update(indices_of(site, integers, counters))
    file, line = site.file, site.line
    if not file:  # the tap of a compiled function's own result
        file, line = torch_frames.caller()
    return Origin(file, line, phase, loops)


def indices_of(
    site: Located, integers: list[int], counters: list[Tensor]
) -> dict[str, int]:
    """The loop indices that came as arguments."""
    whole, tensors = iter(integers or ()), iter(counters or ())
    return {
        dim: _whole(next(tensors), site.tap, dim)
        if dim in site.tensors
        else int(next(whole))
        for dim in site.loops
    }


def _keep(text: str) -> None:
    kind, *fact = json.loads(text)
    if kind == "called":
        _state.called.update(fact)
        return
    for recorder in _state.recorders:
        if kind == "config":
            key, value, unit, decisive = fact
            recorder.state(key, value, unit, decisive=decisive)
        else:
            recorder.read_file(*fact)


def _whole(counter: Tensor, tap: str, dim: str) -> int:
    if counter.dim() or counter.is_floating_point() or counter.is_complex():
        raise TapError(
            f"tap {tap!r}: the loop index {dim} around it is a tensor of "
            f"shape {tuple(counter.shape)} and {counter.dtype}; give one "
            "whole number"
        )
    return int(counter)


def _ticket(value: Tensor) -> Tensor:  # noqa: ARG001
    """Numbers for the scopes that are open now."""
    return torch.tensor(_state.ticket(), device="cpu")


def _batched(
    info: Any,
    in_dims: tuple[Any, ...],
    value: Tensor,
    where: Tensor | None,
    text: str,
    integers: list[int],
    counters: list[Tensor],
) -> tuple[None, None]:
    """Under vmap: one firing of all rows, the batch a dim in front."""
    site = parsed(text)
    if any(dim is not None for dim in in_dims[4]):
        raise TapError(
            f"tap {site.tap!r}: vmap maps over a loop index around it; give "
            "scope an index that all rows share, the rows are a dim already"
        )
    rank = value.dim() - (in_dims[0] is not None)
    value = _front(value, in_dims[0], info.batch_size, rank)
    if where is not None:
        coordinates = rank - len(parse_dims(site.dims).components)
        where = _front(where, in_dims[1], info.batch_size, coordinates)
    depth = torch_internals.vmap_depth()
    dim = f"batch{depth}" if depth else "batch"
    text = json.dumps(site._replace(batch=(dim, *site.batch)))
    torch.ops.tracekit.tap.default(value, where, text, integers, counters)
    return None, None


def _front(x: Tensor, dim: int | None, size: int, rank: int) -> Tensor:
    """The batch axis first, then as many axes as the whole value has."""
    x = x.expand(size, *x.shape) if dim is None else x.movedim(dim, 0)
    missing = rank + 1 - x.dim()
    return x.reshape(size, *[1] * missing, *x.shape[1:]) if missing else x


def _ticket_batched(
    info: Any,  # noqa: ARG001
    in_dims: tuple[Any, ...],  # noqa: ARG001
    value: Tensor,
) -> tuple[Tensor, None]:
    return torch.ops.tracekit.ticket.default(value), None


def implement(
    name: str, run: Callable[..., Any], fake: Callable[..., Any]
) -> None:
    """Give an operator that no functorch transform meets what it does."""
    LIBRARY.impl(name, run, "CompositeExplicitAutograd")
    LIBRARY.impl(name, fallthrough_kernel, "Autograd")
    torch.library.register_fake(f"tracekit::{name}", fake, lib=LIBRARY)


def no_values(*_: Any) -> None:
    """A fake run of an operator that returns nothing."""


def _no_ticket(_: Tensor) -> Tensor:
    shape = (1 + _state.TICKET,)
    return torch.empty(shape, dtype=torch.int64, device="cpu")


LIBRARY.impl("state", _keep, "CompositeExplicitAutograd")
torch.library.register_fake("tracekit::state", no_values, lib=LIBRARY)
for _name, _run, _fake, _rule in (
    ("tap", _observe, no_values, _batched),
    ("ticket", _ticket, _no_ticket, _ticket_batched),
):
    LIBRARY.impl(_name, _run, "CompositeExplicitAutograd")
    LIBRARY.impl(_name, fallthrough_kernel, "Autograd")
    torch.library.register_fake(f"tracekit::{_name}", _fake, lib=LIBRARY)
    torch.library.register_vmap(f"tracekit::{_name}", _rule, lib=LIBRARY)
LIBRARY.impl("tap", _observe_rows, "Batched")
implement("tap_planes", _observe_planes, no_values)
# No kernel of the program is fused with one of what is computed beside it.
implement("held", Tensor.clone, Tensor.clone)
implement("seen", torch.ops.aten.alias.default, torch.ops.aten.alias.default)
HELD = (torch.ops.tracekit.held, torch.ops.tracekit.seen)


@lru_cache(maxsize=1)
def declare_effects() -> None:
    """Let compilers keep the operators; only what compiles pays for it."""
    for name in EFFECTS:
        torch_internals.declare_effect(f"tracekit::{name}", LIBRARY)
    torch_internals.map_effects()
