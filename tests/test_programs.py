"""Any program's log becomes a trace; tried with a real C program."""

import hashlib
import io
import os
from pathlib import Path

import pytest

import tracekit as tk
from tests.greeting import facts_of, greeting
from tests.helpers import stored
from tests.native.c_programs import compiled
from tracekit.errors import RecordingError
from tracekit.programs import run


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A compiled C program that prints tracekit's lines."""
    return greeting(tmp_path_factory.mktemp("program"))


def test_a_run_keeps_output_taps_and_record(
    program: Path, tmp_path: Path
) -> None:
    """Both streams are read, kept whole, and echoed while they come."""
    echo = io.StringIO()
    trace, status = run(
        [str(program)],
        trace=tmp_path / "t",
        cwd=tmp_path,
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
