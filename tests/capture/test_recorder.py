"""``record()``: what it selects, how it ends, and what it leaves."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tracekit as tk
from tests.helpers import recorded, stored
from tracekit.errors import RecordingError, TapError
from tracekit.schema import Event


def test_taps_are_selected_by_name_or_glob() -> None:
    """A pattern without wildcards means itself; case counts."""

    def program() -> None:
        for name in ("F_latt", "F_cell", "f_cell", "omega", "omega2"):
            tk.tap(1.0, name)

    trace = recorded(program, taps=["F_*", "omega"])
    assert trace.taps == ("F_latt", "F_cell", "omega")
    run = trace.tables["run"].to_pylist()[0]
    assert run["selected_taps"] == ["F_*", "omega"]
    assert recorded(program, taps=[]).taps == ()


def test_an_event_knows_the_line_that_fired_it() -> None:
    """File and line are the program's, not tracekit's."""

    @tk.traced
    def half(x: float) -> float:
        return x / 2

    def program() -> None:
        tk.tap(1.0, "direct")
        half(1.0)

    rows = recorded(program).tables["event"].to_pylist()
    first = program.__code__.co_firstlineno
    assert [row["file"] for row in rows] == [__file__, __file__]
    assert [row["line"] for row in rows] == [first + 1, first + 2]
    assert [row["sequence"] for row in rows] == [0, 1]
    assert all(row["time_ns"] > 0 for row in rows)


def test_dims_that_do_not_fit_are_an_error() -> None:
    """The error names the tap, the dims and the shape; the program stops."""
    with tk.record(), pytest.raises(TapError) as caught:
        tk.tap(np.zeros((2, 3)), "R", "slow")
    message = str(caught.value)
    assert "'R'" in message
    assert "'slow'" in message
    assert "(2, 3)" in message


def test_axes_without_names_are_numbered() -> None:
    """A tap without dims is recorded under axis0, axis1, ..."""
    trace = recorded(lambda: tk.tap(np.zeros((2, 3)), "t"))
    dims = [row["dim"] for row in trace.tables["grid"].to_pylist()]
    assert dims == ["axis0", "axis1"]


@pytest.mark.parametrize("stored_at", [None, "a.trace"])
def test_an_error_of_the_program_goes_on_and_the_trace_is_whole(
    tmp_path: Path, stored_at: str | None
) -> None:
    """What was recorded before is kept, and the run says how it ended."""
    path = None if stored_at is None else tmp_path / stored_at
    made = []

    def program() -> None:
        with tk.record(path) as recording:
            made.append(recording)
            tk.tap(1.0, "before")
            tk.tap(1 / 0, "never")

    with pytest.raises(ZeroDivisionError):
        program()
    trace = made[0].trace
    assert trace.taps == ("before",)
    facts = dict(trace.tables["run"].to_pylist()[0]["facts"])
    told = "ended by ZeroDivisionError: division by zero"
    assert facts["recording"] == told
    if path is not None:
        assert tk.read_trace(path).taps == ("before",)
        assert not list(path.glob("recording.*"))


def test_the_trace_is_there_after_the_block_only() -> None:
    """Asking earlier is an error that says when."""
    with tk.record() as recording:
        with pytest.raises(RecordingError, match="after the with block"):
            _ = recording.trace
        tk.tap(1.0, "t")
    assert recording.trace.taps == ("t",)
    with pytest.raises(RecordingError, match="has ended"), recording:
        pass


def test_recorders_nest_and_each_takes_what_it_selects(tmp_path: Path) -> None:
    """Two recorders at once get the same values, each its own selection."""
    with tk.record(tmp_path / "a") as outer:
        tk.tap(1.0, "first")
        with tk.record(tmp_path / "b", taps=["second"]) as inner:
            tk.tap(2.0, "second")
        tk.tap(3.0, "third")
    assert outer.trace.taps == ("first", "second", "third")
    assert inner.trace.taps == ("second",)


class Open:
    """A sink that insists on being written to only while it is open."""

    def __init__(self) -> None:
        self.taps: list[str] = []
        self.closed = False

    def write(self, event: Event) -> None:
        """Keep the name."""
        assert not self.closed
        self.taps.append(event.tap)

    def close(self) -> None:
        """Take no more."""
        self.closed = True


def test_nothing_is_recorded_after_the_block() -> None:
    """A tap of a thread that outlives the block does no harm."""
    ended, fired = threading.Event(), threading.Event()
    sink = Open()
    errors: list[BaseException] = []

    class Slow:
        """A value that is still on its way to the recorder at the end."""

        def __array__(
            self, *_: object, **__: object
        ) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
            fired.set()
            ended.wait()
            return np.ones(1)

    def tap_late() -> None:
        try:
            tk.tap(Slow(), "late", "n")
        except BaseException as error:
            errors.append(error)
            raise

    with tk.record(sinks=[sink]) as recording:
        late = threading.Thread(target=tap_late)
        late.start()
        fired.wait()
        tk.tap(1.0, "t")
    ended.set()
    late.join()
    assert errors == []
    assert sink.taps == ["t"]
    assert recording.trace.taps == ("t",)


def test_many_small_and_some_large_events_come_back_in_order(
    tmp_path: Path,
) -> None:
    """Batches of the stream don't show in the trace."""

    def program() -> None:
        for phi in range(1500):
            with tk.scope("loop", phi=phi):
                tk.tap(phi, "n")
                if phi % 500 == 0:
                    tk.tap(np.full(2**20, phi), "large", "slow")

    trace = recorded(program, path=tmp_path / "a")
    assert stored(trace, "n").tolist() == list(range(1500))
    assert stored(trace, "large")[:: 2**20].tolist() == [0, 500, 1000]
    sequence = trace.tables["event"]["sequence"].to_pylist()
    assert sequence == list(range(1503))


@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_a_large_value_changed_right_after_its_tap_is_kept(
    tmp_path: Path, kind: str
) -> None:
    """What goes to the disk from where it lies is there before it changes."""
    array = np.ones((400, 400))
    value = array if kind == "numpy" else torch.from_numpy(array)
    with tk.record(tmp_path / "a") as recording:
        for _ in range(3):
            tk.tap(value, "t", "slow fast")
            array += 1
            tk.tap(value[::2, ::-1] if kind == "numpy" else value.T, "view")
    found = stored(recording.trace, "t").reshape(-1, 3)
    assert np.array_equal(found, np.broadcast_to([1, 2, 3], found.shape))


def test_one_record_begins_one_block(tmp_path: Path) -> None:
    """Entered once more, inside or after, it says so and keeps the trace."""
    made = tk.record(tmp_path / "a")
    with made as recording:
        tk.tap(1.0, "first")
        with pytest.raises(RecordingError, match="has begun a block"), made:
            pass
        tk.tap(2.0, "second")
    with pytest.raises(RecordingError, match=r"tk\.record\(\.\.\.\):"), made:
        pass
    assert recording.trace.taps == ("first", "second")
    assert tk.read_trace(tmp_path / "a").taps == ("first", "second")


def test_a_decorated_function_is_recorded_at_each_call(tmp_path: Path) -> None:
    """One that returns before its taps fire would lose them in silence."""

    @tk.record(tmp_path / "a")
    def program(value: float) -> float:
        return tk.tap(value, "t")

    for value in (1.0, 2.0):
        assert program(value) == value
        assert stored(tk.read_trace(tmp_path / "a"), "t").tolist() == [value]

    async def later() -> None:
        tk.tap(1.0, "lost")

    def generator() -> Iterator[float]:
        yield tk.tap(1.0, "lost")

    for function in (later, generator):
        with pytest.raises(RecordingError, match="before its taps fire"):
            tk.record()(function)
    with pytest.raises(RecordingError, match="with parentheses"):
        tk.record(program)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"path": 3}, "path=3: expected a path"),
        ({"program": 3}, "program=3: expected a text"),
        ({"taps": [3]}, r"taps=\[3\]: expected a list of names"),
        ({"taps": "F"}, "taps='F': expected a list"),
        ({"expect": 3}, "expect=3: expected a list of names"),
        ({"at": [("cell", 3)]}, "at=.*: expected indices by dim"),
        ({"pixel_dims": ("slow", "slow")}, "expected two names"),
        ({"when": str.isupper}, "when=.*called with the tap's name"),
        ({"stop_when": lambda: True}, "stop_when=.*called with the event"),
    ],
)
def test_options_are_checked_before_the_program_runs(
    options: dict[str, Any], told: str
) -> None:
    """What is wrong with one would else be told when the run is over."""
    with pytest.raises(RecordingError, match=told), tk.record(**options):
        raise AssertionError


@pytest.mark.parametrize("dims", [("slow", "fast"), ["slow", "fast"]])
def test_dims_are_one_text(dims: Any) -> None:
    """As tuples or lists they are told, not looked up."""
    for value in (np.ones((2, 2)), torch.ones(2, 2)):
        with (
            tk.record(pixels=[(0, 0)]),
            pytest.raises(TapError, match="expected one text, a name per"),
        ):
            tk.tap(value, "t", dims)


def test_a_tap_has_a_name() -> None:
    """The empty one can't be asked for."""
    with tk.record(), pytest.raises(TapError, match="with the name ''"):
        tk.tap(1.0, "")


def test_a_block_that_never_begins_is_told() -> None:
    """Without ``with`` nothing is recorded, and nobody would know."""
    for make in (tk.record, lambda: tk.instrument("math:sqrt")):
        with pytest.warns(RuntimeWarning, match=r"write 'with tk\.\w+\("):
            make()


def test_a_program_may_go_elsewhere_while_it_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path is that of the moment in which the block begins."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    with tk.record("a") as recording:
        tk.tap(1.0, "before")
        monkeypatch.chdir("elsewhere")
        tk.tap(np.ones(1 << 18), "after", "n")
    assert recording.trace.taps == ("before", "after")
    assert tk.read_trace(tmp_path / "a").taps == ("before", "after")
