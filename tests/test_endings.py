"""Blocks that nobody leaves: they end with the program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tracekit as tk
from tracekit.errors import RecordingError
from tracekit.storage.trace import open_trace

LEFT_OPEN = """
import atexit, os, sys, threading
from pathlib import Path
import numpy as np
import tracekit as tk

class Sink:
    def write(self, event):
        pass
    def close(self):
        Path(sys.argv[1] + ".closed").touch()

how, path = sys.argv[2], sys.argv[1]
if how == "in a thread":
    fired = threading.Event()
    def work():
        with tk.record(path):
            tk.tap(1.0, "t")
            fired.set()
            threading.Event().wait()
    threading.Thread(target=work, daemon=True).start()
    fired.wait()
elif how == "in a worker":
    import multiprocessing
    def work():
        globals()["held"] = tk.record(path)
        held.__enter__()
        tk.tap(1.0, "t")
    worker = multiprocessing.get_context("fork").Process(target=work)
    worker.start()
    worker.join()
else:
    held = tk.record(None if how == "in memory" else path, sinks=[Sink()])
    held.__enter__()
    tk.tap(1.0, "t")
atexit.register(tk.tap, np.arange(9e5), "late", "n")
if how == "error":
    raise ValueError(how)
if how == "fork":
    child = os.fork()
    tk.tap(float(child == 0), "both")
    if child:
        os.waitpid(child, 0)
    sys.exit(child == 0)
"""


@pytest.mark.parametrize(
    ("how", "taps"),
    [
        ("end", ("t", "late")),
        ("error", ("t", "late")),
        ("in a thread", ("t", "late")),
        ("in a worker", ("t",)),
        ("fork", ("t", "late", "both")),
        ("in memory", None),
    ],
)
def test_a_block_that_nobody_leaves_ends_with_the_program(
    tmp_path: Path, how: str, taps: tuple[str, ...] | None
) -> None:
    """Python ends as ever, says so, and the trace is whole and says so too.

    A forked child that ends by itself ends no block of its parent.
    """
    path = tmp_path / "a"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LEFT_OPEN, str(path), how],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == (how == "error")
    assert ("ValueError" in done.stderr) == (how == "error")
    assert how == "error" or not done.stderr
    assert done.stdout.count("nobody left the block") == 1
    closed = (tmp_path / "a.closed").exists()
    assert closed is (how not in {"in a thread", "in a worker"})
    if taps is not None:
        trace = open_trace(path)
        assert set(trace.taps) == set(taps)
        (run,) = trace.tables["run"].to_pylist()
        assert "EndOfProgram" in dict(run["facts"])["recording"]
        assert not list(path.glob("recording*"))


ENDINGS = """
import atexit, os, sys, threading
how, path = sys.argv[2], sys.argv[1]
freed = threading.Event()
if how == "begun too late":
    class Late:
        def begin(self):
            self.held = tk.record(path)
            self.held.__enter__()
            tk.tap(1.0, "t")
        def __del__(self):
            self.held.__exit__(None, None, None)
    late = Late()
    atexit.register(late.begin)
atexit.register(freed.set)  # comes when all blocks have ended
import tracekit as tk
import tracekit.capture.record
from tracekit import endings

class Sink:
    def __init__(self, write=lambda event: None, close=lambda: None):
        self.write = write
        self.close = close

def by_hand(name, close):
    block = tk.record(path + name, sinks=[Sink(close=close)])
    block.__enter__()
    tk.tap(1.0, "t")
    return block

def fork():
    if os.fork() == 0:
        sys.exit(0)
    os.wait()

def closed_by(event):
    inside.set()
    event.wait()

inside, other = threading.Event(), threading.Event()
sink = {
    "stuck in write": Sink(write=lambda event: closed_by(freed)),
    "stuck in close": Sink(close=lambda: closed_by(freed)),
    "closes in a thread": Sink(close=lambda: closed_by(other)),
}.get(how)
if sink is not None:
    def work():
        with tk.record(path, sinks=[sink]):
            tk.tap(1.0, "t")
    threading.Thread(target=work, daemon=True).start()
    inside.wait()
if how.startswith("stuck"):
    endings.PATIENCE = 0.2
if how == "closes in a thread":
    held = by_hand("2", other.set)
if how == "forks":
    held = by_hand("", fork)
if how == "interrupted":
    first, second = by_hand("", lambda: None), by_hand("2", lambda: 1 / 0)
    def interrupt():
        raise KeyboardInterrupt
    third, fourth = by_hand("3", interrupt), by_hand("4", sys.stdout.close)
"""


@pytest.mark.parametrize(
    ("how", "told", "failed"),
    [
        ("stuck in write", 0, 1),
        ("stuck in close", 0, 1),
        ("closes in a thread", 1, 0),
        ("forks", 1, 0),
        ("interrupted", 2, 2),
        ("begun too late", 0, 0),
    ],
)
def test_a_block_that_nobody_can_end_holds_nobody_up(
    tmp_path: Path, how: str, told: int, failed: int
) -> None:
    """A program waits for a thread that ends its block, for none that won't.

    Each block is told of once, and all others end whatever befalls one.
    """
    done = subprocess.run(
        [sys.executable, "-c", ENDINGS, str(tmp_path / "a"), how],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
    output = done.stdout + done.stderr
    assert output.count("nobody left the block") == told
    assert output.count("could not be ended") == failed
    assert ("Exception ignored" in output) is (how == "interrupted")
    if how == "interrupted":
        for name in ("a", "a2", "a3", "a4"):
            assert open_trace(tmp_path / name).taps == ("t",)


def test_a_block_that_nobody_holds_is_told(tmp_path: Path) -> None:
    """Entered by hand and dropped, it ends there and then."""
    with pytest.warns(RuntimeWarning, match="nobody holds it any more"):
        tk.record(tmp_path / "a").__enter__()
    assert not tk.is_recording()
    with pytest.raises(RecordingError, match="is a file"):
        tk.record(__file__).__enter__()  # no block that could end
