"""Closes a trace that its program didn't close."""

from __future__ import annotations

from pathlib import Path

from tracekit.errors import TraceError
from tracekit.storage.closing import write_recording
from tracekit.storage.directory import held
from tracekit.storage.stored_tables import damage_told
from tracekit.storage.survey import Survey
from tracekit.storage.trace import Trace, is_trace, open_trace
from tracekit.storage.unfinished import (
    is_unfinished,
    read_unfinished,
    remove_unfinished,
    streams_of,
)


def repair(path: str | Path) -> Trace:
    """Make a finished trace of a recording that was killed.

    Events, facts and files that were flushed are stored as an ordinary end
    would have stored them; the run's fact ``recording`` tells that it was cut.
    A trace that is whole stays as it is.

    Raises:
        RecordingError: its program still records.
        TraceError: there is no trace, nothing was flushed of it, or the disk
            is full.
    """
    root = Path(path)
    if not is_trace(root) and not is_unfinished(root):
        raise TraceError(f"{root} holds no trace, finished or not")
    with held(root):
        if not is_trace(root):
            with damage_told(root):
                survey = Survey(streams_of(root))
                left = read_unfinished(root, survey.events)
            try:
                write_recording(root, survey, **left)
            except OSError as error:
                raise TraceError(
                    f"{root} can't be repaired: {error}. Its events are kept "
                    "there; make room and repair it again"
                ) from error
        remove_unfinished(root)
    return open_trace(root)
