"""A log that is still written is read to its end, whatever ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import tracekit as tk
from tracekit.errors import TraceError
from tracekit.logs.follow import FollowedLog
from tracekit.logs.log import parse_file

WRITER = """
import sys, time
with open(sys.argv[1], "w") as log:
    for n in range(300):
        log.write(f"TRACEKIT tap R n={n}")
        log.flush()
        time.sleep(0.001)
        log.write(f" : 0.{n}1\\n")
    log.write("TRACEKIT tap last : 7")
"""


@contextmanager
def following(log: Path, trace: Path) -> Iterator[subprocess.Popen[bytes]]:
    """``tracekit parse -f`` until all that a real program writes is read."""
    words = ["parse", "-f", str(log), "-o", str(trace)]
    with subprocess.Popen(
        [sys.executable, "-m", "tracekit", *words, "--dialect", "tracekit"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as reader:
        try:
            code = [sys.executable, "-c", WRITER, str(log)]
            subprocess.run(code, check=True)
            copy, size = trace / "recording.log", log.stat().st_size
            while not copy.exists() or copy.stat().st_size < size:
                assert reader.poll() is None
                time.sleep(0.02)
            yield reader
        finally:
            reader.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_log(tmp_path: Path, number: int) -> None:
    """All is read that a program wrote meanwhile, its last line too."""
    log, trace = tmp_path / "c.log", tmp_path / "c.trace"
    with following(log, trace) as reader:
        reader.send_signal(number)
        assert reader.wait() == 0
    opened = tk.read_trace(trace)
    assert opened.taps == ("R", "last")
    assert len(opened.elements(0)) == 300
    assert opened.rejects == 0
    assert not list(trace.glob("recording*"))


def test_what_a_killed_reader_had_read_is_kept(tmp_path: Path) -> None:
    """``tracekit repair`` makes the trace of it, under the log's name."""
    log, trace = tmp_path / "c.log", tmp_path / "c.trace"
    with following(log, trace) as reader:
        reader.kill()
        reader.wait()
    with pytest.raises(TraceError, match="tracekit repair"):
        tk.read_trace(trace)
    log.unlink()
    words = ["repair", str(trace)]
    subprocess.run(
        [sys.executable, "-m", "tracekit", *words],
        check=True,
        capture_output=True,
    )
    opened = tk.read_trace(trace)
    assert len(opened.elements(0)) == 300
    (use,) = opened.tables["file"].to_pylist()
    assert (use["name"], use["origin"]) == ("c.log", str(log))


def test_the_end_of_a_pipe_ends_the_log(tmp_path: Path) -> None:
    """Its writer has ended; nobody has to say so."""
    trace = tmp_path / "c.trace"
    words = ["parse", "-f", "-", "-o", str(trace), "--dialect", "tracekit"]
    subprocess.run(
        [sys.executable, "-m", "tracekit", *words],
        input=b"TRACEKIT tap a : 1\nTRACEKIT tap b : 2",
        check=True,
        capture_output=True,
    )
    assert tk.read_trace(trace).taps == ("a", "b")


def test_a_log_that_is_cut_ends_there(tmp_path: Path) -> None:
    """What was read stays, and a reject says what happened."""
    log = tmp_path / "c.log"
    log.write_text("TRACEKIT tap a : 1\n" * 3)
    followed = FollowedLog(log)
    blocks = followed.blocks()
    assert next(blocks)
    os.truncate(log, 5)
    assert list(blocks) == []
    assert "was cut to 5 bytes when 57 had been read" in followed.broken


def test_a_log_that_is_replaced_ends_there(tmp_path: Path) -> None:
    """Nothing of the new file is mixed in."""
    log = tmp_path / "c.log"
    log.write_text("TRACEKIT tap a : 1\n")
    followed = FollowedLog(log)
    blocks = followed.blocks()
    assert next(blocks)
    (tmp_path / "new").write_text("TRACEKIT tap b : 2\n")
    (tmp_path / "new").replace(log)
    assert list(blocks) == []
    assert "another file took its place" in followed.broken


def test_silence_ends_the_log(tmp_path: Path) -> None:
    """After as many seconds as one likes; what stands there is read first."""
    log = tmp_path / "c.log"
    log.write_text("TRACEKIT tap a : 1")
    parsed = parse_file(FollowedLog(log, until_idle=0), "tracekit")
    assert [event.tap for event in parsed.events] == ["a"]
