"""Few graphs serve many recordings, steps and shapes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

import tracekit as tk
from tests.capture.compiled import (
    BACKENDS,
    WARNINGS,
    X,
    graphs,
    program,
    untapped,
)
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


@pytest.mark.parametrize(
    ("kind", "backend"),
    [
        *((kind, "aot_eager") for kind in (int, np.int64, torch.tensor)),
        (int, "eager"),
        (int, "inductor"),
    ],
)
def test_a_changing_step_does_not_compile_again(
    kind: Any, backend: str
) -> None:
    """Loop indices are data: twelve steps need at most three graphs."""
    compiled = torch.compile(program, fullgraph=True, backend=backend)

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


@pytest.mark.parametrize("backend", BACKENDS)
def test_dynamic_shapes_record_as_eager_ones(backend: str) -> None:
    """One graph of symbolic shapes records values of any length."""
    compiled, plain = (
        torch.compile(f, fullgraph=True, backend=backend, dynamic=True)
        for f in (program, untapped)
    )
    made: list[torch.Tensor] = []
    for length in (3, 5, 8):
        x = X[:length]
        trace = recorded(lambda x=x: made.append(compiled(x)))  # type: ignore[misc]
        assert_same_firings(trace, recorded(partial(program, x)))
    assert graphs() == 1
    for x in made:
        assert torch.equal(x, plain(X[: len(x)]))


@pytest.mark.parametrize("strict", [True, False])
def test_an_exported_program_has_any_length_and_step(strict: bool) -> None:
    """Its symbolic shapes and tensors of loop indices record as eager ones."""

    class Module(torch.nn.Module):
        def forward(self, x: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
            with tk.scope("step", step=step):
                return tk.tap(x.sin() * 2, "wave", "n")

    length = torch.export.Dim("length", min=2, max=64)
    with tk.record():
        exported = torch.export.export(
            Module(),
            (X, torch.tensor(3)),
            dynamic_shapes=({0: length}, None),
            strict=strict,
        )

    def run(module: Callable[..., Any]) -> None:
        for step, count in enumerate((3, 5, 9)):
            module(X[:count], torch.tensor(step))

    expected = recorded(lambda: run(Module()))
    assert_same_firings(recorded(lambda: run(exported.module())), expected)


OPTIONS: list[dict[str, Any]] = [
    {"every": 2},
    {"when": lambda name, loops: name == "wave" and loops["phi"] == 1},
    {"stop_when": lambda event: event.tap == "squared"},
    {"at": {"phi": 1}, "taps": ["wave"]},
]


@pytest.mark.parametrize("backend", BACKENDS)
def test_compiled_code_is_sampled_as_eager_code_is(backend: str) -> None:
    """By every n-th firing, by predicate, by loop index, to the first bad."""
    compiled = torch.compile(program, fullgraph=True, backend=backend)

    def run(function: Callable[..., Any]) -> None:
        for step in range(3):
            function(X, step)

    for options in OPTIONS:
        trace = recorded(lambda: run(compiled), **options)
        assert_same_firings(trace, recorded(lambda: run(program), **options))


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
