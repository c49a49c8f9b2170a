"""Recordings that were killed."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tracekit as tk
from tests.helpers import recorded, stored
from tracekit.errors import TraceError
from tracekit.storage.unfinished import JOURNAL, STREAM, remove_unfinished

KILLED = """
import os, signal, sys
import tracekit as tk
from tracekit.storage import disk_store, stream
stream.BATCH_EVENTS = 10
stream.BATCH_SECONDS = disk_store.FLUSH_SECONDS = 1000.0  # by count alone
with tk.record(sys.argv[1], at={"phi": range(100)}, program="killed"):
    tk.config("hkls", 0)
    tk.input_file(__file__)
    for phi in range(25):
        with tk.scope("loop", phi=phi):
            tk.tap(phi / 10, "angle", unit="rad")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a recording leaves that is killed after 25 events."""
    root = tmp_path_factory.mktemp("killed")
    (root / "program.py").write_text(KILLED)
    path = root / "a.trace"
    command = [sys.executable, str(root / "program.py"), str(path)]
    done = subprocess.run(command, check=False)
    assert done.returncode == -signal.SIGKILL
    return path


def test_a_killed_recording_opens_with_what_was_flushed(killed: Path) -> None:
    """Events, facts, files and coverage are there, and it says it was cut."""
    trace = tk.read_trace(killed)
    assert stored(trace, "angle").tolist() == [n / 10 for n in range(20)]
    run = trace.tables["run"].to_pylist()[0]
    assert run["program"] == "killed"
    facts = dict(run["facts"])
    assert facts["recording"].startswith("unfinished: killed or still running")
    assert "20 events" in facts["recording"]
    assert trace.tables["config"]["key"].to_pylist() == ["hkls"]
    assert trace.tables["file"]["name"].to_pylist() == ["program.py"]
    assert len(trace.tables["coverage"]["selected"].to_pylist()[0]) == 100


def test_a_killed_recording_can_be_saved(killed: Path, tmp_path: Path) -> None:
    """Saved elsewhere it becomes a trace like any other."""
    tk.read_trace(killed).save(tmp_path / "saved")
    assert len(stored(tk.read_trace(tmp_path / "saved"), "angle")) == 20


def test_a_killed_recording_is_replaced(killed: Path, tmp_path: Path) -> None:
    """The next recording may take the path, the lock's owner being dead."""
    path = tmp_path / "copy"
    path.mkdir()
    for file in killed.iterdir():
        (path / file.name).write_bytes(file.read_bytes())
    assert recorded(lambda: tk.tap(1.0, "t"), path=path).taps == ("t",)


@given(st.data())
def test_a_journal_cut_anywhere_opens_or_says_why(
    killed: Path, data: st.DataObject
) -> None:
    """Whole lines count; before the run record there is nothing to open."""
    whole = (killed / JOURNAL).read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / JOURNAL).write_bytes(whole[:cut])
        (root / STREAM).write_bytes((killed / STREAM).read_bytes())
        if cut >= len(b"\n".join(whole.split(b"\n")[:2])):
            assert tk.read_trace(root).taps == ("angle",)
            return
        with pytest.raises(TraceError, match=r"is no trace|nothing was kept"):
            tk.read_trace(root)


def test_a_running_recording_can_be_looked_at(tmp_path: Path) -> None:
    """What is flushed already opens while the program goes on."""
    with tk.record(tmp_path / "a") as recording:
        tk.tap(1.0, "t")
        assert "unfinished" in str(
            tk.read_trace(tmp_path / "a").tables["run"]["facts"].to_pylist()
        )
        tk.tap(2.0, "t")
    assert len(stored(recording.trace, "t")) == 2


def test_a_recording_of_another_version_is_refused(tmp_path: Path) -> None:
    """The error tells both versions and what to install."""
    (tmp_path / JOURNAL).write_text('{"tracekit": 99}\n')
    with pytest.raises(TraceError, match=r"version 99.*install the tracekit"):
        tk.read_trace(tmp_path)


@pytest.mark.parametrize("name", ["recording.jsonl", "run.parquet"])
def test_damaged_bytes_are_our_own_error_or_nothing(
    name: str, tmp_path: Path
) -> None:
    """Whichever byte of a trace is damaged, no foreign exception comes."""
    with tk.record(tmp_path / "t"):
        tk.tap(1.0, "R")
        shutil.copytree(tmp_path / "t", tmp_path / "open")
    root = tmp_path / ("open" if name.endswith("jsonl") else "t")
    content = (root / name).read_bytes()
    for place in range(0, len(content), max(1, len(content) // 60)):
        damaged = bytearray(content)
        damaged[place] ^= 0xA5
        (root / name).write_bytes(damaged)
        with suppress(TraceError):
            tk.read_trace(root)


@pytest.mark.parametrize("size", [1, 17 << 20])
def test_streams_are_gone_when_they_are_removed(
    tmp_path: Path, size: int
) -> None:
    """A large stream's name goes at once, its room soon after."""
    for name in (STREAM, JOURNAL, "recording.1.arrow"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(size)
    remove_unfinished(tmp_path)
    assert list(tmp_path.iterdir()) == []
