"""Taps of which compiled code computes the pixels alone."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch._inductor import config
from torch._inductor.custom_graph_pass import CustomGraphPass
from torch._inductor.utils import run_and_get_code

import tracekit as tk
from tests.helpers import assert_same_firings, recorded, stored
from tracekit.capture.exact import flags_are_exact
from tracekit.capture.inductor import keep_order

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning"
)
SPECIAL = [0.0, -0.0, 0.5, 1.5, -2.5, 1e300, -1e300, 5e-324, 1 / 3, 2.0**60,
           float("inf"), -float("inf"), float("nan")]  # fmt: skip
OPERATIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "sum": lambda x, y: x + y - 3 * x,
    "quotient": lambda x, y: x / y + y.reciprocal() + 1 / x,
    "square": lambda x, y: x.square() + y**2 - y.float() ** 2.0,
    "square of integers": lambda x, y: (whole(x) + 70_011).int() ** 2.0 - y,
    "root": lambda x, y: (x.abs() + y).sqrt() * -x,
    "whole": lambda x, y: x.floor() + y.ceil() + x.round() + y.trunc(),
    "ends": lambda x, y: torch.maximum(x, y) + x.clamp(-1, 2).minimum(y),
    "chosen": lambda x, y: torch.where((x < y) | (x != x), x, y),
    "index": lambda x, _: x.clamp(-9, 9).long() * 3,
    "single": lambda x, y: x.float() / y.float() * 0.1 + (1 / 3 - y.float()),
    "whole numbers": lambda x, y: whole(x).floor() / 7 - (whole(y) < 0.5),
    "compared": lambda x, y: (x.float() >= y[3, 4]) ^ (x.float() == 0.1),
    "logical": lambda x, y: (x.logical_and(y) | ~x.isnan()) & y.isinf(),
    "bits of integers": lambda x, y: (whole(x) & 5) ^ ~whole(y) | 64,
    "scaled": lambda x, y: torch.add(x, y, alpha=3) - torch.rsub(x, y),
    "chosen number": lambda x, y: torch.where(x < y, 0.1, y.float()),
    "views": lambda x, y: (x.T.reshape(-1).view(x.shape) + y[:1])[:, ::1],
    "parts": lambda x, y: torch.stack([x, y]).unbind(0)[1] * x[2],
    "looked up": lambda x, y: x[0][y.nan_to_num().clamp(1, 4).long()],
    "twice": lambda x, y: x[(i := y.nan_to_num().clamp(1, 4).long()), i],
    "bits": lambda x, y: (x * y).view(torch.int64) + 1,
    "zeros": lambda x, y: torch.maximum(x * 0.0, x * -0.0) - y * 0,
    "number": lambda x, y: x.float() * y[3, 4] + x[5, 6].expand(24, 24),
    "of none": lambda x, y: x.float() + y.sum().expand(24, 24) / 3,
    "sine": lambda x, y: (x * y).sin() * 2,
    "row": lambda x, y: x * y.nan_to_num().sum(0),
}


def whole(x: Tensor) -> Tensor:
    """Whole numbers that float32 and the processor's conversions hold."""
    return (x.nan_to_num().clamp(-9, 9) * 9).long()


def program(x: Tensor, y: Tensor) -> Tensor:
    """A tap of every operation, and a result of all."""
    total = torch.zeros_like(x)
    for name, operation in OPERATIONS.items():
        total = total + tk.tap(operation(x, y), name, "slow fast")
    return total


def numbers() -> tuple[Tensor, Tensor]:
    """Two images of special and of ordinary numbers."""
    generator = torch.Generator().manual_seed(1)
    x, y = torch.randn(2, 24, 24, dtype=torch.float64, generator=generator)
    for image, row in ((x, 0), (y, 1)):
        image[row, : len(SPECIAL)] = torch.tensor(SPECIAL).double()
    return x, y


def test_what_is_computed_apart_has_the_bits_of_the_whole_value() -> None:
    """Each number, NaN for NaN, and no bit of the result is changed."""
    images = numbers()
    compiled = torch.compile(program, fullgraph=True)
    plain = compiled(*images)
    made = []
    whole = recorded(lambda: made.append(compiled(*images)))
    pixels = [(slow, fast) for slow in (0, 1, 23) for fast in range(20)]
    some = recorded(lambda: made.append(compiled(*images)), pixels=pixels)
    assert some.taps == whole.taps == tuple(OPERATIONS)
    rows, columns = np.array(pixels).T
    for name in OPERATIONS:
        expected = stored(whole, name).reshape(24, 24)[rows, columns]
        np.testing.assert_array_equal(stored(some, name), expected, name)
        signs = np.signbit(expected) & (expected == expected)
        assert np.array_equal(
            np.signbit(stored(some, name)) & (expected == expected), signs
        )
    for one in made:
        assert torch.equal(one.nan_to_num(), plain.nan_to_num())


def exact(x: Tensor) -> Tensor:
    """A chain that is exact, tapped twice."""
    y = tk.tap(x * 2 + 1, "y", "slow fast")
    z = tk.tap((y / 3).sqrt(), "z", "slow fast")
    return z * z


def curved(x: Tensor) -> Tensor:
    """A value whose last bits depend on how it is computed."""
    return tk.tap(x.sin() * 2 + 1, "y", "slow fast").flip(0).sum()


def summed(x: Tensor) -> Tensor:
    """A value of which each element needs a whole row."""
    return tk.tap(x - x.sum(1, keepdim=True), "y", "slow fast") + 1


def long(x: Tensor) -> Tensor:
    """An exact chain of many links."""
    for _ in range(60):
        x = x * 1.5 - 0.25
    return tk.tap(x, "y", "slow fast")


def branching(x: Tensor) -> Tensor:
    """A chain of which an element is made of ever more elements."""
    for _ in range(14):
        x = x[:, 2:] * x[:, 1:-1]
    return tk.tap(x, "y", "slow fast")


@pytest.mark.parametrize(
    ("function", "picks"),
    [
        *((exact, False), (curved, False), (summed, False)),
        *((long, False), (branching, True)),
    ],
)
def test_only_what_is_short_is_computed_apart(
    function: Callable[[Tensor], Tensor], picks: bool
) -> None:
    """The code picks only where an element is made of very many."""
    x = torch.rand(64, 64, dtype=torch.float64)
    compiled = torch.compile(function, fullgraph=True)
    with tk.record(pixels=[(1, 2)]) as recording:
        _, (code, *_) = run_and_get_code(compiled, x)
    assert ("tracekit.pick.default(" in code) == picks
    assert code.count("deferred.program(") == 1
    whole = recorded(lambda: compiled(x))
    for tap in whole.taps:
        value = stored(whole, tap).reshape(64, -1)[1, 2]
        assert stored(recording.trace, tap).tolist() == [value]


def test_nothing_is_where_the_compiler_may_round_elsewhere() -> None:
    """It contracts a product and a sum here, and there it may not."""
    keep_order()  # torch that has other flags is told
    assert flags_are_exact()
    with config.patch({"cpp.enable_floating_point_contract_flag": "fast"}):
        assert not flags_are_exact()


def test_pixels_are_computed_apart_where_autograd_records() -> None:
    """The gradient is that of the untapped program."""
    x = torch.rand(32, 32, dtype=torch.float64)
    compiled = torch.compile(exact, fullgraph=True)
    gradients: list[Tensor] = []

    def run() -> None:
        leaf = x.clone().requires_grad_()
        gradients.extend(torch.autograd.grad(compiled(leaf).sum(), leaf))

    run()
    some = recorded(run, pixels=[(1, 2)])
    whole = recorded(run)
    for tap in whole.taps:
        value = stored(whole, tap).reshape(32, 32)[1, 2]
        assert stored(some, tap).tolist() == [value]
    assert all(torch.equal(g, gradients[0]) for g in gradients)


@pytest.mark.parametrize("listed", [False, True])
def test_passes_of_others_run_and_are_left_alone(listed: bool) -> None:
    """Inductor's setting is the user's own when the recording has ended."""
    ran = []

    class Own(CustomGraphPass):
        def __call__(self, graph: torch.fx.Graph) -> None:
            ran.append(len(graph.nodes))

        def uuid(self) -> None:
            return None

    own = [Own()] if listed else Own()
    x = torch.rand(8, 8)
    for before in (None, own):
        torch._dynamo.reset()
        with config.patch(post_grad_custom_pre_pass=before):
            with tk.record(pixels=[(1, 2)]):
                torch.compile(exact)(x)
                assert config.post_grad_custom_pre_pass is not before
            assert config.post_grad_custom_pre_pass is before
    assert ran


def test_passes_that_came_back_are_left_alone() -> None:
    """A setting that was saved while recording holds ours from then on."""
    with config.patch(post_grad_custom_pre_pass=None):
        with tk.record():
            torch.compile(exact)(torch.rand(8, 8))
            kept = config.post_grad_custom_pre_pass
        torch._dynamo.reset()
        config.post_grad_custom_pre_pass = kept
        with tk.record():
            torch.compile(exact)(torch.rand(8, 8))
        assert config.post_grad_custom_pre_pass is kept
        assert config.joint_custom_pre_pass is None


def test_values_without_elements_are_compiled() -> None:
    """An axis of no length holds no pixel's numbers."""

    def program(x: Tensor) -> Tensor:
        return tk.tap(x.permute(2, 0, 1) + 1, "y", "n slow fast")

    trace = recorded(
        lambda: torch.compile(program, fullgraph=True)(torch.ones(4, 5, 0)),
        pixels=[(1, 2)],
    )
    assert trace.taps == ("y",)


def test_taps_that_follow_one_another_fire_in_one_call() -> None:
    """In program order, around what else the program states."""

    def program(x: Tensor, n: int) -> Tensor:
        with tk.scope("rows", slow=n):
            y = tk.tap(x * 2, "a", "slow fast", where=x > 0)
            z = tk.tap((y, y + n), "b", "slow fast xy")
        tk.config("stated", 1.0)
        w = tk.tap(z[1].sin(), "c", "slow fast")
        return tk.tap(w + 1, "d", "slow fast")

    x = torch.linspace(-1, 1, 20, dtype=torch.float64).reshape(4, 5)
    compiled = torch.compile(program, fullgraph=True)
    pixels = [(1, 2), (3, 4), (9, 1), (10, 0)]
    with tk.record(pixels=pixels):
        _, (code, *_) = run_and_get_code(compiled, x, 8)
    assert code.count("deferred.program(") == 2
    assert "tracekit.tap_at.default(" not in code
    for n in (8, 0, 50):
        assert_same_firings(
            recorded(lambda n=n: compiled(x, n), pixels=pixels),  # type: ignore[misc]
            recorded(lambda n=n: program(x, n), pixels=pixels),  # type: ignore[misc]
        )


def test_planes_of_a_stack_meet_rows_of_more_axes() -> None:
    """What is computed once for several planes is broadcast as they are."""

    def program(x: Tensor, rows: Tensor) -> Tensor:
        planes = x + 1
        length = planes[0] * planes[1]
        turned = rows[:, None, None] * length * planes[1]
        return tk.tap(turned, "turned", "mosaic slow fast").sum()

    given = torch.rand(2, 8, 64), torch.rand(10)
    compiled = torch.compile(program, fullgraph=True)
    pixels = [(1, 2), (3, 4)]
    assert_same_firings(
        recorded(lambda: compiled(*given), pixels=pixels),
        recorded(lambda: program(*given), pixels=pixels),
    )


def wave(x: Tensor) -> Tensor:
    """A number of which much is made."""
    half = x.round() * 0.5
    rest = x - half
    square = rest * rest
    series = square * 0.1 + 1
    for n in range(6):
        series = series * square + n
    return (series * rest + half) / (rest * square + 2)


def scattered(x: Tensor, y: Tensor, turns: Tensor) -> Tensor:
    """Values that are tapped long before the program needs them."""
    length = (x[0] * x[0] + x[1] * x[1] + y * y).sqrt()
    tk.tap(length, "length", "slow fast")
    unit = [v / length for v in (x[0], x[1], y)]
    tk.tap(tuple(unit), "unit", "slow fast xyz")
    omega = tk.tap(1e-8 / length / length, "omega", "slow fast")
    hkl = [
        row[0] * unit[0] + row[1] * unit[1] + row[2] * unit[2]
        for row in turns[..., None, None]
    ]
    tk.tap(tuple(hkl), "hkl", "mosaic slow fast hkl")
    grown = [wave(v * 5) / wave(v) for v in hkl]
    for name, value in zip("abc", grown, strict=True):
        tk.tap(value, name, "mosaic slow fast")
    planes = tk.tap(grown[0] * grown[1] * grown[2], "F", "mosaic slow fast")
    total = planes[0]
    for plane in planes[1:]:
        total = total + plane * plane
    return tk.tap(total * omega, "I", "slow fast")


def test_the_kernels_are_those_of_the_program_that_records_nothing() -> None:
    """Taps leave no trace where values are kept, nor in which order."""
    x = torch.rand(2, 8, 1024, dtype=torch.float64)
    given = x, x[0] + 1, torch.rand(3, 3, 10, dtype=torch.float64)
    compiled = torch.compile(scattered, fullgraph=True)
    with torch.no_grad():
        _, (plain, *_) = run_and_get_code(compiled, *given)
        with tk.record(pixels=[(1, 2)]) as recording:
            _, (tapped, *_) = run_and_get_code(compiled, *given)
    kernel = re.compile(r"cpp_pybinding\(.*?^'''\)", re.S | re.M)
    assert len(kernel.findall(plain)) == 1
    assert kernel.findall(tapped) == kernel.findall(plain)
    assert len(recording.trace.taps) == 9
