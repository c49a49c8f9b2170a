"""What ends with its block, or with the program where no block ends.

A block that is entered by hand may never be left, and a daemon thread stops in
the middle of one. A recording has threads to wait for, and Python, once it
ends, has stopped them. So what is still open is ended before.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from contextlib import ExitStack
from types import TracebackType
from typing import Self


class EndOfProgram(Exception):  # noqa: N818 - no error, it is how one ended
    """The program ended before a block of it did."""


class Ending(ExitStack):
    """Leaves what it entered once, whoever comes first.

    Args:
        does: what its block does, for who has not left it.
    """

    def __init__(self, does: str) -> None:
        super().__init__()
        self.does = does
        self.lock = threading.RLock()

    def __enter__(self) -> Self:
        _open[self] = None
        _end_with_worker()
        return super().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        with self.lock:  # whoever comes second waits for the end
            if sys.is_finalizing():
                return False  # as after a kill: the threads are gone
            try:
                return bool(super().__exit__(kind, error, trace))
            finally:
                _open.pop(self, None)


_open: dict[Ending, None] = {}
_workers: set[int] = set()


def _end_all() -> None:
    for ending in [*reversed(_open)]:
        with ending.lock:  # a thread may be about to leave the block
            if ending in _open:
                _end(ending)


def _end(ending: Ending) -> None:
    end = EndOfProgram("nobody left the block")
    try:
        ending.__exit__(EndOfProgram, end, None)
    except Exception as error:  # others have to end as well
        end.add_note(f"tracekit: {error}")
    import structlog  # 0.1 s to load, and needed only here

    told = (
        f"the program ended, and nobody left the block that {ending.does}; it "
        "was ended. Write 'with tk.record(...):'"
    )
    notes: list[str] = getattr(end, "__notes__", [])
    structlog.get_logger("tracekit").warning("\n".join([told, *notes]))


def _end_with_worker() -> None:
    """In a child that multiprocessing began, which ends without ``atexit``."""
    processes = sys.modules.get("multiprocessing.process")
    if processes is None or processes.parent_process() is None:
        return
    if os.getpid() not in _workers:
        from multiprocessing.util import Finalize

        _workers.add(os.getpid())
        Finalize(None, _end_all, exitpriority=0)


def _begin_child() -> None:
    """In a forked child: what its parent began is the parent's to end."""
    for ending in _open:
        ending.lock = threading.RLock()
    _open.clear()


def watch() -> None:
    """End what is open when the program ends.

    Called as tracekit is loaded: what the program registers itself, to leave
    a block for one, comes before.
    """
    atexit.register(_end_all)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_begin_child)
