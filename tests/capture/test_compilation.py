"""Taps in programs that torch compiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

import tracekit as tk
from tests.helpers import recorded, stored

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@tk.traced
def program(x: torch.Tensor) -> torch.Tensor:
    """Scopes, taps and facts around a few lines of physics."""
    total = torch.zeros_like(x)
    for phi in range(2):
        with tk.scope("phi", phi=phi):
            angle = tk.tap(x * phi + 0.5, "angle", "n", unit="rad")
            total = total + angle.sin().square()
    tk.config("steps", 2)
    return tk.tap(total, "total", "n")


def untapped(x: torch.Tensor) -> torch.Tensor:
    """The same physics without tracekit."""
    total = torch.zeros_like(x)
    for phi in range(2):
        angle = x * phi + 0.5
        total = total + angle.sin().square()
    return total


@pytest.fixture(autouse=True)
def _fresh_compiler() -> Iterator[None]:
    """Nothing compiled in one test is there in the next."""
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


X = torch.linspace(-3, 3, 17, dtype=torch.float64)


@pytest.mark.parametrize(
    "backend",
    [
        "eager",
        "aot_eager",
        pytest.param("inductor", marks=pytest.mark.slow),
    ],
)
def test_taps_that_are_off_leave_no_trace_in_the_graph(backend: str) -> None:
    """Off, a tapped function compiles whole, to the same numbers."""
    compiled = torch.compile(program, fullgraph=True, backend=backend)
    plain = torch.compile(untapped, fullgraph=True, backend=backend)
    assert torch.equal(compiled(X), plain(X))


def test_the_compiled_graph_is_that_of_the_untapped_program() -> None:
    """Off, the compiler sees the very same operations."""
    graphs: list[list[str]] = []

    def keep(graph: torch.fx.GraphModule, _: list[Any]) -> Callable[..., Any]:
        nodes = graph.graph.nodes
        graphs.append([str(n.target) for n in nodes if n.op != "placeholder"])
        return graph.forward

    for function in (program, untapped):
        torch.compile(function, fullgraph=True, backend=keep)(X)
    assert graphs[0] == graphs[1]


@pytest.mark.parametrize("fullgraph", [True, False])
@pytest.mark.parametrize("warm", [True, False])
def test_recording_a_compiled_program_is_an_error(
    fullgraph: bool, warm: bool
) -> None:
    """It says what to do, also where torch could have gone on uncompiled."""
    compiled = torch.compile(program, fullgraph=fullgraph, backend="eager")
    if warm:
        compiled(X)
    with (
        tk.record() as recording,
        pytest.raises(Exception, match=r"TapError: .*can't be recorded while"),
    ):
        compiled(X)
    assert recording.trace.taps == ()
    assert torch.equal(compiled(X), untapped(X))


def test_the_advice_works() -> None:
    """Under the stance that the error names the program is recorded."""
    compiled = torch.compile(program, fullgraph=True, backend="eager")

    def uncompiled() -> None:
        with torch.compiler.set_stance("force_eager"):
            compiled(X)

    trace = recorded(uncompiled)
    assert trace.taps == ("angle", "total", "program")
    assert stored(trace, "total").tolist() == untapped(X).tolist()


def test_recording_an_export_is_an_error() -> None:
    """torch.export runs no numbers, so nothing could be recorded."""

    class Module(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return program(x)

    with (
        tk.record(),
        pytest.raises(Exception, match="can't be recorded while"),
    ):
        torch.export.export(Module(), (X,))
