"""What ends with its block, or with the program where no block ends.

A block that is entered by hand may never be left, and a daemon thread stops in
the middle of one. A recording has threads to wait for, and Python, once it
ends, has stopped them. So what is still open is ended before.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import FrameType, TracebackType
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 10.0  # seconds that the end of a program waits for a thread


class EndOfProgram(Exception):  # noqa: N818 - no error, it is how one ended
    """The program ended before a block of it did."""


class Ending(ExitStack):
    """Leaves what it entered, with the program at the latest.

    Args:
        does: what its block does, for who has not left it.
    """

    def __init__(self, does: str) -> None:
        super().__init__()
        self.does = does
        self.lock = threading.RLock()

    def enter_context(self, cm: AbstractContextManager[T]) -> T:
        """Enter what is left with the block; an empty one needs no end."""
        entered = super().enter_context(cm)
        _open[self] = None
        _end_with_worker()
        return entered

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if sys.is_finalizing():
            return False  # as after a kill: the threads are gone
        with self.lock:  # the end of the program waits for it
            try:
                return bool(super().__exit__(kind, error, trace))
            finally:
                _open.pop(self, None)


_open: dict[Ending, None] = {}
_workers: set[int] = set()


def _end_all() -> None:
    process, first = os.getpid(), None
    for ending in [*reversed(_open)]:
        try:
            with _no_endless_wait():
                how = _end(ending)
        except BaseException as error:  # others have to end as well
            how = (
                f"could not be ended ({type(error).__name__}: {error}). What "
                "it wrote to a disk is kept, as after a kill: 'tracekit "
                "repair' makes a trace of it"
            )
            if not isinstance(error, Exception):
                first = first or error
        if os.getpid() != process:  # a child that a sink's close forked
            if isinstance(first, SystemExit):
                return  # it is ending
            break
        if how:
            _tell(f"the block that {ending.does} {how}")
    if first is not None:
        raise first


def _end(ending: Ending) -> str:
    """End it unless a thread does; how it ended, "" if the thread did."""
    if not ending.lock.acquire(timeout=PATIENCE):
        raise EndOfProgram(f"a thread has been leaving it for {PATIENCE:g} s")
    try:
        if ending not in _open:
            return ""
        end = EndOfProgram("nobody left the block")
        ending.__exit__(EndOfProgram, end, None)
    finally:
        ending.lock.release()
    notes: list[str] = getattr(end, "__notes__", [])
    told = (
        "ended with the program, since nobody left the block before: use "
        "'with', and end the generator or join the thread that is inside"
    )
    return "\n".join([told, *notes])


def _tell(what: str) -> None:
    try:
        import structlog  # who records has it, 'import tracekit' has not

        structlog.get_logger("tracekit").warning(what)
    except Exception:  # the program has closed its output
        print(what, file=sys.stderr)


@contextmanager
def _no_endless_wait() -> Iterator[None]:
    """Interrupts the main thread where it waits without doing anything.

    Whom it waits for may wait for the main thread, which never comes. A long
    end that works, or looks again and again, takes its time. Without signals
    (Windows, another thread) nothing is interrupted.
    """
    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
    ):
        yield
        return
    last: object = None

    def look(_: int, frame: FrameType | None) -> None:
        nonlocal last
        at = frame and frame.f_lasti
        before, last = last, (frame, at, round(time.thread_time(), 2))
        if last == before:
            raise EndOfProgram(
                f"it waits for a thread, for {PATIENCE:g} s at the least"
            )

    handler = signal.signal(signal.SIGALRM, look)
    timer = signal.setitimer(signal.ITIMER_REAL, PATIENCE, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler or signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, *timer)


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
