"""Which firings are recorded, and which one ends the recording."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np

from tracekit.errors import RecordingError
from tracekit.schema import STATISTIC, Event

When = Callable[[str, Mapping[str, int]], bool]
Stop = Literal["nan", "inf"] | Callable[[Event], bool]

_BAD = {"nan": np.isnan, "inf": np.isinf}


class Sampling:
    """Takes every n-th firing of a tap that a predicate admits.

    Args:
        every: 1 takes all.
        when: gets the tap's name and the loop indices around it.
        stop_when: "nan" or "inf" stop at the first event that holds one, a
            predicate at the first event that it is true of.

    Raises:
        RecordingError: every is no positive integer, when no predicate,
            stop_when no such word.
    """

    def __init__(
        self,
        every: int = 1,
        when: When | None = None,
        stop: Stop | None = None,
    ) -> None:
        if not isinstance(every, int) or every < 1:
            raise RecordingError(f"every={every!r}: expected 1, 2, 3, ...")
        if when is not None and not callable(when):
            raise RecordingError(
                f"when={when!r}: expected a predicate of a tap's name and the "
                "loop indices around it"
            )
        if stop is not None and not callable(stop) and stop not in _BAD:
            raise RecordingError(
                f'stop_when={stop!r}: expected "nan", "inf" or a predicate'
            )
        _check("when", when, "the tap's name and its loop indices", "t", {})
        _check("stop_when", stop, "the event", None)
        self._every, self._when, self._stop = every, when, stop
        self._fired: dict[str, int] = {}

    @property
    def takes_all(self) -> bool:
        """Whether no firing is left out and none ends the recording."""
        return self._every == 1 and self._when is None and self._stop is None

    @property
    def stops(self) -> bool:
        """Whether an event may end the recording: it must be seen at once."""
        return self._stop is not None

    def takes(self, name: str, loops: Mapping[str, int]) -> bool:
        """Whether this firing is recorded; every firing must ask, once."""
        if self._when is not None and not self._when(name, loops):
            return False
        if self._every == 1:
            return True
        count = self._fired[name] = self._fired.get(name, -1) + 1
        return count % self._every == 0

    def stop_reason(self, event: Event) -> str:
        """Why the recording ends with this event, "" if it goes on."""
        if self._stop is None:
            return ""
        if callable(self._stop):
            return "stop_when is true of it" if self._stop(event) else ""
        if event.family == STATISTIC:
            bad = event.tap.endswith(f".{self._stop}") and event.values.any()
        else:
            bad = (
                event.kind == "float" and _BAD[self._stop](event.values).any()
            )
        return f"it holds {self._stop}" if bad else ""


def _check(option: str, predicate: Any, gets: str, *given: object) -> None:
    """Refuse a predicate that can't be called so, before the program runs."""
    if not callable(predicate):
        return
    try:
        signature = inspect.signature(predicate)
    except (TypeError, ValueError):  # of C, which doesn't say
        return
    try:
        signature.bind(*given)
    except TypeError as error:
        raise RecordingError(
            f"{option}={predicate!r}: it is called with {gets} ({error})"
        ) from error
