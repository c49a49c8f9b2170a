"""Hashes and figures of large values are taken while the program runs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tracekit as tk
from tests.helpers import Cli
from tracekit.schema import Axis, Event, Run
from tracekit.storage import ahead, element_file, hashes, messages
from tracekit.storage.ahead import Ahead
from tracekit.storage.closing import write_recording
from tracekit.storage.hashes import ROWS, Known
from tracekit.storage.stream import EventStream
from tracekit.storage.survey import Survey
from tracekit.storage.trace import Trace, open_trace

FEW = 100  # rows of a row group, where a test says so
ODD = [np.nan, np.inf, -np.inf, -0.0, 0.0, 1.5]


def event(phi: int, values: Any, tap: str = "t", **more: Any) -> Event:
    """A firing at a place of a loop."""
    axes = (Axis("phi", phi), Axis("n", 0, len(values)))
    kind: Any = "float" if values.dtype.kind == "f" else "int"
    dtype = str(values.dtype)
    return Event(tap, values, axes, kind=kind, dtype=dtype, **more)


def recorded(events: list[Event], path: Path) -> Known:
    """Write events into a stream, and wait until all was looked at."""
    looking = Ahead(path)
    stream = EventStream(path, looking)
    for each in events:
        stream.write(each)
    stream.close()
    return looking.close(cut=False)


def files(root: Path) -> dict[str, bytes]:
    """What lies in the files of a trace, by name."""
    found = sorted(root.rglob("*.parquet"))
    return {str(f.relative_to(root)): f.read_bytes() for f in found}


@st.composite
def firings(draw: st.DrawFn) -> list[Event]:
    """Large values of two taps: whole row groups or not, in any order."""
    found = []
    for _ in range(draw(st.integers(1, 5))):
        size = draw(st.sampled_from([60, 100, 200, 205, 300]))
        kind = draw(st.sampled_from([np.float64, np.float32, np.int64]))
        seed = draw(st.integers(0, 9))
        numbers = np.random.default_rng(seed).choice(ODD, size)
        if kind is np.int64:
            numbers = np.nan_to_num(numbers, posinf=7, neginf=-7)
        tap = draw(st.sampled_from("ab")) + np.dtype(kind).char
        found.append(event(draw(st.integers(0, 3)), numbers.astype(kind), tap))
    return found


@settings(max_examples=30)
@given(firings())
def test_a_trace_does_not_depend_on_it(events: list[Event]) -> None:
    """Whatever was taken ahead, files, hashes and figures are the same."""
    with (
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        for module in (ahead, element_file, hashes, messages):
            patch.setattr(module, "ROWS", FEW)
        for module in (ahead, messages):
            patch.setattr(module, "LARGE", 300)
        patch.setattr("tracekit.storage.closing.IN_MEMORY", 0)
        patch.setattr("tracekit.storage.large._LONG", 1)
        patch.setattr("tracekit.storage.large.ROWS", FEW)
        stream = Path(folder) / "s"
        known = recorded(events, stream)
        roots = [Path(folder) / name for name in ("with", "without")]
        for root, given_ahead in zip(roots, (known, {}), strict=True):
            root.mkdir()
            write_recording(root, Survey([stream], given_ahead), run=Run())
        assert files(roots[0]) == files(roots[1])
        built = Trace.build(events, run=Run()).tables["tap"]
        assert open_trace(roots[0]).tables["tap"].equals(built)


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64])
def test_nothing_of_a_dense_tap_is_left(
    kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing reads what was taken, of whole row groups and the last."""
    numbers = np.arange(2 * ROWS).astype(kind)
    events = [event(0, numbers), event(1, numbers[5:])]
    known = recorded(events, tmp_path / "s")
    assert len(known) == 4
    with monkeypatch.context() as patch:
        for name in ("_value_hash", "figures_of"):
            patch.delattr(hashes, name)
        write_recording(tmp_path, Survey([tmp_path / "s"], known), run=Run())
    assert open_trace(tmp_path).tables["tap"]["max"][0].as_py() == numbers[-1]


def wanted(*events: Event) -> list[bool]:
    """Which events are looked at."""
    looking = Ahead(Path(os.devnull))
    found = [looking.wants(each) for each in events]
    looking.close()
    return found


def test_what_closing_cuts_otherwise_is_not_looked_at() -> None:
    """Of firings in one place, behind an odd size or with gaps none is."""
    whole, odd = np.zeros(ROWS), np.zeros(ROWS + 1)
    few, bits = whole[: ROWS // 2], np.zeros(ROWS, bool)
    first, second = event(1, whole), event(2, whole)
    assert wanted(first, second, event(3, odd)) == [True] * 3
    assert wanted(first, first, second) == [True, False, False]
    assert wanted(second, first) == [True, False]
    assert wanted(event(1, odd), second, event(3, whole)) == [
        True,
        False,
        False,
    ]
    assert wanted(event(1, few), second) == [False, False]
    assert wanted(event(1, odd), event(2, whole, "u")) == [True, True]
    gaps = replace(first, positions=np.arange(ROWS) * 2)
    assert wanted(gaps, second) == [False, False]
    assert wanted(replace(event(1, bits), kind="bool")) == [False]


def test_no_thread_is_left(tmp_path: Path) -> None:
    """Threads are started for a large value, and end with the recording.

    At the latest with the piece that they read as it ends.
    """
    others = threading.enumerate()  # another recording may have left one

    def running() -> list[threading.Thread]:
        return [
            thread
            for thread in threading.enumerate()
            if "hash" in thread.name and thread not in others
        ]

    with tk.record(tmp_path / "a"):
        tk.tap(np.zeros(ROWS - 1), "few", "n")
        tk.tap(1.0, "one")
        assert not running()
        tk.tap(np.zeros(ROWS), "many", "n")
        threads = running()
        assert {t.name for t in threads} == {"tracekit hashes"}
    for thread in threads:
        thread.join(60)
    assert not running()


def test_closing_waits_for_no_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that gets no core is left alone; closing takes its piece."""
    reads, free = threading.Event(), threading.Event()
    held: list[threading.Thread] = []
    plain = hashes.taken_of

    def starved(numbers: Any) -> hashes.Taken:
        if threading.current_thread().name == "tracekit hashes":
            held.append(threading.current_thread())
            reads.set()
            assert free.wait(60)
        return plain(numbers)

    image = np.random.default_rng(0).normal(size=2 * ROWS + 7)
    with tk.record(tmp_path / "undisturbed"):
        tk.tap(image, "image", "n")
    monkeypatch.setattr(ahead, "taken_of", starved)
    with tk.record(tmp_path / "a"):
        tk.tap(image, "image", "n")
        assert reads.wait(60)
    assert all(thread.is_alive() for thread in held)
    free.set()
    for thread in held:
        thread.join()
    found, expected = files(tmp_path / "a"), files(tmp_path / "undisturbed")
    for part in ("tap.parquet", *(f for f in found if "elements" in f)):
        assert found[part] == expected[part]


def test_a_signal_hides_no_thread_from_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C as a thread starts: it ends with the others, and nobody waits."""
    start, strikes = threading.Thread.start, [1]
    others = threading.enumerate()  # another recording may have left one

    def struck(thread: threading.Thread) -> None:
        start(thread)
        if thread.name == "tracekit hashes" and strikes:
            strikes.clear()
            raise KeyboardInterrupt

    (tmp_path / "s").write_bytes(b"")
    monkeypatch.setattr(threading.Thread, "start", struck)
    looking, large = Ahead(tmp_path / "s"), np.zeros(ROWS)
    with pytest.raises(KeyboardInterrupt):
        looking.wants(event(0, large))
    assert looking.wants(event(1, large))
    threads = [
        thread
        for thread in threading.enumerate()
        if "hashes" in thread.name and thread not in others
    ]
    assert len(threads) == 3
    closing = threading.Thread(target=looking.close, daemon=True)
    closing.start()
    for thread in (closing, *threads):
        thread.join(60)
        assert not thread.is_alive()
    assert not looking.wants(event(2, large))


def test_python_that_ends_starts_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no thread can be started closing takes all."""

    def never(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", never)
    assert wanted(event(0, np.zeros(ROWS))) == [False]


def test_a_file_that_is_gone_or_short_is_unknown(tmp_path: Path) -> None:
    """Nothing is known of what can't be read, or lies in another file."""
    kind = np.dtype(np.float64)
    for change in ("nothing", "replaced", "removed"):
        path = tmp_path / change
        path.write_bytes(bytes(8 * ROWS))
        looking = Ahead(path)
        assert looking.wants(event(0, np.zeros(ROWS)))
        for begin in (0, 8):
            looking.told((begin, 8 * ROWS, kind))
        while looking._written.qsize():
            pass
        if change != "nothing":
            path.unlink()
        if change == "replaced":
            path.write_bytes(bytes(8 * ROWS))
        expected = [(0, 8 * ROWS)] if change == "nothing" else []
        assert list(looking.close(cut=False)) == expected


def test_it_is_of_what_was_written(tmp_path: Path, cli: Cli) -> None:
    """A value that the program overwrites behind its tap is as it was."""
    image = np.random.default_rng(0).normal(size=3 * ROWS + 7)
    with tk.record(tmp_path / "a"):
        tk.tap(image, "image", "n")
        image[:] = np.nan
        tk.tap(image, "later", "n")
        image[:] = 0
    rows = tk.read_trace(tmp_path / "a").tables["tap"].to_pylist()
    assert [row["nan"] for row in rows] == [0, len(image)]
    assert cli("show", "--verify", str(tmp_path / "a"))[0] == 0


FORKS = """
import os, sys
import numpy as np
import tracekit as tk

image = np.random.default_rng(0).normal(size=1 << 20)
with tk.record(sys.argv[1]):
    for phi in range(6):
        with tk.scope("loop", phi=phi):
            tk.tap(image + phi, "image", "n")
        if os.fork() == 0:
            tk.tap(image - phi, f"child{phi}", "n")
            os._exit(0)
    for _ in range(6):
        os.wait()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_children_write_on(tmp_path: Path, cli: Cli) -> None:
    """A process that is forked meanwhile records as its parent does."""
    command = [sys.executable, "-c", FORKS, str(tmp_path / "a")]
    subprocess.run(command, check=True, timeout=60)
    rows = tk.read_trace(tmp_path / "a").tables["tap"].to_pylist()
    assert [row["elements"] >> 20 for row in rows] == [6] + [1] * 6
    assert cli("show", "--verify", str(tmp_path / "a"))[0] == 0
