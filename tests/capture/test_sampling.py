"""Sampled recordings, and recordings that end at a bad value."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracekit as tk
from tests.helpers import cells, recorded, stored
from tracekit.errors import RecordingError, RecordingStopped


def program() -> None:
    """Two taps in ten steps."""
    for step in range(10):
        with tk.scope("time", step=step):
            tk.tap(step, "n")
            tk.tap(float(step), "x")


def steps(trace: tk.Trace, name: str) -> list[int]:
    """The steps at which a tap was recorded."""
    return sorted(dict(place)["step"] for place in cells(trace, name))


def test_every_nth_firing_of_each_tap_is_taken() -> None:
    """Taps are counted one by one, and keep their coordinates."""
    trace = recorded(program, every=4)
    assert steps(trace, "n") == steps(trace, "x") == [0, 4, 8]


def test_a_predicate_chooses_by_name_and_loop_indices() -> None:
    """What it refuses isn't counted by every= either."""
    trace = recorded(
        program,
        every=2,
        when=lambda name, loops: name == "n" and loops["step"] > 4,
    )
    assert trace.taps == ("n",)
    assert steps(trace, "n") == [5, 7, 9]


@pytest.mark.parametrize("path", [None, "a.trace"])
@pytest.mark.parametrize(
    ("stop_when", "value"),
    [
        ("nan", np.nan),
        ("inf", -np.inf),
        (lambda event: event.tap == "x" and event.values[0] > 5, 6.0),
    ],
)
def test_a_bad_value_ends_the_run(
    tmp_path: Path, path: str | None, stop_when: Any, value: float
) -> None:
    """The block is left at once, and the trace ends with that event."""
    reached = []
    with tk.record(
        path and tmp_path / path, stop_when=stop_when, expect=["later"]
    ) as recording:
        for x in (1, 1.0, value, 2.0):
            reached.append(x)
            tk.tap(x, "x")
    trace = recording.trace
    assert reached[-1] is value
    assert len(reached) == 3
    assert trace.tables["event"].num_rows == 3
    facts = dict(trace.tables["run"].to_pylist()[0]["facts"])
    assert facts["recording"].startswith("stopped at tap 'x'")


def test_who_catches_the_end_meets_it_again() -> None:
    """At the next tap, of the main thread if another one saw the value."""
    reached = []

    def bad() -> None:
        with suppress(RecordingStopped):
            tk.tap(np.nan, "x")

    with tk.record(stop_when="nan") as recording:
        thread = threading.Thread(target=bad)
        thread.start()
        thread.join()
        reached.append(1)
        tk.tap(1.0, "y")
        reached.append(2)
    assert reached == [1]
    assert recording.trace.taps == ("x",)


def test_other_errors_and_other_recorders_are_left_alone() -> None:
    """An inner recording ends, the outer one goes on."""
    with tk.record() as outer:
        with tk.record(stop_when="nan") as inner:
            tk.tap(np.nan, "x")
            tk.tap(1.0, "never")
        tk.tap(2.0, "y")
    assert inner.trace.taps == ("x",)
    assert outer.trace.taps == ("x", "y")
    assert len(stored(outer.trace, "y")) == 1


@pytest.mark.parametrize(
    "options",
    [{"every": 0}, {"every": 1.5}, {"stop_when": "zero"}, {"when": "x"}],
)
def test_options_that_mean_nothing_are_refused(
    options: dict[str, Any],
) -> None:
    """The error says what was expected."""
    with pytest.raises(RecordingError, match="expected"), tk.record(**options):
        pass
