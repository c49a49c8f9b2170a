"""The demo tells its story from beginning to end."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from tracekit.demo import run_demo
from tracekit.errors import TracekitError


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> str:
    """All that the demo prints."""
    text = io.StringIO()
    folder = tmp_path_factory.mktemp("demo") / "demo"
    run_demo(folder, Console(file=text, width=400))
    return text.getvalue().replace(str(folder), "demo")


def test_both_programs_agree_then_the_stale_file_is_named(story: str) -> None:
    """First close, then the file by name and hash, then F_cell with both."""
    close, diverged = story.split("2. The same command")
    assert "CLOSE" in close
    assert "50 on both sides, 0 diverged" in close
    assert "file Fdump.bin     not read  read, sha256 " in diverged
    assert "First divergence: F_cell at pixel (2048, 2048)" in diverged
    assert "actual    100 " in diverged
    assert "expected  0 " in diverged


def test_the_demo_ends_with_what_to_do_next(story: str) -> None:
    """Paths of the traces and the next command stand at the end."""
    last = story.strip().splitlines()[-3:]
    assert last[0].startswith("traces: ")
    assert "tracekit query configuration_differences" in last[1]


def test_the_readme_shows_what_the_demo_prints(story: str) -> None:
    """Each line of its excerpt stands in the output, in the same order."""
    page = (Path(__file__).parents[1] / "README.md").read_text()
    (excerpt,) = re.findall(r"```\n(1\. The C program.*?)```", page, re.DOTALL)
    printed = iter(_words(story))
    for line in _words(excerpt):
        if not line.startswith("["):  # what the page leaves out
            assert line in printed, line


def _words(text: str) -> list[str]:
    """Lines without their layout, and without the way to this checkout."""
    text = re.sub(r"PYTHONPATH=\S+", "PYTHONPATH=", text)
    return [" ".join(line.split()) for line in text.splitlines()]


def test_a_directory_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """The demo only replaces what a demo put there."""
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(TracekitError, match=r"thesis\.tex"):
        run_demo(tmp_path, Console(file=io.StringIO()))
    assert (tmp_path / "thesis.tex").read_text() == "precious"
