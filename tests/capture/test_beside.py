"""Inductor compiles the program as if it had no taps of whole values."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as nn
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch._inductor.utils import run_and_get_code

import tracekit as tk
from tests.capture.compiled import WARNINGS
from tests.helpers import assert_same_firings, firings, recorded

pytestmark = WARNINGS
Step = Callable[[Tensor, Tensor], Tensor]
STEPS: dict[str, Step] = {
    "product": lambda a, b: a * b,
    "sine": lambda a, _: a.sin(),
    "exp": lambda a, _: (a * 0.1).exp(),
    "sigmoid": lambda a, _: a.sigmoid(),
    "gelu": lambda a, _: nn.gelu(a),
    "power": lambda a, _: a.abs() ** 1.5,
    "chosen": lambda a, b: torch.where(a > b, a, b),
    "flip": lambda a, _: a.flip(0),
    "roll": lambda a, _: a.roll(1, 0),
    "joined": lambda a, b: torch.cat([a[:3], b[3:]]),
    "padded": lambda a, _: nn.pad(a, (1, 0))[:, :-1],
    "stacked": lambda a, b: torch.stack([a, b, a * b], -1)[..., 1] + a,
    "looked up": lambda a, b: a.gather(1, b.abs().long() % a.shape[1]),
    "column sum": lambda a, _: a - a.mean(0),
    "row sum": lambda a, b: a + b.sum(-1, keepdim=True),
    "cumulative": lambda a, _: a.cumsum(0),
    "normalized": lambda a, _: a / a.norm(),
    "layer norm": lambda a, _: nn.layer_norm(a, a.shape[-1:]),
    "batch norm": lambda a, _: nn.batch_norm(a, None, None, training=True),
    "softmax": lambda a, _: a.softmax(-1),
    "matrices": lambda a, b: a @ (b.t() @ b) * 0.01,
    "linear": lambda a, b: nn.linear(a, b.t() @ b, b[0]),
    "attention": lambda a, b: (a @ b.t() / 3).softmax(-1) @ b,
    "convolution": lambda a, b: nn.conv1d(a[:, None], b[:1, None, :3],
                                          padding=1)[:, 0],
    "dropout": lambda a, _: nn.dropout(a, 0.3),
    "sorted": lambda a, _: a.sort(-1)[0],
    "single": lambda a, _: a.float().sin().to(a.dtype),
}  # fmt: skip
ENDS: dict[str, Callable[[Tensor], Tensor]] = {
    "sum": lambda a: a.sum(),
    "square": lambda a: a.square().mean(),
    "largest": lambda a: a.amax(),
    "rows": lambda a: a.sum(-1),
    "scaled": lambda a: a * 0.5,
}
KNOWN: dict[str, tuple[list[str], str]] = {
    "a sine from behind": (["sine", "flip"], "sum"),
    "a value that only a tap needs": (["sigmoid", "power", "gelu"], "sum"),
    "a product of matrices and a sum": (["linear", "sine"], "rows"),
    "a known pattern": (["normalized", "softmax"], "scaled"),
    "attention": (["product", "attention"], "rows"),
    "sums along both axes": (["column sum", "sine", "layer norm"], "square"),
    "what is random": (["sine", "dropout", "exp"], "sum"),
}


def made(names: list[str], end: str, *, write: bool = False) -> Any:
    """A program of these steps, each tapped."""

    def program(x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        value = x
        for place, name in enumerate(names):
            value = STEPS[name](value, y if place % 2 else x)
            value = tk.tap(value, f"{place} {name}", "slow fast")
        result = ENDS[end](value)
        if write:
            x.mul_(2)
        return result, ENDS[end](x), *([x] if write else [])

    return program


def numbers(rows: int, columns: int, dtype: torch.dtype) -> list[Tensor]:
    """What a program is given."""
    torch.manual_seed(rows)
    return [torch.randn(rows, columns, dtype=dtype) for _ in range(2)]


def run(program: Any, x: Tensor, y: Tensor, *, train: bool) -> list[Tensor]:
    """Results, and gradients by what was given."""
    torch.manual_seed(3)
    x, y = (v.clone().requires_grad_(train) for v in (x, y))
    results = [*program(x, y)]
    if train:
        sum(r.sum() for r in results).backward()
        results += [v.grad for v in (x, y) if v.grad is not None]
    return [r.detach() for r in results]


def assert_untouched(program: Any, x: Tensor, *y: Tensor, **how: Any) -> None:
    """Recorded whole, compiled code has the bits that it has without."""
    torch._dynamo.reset()
    plain = run(torch.compile(program), x, *y, **how)
    compiled, found = torch.compile(program), []
    trace = recorded(lambda: found.append(run(compiled, x, *y, **how)))
    for ours, theirs in zip(found[0], plain, strict=True):
        assert torch.equal(ours, theirs)
    eager = recorded(lambda: run(program, x, *y, **how))
    for one, other in zip(firings(trace), firings(eager), strict=True):
        ours, theirs = one.pop("values"), other.pop("values")
        assert one == other
        if "dropout" not in str(trace.taps):  # inductor draws otherwise
            rtol = 1e-3 if x.dtype == torch.float32 else 1e-9
            np.testing.assert_allclose(ours, theirs, rtol, atol=rtol)


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("name", KNOWN)
def test_no_bit_depends_on_taps_of_whole_values(
    name: str, *, train: bool
) -> None:
    """Not of results, and not of gradients."""
    program = made(*KNOWN[name])
    assert_untouched(program, *numbers(33, 17, torch.float32), train=train)


@pytest.mark.slow
@settings(max_examples=60)
@given(
    names=st.lists(st.sampled_from([*STEPS]), min_size=1, max_size=6),
    end=st.sampled_from([*ENDS]),
    shape=st.sampled_from([(16, 8), (33, 257), (64, 17), (101, 64)]),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    train=st.booleans(),
)
def test_no_bit_depends_on_taps_in_any_program(
    names: list[str],
    end: str,
    shape: tuple[int, int],
    dtype: torch.dtype,
    *,
    train: bool,
) -> None:
    """Whatever steps follow one another."""
    assert_untouched(made(names, end), *numbers(*shape, dtype), train=train)


def test_what_is_written_over_is_observed_before() -> None:
    """Values computed from an argument are those of before it changes."""
    program = made(["exp", "flip"], "sum", write=True)
    given = numbers(33, 1000, torch.float64)
    assert_untouched(program, *given, train=False)
    compiled = torch.compile(program, fullgraph=True)
    ours = firings(recorded(lambda: run(compiled, *given, train=False)))
    eager = firings(recorded(lambda: run(program, *given, train=False)))
    for one, other in zip(ours, eager, strict=True):
        np.testing.assert_allclose(one["values"], other["values"], 1e-14)


def test_what_is_random_or_given_back_is_observed_itself() -> None:
    """A mask is drawn once, and a result is recorded with its bits."""

    def program(x: Tensor) -> Tensor:
        kept = tk.tap(nn.dropout(x + 1, 0.5), "kept", "slow fast")
        return tk.tap(kept.sin(), "wave", "slow fast")

    x = numbers(33, 17, torch.float64)[0]
    compiled = torch.compile(program, fullgraph=True)
    with tk.record() as recording:
        result, (code, *_) = run_and_get_code(compiled, x)
    kept, wave = (f["values"] for f in firings(recording.trace))
    assert np.array_equal(wave, result.numpy().ravel())
    assert np.array_equal(kept == 0, wave == 0)
    assert 0 < np.count_nonzero(kept) < kept.size
    assert code.count("tracekit.tap.default(") == 2


def test_what_is_exact_has_the_bits_of_eager_code() -> None:
    """A value computed beside the program is the program's."""
    program = made(["product", "chosen", "flip", "roll", "stacked"], "sum")
    given = numbers(33, 257, torch.float64)
    compiled = torch.compile(program, fullgraph=True)
    assert_same_firings(
        recorded(lambda: run(compiled, *given, train=False)),
        recorded(lambda: run(program, *given, train=False)),
    )


@pytest.mark.parametrize("train", [False, True])
def test_pixels_of_single_numbers_move_no_bit(*, train: bool) -> None:
    """They leave forward and backward parted as they were."""

    def program(x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        value = tk.tap((x * y).sin() + 1, "value", "slow fast")
        root = tk.tap((value * value + 1).sqrt(), "root", "slow fast")
        wave = tk.tap((root * 0.1).exp() * value, "wave", "slow fast")
        return wave.softmax(-1).square().sum(), (root.sin() * value).sum()

    x, y = numbers(64, 17, torch.float64)
    plain = run(torch.compile(program), x, y, train=train)
    compiled = torch.compile(program)
    with tk.record(pixels=[(1, 2), (63, 0)]) as recording:
        ours = run(compiled, x, y, train=train)
    assert all(map(torch.equal, ours, plain))
    whole = firings(recorded(lambda: run(program, x, y, train=train)))
    for some, full in zip(firings(recording.trace), whole, strict=True):
        expected = full["values"].reshape(64, 17)[[1, 63], [2, 0]]
        np.testing.assert_allclose(some["values"], expected, 1e-14)


def test_shapes_that_numbers_decide_are_decided_once() -> None:
    """Selected elements are observed, what is made of them is repeated."""

    def program(x: Tensor) -> Tensor:
        chosen = tk.tap(x[x > 0.5], "chosen", "n")
        tk.tap(chosen * 2, "twice", "n")
        return x.sum()

    x = numbers(8, 9, torch.float64)[0]
    name = "capture_dynamic_output_shape_ops"
    with torch._dynamo.config.patch({name: True}):
        compiled = torch.compile(program, fullgraph=True)
        assert_same_firings(
            recorded(lambda: compiled(x)), recorded(lambda: program(x))
        )


def test_views_by_places_in_memory_show_what_they_showed() -> None:
    """A copy of an argument would begin elsewhere."""

    def program(x: Tensor) -> Tensor:
        odd = tk.tap(x.as_strided((4,), (2,), 6) + 1, "odd", "n")
        total = odd.sum()
        x.mul_(2)
        return total

    def begun() -> Tensor:
        return torch.arange(64.0)[4:]

    compiled = torch.compile(program, fullgraph=True)
    assert_same_firings(
        recorded(lambda: compiled(begun())), recorded(lambda: program(begun()))
    )


def test_pixels_of_a_table_are_looked_up_alone() -> None:
    """No whole image is looked up for them."""

    def program(x: Tensor, places: Tensor, table: Tensor) -> Tensor:
        return tk.tap(table[places] * x, "value", "slow fast").sum()

    x, table = torch.rand(64, 64), torch.rand(64)
    places = torch.randint(0, 64, (64, 64))
    compiled = torch.compile(program, fullgraph=True)
    with tk.record(pixels=[(1, 2)]):
        _, (code, *_) = run_and_get_code(compiled, x, places, table)
    assert code.count("async_compile.cpp_pybinding(") == 1
    assert "tracekit.at.default(" not in code


def test_random_numbers_are_drawn_in_the_order_they_were() -> None:
    """Whole planes and single numbers are dropped as without taps."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3, padding=1),
        torch.nn.Dropout2d(0.3),
        torch.nn.Flatten(),
        torch.nn.Linear(144, 3),
        torch.nn.Dropout(0.2),
    )
    x = torch.rand(8, 3, 6, 6)
    compiled = torch.compile(net)

    def results() -> list[Tensor]:
        torch.manual_seed(3)
        net.zero_grad()
        found = compiled(x)
        found.sum().backward()
        grads = [p.grad for p in net.parameters() if p.grad is not None]
        return [found, *grads]

    plain = results()
    with tk.record(), tk.attach(net):
        ours = results()
    assert all(map(torch.equal, ours, plain))


@pytest.mark.parametrize("again", [False, True])
def test_gradients_keep_their_bits(*, again: bool) -> None:
    """Whichever recording waits for the backward pass to be compiled."""

    def program(x: Tensor, y: Tensor) -> Tensor:
        mask = (x * y).sin() > 0
        value = tk.tap((x * y).exp(), "v", "slow fast", grad=True, where=mask)
        wave = tk.tap(value.flip(0).sin(), "w", "slow fast", grad=True)
        return (wave.softmax(-1) * y).sum()

    given = numbers(33, 17, torch.float32)

    def gradients(*blocks: Any) -> list[Tensor]:
        torch._dynamo.reset()
        leaves = [v.clone().requires_grad_() for v in given]
        with blocks[0]:
            result = torch.compile(program)(*leaves)
        with blocks[-1]:
            torch.autograd.backward(result)
        return [v.grad for v in leaves if v.grad is not None]

    plain = gradients(nullcontext())
    second = tk.record() if again else nullcontext()
    with nullcontext() if again else tk.record():
        ours = gradients(tk.record() if again else nullcontext(), second)
    assert all(map(torch.equal, ours, plain))


def test_taps_before_a_failure_have_fired() -> None:
    """They follow the program up to what may fail, no further."""

    def program(x: Tensor, places: Tensor) -> Tensor:
        value = tk.tap(x.sin(), "before", "n")
        return tk.tap(value[places].exp(), "after", "n")

    compiled = torch.compile(program, fullgraph=True)
    match = r"(?i)index"
    with pytest.raises(RuntimeError, match=match), tk.record() as recording:
        compiled(torch.rand(5), torch.tensor([1, 99]))
    assert recording.trace.taps == ("before",)


def test_taps_before_a_failure_of_a_library_have_fired() -> None:
    """Matrices that can't be decomposed are no mere computation."""

    def program(x: Tensor) -> Tensor:
        tk.tap(x.sin(), "before", "slow fast")
        found: Tensor = torch.linalg.svdvals(x * float("nan"))
        return found

    compiled = torch.compile(program, fullgraph=True)
    failed = pytest.raises(RuntimeError, match="converge")
    with failed, tk.record() as recording:
        compiled(torch.ones(2, 2))
    assert recording.trace.taps == ("before",)
