"""Forked children and ranks: one trace, and nothing lost in silence."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import tracekit as tk
from tests.helpers import cells, grid, stored
from tracekit.errors import RecordingError


class Rows(torch.utils.data.Dataset[torch.Tensor]):
    """Taps each row where it is loaded."""

    def __len__(self) -> int:
        """Eight."""
        return 8

    def __getitem__(self, row: int) -> torch.Tensor:
        """A row of one number."""
        with tk.scope("row", row=row):
            return tk.tap(torch.tensor([float(row)]), "loaded", "n")


def loaded() -> list[float]:
    """All rows through two workers."""
    loader = torch.utils.data.DataLoader(
        Rows(), num_workers=2, multiprocessing_context="fork"
    )
    return [float(batch) for batch in loader]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_workers_write_parts_of_one_trace(tmp_path: Path) -> None:
    """Every row is there once, and its event knows the process."""
    with tk.record(tmp_path / "a") as recording:
        tk.config("mode", "before")
        tk.tap(1.0, "parent")
        rows = loaded()
        tk.tap(2.0, "parent")
    trace = recording.trace
    assert rows == list(range(8))
    assert stored(trace, "loaded").tolist() == rows
    assert stored(trace, "parent").tolist() == [1.0, 2.0]
    processes = trace.tables["event"]["process"].to_pylist()
    assert sorted(processes) == [0, 0, *[1] * 4, *[2] * 4]
    assert not list((tmp_path / "a").glob("recording*"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_workers_reach_is_not_told_as_never_reached(
    tmp_path: Path,
) -> None:
    """Only the index that no process came to is."""
    with tk.record(tmp_path / "a", at={"row": [2, 7, 9]}) as recording:
        loaded()
    trace = recording.trace
    assert stored(trace, "loaded").tolist() == [2.0, 7.0]
    (run,) = trace.tables["run"].to_pylist()
    assert dict(run["facts"])["never_reached"] == "row=9"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_recording_in_memory_refuses_workers() -> None:
    """The program goes on, and the end of the block is one error."""
    made = []

    def program() -> None:
        with tk.record() as recording:
            made.append(recording)
            tk.tap(1.0, "parent")
            assert loaded() == list(range(8))

    with pytest.raises(RecordingError, match="each writes its part"):
        program()
    assert made[0].trace.taps == ("parent",)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_that_leaves_the_block_ends_nothing(
    tmp_path: Path,
) -> None:
    """The parent keeps the lock, records on and closes."""
    with tk.record(tmp_path / "a") as recording:
        tk.tap(1.0, "parent")
        child = os.fork()
        tk.tap(float(child == 0), "both")
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    assert recording.trace.taps[0] == "parent"
    assert 0.0 in stored(recording.trace, "both")


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells the files")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_holds_no_room_of_a_recording_that_ended(
    tmp_path: Path,
) -> None:
    """Nobody else may free the room of a large stream before it ends."""
    ended, end = os.pipe()
    with tk.record(tmp_path / "a") as recording:
        tk.tap(np.ones(1 << 21), "large", "n")
        child = os.fork()
        if child == 0:
            os.close(end)
            os.read(ended, 1)
            os._exit(0)
        tk.tap(np.ones(1 << 21), "large", "n")
    held = Path(f"/proc/{child}/fd")
    files = [str(handle.readlink()) for handle in held.iterdir()]
    os.close(end)
    os.waitpid(child, 0)
    os.close(ended)
    # it may well hold one that an earlier test is about to give back
    stream = str(tmp_path / "a" / "recording.arrow")
    assert not [file for file in files if file.startswith(stream)]
    assert recording.trace.tables["event"].num_rows == 2


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_bad_value_in_a_worker_ends_the_run(tmp_path: Path) -> None:
    """The block catches what the loader raises of it, and says where."""
    with tk.record(
        tmp_path / "a",
        stop_when=lambda event: event.values[0] == 5,
        expect=["later"],
    ) as recording:
        loaded()
        tk.tap(1.0, "later")
    trace = recording.trace
    assert trace.taps == ("loaded",)
    assert 5.0 in stored(trace, "loaded")
    (run,) = trace.tables["run"].to_pylist()
    ended = dict(run["facts"])["recording"]
    assert re.match("fork[12] stopped at tap 'loaded', .*test_proc", ended)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("path", "early"), [("a", True), ("a", False), (None, False)]
)
def test_a_child_that_outlives_the_block_leaves_nothing_and_says_nothing(
    tmp_path: Path,
    path: str | None,
    early: bool,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """As a persistent worker does, whether it had a part or not."""
    ended, end = os.pipe()
    with tk.record(path and tmp_path / path) as recording:
        tk.tap(1.0, "t")
        child = os.fork()
        if child == 0:
            os.close(end)
            if early:
                tk.tap(2.0, "t")
            os.read(ended, 1)
            tk.tap(3.0, "t")
            os._exit(0)
        while early and not list(tmp_path.glob("a/*fork1.arrow")):
            pass
    os.close(end)
    assert os.waitpid(child, 0)[1] == 0
    os.close(ended)
    told = capfd.readouterr()
    assert told.out + told.err == ""
    assert 3.0 not in stored(recording.trace, "t")
    assert not list(tmp_path.glob("a/recording*"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_worker_that_could_not_write_is_told(tmp_path: Path) -> None:
    """Its program goes on, and the trace doesn't say that it is complete."""
    with tk.record(tmp_path / "a") as recording:
        child = os.fork()
        if child == 0:
            tk.tap(1.0, "t")
            room = 1 << 16
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
            for _ in range(3):
                tk.tap(np.ones(room), "large", "n")
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    assert recording.trace.taps == ("t",)
    (run,) = recording.trace.tables["run"].to_pylist()
    ended = dict(run["facts"])["recording"]
    assert re.match("fork1 could not write all .* File too large", ended)


@pytest.mark.usefixtures("capsys")  # so that the log is no file
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_worker_that_could_not_begin_is_told(tmp_path: Path) -> None:
    """What it recorded has no file to be missed in."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with tk.record(tmp_path / "a") as recording:
        tk.tap(1.0, "t")
        recording._delivery.store.spill()
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
        try:
            child = os.fork()
            if child == 0:
                tk.tap(1.0, "of the child")
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert recording.trace.taps == ("t",)
    (run,) = recording.trace.tables["run"].to_pylist()
    assert dict(run["facts"])["recording"] == (
        "a forked process could not begin its part"
    )


FORKS_WHILE_FLUSHED = """
import os, sys, threading, time
import tracekit as tk

from tracekit.storage import stream

batch, begun, held = stream._batch, threading.Event(), threading.Lock()

def slow(*rest):
    with held:
        begun.set()
        time.sleep(1)
        return batch(*rest)

stream._batch = slow
with tk.record(sys.argv[1]) as recording:
    tk.tap(1.0, "parent")
    assert begun.wait(30)
    child = os.fork()
    if child == 0:
        tk.tap(2.0, "child")
        os._exit(0)
    os.waitpid(child, 0)
assert recording.trace.taps == ("parent", "child")
"""


def test_a_fork_while_events_are_written_hangs_nothing(tmp_path: Path) -> None:
    """Its child needs a lock that is held by what writes them."""
    command = [sys.executable, "-c", FORKS_WHILE_FLUSHED, str(tmp_path / "a")]
    subprocess.run(command, check=True, timeout=60)


RANKED = """
import sys
import torch, torch.distributed as dist
import tracekit as tk
dist.init_process_group("gloo")
rank = dist.get_rank()
with tk.record(sys.argv[1]) as recording:
    part = torch.arange(3.0, dtype=torch.float64) + 10 * rank
    tk.tap(part, "part", "n")
    dist.all_reduce(part)
    tk.tap(part, "total", "n")
    tk.config(f"seen by {rank}", rank)
assert recording.trace.tables["event"].num_rows == 2 * dist.get_world_size()
dist.destroy_process_group()
"""


@pytest.mark.parametrize("world", [2, 4])
def test_ranks_write_parts_of_one_trace(tmp_path: Path, world: int) -> None:
    """Under torchrun rank is a coordinate, and all open the same trace."""
    script, path = tmp_path / "ranked.py", tmp_path / "a"
    script.write_text(RANKED)
    torchrun = ["-m", "torch.distributed.run", "--standalone"]
    count = f"--nproc-per-node={world}"
    subprocess.run(
        [sys.executable, *torchrun, count, str(script), str(path)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    trace = tk.read_trace(path)
    assert trace.taps == ("part", "total")
    assert grid(trace, "part") == {"rank": (0, world), "n": (0, 3)}
    found = cells(trace, "part")
    for rank in range(world):
        for n in range(3):
            place = frozenset({("rank", rank), ("n", n)})
            assert found[place] == n + 10 * rank
    expected = [world * n + 10 * sum(range(world)) for n in range(3)] * world
    assert stored(trace, "total").tolist() == expected
    events = trace.tables["event"].to_pylist()
    assert {row["process"] for row in events} == set(range(world))
    assert trace.tables["config"].num_rows == world


ENDING = """
import os, sys
import tracekit as tk
rank = int(os.environ["RANK"])
with tk.record(sys.argv[1], stop_when="nan"):
    tk.tap(1.0, "t")
    if rank == 1:
        tk.tap(float("nan"), "t")
    if rank == 2:
        raise ValueError("no such file")
"""


def test_the_trace_says_how_each_rank_ended(tmp_path: Path) -> None:
    """It is not complete if one stopped or failed, and rank 0 did not."""
    command = [sys.executable, "-c", ENDING, str(tmp_path / "a")]
    ranks = [
        subprocess.Popen(
            command,
            env={**os.environ, "RANK": rank, "WORLD_SIZE": "3"},
            stderr=subprocess.DEVNULL,
        )
        for rank in "012"
    ]
    assert [process.wait(timeout=90) for process in ranks] == [0, 0, 1]
    trace = tk.read_trace(tmp_path / "a")
    (run,) = trace.tables["run"].to_pylist()
    assert dict(run["facts"])["recording"] == (
        "rank1 stopped at tap 't', <string>:8: it holds nan; "
        "rank2 ended by ValueError: no such file"
    )


def test_a_wrong_rank_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """RANK must lie inside WORLD_SIZE."""
    monkeypatch.setenv("RANK", "4")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(RecordingError, match="WORLD_SIZE"), tk.record():
        pass


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_tap_that_fires_in_a_worker_is_not_missing(tmp_path: Path) -> None:
    """What is expected of a recording may come from its children."""
    with tk.record(tmp_path / "a", expect=["loaded"]) as recording:
        loaded()
    assert recording.trace.taps == ("loaded",)


SPAWNING = """
import multiprocessing, sys
import tracekit as tk

def work(own):
    with tk.scope("worker", worker=1):
        if own:
            with tk.record() as recording:
                tk.tap(1.0, "own")
            print(recording.trace.taps)
        else:
            tk.tap(1.0, "lost")
            tk.tap(2.0, "lost")

if __name__ == "__main__":
    method, own, *path = sys.argv[1:]
    try:
        with tk.record(*path):
            tk.tap(0.0, "parent")
            context = multiprocessing.get_context(method)
            process = context.Process(target=work, args=(own == "own",))
            process.start()
            process.join()
        print("the block ended")
    except tk.TracekitError as error:
        print(error)
    print(process.exitcode)
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_taps_of_spawned_processes_are_not_lost_in_silence(
    tmp_path: Path, method: str
) -> None:
    """The child goes on, the parent's end is an error, its trace is whole."""
    script = tmp_path / "spawning.py"
    script.write_text(SPAWNING)

    def run(*arguments: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, str(script), method, *arguments],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout.splitlines()

    path = tmp_path / "a"
    *log, error, code = run("lost", str(path))
    assert "don't inherit a recording" in error
    assert sum("spawned processes" in line for line in log) == 1
    assert code == "0"
    assert tk.read_trace(path).taps == ("parent",)
    assert not list(path.glob("recording*"))
    told = run("lost")
    assert sum("spawned processes" in line for line in told) == 1
    assert run("own", str(path)) == ["('own',)", "the block ended", "0"]
