"""One firing of a tap, on its way to every recorder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from threading import get_ident
from time import time_ns
from typing import Any, NamedTuple

from tracekit import _state
from tracekit.capture.context import bound

_HERE = str(Path(__file__).parents[1]) + os.sep


class Moment(NamedTuple):
    """When a tap fired, and in which thread and context."""

    time_ns: int
    thread: int
    context: str

    @classmethod
    def now(cls) -> Moment:
        """This one."""
        return cls(time_ns(), get_ident(), bound())


class Origin(NamedTuple):
    """Where a value comes from, if the running program can't say so itself.

    A tap in compiled code fires where no frame of the program stands, and a
    gradient arrives when the scopes around its tap are closed.

    Args:
        file, line: where the tap stands; "" to look at the stack.
        phase: as for ``Event``.
        loops: all loop indices around the tap; None for the open scopes.
        moment: when it fired; None for now.
    """

    file: str = ""
    line: int = 0
    phase: str = "forward"
    loops: dict[str, int] | None = None
    moment: Moment | None = None


FORWARD = Origin()


class Firing(NamedTuple):
    """A value, as it is now, and what its tap says of it.

    Args:
        value, name, dims, unit, where, axes: as for ``tap``.
        origin: where it comes from, None from a tap that runs now.
    """

    value: Any
    name: str
    dims: str
    unit: str | None
    where: Any = None
    origin: Origin | None = None
    axes: tuple[int, ...] | None = None


def fire(
    value: Any,
    name: str,
    dims: str,
    unit: str | None,
    where: Any,
    grad: bool,  # noqa: FBT001
    axes: tuple[int, ...] | None = None,
) -> None:
    """Bring a tapped value to every recorder, until torch is loaded."""
    if "torch" in sys.modules:
        _state.load_torch_side()
        _state.fire(value, name, dims, unit, where, grad, axes)
        return
    small, passes, quick = _state.small, _state.passes, _state.quick
    if small is not None and small(value, name, dims, unit, where, axes):
        return
    if not _state.asked[name] or (
        name in _state.passed
        and (levels := _state.scopes.get())
        and levels[-1].beside is _state.passed
    ):
        return
    if (passes is None or not passes(value, name, dims, unit, axes)) and (
        quick is None or not quick(value, name, dims, unit, where, axes)
    ):
        emit(value, name, dims, unit, where, None, axes)


def emit(
    value: Any,
    name: str,
    dims: str,
    unit: str | None,
    where: Any,
    origin: Origin | None = None,
    axes: tuple[int, ...] | None = None,
) -> None:
    """Hand a value, as it is now, to every recorder."""
    observe(Firing(value, name, dims, unit, where, origin, axes))


def observe(firing: Firing) -> None:
    """The same of a firing."""
    for recorder in _state.recorders:
        recorder.observe(firing)


def caller(ours: int) -> tuple[str, int]:
    """File and line of the program's call, past tracekit's own frames.

    Args:
        ours: how many frames above the one that asks are tracekit's at least;
            to look at a frame is slow where an audit hook is told of it.
    """
    frame = sys._getframe(ours + 1)  # noqa: SLF001 - the documented way
    while frame.f_back and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno
