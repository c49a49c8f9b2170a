"""Taps of which compiled code computes the pixels alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch._inductor.utils import run_and_get_code

import tracekit as tk
from tests.helpers import recorded, stored

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning"
)
SPECIAL = [0.0, -0.0, 0.5, 1.5, -2.5, 1e300, -1e300, 5e-324, 1 / 3, 2.0**60,
           float("inf"), -float("inf"), float("nan")]  # fmt: skip
OPERATIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "sum": lambda x, y: x + y - 3 * x,
    "quotient": lambda x, y: x / y + y.reciprocal() + 1 / x,
    "root": lambda x, y: (x.abs() + y).sqrt() * -x,
    "whole": lambda x, y: x.floor() + y.ceil() + x.round() + y.trunc(),
    "ends": lambda x, y: torch.maximum(x, y) + x.clamp(-1, 2).minimum(y),
    "chosen": lambda x, y: torch.where((x < y) | (x != x), x, y),
    "index": lambda x, _: x.clamp(-9, 9).long() * 3,
    "single": lambda x, y: x.float() / y.float(),
    "views": lambda x, y: (x.T.reshape(-1).view(x.shape) + y[:1])[:, ::1],
    "parts": lambda x, y: torch.stack([x, y]).unbind(0)[1] * x[2],
    "looked up": lambda x, y: x[0][y.clamp(0, 4).nan_to_num().long()],
    "sine": lambda x, y: (x * y).sin() * 2,
    "row": lambda x, y: x * y.nan_to_num().sum(0),
}


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


def inexact(x: Tensor) -> Tensor:
    """A value that has one right result only where it is made."""
    return tk.tap(x.sin(), "y", "slow fast") + 1


def test_only_what_is_exact_is_computed_apart() -> None:
    """The code holds a pick of a sine, and none of a root."""
    x = torch.rand(64, 64, dtype=torch.float64)
    for function, picks in ((exact, False), (inexact, True)):
        with tk.record(pixels=[(1, 2)]):
            _, (code, *_) = run_and_get_code(
                torch.compile(function, fullgraph=True), x
            )
        assert ("tracekit.pick.default(" in code) == picks
        assert "tracekit.tap_at.default(" in code
