"""Signals that would end us end the program that we run, and we go on."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def passed_on(process: Callable[[], int | None]) -> Iterator[None]:
    """Pass signals on, so that what the program printed is kept as a trace.

    Control-C at a terminal reaches the program by itself. Outside of the
    main thread Python can't watch signals, and all is as it was.

    Args:
        process: the number of the program's process, None if it is gone.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def pass_on(number: int, frame: FrameType | None) -> None:
        del frame
        target = process()
        if target is None or (number == signal.SIGINT and _at_terminal()):
            return
        with suppress(ProcessLookupError):
            os.kill(target, number)

    before = {number: signal.getsignal(number) for number in _ENDING}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, pass_on)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _at_terminal() -> bool:
    """Whether we are the ones that a terminal's keys go to."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
