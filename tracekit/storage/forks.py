"""When a process may be forked: never while a recording writes."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from weakref import WeakSet

FORK_SECONDS = 10


class OpenFile(Protocol):
    """A file of Python or pyarrow."""

    @property
    def closed(self) -> bool:
        """Whether it has no handle any more."""

    def fileno(self) -> int:
        """Its handle."""


def let_go(file: OpenFile) -> None:
    """Hold a file of the parent's no longer; its room is the parent's.

    What was about to be written to it goes nowhere.
    """
    if not file.closed:
        with Path(os.devnull).open("r+b") as nowhere:
            os.dup2(nowhere.fileno(), file.fileno(), inheritable=False)


class Writing(Protocol):
    """What writes, and holds its lock as long as it does."""

    lock: threading.Lock

    def leave(self) -> None:
        """Hold no file of the parent's, in a child that was forked."""


class Forks:
    """Lets no process be forked while a store writes.

    A lock that another thread holds at a fork, of an import for one, is
    never opened in the child.
    """

    def __init__(self) -> None:
        self.stores: WeakSet[Writing] = WeakSet()
        self._one = threading.RLock()
        self._held: list[threading.Lock] = []
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self._wait,
                after_in_parent=self._go_on,
                after_in_child=self._leave,
            )

    def _wait(self) -> None:
        self._one.acquire()
        for store in tuple(self.stores):
            # a signal's handler may fork while its own thread writes
            if store.lock.acquire(timeout=FORK_SECONDS):
                self._held.append(store.lock)

    def _leave(self) -> None:
        try:
            for store in tuple(self.stores):
                with suppress(OSError):  # no handle is left, or no /dev/null
                    store.leave()
        finally:
            self._go_on()

    def _go_on(self) -> None:
        for lock in self._held:
            lock.release()
        self._held.clear()
        self._one.release()


forks = Forks()
