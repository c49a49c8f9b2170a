"""Where the prefixes of a dialect are found in a line."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.logs.dialect_file import load_dialect
from tracekit.logs.patterns import first_letter

WORDS = (
    "TRACE_C: ", "TRACE_C:x 1", "TRACE_PY: ", "TRACE_CONFIG:", "TRACE_X=3 ",
    "TRACE_C_SOURCE 0:", "DETECTOR_FAST_AXIS ", "TRACEKIT tap ", "TRACEKIT",
    "TRACE: ", "XTRACE: ", "_", "T", "D", "\u0130", "1.5 ", " ", "prose",
)  # fmt: skip


@pytest.mark.parametrize("dialect", ["nanobragg", "tracekit"])
@given(words=st.lists(st.sampled_from(WORDS) | st.text(max_size=3)))
def test_first_letters_hide_no_prefix(dialect: str, words: list[str]) -> None:
    """Every prefix that is found at any character is found."""
    spelled = load_dialect(dialect)
    guard, behind, rest = spelled.prefix.pattern.partition("(?<![A-Z_])")
    assert guard.startswith("(?=[")
    line = "".join(words)
    assert [
        (m.span(), m.lastgroup) for m in spelled.prefix.finditer(line)
    ] == [(m.span(), m.lastgroup) for m in re.finditer(behind + rest, line)]


@pytest.mark.parametrize(
    ("pattern", "letter"),
    [
        ("TRACE:", "T"), (r"\[debug\]", "["), ("(?i)trace:", ""),
        ("^A", ""), ("A?B", ""), ("AB|AC", "A"), ("AB|C", ""), ("[AB]C", ""),
        ("(?<=x)A", ""), ("", ""), (r"A{0}B", ""), ("(A)B", ""),
    ],
)  # fmt: skip
def test_first_letter(pattern: str, letter: str) -> None:
    """Only a plain character that no match goes without is a first letter."""
    assert first_letter(re.compile(pattern)) == letter


def test_other_prefixes_are_tried_everywhere(tmp_path: Path) -> None:
    """A family without a plain first character turns the guard off."""
    path = tmp_path / "mine.toml"
    path.write_text(
        'dialect = "mine"\nprogram = "p"\n'
        + "".join(
            f"[[family]]\nname = {name!r}\nprefix = {prefix!r}\n"
            'forms = ["named"]\n'
            for name, prefix in (("a", "TRACE:"), ("b", "[ab]c:"))
        ),
        encoding="utf-8",
    )
    found = load_dialect(path).prefix.finditer("bc: 1 TRACE: 2")
    assert [m.start() for m in found] == [0, 6]
