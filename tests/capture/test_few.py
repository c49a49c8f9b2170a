"""The short way of a few numbers, which are read where they lie."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tracekit as tk
from tests.helpers import firings
from tracekit import _state
from tracekit.errors import TapError

EXTENTS = st.lists(st.integers(1, 4), min_size=2, max_size=4)
TYPES = ["?", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f4", "f8"]
BITS = st.integers(0, 2**63 - 1)


class Layout(NamedTuple):
    """Numbers, and how a value of them lies in memory."""

    base: npt.NDArray[Any]
    steps: list[int]
    extents: list[int]
    order: list[int]

    def array(self) -> npt.NDArray[Any]:
        """As an array, its first axis from behind."""
        stepped = self.base[tuple(slice(None, None, s) for s in self.steps)]
        whole = np.broadcast_to(stepped, self.extents)
        return whole.transpose(self.order)[::-1]

    def tensor(self) -> torch.Tensor:
        """As a tensor."""
        tensor = torch.from_numpy(self.base)
        for axis, step in enumerate(self.steps):
            index = (*[slice(None)] * axis, slice(None, None, step))
            tensor = tensor[index]
        return tensor.expand(self.extents).permute(self.order)


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """Numbers of any type, in any order, with gaps, some of them repeated."""
    extents = draw(EXTENTS)
    axes = range(len(extents))
    steps = [draw(st.sampled_from([1, 2, 3])) for _ in axes]
    shape = [
        1 if draw(st.booleans()) else extent * step
        for extent, step in zip(extents, steps, strict=True)
    ]
    size = int(np.prod(shape))
    words = np.random.default_rng(draw(BITS)).bytes(8 * size)
    kind = np.dtype(draw(st.sampled_from(TYPES)))
    numbers = np.frombuffer(words, "u1" if kind == "?" else kind)
    numbers = (numbers & 1).view("?") if kind == "?" else numbers
    base = numbers[:size].reshape(shape).copy()
    return Layout(base, steps, extents, draw(st.permutations(axes)))


def taps(value: Any, rank: int, *, plain: bool) -> None:
    """The same taps, on the short way or, with a mask of all, on the other."""
    dims = " ".join(["slow", "fast", *["third", "fourth"][: rank - 2]])
    where = None if plain else np.ones(value.shape, np.bool_)
    tk.tap(value, "plain", dims, where=where)
    tk.tap((value, value), "planes", f"{dims} component", where=where)
    axes = (1, 0, *range(2, rank))
    tk.tap(value, "turned", dims, axes=axes, where=where)


@given(layouts(), st.booleans(), st.integers(0, 3))
def test_numbers_are_read_as_they_lie(
    layout: Layout, torched: bool, at: int
) -> None:
    """Every type and every order in memory gives the bits of the long way."""
    value: Any = layout.tensor() if torched else layout.array()
    rank = len(layout.extents)
    pixels = [(at, 1), (0, 0), (2, at)]
    with tk.record(pixels=pixels) as short:
        taps(value, rank, plain=True)
    with tk.record(pixels=pixels) as long:
        taps(value, rank, plain=False)
    ours, theirs = firings(short.trace), firings(long.trace)
    for event in (*ours, *theirs):
        event["values"] = event["values"].tobytes()
    assert ours == theirs


@pytest.mark.parametrize("value", [np.eye(2), torch.eye(2), 1.0])
def test_few_numbers_take_the_short_way(value: Any) -> None:
    """Where this fails, every test of this file tests the long way."""
    with tk.record(pixels=[(0, 0)]):
        assert _state.quick is not None
        for part in (value, (value, value)) if np.ndim(value) else (value,):
            axes = "slow fast component"[: 9 if np.ndim(part) == 2 else None]
            dims = axes if np.ndim(value) else ""
            assert _state.quick(part, "x", dims, None, None, None)


def test_values_of_one_shape_may_lie_in_two_orders() -> None:
    """What is known of the one is not taken for the other."""
    value = torch.arange(12.0).reshape(3, 4)
    other = torch.arange(12.0).reshape(4, 3).T
    with tk.record(pixels=[(1, 2)]) as recording:
        for x in (value, other, value.double(), other.numpy(), value.numpy()):
            tk.tap(x, "x", "slow fast")
    shown = [f["values"].item() for f in firings(recording.trace)]
    assert shown == [6.0, 7.0, 6.0, 7.0, 6.0]


def test_components_of_two_types_are_refused() -> None:
    """The second one's numbers are not read as the first one's."""
    parts = torch.ones(2, 2), torch.ones(2, 2, dtype=torch.float64)
    with (
        tk.record(pixels=[(0, 0)]),
        pytest.raises(TapError, match="components that are alike"),
    ):
        tk.tap(parts, "x", "slow fast component")


CLAIMS = """
import sys
import numpy as np
import tracekit as tk

class Claims:
    shape = (1 << 20, 1 << 20)

    def __array__(self, *_, **__):
        return np.zeros((1, 2))

with tk.record(pixels=[(7, 5), (0, 0)]) as recording:
    tk.tap(Claims(), "x", "slow fast")
print(recording.trace.elements(0).num_rows, "torch" in sys.modules)
"""


def test_only_arrays_are_believed_their_shape() -> None:
    """What an object says of itself leads to no memory of others."""
    done = subprocess.run(
        [sys.executable, "-c", CLAIMS],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("1 False\n")


@pytest.mark.parametrize("value", [2**70, np.str_("text"), (1.0, 2**70)])
def test_what_can_not_be_read_is_told_with_its_name(value: Any) -> None:
    """The short way leaves errors to the long one."""
    with (
        tk.record(pixels=[(0, 0)]),
        pytest.raises(TapError, match="tap 'x'"),
    ):
        tk.tap(value, "x")


def test_a_tuple_of_numbers_is_recorded() -> None:
    """It is no vector of planes."""
    with tk.record(pixels=[(0, 0)]) as recording:
        tk.tap((1.0, 2.0, 3.0), "x", "xyz")
    (event,) = firings(recording.trace)
    assert event["values"].tolist() == [1.0, 2.0, 3.0]


def views() -> dict[str, torch.Tensor]:
    """Tensors that are no rows of numbers."""
    x = torch.arange(24.0, dtype=torch.float64).reshape(4, 6)
    turned = torch.complex(x, -x).conj()
    return {
        "expanded": x[:1].expand(4, 6),
        "inside": x[1:, 2:],
        "steps": x[::2, ::3],
        "turned": x.T,
        "negated": turned.imag,
        "negated, alone": turned[1:2, 1:2].imag,
        "leaf": x.clone().requires_grad_(),
        "empty": x[:, :0],
    }


@pytest.mark.parametrize("name", views())
def test_views_are_read_as_they_lie(name: str) -> None:
    """Views of every kind show what an index of them shows."""
    value = views()[name]
    with tk.record(pixels=[(0, 0), (1, 1)]) as recording:
        tk.tap(value, "x", "slow fast")
    shown = [
        value[slow, fast].item()
        for slow, fast in ((0, 0), (1, 1))
        if slow < value.shape[0] and fast < value.shape[1]
    ]
    values = [
        n for firing in firings(recording.trace) for n in firing["values"]
    ]
    assert values == shown


@pytest.mark.parametrize("pixels", [None, [(0, 0)]])
def test_a_tensor_without_memory_is_an_error(
    pixels: list[tuple[int, int]] | None,
) -> None:
    """What was given back is not read, which would end the program."""
    value = torch.ones(4, 6)[1:]
    value.untyped_storage().resize_(0)
    with (
        tk.record(pixels=pixels),
        pytest.raises(TapError, match="'x': the memory of its tensor"),
    ):
        tk.tap(value, "x", "slow fast")
