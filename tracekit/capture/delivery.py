"""Brings what is taken to the store and the sinks, in the program's order."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from functools import partial

from tracekit.capture.expectation import Expectation
from tracekit.capture.sampling import Sampling
from tracekit.capture.sinks import Sink
from tracekit.capture.taking import Found
from tracekit.capture.transfers import Copies, Transfers
from tracekit.errors import RecordingError, RecordingStopped
from tracekit.schema import Event
from tracekit.storage.live import Store
from tracekit.storage.messages import LARGE
from tracekit.storage.unfinished import Fact

STOPPED = "stopped at"


class Delivery:
    """The way of events, from any thread.

    Args:
        store: where they wait for the end.
        sinks: where they go as well.
        sampling: which one ends the recording.
        expectation: notes which taps left one.
        views: the store has a large value before the program changes it.
    """

    def __init__(
        self,
        store: Store,
        sinks: Sequence[Sink],
        sampling: Sampling,
        expectation: Expectation,
        *,
        views: bool,
    ) -> None:
        self.store = store
        self.stopped: RecordingStopped | None = None
        self._sinks = sinks
        self._sampling = sampling
        self._expectation = expectation
        self._views = views and not sinks and not sampling.stops
        self._closed = False
        self._lock = threading.Lock()
        self._transfers = Transfers()
        self._process = os.getpid()

    def is_forked(self) -> bool:
        """Whether this is a forked child that was not yet asked.

        It writes a part of its own from here on.
        """
        if os.getpid() == self._process:
            return False
        self._lock = threading.Lock()  # another thread may have held it
        self._process = os.getpid()
        self._transfers = Transfers()
        self.store = self.store.forked()
        return True

    def copies_later(self, found: Found) -> bool:
        """Whether its elements come from a GPU while the program goes on."""
        return (
            found.whole is None
            and not self._sampling.stops
            and found.lies_on_gpu()
        )

    def later(self, found: Found) -> None:
        """Take the event of what lies on a GPU, as it is now."""
        copies = Copies()
        try:
            copied = found.each(copies.of)
        except sys.modules["torch"].OutOfMemoryError:
            self.now(found)  # no room there: the program waits for the way
            return

        def bring() -> None:
            try:
                home = copied.each(copies.home)
            except RuntimeError as error:
                about = copied.about
                raise RecordingError(
                    f"tap {about['tap']!r}, {about['file']}:{about['line']}: "
                    "its values couldn't be copied from the GPU, which tells "
                    f"here of what failed before the tap as well: {error}"
                ) from error
            self._deliver(home.events())

        self._transfers.put(bring, copies.size)

    def now(self, found: Found) -> list[Event]:
        """Take the events, behind all that come from a GPU."""
        view = (
            self._views
            and not self._transfers.started
            and getattr(found.selected.value, "nbytes", 0) >= LARGE
        )
        events = found.events(copy=not view)
        if self._transfers.started:
            self._transfers.put(partial(self._deliver, events))
        else:
            self._deliver(events)
        return events

    def _deliver(self, events: Sequence[Event]) -> None:
        """Keep the events of one firing, and end the block if they say so."""
        with self._lock:
            if self.stopped is not None:
                raise self.stopped  # in another thread, or it was caught
            if self._closed:
                return  # fired in another thread as the block ended
            for event in events:
                self._expectation.recorded(event.tap)
                self.store.write(event)
                for sink in self._sinks:
                    sink.write(event)
            if self._sampling.stops:
                self._stop_at(events)

    def _stop_at(self, events: Sequence[Event]) -> None:
        for event in events:
            reason = self._sampling.stop_reason(event)
            if reason:
                self._closed = True
                self.stopped = RecordingStopped(
                    f"{STOPPED} tap {event.tap!r}, "
                    f"{event.file}:{event.line}: {reason}"
                )
                self.store.tell_end(str(self.stopped))
                raise self.stopped

    def keep(self, fact: Fact) -> None:
        """Keep a fact about the run."""
        with self._lock:
            if not self._closed:
                self.store.keep(fact)

    def end(self) -> BaseException | None:
        """Deliver what is on its way, and take no more.

        Returns:
            Why no event was taken from there on, where one came from a GPU.
        """
        broken = self._transfers.close()
        with self._lock:
            self._closed = True
        return broken

    def close_sinks(self) -> None:
        """Tell the sinks that the recording has ended."""
        for sink in self._sinks:
            sink.close()
