"""Blocks of lines give what their lines give one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shared_files import NANOBRAGG, needs_shared
from tracekit.logs.dialect import Dialect
from tracekit.logs.dialect_file import load_dialect
from tracekit.logs.file import LogFile
from tracekit.logs.log import Parsed, parse, parse_log, parsed_of
from tracekit.logs.parser import Parser
from tracekit.logs.reading import LogReader

DIALECT = """
dialect = "d"
program = "p"
declares = {declares}
[pixel]
dims = ["slow", "fast"]
restart = 'new run'
[[loop]]
dim = "layer"
extent = "layers"
[[loop]]
dim = "sub"
extent = "subs"
[[family]]
name = "AT"
prefix = 'AT:'
match = '(?P<slow>\\d+) (?P<fast>\\d+)'
scope = "file"
[[family]]
name = "T"
prefix = 'T:'
forms = ["named", "assigned", "alternating", "text"]
names = ["t"]
level = "sub"
format = "%.9g"
[[family]]
name = "S"
prefix = 'S (?P<source>\\d+):'
forms = ["named", "assigned"]
names = ["t"]
level = "pixel"
[[family]]
name = "H"
prefix = 'H:'
forms = ["alternating", "named"]
names = ["h"]
level = "sub"
[names.t.open]
opens = true
level = "sub"
[names.t.pos]
components = "xyz"
unit = "m"
level = "sub"
[names.t.count]
kind = "int"
level = "pixel"
[names.t.layers]
kind = "int"
config = "layers"
[names.t.const]
level = "run"
[names.h.step]
coordinates = ["step"]
[names.h.v]
level = "sub"
"""
NUMBER = st.one_of(
    st.integers(-9, 99).map(str),
    st.floats(-1e3, 1e3).map(lambda value: f"{value:.5g}"),
    st.floats(-1e9, 1e9).map(lambda value: f"{value:.17g}"),
    st.sampled_from(["nan", "-inf", "1e-300", "0", "-0.0", "+2", "0x1p3"]),
)
INDEX = st.one_of(st.integers(0, 3).map(str), st.sampled_from(["-1", "1.5"]))


def filled(form: str) -> st.SearchStrategy[str]:
    """Lines of this form: ``#`` stands for a number, ``%`` for an index."""
    parts = [
        {"#": NUMBER, "%": INDEX}.get(letter, st.just(letter))
        for letter in form
    ]
    return st.tuples(*parts).map("".join)


LINE = st.sampled_from(
    [
        *("AT: % %", "T: open #", "T: pos # # #", "T: count #", "T: v #"),
        *("T: v=# w=#", "T: a # b #", "T: layers %", "T: const 1.5", "T: v #"),
        *("S %: v #", "H: step %", "H: v #", "H: step % v #", "new run"),
        *("prose # #", "T: pos # #", "T: v # m", "T: v [#, #]", "T: # #"),
        *("T: v #T: pos # # #", "T: some text", "S x: v #", "", "T: v #,#"),
    ]
).flatmap(filled)
OWN = st.sampled_from(
    [
        "TRACEKIT tap a slow=% fast=% type=float64 : #",
        "TRACEKIT tap v slow=% components=xyz type=float64 : # # #",
        "TRACEKIT tap f n=% type=float32 unit=m : #",
        "TRACEKIT tap i n=% type=int64 : %",
        "TRACEKIT tap i n=% type=int8 : #",
        "TRACEKIT tap r n=0:2 m=% : # #",
        "TRACEKIT config k : #",
        "TRACEKIT tap w n=% type=text : # x",
        "TRACEKIT covers slow fast : % %",
    ]
).flatmap(filled)


def content(parsed: Parsed) -> Any:
    """All that was read but the file's own hash, NaN equal to NaN."""
    trace = parsed.trace()
    count = trace.tables["tap"].num_rows
    return repr(
        (
            {k: v.to_pylist() for k, v in trace.tables.items() if k != "file"},
            [trace.elements(n).to_pydict() for n in range(count)],
            [trace.elements(n).schema.types for n in range(count)],
            parsed.summary(),
            parsed.prose_lines,
        )
    )


def in_blocks(
    lines: list[str], dialect: Dialect, cuts: set[int]
) -> tuple[Any, LogReader]:
    """What blocks of these lines give, and what read them."""
    parser = Parser(dialect, "x.log")
    reader = LogReader(parser, few=0, worth=0, mostly=0)
    block = ""
    for place, line in enumerate(lines):
        block += line + "\n"
        if place in cuts:
            reader.block(block.encode())
            block = ""
    reader.block(block.encode())
    return content(parsed_of(reader)), reader


@pytest.fixture(scope="module", params=["true", "false"])
def small(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Dialect:
    """A dialect with everything that a line may depend on."""
    path = tmp_path_factory.mktemp("d") / "d.toml"
    path.write_text(DIALECT.format(declares=request.param))
    return load_dialect(path)


@given(st.lists(LINE, max_size=25), st.sets(st.integers(0, 24)))
def test_blocks_are_read_as_their_lines(
    small: Dialect, lines: list[str], cuts: set[int]
) -> None:
    """Wherever blocks end, every value has its pixel, count and place."""
    expected = content(parse(lines, small, "x.log"))
    assert in_blocks(lines, small, cuts)[0] == expected


@given(
    st.lists(st.lists(LINE, max_size=4), min_size=1, max_size=3),
    st.lists(st.tuples(INDEX, INDEX, st.integers(0, 2)), max_size=8),
    st.sets(st.integers(0, 24)),
    st.randoms(use_true_random=False),
)
def test_pixels_are_read_as_their_lines(
    small: Dialect,
    bodies: list[list[str]],
    pixels: list[tuple[str, str, int]],
    cuts: set[int],
    source: Random,
) -> None:
    """Pixel after pixel with the same lines and other numbers in them."""
    lines = []
    for slow, fast, body in pixels:
        lines.append(f"AT: {slow} {fast}")
        for line in bodies[body % len(bodies)]:
            other = str(source.choice([1, 2, 0.5, -3]))
            lines.append(re.sub(r"(?<= )\d+(?= |$)", other, line))
    expected = content(parse(lines, small, "x.log"))
    assert in_blocks(lines, small, cuts)[0] == expected


def refilled(line: str, words: Iterator[str]) -> str:
    """The line with the next words in the place of its numbers."""
    return re.sub(r"(?<= )[-\d.e]+(?= |$)", lambda w: next(words, w[0]), line)


@given(
    st.lists(LINE, min_size=1, max_size=4),
    st.lists(st.lists(NUMBER, min_size=12), min_size=1, max_size=12),
    st.integers(0, 12),
    st.sets(st.integers(0, 60)),
)
def test_numbers_that_vary_are_read_as_their_lines(
    small: Dialect,
    body: list[str],
    numbers: list[list[str]],
    constant: int,
    cuts: set[int],
) -> None:
    """Numbers of every kind in one text, the first few of them constant."""
    lines = []
    for pixel, own in enumerate(numbers):
        words = iter([*numbers[0][:constant], *own[constant:]])
        lines.append(f"AT: {pixel} 1")
        lines += [refilled(line, words) for line in body]
    expected = content(parse(lines, small, "x.log"))
    assert in_blocks(lines, small, cuts)[0] == expected


@given(
    st.lists(OWN, min_size=1, max_size=3),
    st.lists(st.lists(NUMBER, min_size=6), min_size=1, max_size=12),
    st.sets(st.integers(0, 40)),
)
def test_own_numbers_that_vary_are_read_as_their_lines(
    body: list[str], numbers: list[list[str]], cuts: set[int]
) -> None:
    """The same of lines that describe themselves."""
    dialect = load_dialect("tracekit")
    lines = []
    for pixel, own in enumerate(numbers):
        words = iter(own)
        lines.append(f"TRACEKIT tap p slow={pixel} type=int64 : {pixel}")
        lines += [refilled(line, words) for line in body]
    expected = content(parse(lines, dialect, "x.log"))
    assert in_blocks(lines, dialect, cuts)[0] == expected


@given(st.lists(OWN, max_size=15), st.sets(st.integers(0, 14)))
def test_own_blocks_are_read_as_their_lines(
    lines: list[str], cuts: set[int]
) -> None:
    """Lines that describe themselves, with and without odd numbers."""
    dialect = load_dialect("tracekit")
    expected = content(parse(lines, dialect, "x.log"))
    assert in_blocks(lines, dialect, cuts)[0] == expected


@given(
    st.lists(LINE, min_size=1, max_size=4),
    st.lists(st.tuples(INDEX, NUMBER, st.integers(0, 9)), max_size=12),
    st.sampled_from(["{}:{}{}:0{}.{}25 ", "[2026-01-0{} 1{}:{}0:2{},{}] "]),
    st.sets(st.integers(0, 60)),
)
def test_times_before_lines_change_nothing(
    small: Dialect,
    body: list[str],
    pixels: list[tuple[str, str, int]],
    form: str,
    cuts: set[int],
) -> None:
    """Some lines have the time of day before them, most of them alike."""
    lines: list[str] = []
    for pixel, number, odd in pixels:
        own = [refilled(line, iter([number] * 3)) for line in body]
        for line in [f"AT: {pixel} 1", *own]:
            time = form.format(*f"1{len(lines) % 6}{odd % 6}{odd}{odd}")
            lines.append(line if odd == 9 else time[odd == 8 :] + line)
    expected = content(parse(lines, small, "x.log"))
    assert in_blocks(lines, small, cuts)[0] == expected


def test_lines_with_times_are_read_by_template(small: Dialect) -> None:
    """All but the first block and the last line."""
    lines = [
        f"12:{pixel:02}:0{place}.5 {line}"
        for pixel in range(20)
        for place, line in enumerate(
            (f"AT: {pixel} 7", f"T: pos 1 2 {pixel}", f"T: v {pixel}.5")
        )
    ]
    found, reader = in_blocks(lines, small, {14, 29, 44})
    assert found == content(parse(lines, small, "x.log"))
    assert reader.by_paragraph == len(lines)
    assert reader.by_template >= 2 * len(lines) // 3


def test_plain_lines_are_read_by_paragraph(small: Dialect) -> None:
    """All of a log of plain lines, so that the tests here test something."""
    lines = [
        line
        for pixel in range(20)
        for line in (
            f"AT: {pixel} 7",
            f"T: open {pixel}.5",
            f"T: pos 1 -2.5e-3 {pixel}",
            f"T: count {pixel}",
            f"S 1: v {pixel}",
            f"T: v={pixel} w=2",
            f"T: layers {pixel % 4 // 2}",
        )
    ]
    found, reader = in_blocks(lines, small, {33})
    assert reader.by_paragraph == len(lines)
    assert found == content(parse(lines, small, "x.log"))


def test_pixels_are_read_by_template(small: Dialect) -> None:
    """Where only numbers change that changed before, but for odd ones."""
    lines = [
        line
        for pixel in range(40)
        for line in (
            f"AT: {pixel // 8} {pixel % 8}",
            f"T: open {pixel}.5",
            f"T: pos 1 -2.5e-3 {pixel}",
            f"T: v {'nan' if pixel == 21 else pixel}",
            f"T: const {1 + pixel // 30}",
        )
    ]
    found, reader = in_blocks(lines, small, set(range(9, 199, 10)))
    assert found == content(parse(lines, small, "x.log"))
    assert reader.by_template > 0.8 * len(lines)


@needs_shared
def test_real_logs_are_read_as_their_lines() -> None:
    """Logs as people have them: nothing depends on how they are read."""
    logs = sorted((NANOBRAGG / "real_logs").rglob("*.log"))
    assert logs
    dialect = load_dialect("nanobragg")
    for path in logs[::4]:
        log = LogFile(path)
        try:
            expected = parse(log.lines(), dialect, log.name, path.parent)
        except ValueError:
            continue
        if expected.columns:
            assert content(parse_log(path)) == content(expected), path


def test_a_byte_that_marks_holes_is_kept(tmp_path: Path) -> None:
    """A line that holds it is read like any other."""
    path = tmp_path / "x.log"
    path.write_bytes(b"TRACEKIT tap a : 1\nTRACEKIT tap \x01 : 2\n")
    assert [e.tap for e in parse_log(path, "tracekit").events] == ["a", "\x01"]
