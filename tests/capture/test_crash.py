"""Recordings that are killed, or whose disk takes no more."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracekit as tk
from tests.helpers import Cli, recorded, stored
from tracekit.errors import RecordingError, TraceError
from tracekit.storage.repair import repair
from tracekit.storage.trace import open_trace

KILLER = """
import os, random, signal, sys, time
from pathlib import Path
import numpy as np
import tracekit as tk

root, kills = Path(sys.argv[1]), int(sys.argv[2])

def program(path):
    with tk.record(path):
        for phi in range(300):
            with tk.scope("loop", phi=phi):
                tk.tap(phi, "n")
        for phi in range(4):
            with tk.scope("loop", phi=phi):
                tk.tap(np.full(50_000, float(phi)), "image", "pixel")

def begun(path):
    pid = os.fork()
    if pid == 0:
        program(path)
        os._exit(0)
    return pid

program(root / "warm")
began = time.monotonic()
os.waitpid(begun(root / "whole"), 0)
seconds = time.monotonic() - began
chance = random.Random(0)
for number in range(kills):
    pid = begun(root / str(number))
    time.sleep(seconds * (number + chance.random()) / kills)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings that were killed, from their start to their close."""
    root = tmp_path_factory.mktemp("killed")
    command = [sys.executable, "-c", KILLER, str(root), "20"]
    subprocess.run(command, check=True, timeout=120)
    return root


def events(path: Path) -> int | None:
    """How many events a trace holds, None where there is none yet."""
    try:
        return int(tk.read_trace(path).tables["event"].num_rows)
    except TraceError as error:
        if "is no trace" in str(error) or "nothing was kept" in str(error):
            return None
        raise


def test_a_kill_at_any_moment_leaves_the_first_events(killed: Path) -> None:
    """Every kept event is right, and none before it is missing."""
    found = [events(killed / str(number)) for number in range(20)]
    assert events(killed / "whole") == 304
    for number, count in enumerate(found):
        if not count:
            continue
        trace = tk.read_trace(killed / str(number))
        small = stored(trace, "n")
        assert small.tolist() == list(range(min(count, 300)))
        if count > 300:
            image = stored(trace, "image").reshape(-1, 50_000)
            assert image[:, 0].tolist() == list(range(count - 300))
            assert np.all(image == image[:, :1])
    assert any(count for count in found)


def test_repair_closes_a_killed_trace_as_its_program_would_have(
    killed: Path, tmp_path: Path
) -> None:
    """The element files are those of a recording of just these events."""
    cut = [n for n in range(20) if events(killed / str(n))]
    for number in cut[::3]:
        count = events(killed / str(number)) or 0
        path = tmp_path / str(number)
        shutil.copytree(killed / str(number), path)
        assert repair(path).tables["event"].num_rows == count
        assert not list(path.glob("recording.*"))

        def program(count: int = count) -> None:
            for phi in range(min(count, 300)):
                with tk.scope("loop", phi=phi):
                    tk.tap(phi, "n")
            for phi in range(count - 300):
                with tk.scope("loop", phi=phi):
                    tk.tap(np.full(50_000, float(phi)), "image", "pixel")

        whole = recorded(program, path=tmp_path / "whole")
        for tap in range(whole.tables["tap"].num_rows):
            mine = repair(path).element_file(tap).read_bytes()
            assert mine == whole.element_file(tap).read_bytes()


def test_repair_refuses_what_still_records_and_what_is_no_trace(
    tmp_path: Path,
) -> None:
    """A running recording and a foreign directory are left alone."""
    with tk.record(tmp_path / "a") as recording:
        tk.tap(1.0, "t")
        with pytest.raises(RecordingError, match="is being recorded"):
            repair(tmp_path / "a")
    assert recording.trace.taps == ("t",)
    with pytest.raises(TraceError, match="holds no trace"):
        repair(tmp_path)


def test_the_command_repairs(cli: Cli, killed: Path, tmp_path: Path) -> None:
    """``tracekit repair`` does it and says how many events there are."""
    number = next(n for n in range(20) if events(killed / str(n)))
    shutil.copytree(killed / str(number), tmp_path / "a")
    _, out, _ = cli("repair", tmp_path / "a", "--json")
    told: dict[str, Any] = json.loads(out.splitlines()[-1])
    assert told["events"] == events(killed / str(number))


def test_an_idle_program_s_events_reach_the_disk(tmp_path: Path) -> None:
    """No further tap is needed to flush what a program recorded."""
    with tk.record(tmp_path / "a"):
        tk.tap(1.0, "t")
        while not events(tmp_path / "a"):
            pass


FIRST = """
import sys
from pathlib import Path
import numpy as np
import tracekit as tk

class Found:
    def find_spec(self, name, *rest):
        assert name != "pandas"

found = Found()
sys.meta_path.insert(0, found)
path = Path(sys.argv[1])
with tk.record(path, reduce=["image"]):
    tk.tap(1.0, "t")
    tk.tap(np.eye(2), "image", "slow fast")
    while not (path / "recording.arrow").stat().st_size:
        pass
    print("flushed")
    sys.meta_path.remove(found)
"""


def test_the_first_events_reach_the_disk_as_soon_as_later_ones(
    tmp_path: Path,
) -> None:
    """What pyarrow makes of lists loads pandas, which takes as long."""
    command = [sys.executable, "-c", FIRST, str(tmp_path / "a")]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "flushed\n"
    assert "the recording stopped" not in done.stdout + done.stderr


FULL = """
import resource, sys
import numpy as np
import tracekit as tk

total = 0.0
try:
    with tk.record(sys.argv[1]):
        for n in range(5):
            total += tk.tap(np.full(1_100_000, 1.0), "t").sum()
            if n == int(sys.argv[2]):
                resource.setrlimit(resource.RLIMIT_FSIZE, (20 << 20, 20 << 20))
        print("end of the block", total)
except tk.TracekitError as error:
    print(error)
"""


@pytest.mark.parametrize(("full_at", "kept"), [(1, 2), (4, 5)])
def test_a_full_disk_ends_the_recording_and_not_the_program(
    tmp_path: Path, full_at: int, kept: int
) -> None:
    """The result is the same, one error says why, and the rest is kept.

    Also where only the end of the recording finds no room.
    """
    path = tmp_path / "a"
    command = [sys.executable, "-c", FULL, str(path), str(full_at)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "end of the block 5500000.0" in done.stdout
    assert done.stdout.count("stopped while the program went on") == 1
    assert "File too large" in done.stdout
    assert events(path) == kept
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 10, limits[1]))
        with pytest.raises(TraceError, match="make room"):
            repair(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert repair(path).tables["event"].num_rows == kept


NO_MOUNT = 77
SMALL_DISK = f"""
mkdir "$1/small"
mount -t tmpfs -o size=20m tracekit "$1/small" || exit {NO_MOUNT}
"$2" -c "$3" "$1/small/a" 9
cp -r "$1/small/a" "$1/a"
"""


@pytest.mark.skipif(
    shutil.which("unshare") is None, reason="no unshare is here"
)
def test_a_file_system_without_room_is_told_too(tmp_path: Path) -> None:
    """A real one of 20 MB, mounted for this test alone."""
    alone = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    done = subprocess.run(
        [*alone, SMALL_DISK, "sh", str(tmp_path), sys.executable, FULL],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == NO_MOUNT or "unshare:" in done.stderr:
        pytest.skip(f"no file system can be mounted: {done.stderr.strip()}")
    assert "end of the block 5500000.0" in done.stdout
    assert done.stdout.count("stopped while the program went on") == 1
    assert "No space left on device" in done.stdout
    assert events(tmp_path / "a") == 2
    assert stored(repair(tmp_path / "a"), "t").size == 2 * 1_100_000


@pytest.mark.parametrize("replaced", [False, True])
def test_a_vanished_directory_is_one_error(
    tmp_path: Path, replaced: bool
) -> None:
    """A directory that somebody removes ends the recording alone."""
    fired = []

    def program() -> None:
        tk.tap(1.0, "t")
        shutil.rmtree(tmp_path / "a")
        if replaced:
            (tmp_path / "a").mkdir()
            (tmp_path / "a" / "recording.arrow").touch()
        fired.append(tk.tap(2.0, "t"))

    with pytest.raises(
        RecordingError, match="stopped while the program"
    ) as failure:
        recorded(program, path=tmp_path / "a")
    assert ("isn't there any more" in str(failure.value)) is not replaced
    assert fired == [2.0]


@pytest.mark.parametrize("replaced", [False, True])
@pytest.mark.parametrize("rank", [None, "1"])
def test_a_directory_that_vanishes_behind_the_last_tap_is_one_error(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    replaced: bool,
    rank: str | None,
) -> None:
    """A rank's end and the end of the lock don't hide it."""
    path = tmp_path / "a"

    def program() -> None:
        tk.tap(1.0, "t")
        shutil.rmtree(path)
        if replaced:
            path.touch()

    with ExitStack() as ranks:
        if rank:
            ranks.enter_context(suppress(RecordingError))
            ranks.enter_context(tk.record(path))
            monkeypatch.setenv("RANK", rank)
            monkeypatch.setenv("WORLD_SIZE", "2")
        with pytest.raises(RecordingError) as failure:
            recorded(program, path=path)
    assert "isn't there any more; record again" in str(failure.value)


def test_a_recording_is_closed_while_python_ends(tmp_path: Path) -> None:
    """Small and large taps are written where no thread is started any more."""
    program = (
        "import atexit, contextlib, sys\n"
        "import numpy as np, tracekit as tk\n"
        "stack = contextlib.ExitStack()\n"
        "atexit.register(stack.close)\n"
        "stack.enter_context(tk.record(sys.argv[1]))\n"
        "tk.tap(1.5, 'small')\n"
        "tk.tap(np.arange(7e6), 'large', 'n')\n"
    )
    root = tmp_path / "a"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, str(root)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    trace = open_trace(root)
    assert trace.taps == ("small", "large")
    assert stored(trace, "large")[-1] == 7e6 - 1
