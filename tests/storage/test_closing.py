"""A recording becomes a trace without being held in memory."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracekit.schema import Axis, Event, Run
from tracekit.storage import closing, large, sorting
from tracekit.storage.closing import write_recording
from tracekit.storage.gathering import Gathered
from tracekit.storage.hashes import ROWS
from tracekit.storage.stream import EventStream
from tracekit.storage.survey import Survey
from tracekit.storage.trace import Trace, open_trace


@st.composite
def firings(draw: st.DrawFn) -> list[Event]:
    """Firings of few taps: boxes, vectors, positions, texts, any order."""
    found = []
    for _ in range(draw(st.integers(1, 14))):
        kind: Any = draw(st.sampled_from(["float", "int", "bool", "text"]))
        shape = draw(st.sampled_from([(), (2,), (2, 3)]))
        names = draw(st.sampled_from(["slow fast", "slow component"])).split()
        axes = (
            Axis("phi", draw(st.integers(0, 2))),
            *(
                Axis(name, draw(st.integers(0, 2)), extent)
                for name, extent in zip(names, shape, strict=False)
            ),
        )
        size = int(np.prod(shape))
        positions = None
        if draw(st.booleans()):
            chosen = draw(st.sets(st.integers(0, size - 1)))
            positions = np.array(sorted(chosen), np.int64)
            size = len(positions)
        types: dict[str, Any] = {
            "float": draw(st.sampled_from([np.float32, np.float64])),
            "int": np.int32,
            "bool": np.bool_,
        }
        numbers = draw(
            st.lists(st.integers(0, 3), min_size=size, max_size=size)
        )
        texts = kind == "text"
        values = np.array([] if texts else numbers, types.get(kind))
        found.append(
            Event(
                draw(st.sampled_from("ab")),
                values,
                axes,
                kind=kind,
                dtype="text" if texts else str(values.dtype),
                positions=positions,
                text=[str(n) for n in numbers] if texts else None,
                digits=np.array(numbers, np.int16)
                if kind == "float" and draw(st.booleans())
                else None,
                line=draw(st.integers(1, 2)),
            )
        )
    return found


def closed(events: list[Event], root: Path, batch: int) -> Trace:
    """What closing makes of a stream of these events."""
    stream = EventStream(root / "s.arrow")
    for number, event in enumerate(events):
        stream.write(event)
        if number % batch == 0:
            stream.flush()
    stream.close()
    write_recording(root, Survey([root / "s.arrow"]), run=Run())
    return open_trace(root)


def content(trace: Trace) -> list[Any]:
    """All that a trace says."""
    taps = range(trace.tables["tap"].num_rows)
    return [
        {name: table.to_pylist() for name, table in trace.tables.items()},
        [trace.elements(number).to_pydict() for number in taps],
        [trace.elements(number).schema.types for number in taps],
    ]


@pytest.mark.parametrize(
    "limits", [(12 << 20, 1, 1), (0, 1 << 30, 9), (0, 1 << 30, 0), (0, 0, 0)]
)
@settings(max_examples=40)
@given(firings(), st.integers(1, 5))
def test_what_is_closed_is_what_is_built_in_memory(
    limits: tuple[int, int, int], events: list[Event], batch: int
) -> None:
    """In memory, as fired, in turns or sorted on the disk: one trace."""
    with (
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(closing, "IN_MEMORY", limits[0])
        patch.setattr(large, "_FEW", limits[1])
        patch.setattr(large, "_LONG", limits[2])
        found = content(closed(events, Path(folder), batch))
        assert found == content(Trace.build(events, run=Run()))


def test_every_way_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large taps are sorted on the disk only where their order asks for it."""
    monkeypatch.setattr(closing, "IN_MEMORY", 0)
    monkeypatch.setattr(large, "_FEW", 8)
    ways = []
    for module, name in (
        (large, "_in_turns"),
        (large, "_as_fired"),
        (sorting, "write_sorted"),
    ):
        real = getattr(module, name)

        def way(*given: Any, real: Any = real) -> Any:
            ways.append(real.__name__)
            return real(*given)

        monkeypatch.setattr(module, name, way)
    rising, falling, same = (
        [
            Event("t", np.ones(9), (Axis("n", phi), Axis("x", 0, 9)))
            for phi in order
        ]
        for order in ((0, 1, 2), (2, 1, 0), (1, 1, 1))
    )
    for number, events in enumerate((same, rising, falling)):
        (tmp_path / str(number)).mkdir()
        closed(events, tmp_path / str(number), 2)
        left = {p.name for p in (tmp_path / str(number)).iterdir()}
        assert "recording.sorting" not in left
    assert ways == ["_in_turns", "_as_fired", "write_sorted"]


LONG = """
import sys
import numpy as np
import tracekit as tk

def peak():
    lines = open("/proc/self/status").read().splitlines()
    (line,) = [line for line in lines if line.startswith("VmHWM")]
    return int(line.split()[1]) >> 10

image = np.random.default_rng(0).normal(size=(2048, 2048))
with tk.record(sys.argv[1] + "/warm"):
    tk.tap(1.0, "t")
began = peak()
with tk.record(sys.argv[1] + "/long"):
    for n in range(10):
        with tk.scope("loop", n=n):
            tk.tap(image, "place", "slow fast")
        tk.tap(image, "turn", "slow fast")
        if len(sys.argv) > 2:
            with tk.scope("loop", n=-n):
                tk.tap(image[:600], "back", "slow fast")
    for n in range(400_000):
        tk.tap(1.5, "small")
print(peak() - began)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells the peak")
@pytest.mark.parametrize("order", [[], ["back"]])
def test_a_long_run_is_closed_in_bounded_memory(
    tmp_path: Path, order: list[str]
) -> None:
    """700 MB take 256 MB above the program, if DuckDB has to sort as well."""
    command = [sys.executable, "-c", LONG, str(tmp_path), *order]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert int(done.stdout) < 256
    trace = open_trace(tmp_path / "long")
    assert trace.tables["event"].num_rows == 400_020 + 10 * len(order)
    rows = {tap["name"]: tap for tap in trace.tables["tap"].to_pylist()}
    assert rows["turn"]["elements"] == rows["place"]["elements"] == 10 * 2**22


def test_large_taps_that_fire_in_turns_are_closed(tmp_path: Path) -> None:
    """Firings of one tap that lie apart in the stream are put together."""
    stream = EventStream(tmp_path / "recording.arrow")
    numbers = np.arange(20_000, dtype=np.float64)
    axes = (Axis("n", 0, len(numbers)),)
    for firing in range(180):
        tap = "ab"[firing % 2]
        stream.write(Event(tap, numbers + firing, axes))
    stream.close()
    survey = Survey([tmp_path / "recording.arrow"])
    assert all(tap.bytes > closing.IN_MEMORY for tap in survey.taps)
    write_recording(tmp_path, survey, run=Run())
    for number in range(2):
        table = open_trace(tmp_path).elements(number)
        found = table["float"].to_numpy().reshape(len(numbers), 90)
        expected = numbers[:, None] + np.arange(number, 180, 2)
        assert np.array_equal(found, expected)


def test_firings_that_fill_more_than_a_table_stay_apart(
    tmp_path: Path,
) -> None:
    """Large masks of one batch, the last place first."""
    count = sorting._ROWS * 2 + 1
    mask = np.arange(count) % 3 > 0
    events = [
        Event(
            "t", mask, (Axis("n", n), Axis("x", 0, count)),
            kind="bool", dtype="bool",
        )
        for n in range(6, -1, -1)
    ]  # fmt: skip
    assert mask.nbytes * len(events) * 16 > closing.IN_MEMORY
    found = closed(events, tmp_path, len(events) + 1)
    built = Trace.build(events, run=Run())
    assert found.elements(0).equals(built.elements(0))
    assert found.tables["event"].equals(built.tables["event"])


def test_small_firings_are_taken_together(tmp_path: Path) -> None:
    """Pixels picked of an image, texts, and what each mask leaves."""
    image = (Axis("slow", 0, 2), Axis("fast", 0, 3))
    stream = EventStream(tmp_path / "recording.arrow")
    for firing in range(9_000):
        axes = (Axis("phi", firing), *image)
        places = np.array([1, 4])
        values = np.array([1.0, 2.0]) * firing
        stream.write(Event("pixels", values, axes, positions=places))
        places = np.array([firing % 2, 4])
        stream.write(Event("masked", values, axes, positions=places))
        stream.write(
            Event(
                "hash", np.empty(0), axes[:1], kind="text", dtype="text",
                text=[str(firing)],
            )
        )  # fmt: skip
    stream.close()
    survey = Survey([tmp_path / "recording.arrow"])
    parts = [len([*survey.firings([number])]) for number in range(3)]
    batches = len([*survey.batches()])
    assert parts == [batches, 9_000, batches]
    rows = Gathered(survey.taps[1], survey.taps[1].grid())
    tables = [
        table
        for _, first, found in survey.firings([1])
        for table in rows.tables(found, first, ROWS)
    ]
    tables += rows.rest()
    assert sum(map(len, tables)) == 18_000
    assert len(tables) < 5
