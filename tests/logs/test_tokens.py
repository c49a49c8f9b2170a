"""Numbers taken out of lines are all there, as the line parser reads them."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tracekit.logs.numbers import parse_format, parse_number
from tracekit.logs.tokens import HOLE, line_starts, tokens

DECIMALS = st.one_of(
    st.floats(-1e90, 1e90).map(lambda value: f"{value:.15g}"),
    st.floats(-1e90, 1e90).map(lambda value: f"{value:.17g}"),
    st.floats(-1e6, 1e6).map(lambda value: f"{value:.6f}"),
    st.floats(-1e6, 1e6).map(lambda value: f"{value:.3E}"),
    st.integers(-(10**9), 10**9).map(str),
    st.sampled_from(
        [*("0", "-0", "0.0", ".5", "5.", "007", "0.99999999999999999")]
    ),
    st.from_regex(r"\A-?[0-9]{1,12}(\.[0-9]{0,12})?(e[-+]?[0-9]{1,2})?\Z"),
)
OTHERS = st.sampled_from(
    [
        *("nan", "-inf", "0x1p-3", "1e400", "1.5e-300", "+1", "1-2", "1e5e6"),
        *("e5", "-", ".", "1.2.3", "-e", "1e", "1e+", "--1", "12:", "a1", ""),
        *("1.#INF", "E", "-.", "1.e", "x=y", "(", "ö", "1" * 60),
    ]
)
WORDS = st.lists(
    st.tuples(
        st.one_of(DECIMALS, OTHERS), st.sampled_from([*" \t=([,;)]", ", "])
    ),
    max_size=8,
)
LINES = st.lists(
    WORDS.map(lambda words: "".join(a + b for a, b in words)), max_size=6
)


@given(LINES)
def test_shapes_and_numbers_are_the_block_again(lines: list[str]) -> None:
    """Nothing is lost: numbers put into their holes give every line back."""
    block = "".join(f"{line}\n" for line in lines).encode()
    found = tokens(block)
    assert len(found) == len(lines)
    words = found.numbers.text.to_pylist()
    starts = line_starts(np.frombuffer(block, np.uint8))
    for row, line in enumerate(lines):
        first, last = found.first[row], found.first[row + 1]
        pieces = found.shapes[found.shape[row]].decode().split(HOLE)
        filled = "".join(
            a + b
            for a, b in zip(pieces, [*words[first:last], ""], strict=True)
        )
        assert filled == line
        begin, end = starts[row], starts[row + 1]
        assert block[begin:end].decode() == line + "\n"


@given(st.lists(DECIMALS, min_size=1, max_size=20))
def test_a_plain_decimal_is_taken_out(words: list[str]) -> None:
    """Each is a number of the block, whatever stands around the line."""
    plain = [
        word
        for word in words
        if not re.search(r"e[-+]?0*\d{3}", word, re.IGNORECASE)
    ]
    found = tokens((" ".join(["x", *plain]) + "\n").encode())
    assert found.numbers.text.to_pylist() == plain


@given(
    st.lists(DECIMALS, min_size=1, max_size=20),
    st.sampled_from(
        [*("%.15g", "%g", "%.6f", "%.10e", "%d", "repr", "numpy", "%.17g")]
    ),
)
def test_a_column_says_what_the_line_parser_says(
    words: list[str], form: str
) -> None:
    """Values, digits and quantum are those of each number by itself."""
    numbers = tokens((" ".join(["x", *words]) + "\n").encode()).numbers
    texts = numbers.text.to_pylist()
    one_by_one = [parse_number(text) for text in texts]
    kept = numbers.rebuilt(np.arange(len(texts)))
    assert kept.tolist() == [number.text is None for number in one_by_one]
    assert numbers.value.tolist() == [n.value for n in one_by_one]
    assert numbers.digits.tolist() == [n.digits for n in one_by_one]
    assert numbers.decimals.tolist() == [n.decimals for n in one_by_one]
    assert numbers.integer.tolist() == [
        n.integer is not None for n in one_by_one
    ]
    printed = parse_format(form)
    digits, quantum = numbers.precision(printed)
    expected = [printed.precision_of(number) for number in one_by_one]
    assert (
        list(zip(digits.tolist(), quantum.tolist(), strict=True)) == expected
    )


def test_what_is_no_plain_decimal_stays() -> None:
    """It gives the line a shape of its own."""
    found = tokens(b"a nan 1.5\nb 1e300 2\nc v1 0x10p2\n")
    assert found.shapes == [
        b"a nan " + HOLE.encode(),
        b"b 1e300 " + HOLE.encode(),
        b"c v1 0x10p2",
    ]


def test_a_block_without_numbers_or_lines_is_no_trouble() -> None:
    """There is just nothing to take out."""
    assert tokens(b"\nabc\n").shapes == [b"", b"abc"]
    assert len(tokens(b"")) == 0
