"""What reaches a program that we run, and what becomes of its output."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import tracekit as tk
from tests.greeting import facts_of, files_of
from tests.helpers import stored
from tracekit.programs import run
from tracekit.repeats import run_again

SLEEPS = """\
import signal, sys, tracekit.cli
# a test in the background may have been told to ignore it
signal.signal(signal.SIGINT, signal.default_int_handler)
options = "run -o t --dialect tracekit --files preload -- sh -c"
sys.argv[1:] = [*options.split(), "echo TRACEKIT tap x : 1; exec sleep 60"]
tracekit.cli.main()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_tracekit_ends_the_program_alone(
    number: signal.Signals, tmp_path: Path
) -> None:
    """What the program printed is a trace all the same."""
    ours = subprocess.Popen(
        [sys.executable, "-c", SLEEPS],
        cwd=tmp_path,
        start_new_session=True,
        stdout=subprocess.PIPE,
    )
    assert ours.stdout is not None
    assert ours.stdout.readline() == b"TRACEKIT tap x : 1\n"
    ours.send_signal(number)
    with ours:
        assert ours.wait() == 128 + number
    trace = tk.read_trace(tmp_path / "t")
    assert trace.taps == ("x",)
    assert facts_of(trace)["signal"] == number.name


def test_nobody_has_to_read_the_echo(tmp_path: Path) -> None:
    """Behind ``| head`` the whole output is kept all the same."""
    command = (
        f"{sys.executable} -m tracekit run -o t --dialect tracekit -- sh -c "
        "'for i in 1 2 3; do echo TRACEKIT tap x : $i; done' | head -1"
    )
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "TRACEKIT tap x : 1\n"
    assert "Error" not in done.stderr
    assert stored(tk.read_trace(tmp_path / "t"), "x").tolist() == [1, 2, 3]


@contextmanager
def standing_for_input(file: int) -> Iterator[None]:
    """Our own standard input is this file for a while."""
    kept = os.dup(0)
    os.dup2(file, 0)
    try:
        yield
    finally:
        os.dup2(kept, 0)
        os.close(kept)


def test_standard_input_reaches_the_program(tmp_path: Path) -> None:
    """A file is read and known by its content, in every repeat; a pipe isn't.

    Both runs begin where we found the file, not where the first one ended.
    """
    (tmp_path / "in.txt").write_text("left out\nTRACEKIT tap x : 1.5\n")
    with (tmp_path / "in.txt").open("rb", buffering=0) as file:
        file.seek(9)
        with standing_for_input(file.fileno()):
            runs = run_again(["cat"], trace=tmp_path / "t", dialect="tracekit")
    assert runs.deterministic
    for trace in runs.traces:
        assert stored(trace, "x").tolist() == [1.5]
        assert facts_of(trace)["standard_input"] == "the file in.txt"
        digest = hashlib.sha256((tmp_path / "in.txt").read_bytes())
        assert files_of(trace)["input", "in.txt"] == digest.hexdigest()
    ours, theirs = os.pipe()
    os.write(theirs, b"TRACEKIT tap x : 2.5\n")
    os.close(theirs)
    with standing_for_input(ours):
        trace, _ = run(["cat"], trace=tmp_path / "p", dialect="tracekit")
    os.close(ours)
    assert stored(trace, "x").tolist() == [2.5]
    assert "pipe" in facts_of(trace)["standard_input"]
