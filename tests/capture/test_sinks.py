"""Where events go besides the trace."""

from __future__ import annotations

import json

import numpy as np
import pytest
import structlog

import tracekit as tk
from tests.helpers import recorded
from tracekit.capture.sinks import StructlogSink
from tracekit.errors import RecordingError
from tracekit.schema import Event


def test_structlog_gets_one_line_an_event() -> None:
    """A line has the tap, its coordinate, unit and first values."""
    with structlog.testing.capture_logs() as lines:

        def program() -> None:
            with tk.scope("phi", phi=3):
                tk.tap(np.arange(20.0), "t", "slow", unit="m")
            tk.tap(1, "n")

        recorded(program, sinks=[StructlogSink(limit=2)])
    assert lines == [
        {
            "event": "tap",
            "log_level": "info",
            "tap": "t",
            "coordinate": {"phi": 3, "slow": "0:20"},
            "values": [0.0, 1.0],
            "elements": 20,
            "dtype": "float64",
            "unit": "m",
        },
        {
            "event": "tap",
            "log_level": "info",
            "tap": "n",
            "coordinate": {},
            "values": [1],
            "elements": 1,
            "dtype": "int64",
            "unit": None,
        },
    ]


def test_bound_context_travels_into_the_events() -> None:
    """What structlog has bound stands at each event, as JSON."""

    def program() -> None:
        tk.tap(1.0, "before")
        with structlog.contextvars.bound_contextvars(crystal="P1", shot=3):
            tk.tap(1.0, "inside")

    rows = recorded(program).tables["event"].to_pylist()
    assert rows[0]["context"] == ""
    assert json.loads(rows[1]["context"]) == {"crystal": "P1", "shot": 3}


class Collected:
    """A sink that keeps what it gets."""

    def __init__(self) -> None:
        self.taps: list[str] = []
        self.closed = 0

    def write(self, event: Event) -> None:
        """Keep the name."""
        self.taps.append(event.tap)

    def close(self) -> None:
        """Count."""
        self.closed += 1


def test_every_sink_gets_every_selected_event_and_is_closed() -> None:
    """A sink sees what the trace sees, also when the program fails."""
    sinks = [Collected(), Collected()]

    def program() -> None:
        for name in ("a1", "b", "a2"):
            tk.tap(1.0, name)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        recorded(program, sinks=sinks, taps=["a*"])
    assert [sink.taps for sink in sinks] == [["a1", "a2"]] * 2
    assert [sink.closed for sink in sinks] == [1, 1]


def test_sinks_may_come_one_by_one() -> None:
    """What gives them only once is asked once."""
    sink = Collected()
    with tk.record(sinks=(each for each in [sink])):  # type: ignore[arg-type]
        tk.tap(1.0, "t")
    assert (sink.taps, sink.closed) == (["t"], 1)


def test_a_hash_is_shown_as_its_text() -> None:
    """Statistics of a reduced tap are lines as any."""
    with structlog.testing.capture_logs() as lines:
        sinks = [tk.sinks.StructlogSink()]
        with tk.record(reduce=["t"], sinks=sinks) as recording:
            tk.tap([1.0, 2.0], "t", "n")
    shown = {line["tap"]: line for line in lines}
    assert shown["t"]["elements"] == 0
    assert shown["t.max"]["values"] == [2.0]
    (text,) = shown["t.hash"]["values"]
    number = recording.trace.taps.index("t.hash")
    assert recording.trace.elements(number)["text"].to_pylist() == [text]
    assert shown["t.hash"]["elements"] == 1


def test_what_is_no_sink_is_refused_before_anything_is_recorded() -> None:
    """A function, or a sink that stands in no list."""
    for sinks in ([print], StructlogSink(), print):
        with (
            pytest.raises(RecordingError, match="expected a list of objects"),
            tk.record(sinks=sinks),  # type: ignore[arg-type]
        ):
            raise AssertionError
