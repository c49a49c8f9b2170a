"""Blocks whose scopes say where they end: what is beside them passes."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import tracekit as tk
from tests.helpers import assert_same_firings, cells, firings, recorded
from tracekit.errors import TapError

SLOW, FAST = 12, 10


class Case(NamedTuple):
    """A program in blocks, and what is recorded of it."""

    pixels: list[tuple[int, int]]
    height: int
    width: int | None
    torch: bool
    bounded: tuple[str, ...]


CASES = st.builds(
    Case,
    st.lists(
        st.tuples(st.integers(0, SLOW - 1), st.integers(0, FAST - 1)),
        min_size=1,
        max_size=4,
    ),
    st.integers(1, SLOW),
    st.none() | st.integers(1, FAST),
    st.booleans(),
    st.sampled_from([("slow",), ("fast",), ("slow", "fast")]),
)


def blocks(case: Case, *, ranges: bool) -> None:
    """Tap an image block by block, in every kind of scope."""
    image = np.arange(SLOW * FAST, dtype=np.float64).reshape(SLOW, FAST)
    width = case.width or FAST
    for slow in range(0, SLOW, case.height):
        for fast in range(0, FAST, width):
            part = image[slow : slow + case.height, fast : fast + width]
            place: dict[str, Any] = {"slow": slow, "fast": fast}
            if ranges:
                ends = slow + part.shape[0], fast + part.shape[1]
                for dim, end in zip(("slow", "fast"), ends, strict=True):
                    if dim in case.bounded:
                        place[dim] = range(place[dim], end)
            value: Any = torch.from_numpy(part) if case.torch else part
            with tk.scope("block", **place):
                tap_inside(value)


def tap_inside(value: Any) -> None:
    """Taps that have both pixel dims, one, none, and a place of their own."""
    tk.tap(value, "image", "slow fast")
    tk.tap((value, value + 1), "vector", "slow fast component_of")
    with tk.scope("phi", phi=1):
        tk.tap(value.T, "turned", "fast slow")
        tk.tap(value[:, 0], "column", "slow")
    tk.tap(float(value[0, 0]), "corner")
    with tk.scope("elsewhere", slow=0, fast=0):
        tk.tap(value[:1, :1], "origin", "slow fast")


@given(CASES)
def test_a_range_records_what_its_first_index_records(case: Case) -> None:
    """Where a block ends changes no trace, it only saves looking at taps."""
    plain, ranged = (
        recorded(partial(blocks, case, ranges=ranges), pixels=case.pixels)
        for ranges in (False, True)
    )
    assert_same_firings(ranged, plain)
    pixels = {
        frozenset({("slow", slow), ("fast", fast)}): float(slow * FAST + fast)
        for slow, fast in case.pixels
    }
    assert cells(ranged, "image") == pixels


@pytest.mark.parametrize("value", [np.ones((6, 2)), torch.ones(6, 2)])
@pytest.mark.parametrize("pixel", [(0, 0), (50, 0)])
@pytest.mark.parametrize("pixels", [True, False])
def test_a_value_that_reaches_beyond_its_range_is_an_error(
    value: Any,
    pixel: tuple[int, int],
    pixels: Any,
) -> None:
    """Else a pixel behind the range's end would be lost without a word."""

    def program() -> None:
        tk.tap(np.ones((80, 2)), "image", "slow fast")
        with tk.scope("block", slow=range(5)):
            tk.tap(value, "image", "slow fast")

    with pytest.raises(TapError, match=r"has 6 indices.* range of 5"):
        recorded(program, pixels=[pixel] if pixels else None)


def test_every_index_of_a_range_belongs_to_its_block() -> None:
    """A range with a step is refused, a reserved dim as ever."""
    with (
        tk.record(),
        pytest.raises(TapError, match=r"range\(0, 4, 2\) leaves indices out"),
        tk.scope("block", slow=range(0, 4, 2)),
    ):
        pass
    with (
        tk.record(),
        pytest.raises(TapError, match="'occurrence' is reserved"),
        tk.scope("block", occurrence=range(2)),
    ):
        pass


def test_an_inner_index_stands_where_it_says() -> None:
    """A scope inside of a block may lie outside of it."""

    def program() -> None:
        for first in (0, 4, 8):
            with tk.scope("block", slow=range(first, first + 4)):
                tk.tap(torch.zeros(4, 2), "image", "slow fast")
                with tk.scope("row", slow=11):
                    tk.tap(torch.ones(1, 2), "row", "slow fast")

    trace = recorded(program, pixels=[(1, 0), (11, 1)])
    assert {event["tap"] for event in firings(trace)} == {"image", "row"}
    assert sum(event["tap"] == "row" for event in firings(trace)) == 3


def test_a_second_recording_misses_nothing() -> None:
    """What passes one recording is no less there for another."""

    def program() -> None:
        for first in (0, 2, 4):
            with tk.scope("block", slow=range(first, first + 2)):
                tk.tap(torch.full((2, 2), first), "image", "slow fast")

    with tk.record(pixels=[(0, 0)]):
        program()
        with tk.scope("block", slow=range(6, 8)):
            for _ in range(2):  # it is known by name from the second on
                tk.tap(torch.zeros(2, 2), "image", "slow fast")
            with tk.record(pixels=[(7, 1)]) as second:
                tk.tap(torch.ones(2, 2), "image", "slow fast")
                with tk.scope("again", slow=range(6, 8)):
                    tk.tap(torch.full((2, 2), 2.0), "again", "slow fast")
        with tk.record(pixels=[(3, 1)]) as third:
            program()
    place = frozenset({("slow", 7), ("fast", 1)})
    assert len(cells(second.trace, "image")) == 1
    assert cells(second.trace, "again") == {place: 2.0}
    assert list(cells(third.trace, "image").values()) == [2.0]


def test_an_inner_scope_may_outlive_its_block() -> None:
    """Generators close theirs in any order; what is inside is seen again."""

    def level(name: str, **place: Any) -> Iterator[None]:
        with tk.scope(name, **place):
            yield

    def program(block: Any) -> None:
        value = torch.ones(4, 4)
        for _ in range(2):
            with tk.scope("block", slow=block):
                tk.tap(value, "image", "slow fast")
        outer, inner = level("block", slow=block), level("inner", phi=1)
        next(outer)
        next(inner)
        del outer  # which closes it
        tk.tap(value, "image", "slow fast")
        del inner

    traces = [
        recorded(partial(program, block), pixels=[(0, 0)])
        for block in (8, range(8, 12))
    ]
    assert [len(firings(trace)) for trace in traces] == [1, 1]


@pytest.mark.parametrize(
    "selected", [{"pixels": [(0, 0)]}, {"at": {"slow": 0}}]
)
@pytest.mark.parametrize("torch_", [True, False])
@pytest.mark.parametrize("shape", [(4, 4, 0), (0, 4, 2), (4, 0, 2)])
def test_values_without_numbers_are_taken_as_they_are(
    shape: tuple[int, ...], torch_: Any, selected: dict[str, Any]
) -> None:
    """An axis without an index leaves no number, and is no error."""
    value = torch.zeros(shape) if torch_ else np.zeros(shape)

    def program() -> None:
        tk.tap(torch.ones(4, 4), "other", "slow fast")
        for _ in range(2):
            tk.tap(value, "empty", "slow fast hit")

    assert cells(recorded(program, **selected), "empty") == {}


def nested(value: Tensor, slow: Any) -> Tensor:
    """A row, whose place is known to what is compiled alone."""
    with tk.scope("row", slow=slow):
        return tk.tap(value * 3, "row", "slow fast") - 1


@pytest.mark.parametrize("tensors", [True, False])
def test_a_row_of_compiled_code_lies_where_its_own_scope_says(
    tensors: Any,
) -> None:
    """A block around it passes nothing by that says its own place."""

    def program(function: Callable[..., Tensor]) -> None:
        for slow in (30, 31, 5, 6, 30, 7):
            with tk.scope("block", slow=range(20, 24)):
                place = torch.tensor(slow) if tensors else slow
                function(torch.arange(8.0).reshape(4, 2), place)

    torch.compiler.reset()
    compiled = torch.compile(nested, fullgraph=True)
    trace = recorded(lambda: program(compiled), pixels=[(8, 1)])
    eager = recorded(lambda: program(nested), pixels=[(8, 1)])
    assert len(firings(eager)) == 3
    assert_same_firings(trace, eager)


def test_compiled_ranges_have_every_index() -> None:
    """A step is refused where code is traced, too."""

    def gaps(value: Tensor) -> Tensor:
        with tk.scope("block", slow=range(0, 8, 2)):
            return tk.tap(value, "t", "slow fast")

    compiled = torch.compile(gaps, backend="eager", fullgraph=True)
    with tk.record(), pytest.raises(Exception, match="leaves indices out"):
        compiled(torch.ones(4, 2))


def test_threads_pass_by_blocks_of_their_own() -> None:
    """That one thread is beside all pixels is nothing to another."""
    inside, beside = threading.Event(), threading.Event()

    def compute(first: int, mine: threading.Event, other: Any) -> None:
        for _ in range(2):  # the second time the tap is known
            with tk.scope("block", slow=range(first, first + 2)):
                mine.set()
                assert other.wait(20)
                tk.tap(torch.full((2, 2), first), "image", "slow fast")

    with tk.record(pixels=[(1, 1)]) as recording:
        workers = [
            threading.Thread(
                target=contextvars.copy_context().run,
                args=(compute, first, mine, other),
            )
            for first, mine, other in (
                (0, inside, beside),
                (8, beside, inside),
            )
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert len(firings(recording.trace)) == 2


def rows(value: Tensor, inner: Any) -> Tensor:
    """Tap in blocks, whose scope is part of what is compiled."""
    if inner:
        with tk.scope("block", slow=range(4, 8)):
            return tk.tap(value * 2, "twice", "slow fast") + 1
    return tk.tap(value * 2, "twice", "slow fast") + 1


@pytest.mark.parametrize("backend", ["eager", "aot_eager", "inductor"])
@pytest.mark.parametrize("inner", [True, False])
def test_compiled_code_passes_by_blocks(
    backend: str,
    inner: Any,
) -> None:
    """The same events as in eager mode, inside and around of a range."""

    def program(function: Callable[..., Tensor]) -> None:
        for first in (0, 4, 8, 12, 4):
            with tk.scope("block", slow=range(first, first + 4)):
                value = torch.arange(8.0).reshape(4, 2) + first
                function(value, inner)

    torch.compiler.reset()
    compiled = torch.compile(rows, backend=backend, fullgraph=True)
    options: dict[str, Any] = {"pixels": [(5, 1), (6, 0), (14, 1)]}
    trace = recorded(lambda: program(compiled), **options)
    assert_same_firings(trace, recorded(lambda: program(rows), **options))


def test_compiled_values_beyond_their_range_are_an_error() -> None:
    """Compiled code says so as well, before it passes anything by."""
    torch.compiler.reset()
    compiled = torch.compile(rows, fullgraph=True)

    def program() -> None:
        with tk.scope("block", slow=range(20, 22)):
            compiled(torch.ones(4, 2), False)

    with pytest.raises(TapError, match=r"has 4 indices.* range of 2"):
        recorded(program, pixels=[(0, 0)])
