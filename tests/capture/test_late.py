"""What compiled taps compute waits, and shows what was there before."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import structlog
import torch
from torch import Tensor

import tracekit as tk
from tests.helpers import assert_same_firings, recorded
from tracekit.capture import few
from tracekit.capture.late import Call
from tracekit.errors import TapError

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning"
)
PIXELS = [(1, 2), (5, 6), (70, 3)]
SMALL, LARGE = (8, 9), (80, 90)


def program(x: Tensor, y: Tensor, factor: Tensor) -> Tensor:
    """Taps of what was given, of what is computed, and of a whole row."""
    tk.tap(x, "given", "slow fast")
    image = tk.tap(x * factor + y, "image", "slow fast", where=y > 0)
    tk.tap((image, -image), "vector", "slow fast ab")
    tk.tap(image.exp(), "grown", "slow fast")
    return image * tk.tap(x.T + 1, "turned", "fast slow").T


compiled = torch.compile(program, fullgraph=True, dynamic=False)


def inputs(shape: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """Two images, and a number that needs a gradient."""
    x = torch.linspace(-1, 1, shape[0] * shape[1], dtype=torch.float64)
    factor = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    return x.reshape(shape), x.flip(0).reshape(shape) + 0.1, factor


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of every call whether it was held."""
    found: list[bool] = []
    hold = Call.hold

    def noted(call: Call) -> bool:
        found.append(hold(call))
        return found[-1]

    monkeypatch.setattr(Call, "hold", noted)
    return found


@pytest.mark.parametrize("shape", [SMALL, LARGE])
def test_a_held_call_shows_what_was_there(
    shape: tuple[int, int], held: list[bool], tmp_path: Path
) -> None:
    """Inputs that are written right after the call are recorded as before."""

    def run(function: object) -> None:
        given = inputs(shape)
        for step in range(3):
            with tk.scope("step", step=step):
                function(*given)  # type: ignore[operator]
            with torch.no_grad():
                for each in given:
                    each.mul_(-7).add_(step)

    eager = recorded(lambda: run(program), pixels=PIXELS)
    assert_same_firings(recorded(lambda: run(compiled), pixels=PIXELS), eager)
    with tk.record(tmp_path / "a", pixels=PIXELS) as recording:
        run(compiled)
    assert_same_firings(recording.trace, eager)
    assert held in ([True] * 6, [False] + [True] * 5)  # the very first one


def test_what_would_be_held_is_bounded(
    held: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recording in memory turns calls into events before they are many."""
    monkeypatch.setattr(few, "_HELD", 5000)
    given = inputs(SMALL)
    waiting = []
    with tk.record(pixels=PIXELS) as recording:
        for step in range(40):
            with tk.scope("step", step=step):
                compiled(*given)
            rows = recording._delivery.store.rows[1::5]
            waiting.append(sum(type(row) is few.Late for row in rows))
    assert held[1:] == [True] * 39
    assert max(waiting) < 60 < len(rows)
    assert recording.trace.events == 5 * 40


def test_a_held_call_keeps_its_time_and_thread() -> None:
    """An event says when its tap fired, not when it was computed."""
    given = inputs(SMALL)
    compiled(*given)
    with tk.record(pixels=PIXELS, taps=["image"]) as recording:
        compiled(*given)
        before = time.time_ns()
        thread = threading.Thread(target=compiled, args=given)
        thread.start()
        identity = thread.ident
        thread.join()
        after = time.time_ns()
    first, second = recording.trace.tables["event"].to_pylist()
    assert first["time_ns"] < before < second["time_ns"] < after
    assert first["thread"] == threading.get_ident()
    assert second["thread"] == identity


def test_a_bound_context_is_kept(held: list[bool]) -> None:
    """What structlog has bound stays with the event: it doesn't wait."""
    bound = structlog.contextvars.bound_contextvars(case="first")
    with tk.record(pixels=PIXELS, taps=["image"]) as recording, bound:
        compiled(*inputs(SMALL))
    (event,) = recording.trace.tables["event"].to_pylist()
    assert event["context"] == '{"case": "first"}'
    assert held == []


def test_a_child_of_a_fork_computes_its_own(tmp_path: Path) -> None:
    """What the parent holds is the parent's to write, once."""
    given = inputs(SMALL)
    compiled(*given)
    with tk.record(tmp_path / "a", pixels=PIXELS, taps=["image"]) as recording:
        with tk.scope("step", step=0):
            compiled(*given)
        child = os.fork()
        if child == 0:
            with tk.scope("step", step=1):
                compiled(*given)
            os._exit(0)
        os.waitpid(child, 0)
    events = recording.trace.tables["event"].to_pylist()
    assert [event["process"] for event in events] == [0, 1]


def test_what_is_wrong_with_a_tap_is_told_where_it_fires() -> None:
    """An error comes from the call, and nothing else is lost by it."""

    def wrong(x: Tensor) -> Tensor:
        return tk.tap((x, x), "bad", "slow fast (a b c)")[0] * 2

    compile_wrong = torch.compile(wrong, fullgraph=True, dynamic=False)
    x = inputs(SMALL)[0]
    with tk.record(pixels=PIXELS) as recording:
        tk.tap(x, "good", "slow fast")
        for _ in range(2):
            with pytest.raises(TapError, match="bad"):
                compile_wrong(x)
    assert recording.trace.taps == ("good",)


def test_a_tap_before_a_crash_has_fired() -> None:
    """Taps follow what only computes, and nothing that may fail."""

    def crashing(x: Tensor, places: Tensor) -> Tensor:
        return tk.tap(x * 2, "seen", "slow fast")[:, places]

    compile_crashing = torch.compile(crashing, fullgraph=True)
    x = inputs(SMALL)[0]
    with tk.record(pixels=PIXELS) as recording:
        compile_crashing(x, torch.tensor([1]))
        with pytest.raises((IndexError, RuntimeError)):
            compile_crashing(x, torch.tensor([99]))
    assert recording.trace.events == 2


def test_what_was_computed_is_not_kept() -> None:
    """A call holds its inputs until the end, and no line of its program."""
    given = inputs(SMALL)
    with tk.record(pixels=PIXELS) as recording:
        for _ in range(3):
            compiled(*given)
        rows = recording._delivery.store.rows[1::5]
        made: list[Any] = [r._event for r in rows if type(r) is few.Late]
        calls = {event.args[0] for event in made}
        recording._delivery.store.spill()
    assert calls
    assert all(call._work is None for call in calls)
