"""The command line: exit status, one clear sentence, nothing in vain."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import Cli


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "missing.trace", "missing.log"),
        ("show", "missing.trace"),
        ("parse", "missing.log"),
        ("query", "no_such_query", "missing.trace"),
        ("sql", "SELECT 1"),
        ("run", "-o", "t.trace"),
        ("export", "missing.trace", "-o", "x.csv"),
    ],
)
def test_what_cannot_be_done_exits_2(
    cli: Cli, arguments: tuple[str, ...]
) -> None:
    """A wrong call ends with status 2 and a sentence, not a traceback."""
    status, out, err = cli(*arguments)
    assert status == 2
    assert out == ""
    assert err.startswith("tracekit: ")
    assert "Traceback" not in err


@pytest.mark.parametrize("words", ["compare", "--help", "query --list"])
def test_main_needs_no_torch(traces: tuple[Path, Path], words: str) -> None:
    """What is large isn't loaded, and stored traces are compared by SQL."""
    of = map(str, traces if words == "compare" else ())
    program = (
        "import sys\n"
        "from tracekit.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print({'torch', 'pint', 'pandas', 'rich', 'structlog', 'asyncio',"
        " 'numpy', 'pyarrow', 'tracekit.schema'} & {*sys.modules})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words.split(), *of],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "set()"


def test_a_misspelled_command_or_query_has_a_near_one(
    cli: Cli, traces: tuple[Path, Path]
) -> None:
    """The name that was meant stands at the end of the error."""
    assert "did you mean 'compare'?" in cli("compar")[2]
    assert "did you mean 'faults'?" in cli("query", "fault", *traces)[2]
