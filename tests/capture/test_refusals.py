"""Where torch would lose a tap, recording is an error, never silence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch._higher_order_ops import scan, while_loop
from torch._higher_order_ops.map import map as map_rows
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.attention.flex_attention import flex_attention

import tracekit as tk
from tests.helpers import recorded, stored
from tracekit.errors import RecordingError, TapError

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning",
    "ignore::FutureWarning",
    "ignore::torch.jit.TracerWarning",
    "ignore:flex_attention called without:UserWarning",
)
X = torch.linspace(1, 2, 4)


def double(x: torch.Tensor) -> torch.Tensor:
    """A body with a tap."""
    return tk.tap(x * 2, "inside")


def branch(x: torch.Tensor) -> Any:
    """A branch that depends on data."""
    return torch.cond(x.sum() > 0, double, lambda x: x * 3, (x,))


def loop(x: torch.Tensor) -> Any:
    """A loop that ends by data."""
    return while_loop(  # type: ignore[no-untyped-call]
        lambda x: x.sum() < 99, lambda x: (double(x),), (x,)
    )


def sweep(x: torch.Tensor) -> Any:
    """A loop that carries a value."""

    def step(carry: torch.Tensor, x: torch.Tensor) -> Any:
        return carry + double(x), x.clone()

    return scan(step, torch.tensor(0.0), x)


def rows(x: torch.Tensor) -> Any:
    """A body for each row."""
    return map_rows(double, x)  # type: ignore[arg-type]


def attention(x: torch.Tensor) -> Any:
    """A score of each pair."""
    query = x[:2].expand(1, 1, 4, 2)
    return flex_attention(
        query, query, query, score_mod=lambda score, *_: double(score)
    )


BODIES = [branch, loop, sweep, rows, attention]


@pytest.mark.parametrize("program", BODIES)
@pytest.mark.parametrize(
    "wrap",
    [
        lambda f: f,
        lambda f: torch.compile(f, backend="aot_eager"),
        lambda f: torch.compile(f, backend="aot_eager", fullgraph=True),
    ],
    ids=["eager", "compiled", "fullgraph"],
)
def test_a_tap_in_a_body_of_torch_is_an_error(
    program: Callable[..., Any], wrap: Callable[..., Any]
) -> None:
    """cond, while_loop, scan and map lose effects; the error says so."""
    with tk.record(), pytest.raises(Exception, match="in a body of"):
        wrap(program)(X)
    assert wrap(program)(X) is not None


class Double(torch.autograd.Function):
    """A function with a gradient of its own."""

    @staticmethod
    def forward(_: Any, x: torch.Tensor) -> torch.Tensor:
        """Twice the value."""
        return double(x)

    @staticmethod
    def backward(_: Any, slope: torch.Tensor) -> torch.Tensor:
        """Twice the slope."""
        return slope * 2


def with_own_gradient(x: torch.Tensor) -> Any:
    """A call of it."""
    return Double.apply(x)  # type: ignore[no-untyped-call]


region = torch.compiler.nested_compile_region(double)


@pytest.mark.parametrize("program", [with_own_gradient, region])
def test_a_body_that_only_compiled_code_has_is_an_error_there(
    program: Callable[..., Any],
) -> None:
    """An autograd.Function, a nested region: eager code records them."""
    x = X.clone().requires_grad_()
    trace = recorded(lambda: program(x))
    assert stored(trace, "inside").tolist() == (X * 2).tolist()
    compiled = torch.compile(
        lambda x: program(x) + 1, backend="aot_eager", fullgraph=True
    )
    with tk.record(), pytest.raises(Exception, match="in a body of"):
        compiled(x)
    assert torch.equal(compiled(x), X * 2 + 1)


@pytest.mark.parametrize(
    "state", [lambda: tk.config("k", 1), lambda: tk.input_file("nowhere")]
)
def test_a_fact_in_a_body_of_torch_is_an_error(
    state: Callable[[], None],
) -> None:
    """It has an effect as a tap has, and would be lost as one."""

    def stating(x: torch.Tensor) -> torch.Tensor:
        state()
        return x * 2

    def program(x: torch.Tensor) -> Any:
        return torch.cond(x.sum() > 0, stating, lambda x: x * 3, (x,))

    compiled = torch.compile(program, backend="aot_eager", fullgraph=True)
    with tk.record(), pytest.raises(Exception, match="in a body of"):
        compiled(X)
    assert compiled(X) is not None


@pytest.mark.parametrize("strict", [True, False])
def test_a_tap_in_an_exported_body_is_an_error(strict: bool) -> None:
    """An export has the same bodies."""

    class Module(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            return branch(x)

    with tk.record(), pytest.raises(Exception, match="in a body of"):
        torch.export.export(Module(), (X,), strict=strict)


def test_the_advice_for_bodies_works() -> None:
    """Tapped outside its body a value is recorded, compiled too."""

    def outside(x: torch.Tensor) -> Any:
        doubled = torch.cond(
            x.sum() > 0, lambda x: x * 2, lambda x: x * 3, (x,)
        )
        return tk.tap(doubled, "outside", "n")

    compiled = torch.compile(outside, backend="aot_eager", fullgraph=True)
    for program in (outside, compiled):
        trace = recorded(lambda f=program: f(X))  # type: ignore[misc]
        assert stored(trace, "outside").tolist() == (X * 2).tolist()


def test_a_scripted_trace_is_refused() -> None:
    """torch.jit.trace would keep the program without its taps."""
    with tk.record(), pytest.raises(TapError, match=r"torch\.jit\.trace"):
        torch.jit.trace(double, (X,))  # type: ignore[no-untyped-call]


def test_what_was_traced_before_is_told_where_its_taps_are_expected() -> None:
    """Nothing of a tap is left in it, so nothing else can tell."""
    made = (
        torch.jit.trace(double, (X,)),  # type: ignore[no-untyped-call]
        torch.fx.symbolic_trace(double),
    )
    for program in made:
        with (
            pytest.raises(RecordingError, match="lacks taps"),
            tk.record(expect=["inside"]),
        ):
            assert program(X).tolist() == (2 * X).tolist()


def test_tensors_without_values_are_refused() -> None:
    """Fake and meta tensors, in their mode, outside of it and compiled."""
    with FakeTensorMode() as mode:
        fake = torch.ones(3)
        with tk.record(), pytest.raises(TapError, match="FakeTensorMode"):
            double(fake)
        with tk.record(), pytest.raises(TapError, match="FakeTensorMode"):
            torch.func.vmap(double)(fake)
    with tk.record(), pytest.raises(TapError, match="fake"):
        tk.tap(fake, "t")
    assert mode is not None
    meta = X.to("meta")
    compiled = torch.compile(double, fullgraph=True, backend="aot_eager")
    for program in (double, compiled):
        with tk.record(), pytest.raises(Exception, match="meta tensor"):
            program(meta)


def test_the_gradient_of_a_compiled_leaf_is_an_error() -> None:
    """Its hook would stay on the input; tapped outside it is recorded."""

    def inside(w: torch.Tensor) -> torch.Tensor:
        return tk.tap(w, "w", "n", grad=True).sum()

    w = torch.ones(2, requires_grad=True)
    compiled = torch.compile(inside, backend="aot_eager", fullgraph=True)
    with (
        tk.record(),
        pytest.raises(Exception, match="on an input of compiled code"),
    ):
        compiled(w)
    plain = torch.compile(torch.sum, backend="aot_eager", fullgraph=True)

    def outside() -> None:
        for _ in range(3):
            value: Any = plain(tk.tap(w, "w", "n", grad=True))
            value.backward()

    assert recorded(outside).taps == ("w", "w.grad")


def test_symbolic_trace_is_refused() -> None:
    """A tensor, and a vector of them, that stand for what is computed."""

    def one(x: torch.Tensor) -> torch.Tensor:
        return tk.tap(x * 2, "y")

    def several(x: torch.Tensor) -> torch.Tensor:
        return tk.tap((x, x * 2), "y", "slow xy")[0]

    for function in (one, several):
        with (
            tk.record(),
            pytest.raises(TapError, match=r"'y': torch\.fx\.symbolic_trace"),
        ):
            torch.fx.symbolic_trace(function)


@pytest.mark.skipif(
    not hasattr(torch, "float4_e2m1fn_x2"), reason="this torch has no float4"
)
@pytest.mark.parametrize("options", [{}, {"reduce": 0}])
def test_elements_of_two_numbers_are_refused(options: dict[str, int]) -> None:
    """What torch itself can't read as numbers."""
    pairs = torch.zeros(4, dtype=torch.uint8).view(torch.float4_e2m1fn_x2)
    with (
        tk.record(**options),  # type: ignore[arg-type]
        pytest.raises(TapError, match=r"tap 'y': .* holds two numbers"),
    ):
        tk.tap(pairs, "y", "slow")
