"""Small values that fire again and again at one place of a program."""

from __future__ import annotations

import sys
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import structlog
import torch

import tracekit as tk
from tests.helpers import number_of, recorded, stored

VALUES: list[list[Any]] = [
    [1.5, -0.0, float("nan"), float("inf"), 5e-324],
    [1, 2**53 + 1, -(2**63), 2**63 - 1],
    [True, False, True],
    [np.float32(0.1), np.float32("nan"), np.float32(-0.0)],
    [np.int8(-128), np.int8(127)],
    [np.array(2.5), np.array(-0.0)],
    [np.array(x, np.uint64) for x in (2**64 - 1, 0)],
    [np.array(x, ">f4") for x in (0.1, 0.2)],
    [np.float16(0.1), np.float16(0.2)],
    [torch.tensor(x, dtype=torch.bfloat16) for x in (0.1, -0.0, torch.nan)],
    [torch.tensor(x, dtype=torch.float64) for x in (0.1, torch.inf)],
    [torch.tensor(x) for x in (2**62 + 1, -1)],
    [torch.tensor(x) for x in (True, False)],
    [np.arange(3.0), np.arange(3.0) + 1],
    [1j, 2.0 - 0.0j],
]


@pytest.mark.parametrize("on_disk", [False, True])
@pytest.mark.parametrize("values", VALUES, ids=lambda v: str(type(v[0])))
def test_the_second_firing_is_stored_as_the_first(
    tmp_path: Path, values: list[Any], on_disk: bool
) -> None:
    """Both ways into a recording leave the same bits."""

    def loop() -> None:
        for step, value in enumerate(values):
            with tk.scope("loop", step=step):
                tk.tap(value, "t", unit="m")

    path = tmp_path / "a" if on_disk else None
    one = recorded(loop, path=path)
    many = recorded(loop, when=lambda *_: True)
    assert stored(one, "t").tobytes() == stored(many, "t").tobytes()
    for table in ("tap", "grid"):
        assert one.tables[table].equals(many.tables[table])


def test_order_lines_and_loops_are_those_of_the_program() -> None:
    """Taps in turns, with small and large values, keep their order."""

    def program() -> None:
        for step in range(5):
            with tk.scope("loop", step=step):
                tk.tap(step, "a"), tk.tap(step + 10, "a")
                tk.tap(np.zeros(1000), "large", "n")
                tk.tap(float(step), "b")

    trace = recorded(program)
    assert stored(trace, "a").tolist() == [
        number for step in range(5) for number in (step, step + 10)
    ]
    taps = [number_of(trace, name) for name in ("a", "a", "large", "b")]
    events = trace.tables["event"].to_pylist()
    assert [row["tap_id"] for row in events] == taps * 5
    first = program.__code__.co_firstlineno
    lines = [first + 3, first + 3, first + 4, first + 5]
    assert [row["line"] for row in events] == lines * 5
    assert {row["file"] for row in events} == {__file__}
    times = [row["time_ns"] for row in events]
    assert times == sorted(times)


def test_numbers_of_all_sizes_and_arrays_keep_their_places(
    tmp_path: Path,
) -> None:
    """One batch of bytes, single and double numbers and arrays, in turns."""

    def program() -> None:
        for step in range(4):
            tk.tap(np.int8(step), "byte")
            tk.tap(np.arange(step + 1.0), "array", "n")
            for name in ("one", "two"):
                for kind in (np.float32, np.float64):
                    tk.tap(kind(step / 3), f"{name} {kind.__name__}")
            tk.tap(np.array(step, [">i4", "<i4"][step % 2]), "swapped")

    trace = recorded(program, path=tmp_path / "a")
    assert stored(trace, "byte").tolist() == [0, 1, 2, 3]
    for name in ("one", "two"):
        for kind in (np.float32, np.float64):
            found = stored(trace, f"{name} {kind.__name__}")
            assert found.tolist() == [kind(n / 3) for n in range(4)]
    assert sorted(stored(trace, "array")) == [0, 0, 0, 0, 1, 1, 1, 2, 2, 3]
    assert stored(trace, "swapped").tolist() == [0, 1, 2, 3]


def test_results_of_a_traced_function_are_known_by_its_caller() -> None:
    """A tap that tracekit calls itself stands where the program stands."""

    @tk.traced
    def double(x: float) -> float:
        return 2 * x

    def program() -> None:
        for number in range(3):
            double(float(number))
        double(0.5)

    rows = recorded(program).tables["event"].to_pylist()
    first = program.__code__.co_firstlineno
    assert [row["line"] - first for row in rows] == [2, 2, 2, 3]


def test_context_bound_later_is_not_lost() -> None:
    """A place that fired without a context has it when one is bound."""

    def program() -> None:
        for shot in range(3):
            if shot == 2:
                structlog.contextvars.bind_contextvars(shot=shot)
            tk.tap(shot, "t")
        structlog.contextvars.clear_contextvars()

    rows = recorded(program).tables["event"].to_pylist()
    assert [row["context"] for row in rows] == ["", "", '{"shot": 2}']


def test_a_value_changed_right_after_its_tap_is_kept() -> None:
    """What is stored is what the tap saw."""
    array, tensor = np.array(0.0), torch.tensor(0.0, dtype=torch.float64)

    def program() -> None:
        for _ in range(3):
            tk.tap(array, "array")
            tk.tap(tensor, "tensor")
            array[...] += 1
            tensor.add_(1)

    trace = recorded(program)
    assert stored(trace, "array").tolist() == [0, 1, 2]
    assert stored(trace, "tensor").tolist() == [0, 1, 2]


def test_ten_thousand_places_are_told_apart(tmp_path: Path) -> None:
    """Names without end are recorded, each with its values."""

    def program() -> None:
        for number in range(4200):
            for _ in range(2):
                tk.tap(number, f"t{number}")

    trace = recorded(program, path=tmp_path / "a")
    assert len(trace.taps) == 4200
    for number in (0, 4095, 4096, 4199):
        assert stored(trace, f"t{number}").tolist() == [number] * 2


def test_threads_lose_nothing_and_keep_their_order(tmp_path: Path) -> None:
    """Two threads at one place, and flushes between: every number arrives."""
    count = 20_000

    def fire(sign: int) -> None:
        for number in range(1, count + 1):
            tk.tap(sign * number, "n")

    with tk.record(tmp_path / "t") as recording:
        threads = [Thread(target=fire, args=(sign,)) for sign in (1, -1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = recording.trace.elements(0)["integer"].to_pylist()
    for sign in (1, -1):
        mine = [sign * n for n in found if sign * n > 0]
        assert mine == list(range(1, count + 1))


def test_functions_alike_are_told_apart() -> None:
    """The same tap at the same instruction of two functions, in turns."""

    def one() -> None:
        tk.tap(1.0, "t"), tk.tap(1.0, "t")

    def two() -> None:
        tk.tap(1.0, "t"), tk.tap(1.0, "t")

    def program() -> None:
        for _ in range(3):
            one()
            two()

    rows = recorded(program).tables["event"].to_pylist()
    first, second = (f.__code__.co_firstlineno + 1 for f in (one, two))
    assert [row["line"] for row in rows] == [first, first, second, second] * 3


def test_who_traces_the_program_sees_the_same() -> None:
    """A debugger that comes while taps fire has its frames for itself."""

    def program() -> None:
        for step in range(3):
            tk.tap(step, "t")
        before = sys.gettrace()
        sys.settrace(lambda *_: None)
        tk.tap(step, "t")
        frame = sys._getframe()
        frame.f_trace = note
        tk.tap(step, "t")
        kept.append(frame.f_trace)
        sys.settrace(before)
        del frame.f_trace

    def note(*event: Any) -> Any:
        seen.append(event[1])
        return note

    def traced() -> None:
        tk.tap(1, "u")
        kept.append(sys._getframe().f_trace)

    seen: list[str] = []
    kept: list[Any] = []
    with tk.record() as recording:
        program()
        before = sys.gettrace()
        sys.settrace(lambda *_: None)
        traced()
        sys.settrace(before)
    assert kept == [note, None]
    assert set(seen) == {"line"}
    assert recording.trace.taps == ("t", "u")
