"""Where events go besides the trace, one call an event."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from tracekit.errors import RecordingError
from tracekit.schema import Event
from tracekit.storage.columns import element_count


class Sink(Protocol):
    """Takes every recorded event, in program order, one at a time."""

    def write(self, event: Event) -> None:
        """Take one event."""
        ...

    def close(self) -> None:
        """The recording has ended."""
        ...


def checked(sinks: Any) -> tuple[Sink, ...]:
    """Sinks, as a user gives them.

    Raises:
        RecordingError: it is no list, or something else is among them.
    """
    several = isinstance(sinks, Iterable)
    found = tuple(sinks) if several else (sinks,)
    for sink in found:
        lacking = [n for n in ("write", "close") if not hasattr(sink, n)]
        if lacking or not several:
            raise RecordingError(
                f"sinks={sinks!r}: expected a list of objects with "
                f"write(event) and close(), as of tracekit.sinks"
            )
    return found


class StructlogSink:
    """Writes one structured line an event; long values show where they begin.

    Args:
        logger: a structlog logger; by default ``get_logger("tracekit")``.
        limit: how many elements a line shows.
    """

    def __init__(self, logger: Any = None, limit: int = 9) -> None:
        import structlog  # 0.1 s to load, and needed only here

        self._logger = logger or structlog.get_logger("tracekit")
        self._limit = limit

    def write(self, event: Event) -> None:
        """Log one event."""
        coordinate = {
            axis.dim: axis.origin
            if axis.extent == 1
            else f"{axis.origin}:{axis.origin + axis.extent}"
            for axis in event.axes
        }
        if event.kind == "text":
            shown = list(event.text or ())[: self._limit]
        else:
            shown = event.values[: self._limit].tolist()
        self._logger.info(
            "tap",
            tap=event.tap,
            coordinate=coordinate,
            values=shown,
            elements=element_count(event),
            dtype=event.dtype,
            unit=event.unit,
        )

    def close(self) -> None:
        """Nothing to end."""
