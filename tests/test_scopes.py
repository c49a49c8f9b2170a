"""Scopes, as a program enters them."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterator
from functools import partial
from threading import Event
from typing import Any

import numpy as np
import pytest
import torch

import tracekit as tk
from tests.helpers import cells, grid, recorded
from tracekit.errors import TapError


def test_scopes_nest_and_inner_indices_win() -> None:
    """Loop indices of all open scopes belong to a tap, inner ones first."""

    def program() -> None:
        with tk.scope("outer", phi=1, mosaic=2):
            with tk.scope("inner", phi=5):
                tk.tap(1.0, "deep")
            tk.tap(2.0, "shallow")
        tk.tap(3.0, "outside")

    trace = recorded(program)
    assert grid(trace, "deep") == {"phi": (5, 1), "mosaic": (2, 1)}
    assert grid(trace, "shallow") == {"phi": (1, 1), "mosaic": (2, 1)}
    assert grid(trace, "outside") == {}


def test_a_scope_that_an_error_leaves_is_closed() -> None:
    """After an exception taps are back in the outer scope."""

    def program() -> None:
        with pytest.raises(KeyError), tk.scope("phi", phi=1):
            raise KeyError("physics")
        tk.tap(1.0, "t")

    assert grid(recorded(program), "t") == {}


def test_a_scope_may_have_dims_of_any_name() -> None:
    """A dim called name or self is a dim like others."""

    def program() -> None:
        with tk.scope("loop", name=1, self=2):
            tk.tap(1.0, "t")

    assert grid(recorded(program), "t") == {"name": (1, 1), "self": (2, 1)}


@pytest.mark.parametrize("index", [3, np.int64(3), torch.tensor(3)])
def test_any_integer_is_a_loop_index(index: Any) -> None:
    """NumPy and torch integers are indices too."""

    def program() -> None:
        with tk.scope("loop", phi=index):
            tk.tap(1.0, "t")

    assert grid(recorded(program), "t") == {"phi": (3, 1)}


@pytest.mark.parametrize(
    ("indices", "says"),
    [
        ({"phi": 0.5}, "phi=0.5 is no integer"),
        ({"occurrence": 1}, "reserved"),
        ({"component": 1}, "reserved"),
    ],
)
def test_what_is_no_loop_index_is_refused(
    indices: dict[str, Any], says: str
) -> None:
    """A fraction is not cut off, and a name of ours is not taken."""
    with (
        tk.record(),
        pytest.raises(TapError, match=says),
        tk.scope("loop", **indices),
    ):
        pass


def test_threads_have_scopes_of_their_own() -> None:
    """Blocks that threads compute land where they belong, none is lost."""
    together = threading.Barrier(3)

    def work(start: int) -> None:
        together.wait()
        for phi in range(20):
            with tk.scope("block", fast=start, phi=phi):
                tk.tap(np.full(2, start + phi / 100), "t", "fast")
        together.wait()

    def program() -> None:
        threads = [
            threading.Thread(target=work, args=(start,)) for start in (0, 2, 4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    trace = recorded(program)
    found = cells(trace, "t")
    assert len(found) == 6 * 20
    for place, value in found.items():
        index = dict(place)
        assert value == index["fast"] // 2 * 2 + index["phi"] / 100
    assert len(set(trace.tables["event"]["thread"].to_pylist())) == 3


def test_a_thread_sees_the_scopes_of_a_copied_context() -> None:
    """Alone a thread begins outside of all scopes; none is lost or mixed."""
    with tk.record() as recording, tk.scope("loop", phi=3):
        context = contextvars.copy_context()
        alone = partial(tk.tap, 1.0, "t")
        for target in (alone, partial(context.run, alone)):
            worker = threading.Thread(target=target)
            worker.start()
            worker.join()
    grids = recording.trace.tables["grid"].to_pylist()
    assert [(row["dim"], row["origin"]) for row in grids] == [("phi", 3)]
    assert len(recording.trace.tables["tap"]) == 2


def test_generators_leave_their_scopes_in_any_order() -> None:
    """Loops in step keep each other's indices, and none is left behind."""

    def loop(dim: str) -> Iterator[int]:
        for i in range(2):
            with tk.scope(dim, **{dim: i}):
                yield i

    def program() -> None:
        for p, q in zip(loop("p"), loop("q"), strict=True):
            tk.tap(10 * p + q, "inside")
        tk.tap(1.0, "outside")

    trace = recorded(program)
    assert grid(trace, "outside") == {}
    assert grid(trace, "inside") == {"p": (0, 2), "q": (0, 2)}


def test_one_scope_may_be_entered_twice() -> None:
    """It is closed as often as it was entered."""
    phi = tk.scope("phi", phi=1)

    def program() -> None:
        with phi, phi:
            pass
        tk.tap(1.0, "t")

    assert grid(recorded(program), "t") == {}


def test_threads_may_share_a_scope() -> None:
    """Each leaves its own level, whichever entered last."""
    phi, inside, left = tk.scope("phi", phi=1), Event(), Event()

    def first() -> None:
        with phi:
            inside.set()
            left.wait(30)
        tk.tap(1.0, "outside")

    def second() -> None:
        inside.wait(30)
        with phi:
            tk.tap(1.0, "inside")
            left.set()
            worker.join()
        tk.tap(1.0, "outside")

    with tk.record() as recording:
        worker = threading.Thread(target=first)
        worker.start()
        second()
    assert grid(recording.trace, "inside") == {"phi": (1, 1)}
    assert grid(recording.trace, "outside") == {"occurrence": (0, 2)}
