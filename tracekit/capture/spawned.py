"""Processes that were spawned while their parent records.

A forked child inherits the recording and writes a part of it. A spawned one
begins anew, and its taps would be lost in silence. So it is told by the
environment, and says so when the first of them fires.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tracekit import _state
from tracekit.capture.selection import Selection

VARIABLE = "TRACEKIT_RECORDING"
_SUFFIX = ".refused"
LOST = (
    "taps fired in spawned processes, which don't inherit a recording; fork "
    'them (multiprocessing_context="fork"), or open record() in them'
)


def announce(root: Path | None) -> str | None:
    """Tell processes that are spawned from now on; what was told before."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = f"{os.getpid()} {root.absolute() if root else ''}"
    return before


def withdraw(before: str | None) -> None:
    """Tell them what was told before."""
    if before is None:
        os.environ.pop(VARIABLE, None)
    else:
        os.environ[VARIABLE] = before


def lost_by_spawned(root: Path) -> str:
    """What the parent says at its end, "" if it lost nothing."""
    return LOST if list(root.glob(f"recording.*{_SUFFIX}")) else ""


def recorder_of_spawned() -> Any:
    """What the first tap of this process goes to, None for nothing.

    A process that multiprocessing spawned imports its program before it knows
    its parent.
    """
    spawned = {"multiprocessing.spawn", "multiprocessing.forkserver"}
    told = os.environ.get(VARIABLE)
    return Unrecorded(told) if told and spawned & sys.modules.keys() else None


class Unrecorded:
    """Takes the place of a recorder until the first tap, and takes nothing.

    Args:
        told: what the parent told.
    """

    selection = Selection()
    small = passes = quick = later = beside = None
    asked: Mapping[str, bool] = _state.Everything()
    passed: set[Any] = set()  # noqa: RUF012 - nobody adds to it

    def __init__(self, told: str) -> None:
        self._parent, _, self._root = told.partition(" ")

    def observe(self, *_: Any) -> None:
        """If the parent records, say so: here and in its directory."""
        _state.deactivate(self)  # type: ignore[arg-type]
        processes = sys.modules.get("multiprocessing.process")
        parent = processes and processes.parent_process()
        if not parent or str(parent.pid) != self._parent:
            return
        import structlog  # 0.1 s to load, and needed only here

        structlog.get_logger("tracekit").error(LOST, process=os.getpid())
        if self._root and Path(self._root).is_dir():
            mark = f"recording.spawn{os.getpid()}{_SUFFIX}"
            (Path(self._root) / mark).touch()

    def wants(self, _: str) -> bool:
        """So its tap fires, and this says what became of it."""
        return True

    def state(self, *_: Any, **__: Any) -> None:
        """A fact is the parent's to state; a tap will follow."""

    def read_file(self, *_: Any) -> None:
        """The same."""
