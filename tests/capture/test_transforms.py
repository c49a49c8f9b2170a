"""Taps under torch.func: vmap, grad, jvp, jacobians, and compiled ones."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch.func import grad, hessian, jacfwd, jacrev, jvp, vjp, vmap
from torch.fx.experimental.proxy_tensor import make_fx

import tracekit as tk
from tests.helpers import (
    assert_same_firings,
    cells,
    firings,
    grid,
    recorded,
    stored,
)
from tracekit.errors import TapError

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore:The .grad attribute:UserWarning"
)
X = torch.linspace(-2, 2, 5, dtype=torch.float64)
ROWS = torch.stack([X, X + 1, X * 3])


def program(x: torch.Tensor) -> torch.Tensor:
    """Taps in a loop, a mask, a dead value and components."""
    total = x.sum() * 0
    for phi in range(2):
        with tk.scope("phi", phi=phi):
            wave = tk.tap(x.sin() + phi, "wave", "n", unit="m", where=x > 0)
            tk.tap(torch.stack([x, wave], -1), "dead", "n (re im)")
            total = total + wave.square().sum()
    return tk.tap(total, "total")


def compiled(function: Callable[..., Any]) -> Any:
    """The function as one graph."""
    return torch.compile(function, fullgraph=True, backend="aot_eager")


def given_up(x: torch.Tensor) -> Any:
    """The program, compiled, in a transform: Dynamo runs it as it is.

    Then it looks at each function that the program calls, and warns of what
    it can't trace in there.
    """
    return torch.compile(program, backend="aot_eager")(x)


ONE: dict[str, Callable[[], Any]] = {
    "grad": lambda: grad(program)(X),
    "jvp": lambda: jvp(program, (X,), (X,)),
    "vjp": lambda: vjp(program, X)[1](torch.tensor(1.0).double()),
    "jacrev": lambda: jacrev(program)(X),
    "jacfwd": lambda: jacfwd(program)(X),
    "hessian": lambda: hessian(program)(X),
    "grad(grad)": lambda: grad(lambda x: grad(program)(x).sum())(X),
    "compile(grad)": lambda: compiled(grad(program))(X),
    "compile(jvp)": lambda: compiled(lambda x: jvp(program, (x,), (x,)))(X),
    "compile(jacrev)": lambda: compiled(jacrev(program))(X),
    "compile(hessian)": lambda: compiled(hessian(program))(X),
    "grad(compile)": lambda: grad(given_up)(X),
    "jvp(compile)": lambda: jvp(given_up, (X,), (X,)),
    "autograd": lambda: program(X.clone().requires_grad_()).backward(),  # type: ignore[no-untyped-call]
    "make_fx": lambda: make_fx(program, tracing_mode="fake")(X)(X),
    "inference": lambda: torch.inference_mode()(program)(X),
}


@pytest.mark.parametrize("transform", ONE)
def test_a_transformed_program_records_as_the_plain_one(
    transform: str,
) -> None:
    """Derivatives change no tap: values, coordinates, order, lines."""
    plain = recorded(lambda: program(X))
    assert_same_firings(recorded(ONE[transform]), plain)


MANY: dict[str, Callable[[], Any]] = {
    "vmap": lambda: vmap(program)(ROWS),
    "vmap by columns": lambda: vmap(program, in_dims=1)(ROWS.T),
    "vmap(grad)": lambda: vmap(grad(program))(ROWS),
    "vmap(hessian)": lambda: vmap(hessian(program))(ROWS),
    "vmap(jvp)": lambda: vmap(lambda x: jvp(program, (x,), (x,)))(ROWS),
    "grad(vmap)": lambda: grad(lambda x: vmap(program)(x).sum())(ROWS),
    "vmap(compile)": lambda: vmap(given_up)(ROWS),
    "vmap(grad(compile))": lambda: vmap(grad(given_up))(ROWS),
    "compile(vmap)": lambda: compiled(vmap(program))(ROWS),
    "compile(vmap(grad))": lambda: compiled(vmap(grad(program)))(ROWS),
}


def rows() -> None:
    """What vmap computes, in a loop."""
    for row, x in enumerate(ROWS):
        with tk.scope("rows", batch=row):
            program(x)


@pytest.mark.parametrize("transform", MANY)
def test_the_rows_of_vmap_are_a_dim(transform: str) -> None:
    """Each value stands where a loop over ``batch`` would record it."""
    trace, loop = recorded(MANY[transform]), recorded(rows)
    assert trace.taps == loop.taps
    for name in trace.taps:
        ours, theirs = cells(trace, name), cells(loop, name)
        assert ours.keys() == theirs.keys()
        for place, value in theirs.items():
            assert ours[place] == pytest.approx(value, rel=1e-12, abs=1e-13)
    assert tk.compare(trace, loop).verdict == "close"


def untapped(x: torch.Tensor) -> torch.Tensor:
    """The program without tracekit."""
    total = x.sum() * 0
    for phi in range(2):
        wave = x.sin() + phi
        total = total + wave.square().sum()
    return total


def numbers(result: Any) -> list[torch.Tensor]:
    """The tensors in what a transform returns."""
    parts = result if isinstance(result, tuple) else (result,)
    return [part for part in parts if part is not None]


@pytest.mark.parametrize("transform", [*ONE, *MANY])
def test_recording_a_transform_changes_no_bit(
    transform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The result is that of the same transform of the untapped program."""
    run = {**ONE, **MANY}[transform]
    with tk.record():
        tapped = numbers(run())
    torch._dynamo.reset()
    monkeypatch.setattr(sys.modules[__name__], "program", untapped)
    plain = numbers(run())
    assert len(tapped) == len(plain)
    assert all(map(torch.equal, tapped, plain))


def vector(x: torch.Tensor) -> torch.Tensor:
    """Taps in a scope: a dead value with a mask, and the result."""
    with tk.scope("loop", phi=2):
        tk.tap(x + 1, "dead", "n", where=x > 0)
        return tk.tap(x.sin() * x, "wave", "n")


Transform = Callable[[Callable[..., Any]], Callable[..., Any]]
TRANSFORMS: dict[str, Transform] = {
    "grad": lambda f: grad(lambda x: f(x).sum()),
    "vmap": vmap,
    "jvp": lambda f: lambda x: jvp(f, (x,), (x.cos(),))[1],
    "jacrev": jacrev,
}
PAIRS = [*product(TRANSFORMS, TRANSFORMS)]
COMPILED = [
    ("vmap", "jacrev"),
    ("jacrev", "vmap"),
    ("jvp", "vmap"),
    ("vmap", "vmap"),
    ("jvp", "jacrev"),
    ("jacrev", "grad"),
    ("grad", "jvp"),
]


@pytest.mark.parametrize(
    ("pair", "backend"),
    [
        *((pair, None) for pair in PAIRS),
        *((pair, "aot_eager") for pair in COMPILED),
        (("vmap", "grad"), "inductor"),
    ],
    ids=str,
)
def test_transforms_of_transforms_record_as_loops(
    pair: tuple[str, str], backend: str | None
) -> None:
    """Any two, in either order: what a loop over the rows would record."""
    outer, inner = (TRANSFORMS[name] for name in pair)
    batch = ["batch", "batch1"][: pair.count("vmap")]
    x = X
    for _ in batch:
        x = torch.stack([x, x + 1])
    function = outer(inner(vector))
    if backend:
        function = torch.compile(function, fullgraph=True, backend=backend)
    made = []
    trace = recorded(lambda: made.append(function(x)))

    def loop() -> None:
        for rows in product(range(2), repeat=len(batch)):
            places = dict(zip(batch, rows, strict=True))
            with tk.scope("rows", **places):
                vector(x[rows])

    expected = recorded(loop)
    assert trace.taps == expected.taps
    for name in trace.taps:
        found = cells(trace, name)
        assert found == pytest.approx(cells(expected, name), rel=1e-12)
    assert torch.equal(made[0], function(x))


@pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore:While compiling, we found:UserWarning"
)
@pytest.mark.parametrize("strict", [True, False])
def test_an_exported_transform_has_its_taps(strict: bool) -> None:
    """Rows of a vmap and the taps of a jvp.

    What torch exports of a gradient has no numbers, tapped or not.
    """

    class Module(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            return vmap(program)(x), jvp(program, (x[0],), (x[1],))

    def plain() -> Any:
        return Module()(ROWS)

    with tk.record():
        exported = torch.export.export(Module(), (ROWS,), strict=strict)
    module = exported.module()
    made: list[Any] = []
    trace = recorded(lambda: made.append(module(ROWS)))
    assert_same_firings(trace, recorded(plain))
    assert torch.equal(made[0][0], module(ROWS)[0])


def test_nested_vmaps_are_dims_from_outside_in() -> None:
    """The outermost is ``batch``, the next ``batch1``; unmapped ones miss."""

    def inner(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        tk.tap(a, "a", "n")
        tk.tap(b, "b", "n")
        tk.tap(a + b, "sum", "n", where=a > b)
        return tk.tap(a * b, "product")

    def outer(a: torch.Tensor) -> torch.Tensor:
        return vmap(lambda b: inner(a, b))(ROWS[:2])

    trace = recorded(lambda: vmap(outer)(ROWS))
    assert grid(trace, "a") == {"batch": (0, 3), "n": (0, 5)}
    assert grid(trace, "b") == {"batch1": (0, 2), "n": (0, 5)}
    both = {"batch": (0, 3), "batch1": (0, 2)}
    assert grid(trace, "product") == {**both, "axis0": (0, 5)}
    sums = cells(trace, "sum")
    expected = {
        frozenset({"batch": i, "batch1": j, "n": n}.items()): float(a + b)
        for i, row in enumerate(ROWS)
        for j, other in enumerate(ROWS[:2])
        for n, (a, b) in enumerate(zip(row, other, strict=True))
        if a > b
    }
    assert sums == expected


def test_chunks_of_a_batch_stand_where_a_scope_says() -> None:
    """The rows of a vmap begin at the index of their dim's name."""
    square = vmap(lambda x: tk.tap(x * x, "y", "n"))
    batch = torch.rand(5, 3)

    def chunks() -> None:
        for first, chunk in zip((0, 2, 4), torch.split(batch, 2), strict=True):
            with tk.scope("chunk", batch=first):
                square(chunk)

    found, whole = recorded(chunks), recorded(lambda: square(batch))
    assert cells(found, "y") == cells(whole, "y")
    assert len(cells(whole, "y")) == 15


def test_a_mask_may_be_mapped_where_its_value_is_not() -> None:
    """Either of the two gets the batch dim of the other."""
    masks = ROWS > 1

    def one(mask: torch.Tensor, row: torch.Tensor) -> torch.Tensor:
        tk.tap(X, "value", "n", where=mask)
        tk.tap(row[:, None].expand(5, 2), "row", "n m", where=X[:2] > -2)
        return row

    trace = recorded(lambda: vmap(one)(masks, ROWS))
    values = X.expand(3, 5)[masks]
    assert stored(trace, "value").tolist() == values.tolist()
    assert stored(trace, "row").tolist() == ROWS.reshape(-1).tolist()
    assert all(dict(place)["m"] == 1 for place in cells(trace, "row"))


def test_pixels_are_selected_under_vmap() -> None:
    """A selection of pixels or rows takes them out of the batch."""
    images = torch.arange(24.0).reshape(2, 3, 4)

    def run() -> Any:
        return vmap(lambda x: tk.tap(x * 1, "image", "slow fast"))(images)

    trace = recorded(run, pixels=[(0, 1), (2, 3)], at={"batch": 1})
    assert stored(trace, "image").tolist() == [13.0, 23.0]


def test_what_vmap_can_not_record_is_an_error() -> None:
    """A mapped loop index and a dim called batch are refused."""

    def indexed(x: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
        with tk.scope("loop", phi=index):
            return tk.tap(x, "t")

    with tk.record(), pytest.raises(TapError, match="phi"):
        vmap(indexed)(ROWS, torch.arange(3))
    with (
        tk.record(),
        pytest.raises(TapError, match="batch is the dim of vmap's"),
    ):
        vmap(lambda x: tk.tap(x, "t", "batch"))(ROWS)


def test_forward_mode_records_the_value_alone() -> None:
    """A dual tensor is recorded as its primal."""
    import torch.autograd.forward_ad as fwd

    def run() -> None:
        with fwd.dual_level():
            tk.tap(fwd.make_dual(X, X + 9), "dual", "n")  # type: ignore[no-untyped-call]

    assert stored(recorded(run), "dual").tolist() == X.tolist()


def test_lines_are_known_under_transforms() -> None:
    """A tap under vmap says where it stands."""
    first = program.__code__.co_firstlineno
    events = firings(recorded(lambda: vmap(program)(ROWS)))
    assert events[0]["at"] == (__file__, first + 5)
    assert np.prod(grid(recorded(rows), "dead")["batch"][1]) == 3
