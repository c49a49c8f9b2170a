"""The process-wide state, all of it: who records, and in which scope we are.

Plain globals on purpose. A tap that is off costs one test of ``recording``;
reading a context variable there would break ``torch.compile(fullgraph=True)``
even when nothing records, so scopes are read only while something does.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from tracekit.errors import TapError

if TYPE_CHECKING:
    from tracekit.capture.recorder import Recorder


@dataclass(slots=True, eq=False)
class Scope:
    """One level of nesting and its loop indices.

    Args:
        name: of the loop or the block.
        indices: by dim, where it is, or where the block begins.
        lengths: by dim, how many indices the block has, where it says so.
        beside: ``passed`` of a recorder that selects nothing in the block.
    """

    name: str
    indices: Mapping[str, int]
    lengths: Mapping[str, int]
    beside: set[Any] | None = None


class Everything(dict[str, bool]):
    """Of recorders that decide themselves: every tap has to be shown."""

    def __missing__(self, name: str) -> bool:
        return True


unrecorded: Any = None  # what a spawned child of a recording program has
recording = False
recorders: tuple[Recorder, ...] = ()
lock = threading.Lock()
scopes: ContextVar[tuple[Scope, ...]] = ContextVar("scopes", default=())
# Loop indices of the scopes that a torch tracer is inside, inner ones last. It
# runs a scope once for all calls to come, so indices become arguments of the
# taps in the graph. An attribute of a module, because Dynamo refuses writes
# to lists under checkpoints and misreads those to objects behind hooks.
traced: tuple[tuple[str, Any], ...] = ()
torch_side: ModuleType | None = None
# Code of what programs call here. Where Dynamo gives up on a function it
# compiles all that that calls, one by one, but a tap or a scope alone has
# neither its loop indices nor its line.
entries: set[CodeType] = set()
# How a tap reaches the recorders: firing.fire, or torch_taps.fire where torch
# is loaded.
fire: Callable[..., None]
# Takes small values on a short way; says of values that they leave no event;
# takes those of which little is selected; takes calls of compiled code that
# are computed later; says of a tap that fires whether it is recorded: of the
# only recorder that is active, if it has them. A forked child has none until
# its recorder has seen the fork.
Passes = Callable[[Any, str, str, str | None, Any], bool]
Quick = Callable[..., bool]
Later = Callable[[Any], bool]
small: Quick | None = None
passes: Passes | None = None
quick: Quick | None = None
later: Later | None = None
asked: Mapping[str, bool] = Everything()
# What is known to leave nothing in a block of which the only recorder selects
# nothing, as its scope says (``Scope.beside``): names of taps, and programs of
# taps in compiled code. Asked when a scope says where its block ends.
passed: set[Any] = set()
beside: Callable[..., set[Any] | None] | None = None
# Which elements compiled code hands to its taps: of the only recorder that is
# active the pixel dims and room for how many pixels, else "" for all. Dynamo
# guards on it; which pixels they are, the code asks while it runs.
layout = ""
# What compiled code says that it called, see calls.py.
called: set[str] = set()
# Names of loop indices that were open together, for tickets; they only grow.
nestings: list[tuple[str, ...]] = []
TICKET = 16


def loops() -> dict[str, int]:
    """Loop indices of the open scopes, inner ones win."""
    return indices(scopes.get())


def indices(levels: tuple[Scope, ...]) -> dict[str, int]:
    """Loop indices of scopes, inner ones win."""
    found: dict[str, int] = {}
    for level in levels:
        found.update(level.indices)
    return found


def lengths(levels: tuple[Scope, ...]) -> dict[str, int]:
    """How many indices scopes have along dims that they bound.

    A single index of an inner one bounds none.
    """
    found: dict[str, int] = {}
    for level in levels:
        if found or level.lengths:
            for dim in level.indices:
                found.pop(dim, None)
            found.update(level.lengths)
    return found


def ticket() -> list[int]:
    """The open scopes' loop indices as 1 + ``TICKET`` whole numbers.

    They travel through compiled code to where the scopes are closed: to a
    backward pass.

    Raises:
        TapError: more indices are open than a ticket holds.
    """
    found = loops()
    if len(found) > TICKET:
        raise TapError(
            f"{len(found)} loop indices are open around a tap with grad=True "
            f"in compiled code, which holds {TICKET}; open fewer scopes"
        )
    names = tuple(found)
    with lock:
        if names not in nestings:
            nestings.append(names)
        number = nestings.index(names)
    return [number, *found.values(), *[0] * (TICKET - len(found))]


def loops_of(numbers: list[int]) -> dict[str, int]:
    """The loop indices that a ticket stands for."""
    return dict(zip(nestings[numbers[0]], numbers[1:], strict=False))


def load_torch_side() -> Any:
    """What taps need where torch is loaded, None where it isn't.

    torch is never imported for a program that doesn't use it.
    """
    global torch_side, fire
    if torch_side is None and "torch" in sys.modules:
        from tracekit.capture import torch_taps, traced_taps

        torch_side, fire = traced_taps, torch_taps.fire
    elif torch_side is None:
        from tracekit.capture import firing

        fire = firing.fire
    return torch_side


class _DynamoComes:
    """Sees a program that is recorded load what compiles it."""

    @staticmethod
    def find_spec(name: str, *_: Any) -> None:
        """Find nothing."""
        if name == "torch._dynamo" and recording:
            load_torch_side().begin()


def activate(recorder: Recorder) -> None:
    """Send every tap to this recorder too."""
    side = load_torch_side()
    if side is not None:
        side.begin()
    elif _DynamoComes not in sys.meta_path:
        sys.meta_path.insert(0, _DynamoComes)
    with lock:
        _send_to((*(r for r in recorders if r is not unrecorded), recorder))


def deactivate(recorder: Recorder) -> None:
    """Send no more taps to this recorder."""
    with lock:
        _send_to(tuple(r for r in recorders if r is not recorder))
        if torch_side is not None and not recorders:
            torch_side.rest()


def _send_to(those: tuple[Recorder, ...]) -> None:
    global recording, recorders, layout
    recorders = those
    layout = those[0].selection.layout if len(those) == 1 else ""
    find_quick()
    recording = bool(those)


def find_quick() -> None:
    """Take the short ways from the recorder that has them."""
    global small, passes, quick, later, asked, passed, beside
    _forget_quick()
    if len(recorders) == 1:
        (alone,) = recorders
        small, passes, quick = alone.small, alone.passes, alone.quick
        later, asked = alone.later, alone.asked
        passed, beside = alone.passed, alone.beside


def _forget_quick() -> None:
    global small, passes, quick, later, asked, passed, beside
    small = passes = quick = later = beside = None
    asked, passed = Everything(), set()


def _inherit() -> None:
    """In a process that was spawned by one that records: let taps say so."""
    global unrecorded, fire
    if "TRACEKIT_RECORDING" not in os.environ:
        return
    from tracekit.capture import firing
    from tracekit.capture.spawned import recorder_of_spawned

    unrecorded = recorder_of_spawned()
    if unrecorded is not None:
        fire = firing.fire
        _send_to((unrecorded,))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_quick)
_inherit()
