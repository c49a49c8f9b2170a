"""Any program's log becomes a trace; tried with a real C program."""

import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import tracekit as tk
from tests.helpers import stored
from tests.native.c_programs import compiled
from tracekit.errors import RecordingError
from tracekit.processes.opened import Way, strace_works
from tracekit.programs import run
from tracekit.repeats import run_again

SOURCE = r"""
#include <stdio.h>
int main(int count, char **words)
{
    FILE *side = fopen("side.bin", "rb");
    printf("a greeting\n");
    if (side) printf("TRACEKIT file side : side.bin\n");
    printf("TRACEKIT config steps : %d\n", count);
    printf("TRACEKIT tap R slow=0 fast=1 unit=m : %.17g\n", 0.1);
    fprintf(stderr, "TRACEKIT tap omega slow=0 fast=1 unit=sr : 1e-6\n");
    return count > 1 ? 3 : 0;
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A compiled C program that prints tracekit's lines."""
    folder = tmp_path_factory.mktemp("program")
    (folder / "p.c").write_text(SOURCE)
    subprocess.run(
        ["cc", "-o", str(folder / "p"), str(folder / "p.c")], check=True
    )
    return folder / "p"


def test_a_run_keeps_output_taps_and_record(
    program: Path, tmp_path: Path
) -> None:
    """Both streams are read, kept whole, and echoed while they come."""
    echo = io.StringIO()
    trace, status = run(
        [str(program)],
        trace=tmp_path / "t",
        cwd=tmp_path,
        dialect="tracekit",
        echo=echo,
    )
    assert status == 0
    assert set(trace.taps) == {"R", "omega"}
    assert "a greeting" in (tmp_path / "t" / "output.log").read_text()
    assert "a greeting" in echo.getvalue()
    record = trace.tables["run"].to_pylist()[0]
    assert record["argv"] == [str(program)]
    assert dict(record["facts"])["exit_status"] == "0"


def test_a_failing_program_still_gives_its_trace(
    program: Path, tmp_path: Path
) -> None:
    """What was printed before the failure is kept, with the exit status."""
    trace, status = run(
        [str(program), "again"],
        trace=tmp_path / "t",
        cwd=tmp_path,
        dialect="tracekit",
    )
    assert status == 3
    assert "R" in trace.taps


def test_a_file_that_was_picked_up_is_known_by_content(
    program: Path, tmp_path: Path
) -> None:
    """One run reads a side file, one doesn't: that is a difference."""
    traces = []
    for name in ("clean", "stale"):
        working = tmp_path / name
        working.mkdir()
        if name == "stale":
            (working / "side.bin").write_bytes(b"old")
        traces.append(
            run(
                [str(program)],
                trace=tmp_path / f"{name}.trace",
                cwd=working,
                dialect="tracekit",
            )[0]
        )
    facts = tk.compare(*traces).configuration
    assert [fact["key"] for fact in facts] == ["file side.bin"]
    assert facts[0]["kind"] == "differs"
    assert facts[0]["actual"] == "not read"
    digest = hashlib.sha256(b"old").hexdigest()
    assert facts[0]["expected"] == f"read, sha256 {digest}"


def test_refusals_are_clear(program: Path, tmp_path: Path) -> None:
    """No such program, and a directory that holds something."""
    with pytest.raises(RecordingError, match="no such program"):
        run([str(tmp_path / "nothing")], trace=tmp_path / "t")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep")
    with pytest.raises(RecordingError, match="not empty"):
        run([str(program)], trace=tmp_path / "full")
    assert (tmp_path / "full" / "mine.txt").read_text() == "keep"


OPENS = r"""
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static void *nap(void *unused) { usleep(200000); return unused; }
int main(int count, char **words)
{
    char *memory = calloc(64, 1 << 20);
    pthread_t thread[3];
    memset(memory, 1, 64 << 20);
    FILE *file = fopen("side file.bin", "rb");
    for (int i = 0; i < 3; i++) pthread_create(thread + i, NULL, nap, NULL);
    FILE *named = count > 1 ? fopen(words[1], "r") : NULL;
    FILE *made = fopen("made.bin", "wb");
    fputs("made", made);
    fflush(made);
    int again = open("side file.bin", O_RDONLY);
    fprintf(stderr, "to stderr\n");
    printf("no end of line %d %d", file != NULL, named != NULL);
    for (int i = 0; i < 3; i++) pthread_join(thread[i], NULL);
    return again < 0;
}
"""


@pytest.fixture(scope="module")
def opens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program of four threads that reads two files and writes one."""
    folder = tmp_path_factory.mktemp("opens")
    (folder / "o.c").write_text(OPENS)
    subprocess.run(
        ["cc", "-pthread", "-o", str(folder / "o"), str(folder / "o.c")],
        check=True,
    )
    return folder / "o"


def facts_of(trace: tk.Trace) -> dict[str, str]:
    """The facts of a trace's run."""
    return dict(trace.tables["run"].to_pylist()[0]["facts"])


def files_of(trace: tk.Trace) -> dict[tuple[str, str], str]:
    """Hashes by role and name."""
    return {
        (row["role"], row["name"]): row["sha256"]
        for row in trace.tables["file"].to_pylist()
    }


@pytest.mark.parametrize("way", ["strace", "preload", "proc"])
def test_every_opened_file_is_known(
    way: Way, opens: Path, tmp_path: Path
) -> None:
    """Whichever way it is seen: read, read by name, or written."""
    if way == "strace" and not strace_works():
        pytest.skip("strace is not installed, or may not trace")
    working = tmp_path / "working"
    working.mkdir()
    (working / "side file.bin").write_bytes(b"side")
    (tmp_path / "named.hkl").write_bytes(b"named")
    trace, status = run(
        [str(opens), str(tmp_path / "named.hkl")],
        trace=tmp_path / "t",
        cwd=working,
        dialect="tracekit",
        files=way,
    )
    assert status == 0
    files = files_of(trace)
    for role, name in (
        ("side", "side file.bin"),
        ("input", "named.hkl"),
        ("output", "made.bin"),
    ):
        content = name.split(".")[0].split()[0].encode()
        assert files[role, name] == hashlib.sha256(content).hexdigest()
    assert files["present", "side file.bin"] == files["side", "side file.bin"]
    assert ("present", "made.bin") not in files
    roles = {role for role, _ in files}
    assert roles == {"side", "input", "output", "present", "binary"}
    assert way in facts_of(trace)["files_by"]


def test_what_a_run_took_and_was(opens: Path, tmp_path: Path) -> None:
    """Binary, build id, threads, memory and time; both streams are kept."""
    trace, _ = run(
        [str(opens)], trace=tmp_path / "t", cwd=tmp_path, dialect="tracekit"
    )
    facts, files = facts_of(trace), files_of(trace)
    content = opens.read_bytes()
    assert files["binary", "o"] == hashlib.sha256(content).hexdigest()
    assert facts["threads"] == "4"
    assert 64 << 20 < int(facts["peak_memory_bytes"]) < 90 << 20
    assert 0.2 < float(facts["wall_seconds"]) < 60
    assert 0 < float(facts["cpu_seconds"]) < 60
    log = (tmp_path / "t" / "output.log").read_text()
    assert log == "to stderr\nno end of line 0 0"
    assert (tmp_path / "t" / "stderr.log").read_text() == "to stderr\n"
    assert "nothing of the dialect" in facts["log"]
    if shutil.which("readelf"):
        said = subprocess.run(
            ["readelf", "-n", str(opens)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert facts["build_id"].startswith("(") or (
            f"Build ID: {facts['build_id']}" in said
        )


def test_no_secret_is_stored(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only allowed variables stand in a trace, in no file another byte."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2hunter2")
    monkeypatch.setenv("OMP_API_TOKEN", "hunter2hunter2")
    monkeypatch.setenv("MY_SETTING", "hunter2hunter2")
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    trace, _ = run(
        [str(program)], trace=tmp_path / "t", cwd=tmp_path, dialect="tracekit"
    )
    facts = facts_of(trace)
    assert facts["env OMP_NUM_THREADS"] == "2"
    names = {name for name in facts if name.startswith("env ")}
    assert names <= {f"env {name}" for name in os.environ}
    for path in (tmp_path / "t").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"hunter2" not in content
            assert b"AWS_SECRET" not in content
    for table in trace.tables.values():
        assert "hunter2" not in str(table.to_pylist())


def test_the_header_writes_into_the_trace(tmp_path: Path) -> None:
    """A program with tracekit.h needs no variable and no dialect."""
    program = compiled(
        tmp_path,
        '#include "tracekit.h"\nint main(void) { static double T[100];\n'
        'T[7] = 0.1; TK_ARRAY1("T", T, "cell", 100, "K");\n'
        'printf("done\\n"); return 0; }\n',
    )
    trace, _ = run([str(program)], trace=tmp_path / "t", cwd=tmp_path)
    assert stored(trace, "T")[7] == 0.1
    assert "log" not in facts_of(trace)
    assert (tmp_path / "t" / "output.log").read_text() == "done\n"


def test_a_signal_is_told(tmp_path: Path) -> None:
    """A program that crashes leaves what it printed, and its signal."""
    trace, status = run(
        ["sh", "-c", "echo TRACEKIT tap x : 1; kill -SEGV $$"],
        trace=tmp_path / "t",
        cwd=tmp_path,
        dialect="tracekit",
    )
    assert status == -11
    facts = facts_of(trace)
    assert (facts["exit_status"], facts["signal"]) == ("139", "SIGSEGV")
    assert trace.taps == ("x",)


def test_the_other_run_did_not_read_it(opens: Path, tmp_path: Path) -> None:
    """A file that the log never names is a difference, too."""
    traces = []
    for name in ("actual", "expected"):
        working = tmp_path / name
        working.mkdir()
        if name == "expected":
            (working / "side file.bin").write_bytes(b"old")
        traces.append(
            run(
                [str(opens)],
                trace=tmp_path / f"{name}.trace",
                cwd=working,
                dialect="tracekit",
            )[0]
        )
    (fact,) = tk.compare(*traces).configuration
    digest = hashlib.sha256(b"old").hexdigest()
    assert fact["key"] == "file side file.bin"
    assert (fact["kind"], fact["actual"]) == ("differs", "not read")
    assert fact["expected"] == f"read, sha256 {digest}"


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


def test_what_a_way_cannot_see_is_said(tmp_path: Path) -> None:
    """A preloaded library sees nothing of a program that is static."""
    (tmp_path / "s.c").write_text(
        "#include <stdio.h>\n"
        'int main(void) { return !fopen("side.bin", "r"); }\n'
    )
    (tmp_path / "side.bin").write_text("")
    built = subprocess.run(
        ["cc", "-static", "-o", "s", "s.c"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    if built.returncode:
        pytest.skip("this machine has no static C library")
    said = {}
    ways: tuple[Way, ...] = ("preload", "auto")
    for way in ways:
        trace, status = run(
            [str(tmp_path / "s")],
            trace=tmp_path / way,
            cwd=tmp_path,
            files=way,
        )
        assert status == 0
        said[way] = facts_of(trace)["files_by"]
    assert "sees nothing, since the program is linked" in said["preload"]
    assert said["auto"].startswith(("strace", "/proc"))


def test_two_runs_of_a_command_that_agree(
    program: Path, tmp_path: Path
) -> None:
    """Every number bit for bit."""
    runs = run_again(
        [str(program)], trace=tmp_path / "t", cwd=tmp_path, dialect="tracekit"
    )
    assert runs.deterministic
    assert "2 runs of the same command agree: 2 numbers" in str(runs)
    assert [trace.path for trace in runs.traces] == [
        tmp_path / "t",
        tmp_path / "t-2",
    ]


def test_two_runs_of_a_command_that_differ(tmp_path: Path) -> None:
    """Where they differ first, which file, and which side file."""
    script = (
        "cat state 2>/dev/null; date +%N > out.txt; echo x > state\n"
        'echo "TRACEKIT tap same : 1"\n'
        'echo "TRACEKIT tap now slow=3 fast=4 : $(date +%s%N)"\n'
    )
    runs = run_again(
        ["sh", "-c", script],
        trace=tmp_path / "t",
        cwd=tmp_path,
        dialect="tracekit",
    )
    assert not runs.deterministic
    told = str(runs)
    assert "2 runs of the same command differ:" in told
    assert "first at now slow=3 fast=4" in told
    assert "file state" in told
    assert "the output file out.txt is another one" in told
    assert runs.to_dict()["comparison"]["first_divergence"]["tap"] == "now"
    assert "prints something else from line 1 on" in runs.printed
    with pytest.raises(RecordingError, match="repeat 1: give 2 or more"):
        run_again(["true"], trace=tmp_path / "u", times=1)
    with pytest.raises(RecordingError, match="not empty"):
        run_again(["true"], trace=tmp_path / "t")
