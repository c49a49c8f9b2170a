"""The short way of a few numbers, which are read where they lie."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tracekit as tk
from tests.helpers import firings
from tracekit.errors import TapError

EXTENTS = st.lists(st.integers(1, 4), min_size=2, max_size=4)
TYPES = ["?", "u1", "i1", "i2", "i4", "i8", "f4", "f8"]
BITS = st.integers(0, 2**63 - 1)


class Layout(NamedTuple):
    """How a value lies in memory."""

    order: list[int]
    steps: list[int]
    expanded: list[bool]


@st.composite
def arrays(draw: st.DrawFn) -> tuple[Any, int]:
    """An array of any type and strides, and of how many axes it has names."""
    extents = draw(EXTENTS)
    axes = range(len(extents))
    layout = Layout(
        draw(st.permutations(axes)),
        [draw(st.sampled_from([1, 2, 3])) for _ in axes],
        [draw(st.booleans()) for _ in axes],
    )
    size = [
        1 if flat else extent * step
        for extent, step, flat in zip(
            extents, layout.steps, layout.expanded, strict=True
        )
    ]
    words = np.random.default_rng(draw(BITS)).bytes(8 * int(np.prod(size)))
    kind = np.dtype(draw(st.sampled_from(TYPES)))
    numbers = np.frombuffer(words, "u1" if kind == "?" else kind)
    numbers = (numbers & 1).view("?") if kind == "?" else numbers
    base = numbers[: int(np.prod(size))].reshape(size).copy()
    base = base[tuple(slice(None, None, step) for step in layout.steps)]
    whole = np.broadcast_to(base, extents)
    return whole.transpose(layout.order), len(extents)


def taps(value: Any, rank: int, *, plain: bool) -> None:
    """The same taps, on the short way or, with a mask of all, on the other."""
    dims = " ".join(["slow", "fast", *["third", "fourth"][: rank - 2]])
    where = None if plain else np.ones(value.shape, np.bool_)
    tk.tap(value, "plain", dims, where=where)
    tk.tap((value, value), "planes", f"{dims} component", where=where)
    axes = (1, 0, *range(2, rank))
    tk.tap(value, "turned", dims, axes=axes, where=where)


@given(arrays(), st.booleans(), st.booleans(), st.integers(0, 3))
def test_numbers_are_read_as_they_lie(
    found: tuple[Any, int], torched: bool, reverse: bool, at: int
) -> None:
    """Every type and every order in memory gives the bits of the long way."""
    value, rank = found
    if torched:
        value = torch.from_numpy(value.copy(order="K"))
    elif reverse:
        value = value[::-1]
    pixels = [(at, 1), (0, 0), (2, at)]
    with tk.record(pixels=pixels) as short:
        taps(value, rank, plain=True)
    with tk.record(pixels=pixels) as long:
        taps(value, rank, plain=False)
    ours, theirs = firings(short.trace), firings(long.trace)
    for event in (*ours, *theirs):
        event["values"] = event["values"].tobytes()
    assert ours == theirs


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
