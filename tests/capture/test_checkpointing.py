"""Activation checkpointing fires taps again: labelled, kept, not compared."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch.utils.checkpoint import checkpoint

import tracekit as tk
from tests.helpers import assert_same_firings, firings, recorded
from tracekit.capture import torch_frames

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore:The .grad attribute:UserWarning"
)
X = torch.linspace(-2, 2, 5, dtype=torch.float64)


def layer(x: torch.Tensor, *, grad: bool = True) -> torch.Tensor:
    """Two taps, the first with its gradient, in a scope."""
    with tk.scope("phi", phi=2):
        wave = tk.tap(x.sin(), "wave", "n", grad=grad)
        return tk.tap(wave.square(), "square", "n")


def plain(x: torch.Tensor, *, grad: bool = True) -> torch.Tensor:
    """The program without checkpoints."""
    return layer(layer(x, grad=grad), grad=grad).sum()


def saving(
    x: torch.Tensor, *, reentrant: bool = False, grad: bool = True
) -> torch.Tensor:
    """The program with one checkpoint a layer."""
    for _ in range(2):
        x = checkpoint(partial(layer, grad=grad), x, use_reentrant=reentrant)
    return x.sum()


def backward(function: Callable[..., Any], **options: Any) -> None:
    """Run a function and its gradient."""
    function(X.clone().requires_grad_(), **options).backward()


@pytest.mark.parametrize("reentrant", [True, False])
def test_what_fires_again_is_labelled(reentrant: bool) -> None:
    """Forward firings are the plain program's; the rest says recompute."""
    trace = recorded(lambda: backward(saving, reentrant=reentrant))
    phases = [(e["tap"], e["phase"]) for e in firings(trace)]
    forward = [tap for tap, phase in phases if phase == "forward"]
    assert forward == ["wave", "square"] * 2
    again = [tap for tap, phase in phases if phase == "recompute"]
    assert again.count("wave") == 2
    assert set(again) <= {"wave", "square"}
    slopes = [tap for tap, phase in phases if phase == "backward"]
    assert slopes == ["wave.grad"] * 2


def hooks_come() -> bool:
    """Whether torch, without tracekit, hooks a leaf in two checkpoints."""
    came: list[torch.Tensor] = []

    def hooked(x: torch.Tensor) -> torch.Tensor:
        if not torch_frames.is_thrown_away():
            x.register_hook(came.append)  # type: ignore[no-untyped-call]
        return x.sin()

    inner = partial(checkpoint, hooked, use_reentrant=False)
    outer = checkpoint(inner, X.clone().requires_grad_(), use_reentrant=False)
    outer.sum().backward()
    return bool(came)


KINDS = {
    "reentrant": [True],
    "not": [False],
    "both": [True, True],
    "inside": [True, False],
    "outside": [False, True],
    "neither": [False, False],
}


@pytest.mark.parametrize("taps", [["wave"], ["x", "wave"]])
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_stand_where_their_taps_do(
    kind: str, taps: list[str]
) -> None:
    """Checkpoints in checkpoints, in scopes and around some: as without."""
    if kind == "neither" and "x" in taps and not hooks_come():
        pytest.skip("torch loses hooks on what nested checkpoints are given")

    def wave(x: torch.Tensor) -> torch.Tensor:
        tk.tap(x, "x", "n", grad="x" in taps)
        return layer(x)

    def program(kinds: list[bool]) -> None:
        x: Any = X.clone().requires_grad_()
        function: Callable[[torch.Tensor], Any] = wave
        for reentrant in kinds:
            function = partial(checkpoint, function, use_reentrant=reentrant)
        for number in range(2):
            with tk.scope("layers", layer=number):
                x = function(x)
        x.sum().backward()

    slopes = [f"{name}.grad" for name in taps]
    found = recorded(lambda: program(KINDS[kind]), taps=slopes)
    expected = recorded(lambda: program([]), taps=slopes)
    assert_same_firings(found, expected)
    assert len(firings(found)) == 2 * len(taps)


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpoints_do_not_change_a_comparison(reentrant: bool) -> None:
    """Recomputed values are no occurrences and meet nothing."""
    trace = recorded(lambda: backward(saving, reentrant=reentrant))
    expected = recorded(lambda: backward(plain))
    for actual, other in ((trace, expected), (expected, trace)):
        result = tk.compare(actual, other)
        assert result.verdict == "close", str(result)
    kept = [
        tap["elements"]
        for tap in trace.tables["tap"].to_pylist()
        if tap["need"] == "ignored"
    ]
    assert sum(kept) >= 10


@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_a_compiled_checkpoint_records_its_forward_pass(backend: str) -> None:
    """A compiler that recomputes fires no tap again."""
    compiled = torch.compile(saving, fullgraph=True, backend=backend)
    trace = recorded(lambda: backward(compiled, grad=False))
    assert_same_firings(trace, recorded(lambda: plain(X, grad=False)))


def test_a_gradient_in_a_compiled_checkpoint_is_an_error() -> None:
    """Torch can't hook into what it may compute again."""
    compiled = torch.compile(saving, fullgraph=True, backend="aot_eager")
    with tk.record(), pytest.raises(Exception, match="grad=True in a check"):
        backward(compiled)


def test_a_checkpoint_around_a_compiled_function_is_labelled() -> None:
    """Compiled code that runs again says so too."""
    inner = torch.compile(
        partial(layer, grad=False), fullgraph=True, backend="aot_eager"
    )

    def outer(x: torch.Tensor) -> Any:
        return checkpoint(inner, x, use_reentrant=False).sum()

    events = firings(recorded(lambda: backward(outer)))
    phases = [e["phase"] for e in events if e["tap"] == "wave"]
    assert phases == ["forward", "recompute"]


def test_a_tap_in_a_backward_of_the_program_is_no_recomputation() -> None:
    """autograd.Function.backward fires in the backward phase."""

    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            ctx.save_for_backward(x)
            return tk.tap(x**3, "cube", "n")

        @staticmethod
        def backward(ctx: Any, slope: torch.Tensor) -> Any:
            (x,) = ctx.saved_tensors
            return tk.tap(slope * 3 * x**2, "slope", "n")

    def run(x: torch.Tensor) -> Any:
        return Cube.apply(x).sum()  # type: ignore[no-untyped-call]

    def saved(x: torch.Tensor) -> Any:
        return checkpoint(run, x, use_reentrant=True)

    eager = recorded(lambda: backward(run))
    phases = {e["tap"]: e["phase"] for e in firings(eager)}
    assert phases == {"cube": "forward", "slope": "backward"}
    again = [
        (e["tap"], e["phase"])
        for e in firings(recorded(lambda: backward(saved)))
    ]
    assert again[1:] == [("cube", "recompute"), ("slope", "backward")]
    assert_same_firings(eager, eager)
