"""The process-wide state, all of it: who records, and in which scope we are.

Plain globals on purpose. A tap that is off costs one test of ``recording``;
reading a context variable there would break ``torch.compile(fullgraph=True)``
even when nothing records, so scopes are read only while something does.
"""

from __future__ import annotations

import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tracekit.capture.recorder import Recorder


class Scope(NamedTuple):
    """One level of nesting and its loop indices."""

    name: str
    indices: tuple[tuple[str, int], ...]


recording = False
recorders: tuple[Recorder, ...] = ()
lock = threading.Lock()
scopes: ContextVar[tuple[Scope, ...]] = ContextVar("scopes", default=())


def activate(recorder: Recorder) -> None:
    """Send every tap to this recorder too."""
    global recording, recorders
    with lock:
        recorders = (*recorders, recorder)
        recording = True


def deactivate(recorder: Recorder) -> None:
    """Send no more taps to this recorder."""
    global recording, recorders
    with lock:
        recorders = tuple(r for r in recorders if r is not recorder)
        recording = bool(recorders)
