"""Whose a trace directory is, and what is replaced in it."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

import tracekit as tk
from tests.helpers import recorded, stored
from tracekit.errors import RecordingError
from tracekit.storage.directory import LOCK


def tree(root: Path) -> dict[str, tuple[bytes | None, int]]:
    """Everything below a directory, with its time of change."""
    return {
        str(path.relative_to(root)): (
            path.read_bytes() if path.is_file() else None,
            path.stat().st_mtime_ns,
        )
        for path in [root, *root.rglob("*")]
    }


def one() -> None:
    """A program with one tap."""
    tk.tap(1.0, "one")


def test_an_earlier_trace_is_replaced(tmp_path: Path) -> None:
    """Recording again to a path leaves the new trace alone."""
    path = tmp_path / "runs" / "a.trace"
    recorded(lambda: [tk.tap(1.0, name) for name in "abc"], path=path)
    recorded(one, path=path)
    assert tk.read_trace(path).taps == ("one",)
    assert len(list((path / "elements").iterdir())) == 1


@pytest.mark.parametrize(
    "foreign",
    [
        "notes.txt",
        "trace.json",
        "config.parquet",
        "elements",
        "recording.arrow",
    ],
)
def test_a_directory_of_something_else_is_left_untouched(
    tmp_path: Path, foreign: str
) -> None:
    """Files that no trace made are refused, even if they are named alike."""
    (tmp_path / foreign).write_text('{"traceEvents": []}')
    before = tree(tmp_path)
    with pytest.raises(RecordingError, match=foreign):
        recorded(one, path=tmp_path)
    assert tree(tmp_path) == before


def test_what_stands_beside_a_trace_is_not_deleted(tmp_path: Path) -> None:
    """A trace with somebody's plot in its directory is not replaced."""
    recorded(one, path=tmp_path)
    (tmp_path / "plot.png").touch()
    before = tree(tmp_path)
    with pytest.raises(RecordingError, match=r"plot\.png"):
        recorded(one, path=tmp_path)
    assert tree(tmp_path) == before


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    """A path that is a file is refused."""
    (tmp_path / "a").write_text("mine")
    with pytest.raises(RecordingError, match="is a file"):
        recorded(one, path=tmp_path / "a")
    assert (tmp_path / "a").read_text() == "mine"


def test_a_wrong_selection_spares_the_earlier_trace(tmp_path: Path) -> None:
    """Options are checked before anything is removed."""
    recorded(one, path=tmp_path)
    with pytest.raises(RecordingError):
        recorded(one, path=tmp_path, pixels=[1])
    assert tk.read_trace(tmp_path).taps == ("one",)


def test_two_recorders_on_one_path_are_refused(tmp_path: Path) -> None:
    """The second one is told who records, the first one goes on."""
    with tk.record(tmp_path / "a") as recording:
        tk.tap(1.0, "t")
        with pytest.raises(RecordingError, match=f"process {os.getpid()}"):
            recorded(one, path=tmp_path / "a")
        tk.tap(2.0, "u")
    assert recording.trace.taps == ("t", "u")


RECORDS = """
import sys, tracekit as tk
try:
    with tk.record(sys.argv[1]):
        tk.tap(2.0, "t")
except tk.TracekitError as error:
    print(error)
"""


def test_another_process_on_the_path_is_refused(tmp_path: Path) -> None:
    """It is told who records, and the trace is that of the first one."""
    with tk.record(tmp_path / "a") as recording:
        tk.tap(1.0, "t")
        done = subprocess.run(
            [sys.executable, "-c", RECORDS, str(tmp_path / "a")],
            check=True,
            capture_output=True,
            text=True,
        )
    assert f"is being recorded by process {os.getpid()}" in done.stdout
    assert stored(recording.trace, "t").tolist() == [1.0]


def dead_process() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    """A killed recording blocks no path, and the log tells of it."""
    lock = tmp_path / LOCK
    lock.write_text(f"{dead_process()} on {socket.gethostname()}")
    with structlog.testing.capture_logs() as lines:
        assert recorded(one, path=tmp_path).taps == ("one",)
    assert not lock.exists()
    assert [line["log_level"] for line in lines] == ["warning"]


@pytest.mark.parametrize("owner", ["", "1 on another-host", "somebody"])
def test_a_lock_that_may_be_alive_is_respected(
    tmp_path: Path, owner: str
) -> None:
    """Of a doubt the path is taken; the error says what to delete."""
    (tmp_path / LOCK).write_text(owner)
    with pytest.raises(RecordingError, match=f"delete .*{LOCK}"):
        recorded(one, path=tmp_path)
    assert (tmp_path / LOCK).read_text() == owner


def test_a_place_that_can_not_be_written_is_a_clear_error(
    tmp_path: Path,
) -> None:
    """The error says which place, and what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(RecordingError, match="give a path that can"):
        recorded(one, path=tmp_path / "file" / "a")


@pytest.mark.parametrize("room", [0, 30, 200])
def test_a_disk_that_is_full_from_the_start_is_a_clear_error(
    tmp_path: Path, room: int
) -> None:
    """Nothing is left that would block the path once there is room."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        with pytest.raises(RecordingError, match=r"File too large.* make roo"):
            recorded(one, path=tmp_path / "a")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list((tmp_path / "a").iterdir())
    assert recorded(one, path=tmp_path / "a").taps == ("one",)


def test_a_name_that_no_disk_takes_is_refused(tmp_path: Path) -> None:
    """In words; it is found out as one looks whether something lies there."""
    with pytest.raises(RecordingError, match="can't be recorded to"):
        recorded(one, path=tmp_path / ("long" * 100))
