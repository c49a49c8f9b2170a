"""Few graphs serve many recordings, steps and shapes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

import tracekit as tk
from tests.capture.compiled import WARNINGS, X, graphs, program
from tests.helpers import assert_same_firings, grid, recorded, stored

pytestmark = WARNINGS


def test_toggling_does_not_compile_again() -> None:
    """One graph with taps and one without serve thirty recordings."""
    compiled = torch.compile(program, fullgraph=True, backend="aot_eager")
    eager = recorded(lambda: program(X))
    for _ in range(30):
        assert_same_firings(recorded(lambda: compiled(X)), eager)
        compiled(X)
    assert graphs() == 2


def test_another_selection_needs_no_other_graph() -> None:
    """A graph serves recordings of other taps, pixels and sinks."""
    compiled = torch.compile(program, fullgraph=True, backend="aot_eager")
    whole = recorded(lambda: compiled(X))
    some = recorded(lambda: compiled(X), taps=["wave"], at={"n": [0, 4]})
    assert some.taps == ("wave",)
    picked = stored(whole, "wave").reshape(2, 17)[:, [0, 4]]
    assert stored(some, "wave").tolist() == picked.reshape(-1).tolist()
    assert graphs() == 1


@pytest.mark.parametrize("kind", [int, np.int64, torch.tensor])
def test_a_changing_step_does_not_compile_again(kind: Any) -> None:
    """Loop indices are data: twelve steps need at most three graphs."""
    compiled = torch.compile(program, fullgraph=True, backend="aot_eager")

    def run(function: Callable[..., Any]) -> None:
        for step in range(12):
            function(X, kind(step))

    trace = recorded(lambda: run(compiled))
    assert_same_firings(trace, recorded(lambda: run(program)))
    assert graphs() <= 3


def test_scopes_around_a_compiled_function_count() -> None:
    """An index outside and one inside are both coordinates; inner wins."""
    compiled = torch.compile(program, fullgraph=True, backend="aot_eager")

    def run(function: Callable[..., Any]) -> None:
        for source in range(3):
            with tk.scope("source", source=source, step=99):
                function(X, 5)

    trace = recorded(lambda: run(compiled))
    assert_same_firings(trace, recorded(lambda: run(program)))
    assert grid(trace, "wave")["source"] == (0, 3)
    assert grid(trace, "wave")["step"] == (5, 1)
    assert graphs() == 1


def test_dynamic_shapes_record_as_eager_ones() -> None:
    """One graph of symbolic shapes records values of any length."""
    compiled = torch.compile(
        program, fullgraph=True, backend="aot_eager", dynamic=True
    )
    for length in (3, 5, 8):
        x = X[:length]
        trace = recorded(partial(compiled, x))
        assert_same_firings(trace, recorded(partial(program, x)))
    assert graphs() == 1


def test_compiled_code_records_what_a_later_recording_asks_for() -> None:
    """``is_recording`` of a tap is true in it: one graph serves every one."""

    def program(x: torch.Tensor) -> torch.Tensor:
        if tk.is_recording("sum"):
            tk.tap(x.sum(), "sum")
        return tk.tap(x * 2, "twice")

    compiled = torch.compile(program, fullgraph=True, backend="eager")
    x = torch.ones(3)
    for name in ("twice", "sum"):
        with tk.record(taps=[name]) as recording:
            compiled(x)
        assert recording.trace.taps == (name,)
