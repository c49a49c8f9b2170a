"""Plain numbers read by words of eight digits are what one by one gives."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.logs.test_tokens import DECIMALS, OTHERS
from tracekit.logs.numbers import parse_number
from tracekit.logs.plain_numbers import INDEX, REBUILT, WHOLE, plain_numbers

EDGES = st.sampled_from(
    [
        *("9007199254740993", "99999999", "100000000", "99999999.99999999"),
        *("0.000123456789012345", "1e-22", "1e22", "1e23", "-0", "-0.0"),
        *("123456789012345678", "0.1", "1.0e+05", "642333268.662592", "1e-10"),
        *("4503599627370497.5", "0.30000000000000004", "1.", ".5", "1e5"),
    ]
)
PLAIN = re.compile(r"-?\d{1,16}(\.\d{1,24})?([eE][-+]\d{1,2})?")


@given(
    st.lists(
        st.tuples(st.one_of(DECIMALS, EDGES, OTHERS), st.sampled_from(" \n=")),
        max_size=12,
    )
)
def test_each_number_is_what_it_is_alone(words: list[tuple[str, str]]) -> None:
    """Value, digits, exponent, places and kind; nothing else is taken."""
    text = "x " + "".join(a + b for a, b in words) + "\n"
    found = plain_numbers(text.encode())
    raw = text.encode()
    taken = 0
    for row, (begin, end) in enumerate(
        zip(found.begin.tolist(), found.end.tolist(), strict=True)
    ):
        word = raw[begin:end].decode()
        assert PLAIN.fullmatch(word)
        number, own = parse_number(word), found.numbers
        assert own.value[row].tobytes() == np.float64(number.value).tobytes()
        assert own.digits[row] == number.digits
        assert own.exponent[row] == (number.exponent or 0)
        assert own.decimals[row] == number.decimals
        assert own.scientific[row] == number.scientific
        kinds = int(found.kinds[row])
        assert bool(kinds & REBUILT) == (number.text is None)
        size = len(word.lstrip("-"))
        whole = number.integer is not None
        assert bool(kinds & WHOLE) == (whole and size <= 15)
        assert bool(kinds & INDEX) == (whole and word[0] != "-" and size <= 9)
        taken += 1
    assert taken == len(found)


def test_numbers_are_words_of_their_own() -> None:
    """Names, units and dates with digits in them hold no numbers."""
    text = b"a1 2 k=3,4 [5] x6 7m (8; 9) 2024-01-02 1.2.3 -1-2 --1 1e5 1e-5e\n"
    found = plain_numbers(text)
    spans = zip(found.begin.tolist(), found.end.tolist(), strict=True)
    words = [text[a:b] for a, b in spans]
    assert words == [b"2", b"3", b"4", b"5", b"8", b"9"]
