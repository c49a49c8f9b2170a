"""When a process may be forked: never while a recording writes."""

from __future__ import annotations

import os
import threading
from typing import Protocol
from weakref import WeakSet

FORK_SECONDS = 10


class Writing(Protocol):
    """What writes, and holds its lock as long as it does."""

    lock: threading.Lock


class Forks:
    """Lets no process be forked while a store writes.

    A lock that another thread holds at a fork, of pyarrow while it imports
    pandas for one, is never opened in the child.
    """

    def __init__(self) -> None:
        self.stores: WeakSet[Writing] = WeakSet()
        self._one = threading.RLock()
        self._held: list[threading.Lock] = []
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self._wait,
                after_in_parent=self._go_on,
                after_in_child=self._go_on,
            )

    def _wait(self) -> None:
        self._one.acquire()
        for store in tuple(self.stores):
            # a signal's handler may fork while its own thread writes
            if store.lock.acquire(timeout=FORK_SECONDS):
                self._held.append(store.lock)

    def _go_on(self) -> None:
        for lock in self._held:
            lock.release()
        self._held.clear()
        self._one.release()


forks = Forks()
