"""Whether two runs of one command agree, and where they don't."""

from pathlib import Path

import pytest

from tests.greeting import greeting
from tracekit.errors import RecordingError
from tracekit.repeats import run_again


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A compiled C program that prints tracekit's lines."""
    return greeting(tmp_path_factory.mktemp("program"))


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


def test_the_order_of_both_streams_is_no_difference(tmp_path: Path) -> None:
    """Lines of stdout and stderr reach us in an order of the machine's."""
    script = (
        "x() { echo TRACEKIT tap x : 1; }; y() { echo TRACEKIT tap y : 2; }\n"
        "if [ -e state ]; then y; x; else x; y; echo 1 > state; fi\n"
    )
    (tmp_path / "work").mkdir()
    runs = run_again(
        ["sh", "-c", script], trace=tmp_path / "t", cwd=tmp_path / "work"
    )
    orders = [trace.taps for trace in runs.traces]
    assert orders == [("x", "y"), ("y", "x")]
    assert runs.differences == ["run 2: the output file state is another one"]
