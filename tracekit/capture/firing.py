"""One firing of a tap, on its way to every recorder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

from tracekit import _state

_HERE = str(Path(__file__).parents[1]) + os.sep


class Origin(NamedTuple):
    """Where a value comes from, if the running program can't say so itself.

    A tap in compiled code fires where no frame of the program stands, and a
    gradient arrives when the scopes around its tap are closed.

    Args:
        file, line: where the tap stands; "" to look at the stack.
        phase: as for ``Event``.
        loops: all loop indices around the tap; None for the open scopes.
    """

    file: str = ""
    line: int = 0
    phase: str = "forward"
    loops: dict[str, int] | None = None


def fire(
    value: Any,
    name: str,
    dims: str,
    unit: str | None,
    where: Any,
    grad: bool,  # noqa: FBT001
) -> None:
    """Bring a tapped value to every recorder, until torch is loaded."""
    if "torch" in sys.modules:
        _state.load_torch_side()
        _state.fire(value, name, dims, unit, where, grad)
        return
    quick = _state.quick
    if (
        quick is None
        or where is not None
        or not quick(value, name, dims, unit)
    ):
        emit(value, name, dims, unit, where)


def emit(
    value: Any,
    name: str,
    dims: str,
    unit: str | None,
    where: Any,
    origin: Origin | None = None,
) -> None:
    """Hand a value, as it is now, to every recorder."""
    for recorder in _state.recorders:
        recorder.observe(value, name, dims, unit, where, origin)


def caller() -> tuple[str, int]:
    """File and line of the program's call, past tracekit's own frames."""
    frame = sys._getframe(2)  # noqa: SLF001 - the documented way to a caller
    while frame.f_back and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno
