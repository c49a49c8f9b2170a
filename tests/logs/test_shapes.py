"""A shape is understood only where nothing depends on its numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracekit.logs.dialect_file import load_dialect
from tracekit.logs.shapes import Shapes
from tracekit.logs.tokens import HOLE

DIALECT = """
dialect = "d"
program = "p"
[pixel]
dims = ["slow", "fast"]
{more}
[[family]]
name = "T"
prefix = '{prefix}'
forms = ["named", "assigned", "text"]
"""


def shapes(folder: Path, prefix: str, more: str = "") -> Shapes:
    """Of a dialect with one family."""
    path = folder / "d.toml"
    path.write_text(DIALECT.format(prefix=prefix, more=more))
    return Shapes(load_dialect(path))


@pytest.mark.parametrize(
    "shape", ["T: v #", "T: v # #", "T: v=# w=#", "T: v [#, #]"]
)
def test_plain_lines_are_understood(tmp_path: Path, shape: str) -> None:
    """Names, and as many values as there are holes."""
    meaning = shapes(tmp_path, "T:").meaning(shape.replace("#", HOLE).encode())
    assert meaning is not None
    count = sum(part.count for part in meaning.parts)
    assert count == shape.count("#")


@pytest.mark.parametrize(
    "shape",
    [
        "T: v",  # no number
        "T: # 2",  # 1e5 is a name here, 15 is not
        "T: some # text",
        "prose #",
        "prose T: v #",
        "T: v # T: w #",
        "T: ö #",
    ],
)
def test_other_lines_are_read_one_by_one(tmp_path: Path, shape: str) -> None:
    """Where a number may be anything but a value, or more than one thing."""
    line = shape.replace("#", HOLE).encode()
    assert shapes(tmp_path, "T:").meaning(line) is None


@pytest.mark.parametrize(
    "prefix",
    [
        *("T 0 v", r"T \d v", r"T \d{2} v", "T -", r"T [1-5]+ ", "T .x"),
        *(r"T (?!\d)v", r"T [^0]+v", "T (?:1|2)v"),
    ],
)
def test_a_prefix_that_reads_digits_is_left_alone(
    tmp_path: Path, prefix: str
) -> None:
    """What holds for one number may not hold for the next."""
    line = f"T {HOLE} v {HOLE}".encode()
    assert shapes(tmp_path, prefix).meaning(line) is None
    plain = f"T v {HOLE}".encode()
    assert shapes(tmp_path, prefix).meaning(plain) is None


def test_a_restart_that_reads_digits_is_left_alone(tmp_path: Path) -> None:
    """It may stand on any line."""
    line = f"T: v {HOLE}".encode()
    restart = "restart = 'v 17'"
    assert shapes(tmp_path, "T:", restart).meaning(line) is None
    restart = "restart = 'new run'"
    assert shapes(tmp_path, "T:", restart).meaning(line) is not None
