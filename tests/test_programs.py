"""Any program's log becomes a trace; tried with a real C program."""

import hashlib
import io
import subprocess
from pathlib import Path

import pytest

import tracekit as tk
from tracekit.errors import RecordingError
from tracekit.programs import run

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
