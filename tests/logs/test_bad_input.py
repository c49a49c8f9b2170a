"""Whatever lies in a file: one clear error or counted rejects, and an end."""

import gzip
import hashlib
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.logs.log_lines import nanobragg, own
from tracekit.errors import LogError
from tracekit.logs.dialect_file import load_dialect
from tracekit.logs.file import LONGEST_LINE
from tracekit.logs.log import parse, parse_log
from tracekit.logs.patterns import SEARCHED, compiled

DIALECT = """\
dialect = "mine"
program = "mine"
[[family]]
name = "out"
prefix = 'OUT:'
forms = ["assigned"]
"""
GOOD = b"TRACEKIT tap R : 0.1\n"


@pytest.mark.parametrize(
    "text",
    [
        "(a+)+$", "(a*)*b", "(a|ab)*c", "(?:a?)+b", "(?:x+|y)+", r"(\w+\s?)*",
        ".*a.*b", ".*a.*b.*c", r"\s*\s*\s*x", r"\w+\d+\w+!", "(?=a*a*b)",
        r"(a)\1", "(?:a{1,200}){1,200}", "(a|aa){60}b", "(?:a?){50}b",
        "(?:(?:a?b?){90}){90}", "(?i)[a-z]+[A-Z]+x", "x" * 3000, "a(",
    ],
)  # fmt: skip
def test_a_pattern_that_may_take_for_ever_is_refused(
    text: str, tmp_path: Path
) -> None:
    """The error names the file, the key and the pattern; nothing is run."""
    path = tmp_path / "mine.toml"
    path.write_text(DIALECT.replace("OUT:", text))
    with pytest.raises(LogError, match=r"family\[0\]: prefix: "):
        load_dialect(path)


@pytest.mark.parametrize(
    "text",
    [
        *(r"\[debug\](?= pixel)", r"^[ \t]*(?=(?:a|b)(?![\w.]))", r"\S+ \d+"),
        *("^.*a.*b", "(.*) sources of (.*)", r"x=\S+ y=\S+ z=\S+ [^:]*: \d+"),
        *(r"(?:a|b){50}=", "a{99}", r"\w++=\w++;", "(?i)cell.*", "[^\\s\\S]*"),
    ],
)
def test_usual_patterns_are_as_re_has_them(text: str) -> None:
    """What is safe is compiled as it stands."""
    assert compiled(text) == re.compile(text)


def test_patterns_that_take_too_long_together_are_refused(
    tmp_path: Path,
) -> None:
    """A dialect of many slow patterns names the slowest; no line is read."""
    path = tmp_path / "mine.toml"
    slow = "[[fact]]\npattern = '.*=[{}]'\n"
    path.write_text(DIALECT + "".join(map(slow.format, range(400))))
    with pytest.raises(LogError, match=r"patterns: its 401 .* begin with"):
        load_dialect(path)


def test_a_line_of_50_mb_is_one_reject(tmp_path: Path) -> None:
    """Only its beginning is kept, and the lines round it are read."""
    path = tmp_path / "c.log"
    with path.open("wb") as file:
        file.write(GOOD + b"TRACEKIT tap long : ")
        for _ in range(50):
            file.write(b"1 " * (1 << 19))
        file.write(b"\n" + GOOD)
    parsed = parse_log(path, "tracekit")
    assert [event.line for event in parsed.events] == [1, 3]
    (reject,) = parsed.rejects
    assert (reject.line, reject.reason) == (
        2,
        f"longer than {LONGEST_LINE} bytes",
    )
    assert len(reject.text) <= 1000


@pytest.mark.parametrize(
    "filling",
    ["k=1 ", "k=1,", "(", "[1 ", "a:1 ", "1,", " ", "TRACE_C: ", "e"],
)
def test_a_line_just_below_the_limit_ends(filling: str) -> None:
    """No form takes time that grows with the square of a line."""
    count = (LONGEST_LINE // 16) // len(filling)
    parsed = nanobragg("TRACE_C: x=" + filling * count)
    assert parsed.events or parsed.rejects


def test_a_prefix_far_into_a_line_is_a_counted_reject() -> None:
    """What isn't searched is said, not dropped."""
    parsed = own("x" * SEARCHED + "TRACEKIT tap R : 1")
    (reject,) = parsed.rejects
    assert "no prefix in the first" in reject.reason
    assert len(reject.text) == SEARCHED


@given(st.binary(max_size=400))
def test_binary_junk_gives_rejects_or_one_error(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes
) -> None:
    """Good lines before it are read; nothing but our own errors comes."""
    path = tmp_path_factory.mktemp("junk") / "c.log"
    path.write_bytes(GOOD + junk)
    assert parse_log(path, "tracekit").events[0].tap == "R"
    path.write_bytes(junk)
    with suppress(LogError):
        parse_log(path)


def test_invalid_utf_8_is_kept_escaped(tmp_path: Path) -> None:
    """Its bytes can be read off the reject."""
    path = tmp_path / "c.log"
    path.write_bytes(b"TRACEKIT tap R : \xff\xfe\n" + GOOD)
    parsed = parse_log(path, "tracekit")
    assert len(parsed.events) == 1
    assert parsed.rejects[0].text == r"TRACEKIT tap R : \xff\xfe"


def test_a_packed_bomb_is_read_in_pieces(tmp_path: Path) -> None:
    """64 MB of one line behind 64 kB of gzip are one reject."""
    path = tmp_path / "c.log.gz"
    path.write_bytes(gzip.compress(GOOD + b"A" * (64 << 20)))
    parsed = parse_log(path, "tracekit")
    assert len(parsed.events) == 1
    assert len(parsed.rejects) == 1
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert parsed.files[-1].sha256 == digest


def test_a_comma_without_a_blank_is_decided_by_the_dialect(
    tmp_path: Path,
) -> None:
    """``1,5`` is rejected with its reason, or two numbers where so said."""
    path = tmp_path / "mine.toml"
    path.write_text(DIALECT)
    lines = ["OUT: H = 1,5", "OUT: v = 1.5,2.5", "OUT: w = [1,5]"]
    parsed = parse(lines, load_dialect(path), "mine.log")
    assert [event.values.tolist() for event in parsed.events] == [
        [1.5, 2.5],
        [1, 5],
    ]
    assert "decimal comma" in parsed.rejects[0].reason
    assert parsed.rejects[0].text == lines[0]
    path.write_text(DIALECT + 'commas = "separate"\n')
    parsed = parse(lines, load_dialect(path), "mine.log")
    assert parsed.events[0].values.tolist() == [1, 5]
