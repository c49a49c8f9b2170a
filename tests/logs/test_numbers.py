"""Numbers as printed: their values and how much of them was shown."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.logs.numbers import (
    EXACT,
    count_numbers,
    is_number,
    parse_format,
    parse_number,
    widest_format,
)

doubles = st.floats(allow_nan=False, allow_infinity=False)


@given(doubles)
def test_seventeen_digits_are_exact(value: float) -> None:
    """Every double printed with %.17g comes back with the same bits."""
    number = parse_number(f"{value:.17g}")
    assert number.value.hex() == value.hex()
    assert parse_format("%.17g").precision_of(number)[1] == EXACT


@given(doubles)
def test_the_value_lies_within_half_a_printed_place(value: float) -> None:
    """A number printed with %.15g is known to half a unit of its quantum."""
    number = parse_number(f"{value:.15g}")
    _, quantum = parse_format("%.15g").precision_of(number)
    if quantum != EXACT and quantum > -290:
        half = 0.5 * 10.0**quantum
        rounding = math.ulp(number.value)
        assert abs(number.value - value) <= half * (1 + 1e-6) + rounding


@pytest.mark.parametrize(
    ("text", "form", "digits", "quantum"),
    [
        ("100", "%.15g", 15, -12),
        ("0.5", "%.15g", 15, -15),
        ("0.5", "%g", 6, -6),
        ("1.25932e+29", "%g", 6, 24),
        ("-2741372.3", "%.15g", 15, -8),
        ("0.0174999999956265", "%.15g", 15, -16),
        ("-7.900663", "%.6f", 7, -6),
        ("0.000000", "%.6f", 1, -6),
        ("5.000000000000000e-11", "%.15e", 16, -26),
        ("0.99482945", "numpy", 8, -8),
        ("1.00009867e-01", "numpy", 9, -9),
        ("0.1", "numpy", 8, -8),
        ("0", "%.15g", 15, EXACT),
        ("-39", "%d", 2, EXACT),
        ("0.08726646259971647", "repr", 16, EXACT),
        ("0.08726646259971647", "%.17g", 17, EXACT),
        ("nan", "%.15g", 0, EXACT),
    ],
)
def test_precision_follows_from_the_format(
    text: str, form: str, digits: int, quantum: int
) -> None:
    """The quantum comes from the print format, whatever zeros were dropped."""
    number = parse_number(text)
    assert parse_format(form).precision_of(number) == (digits, quantum)


def test_one_short_number_says_nothing() -> None:
    """Without a declared format no number counts as less than six digits."""
    assert widest_format(1).precision_of(parse_number("100")) == (6, -3)
    assert widest_format(16).precision_of(parse_number("0.5")) == (16, -16)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("inf", math.inf),
        ("-inf", -math.inf),
        ("Infinity", math.inf),
        ("1.#INF", math.inf),
        ("-1.#INF00", -math.inf),
        ("nan", math.nan),
        ("-nan", math.nan),
        ("nan(0x8000000000000)", math.nan),
        ("1.#QNAN", math.nan),
        ("-1.#IND", math.nan),
        ("0x1.8p+1", 3.0),
        ("-0x1p-1074", -5e-324),
        ("1.5D-03", 0.0015),
        (".5", 0.5),
        ("5.", 5.0),
        ("-0", -0.0),
    ],
)
def test_every_spelling_of_a_number(text: str, value: float) -> None:
    """C, Fortran, MSVC and hexadecimal spellings are read as their value."""
    assert is_number(text)
    found = parse_number(text).value
    np.testing.assert_equal(found, value)
    assert math.isnan(found) or math.copysign(1, found) == math.copysign(
        1, value
    )


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("9007199254740993", "9007199254740993"),
        ("0.1234567890123456789", "0.1234567890123456789"),
        ("1e999", "1e999"),
        ("-nan", "-nan"),
        ("nan", None),
        ("inf", None),
        ("9007199254740992", None),
        ("0.0995645274149919", None),
        ("5e-324", None),
    ],
)
def test_text_is_kept_where_the_value_can_not_rebuild_it(
    text: str, kept: str | None
) -> None:
    """Only a number that its value and digits lose keeps its text."""
    assert parse_number(text).text == kept


@pytest.mark.parametrize(
    "text", ["", "-", ".", "e5", "1e", "0x1", "nanometre", "1_000", "12a"]
)
def test_what_is_no_number(text: str) -> None:
    """Words, halves of numbers and Python's underscores are no numbers."""
    assert not is_number(text)


def test_numbers_inside_words_do_not_count() -> None:
    """k0 and nanoBragg hold no number, (0,1) and 0.5px do."""
    assert count_numbers("pix0_vector k0 F_latt_b nanoBragg info") == 0
    assert count_numbers("Fbeam(+0.5px),beam_vec=[1 0 0]") == 4
    assert count_numbers("pixel(0,1) at -39 and 1e-3; nan") == 5


def test_a_long_run_of_digits_takes_no_time() -> None:
    """A megabyte of digits that ends in a letter is looked at once."""
    assert count_numbers("1" * 1_000_000 + "x") == 1
    assert not is_number("1" * 1_000_000 + "x")


@pytest.mark.parametrize("text", ["%s", "%.15", "15g", "%", "%-5d"])
def test_an_unknown_format_is_an_error(text: str) -> None:
    """A format that isn't known is named in the message."""
    with pytest.raises(ValueError, match="no print format"):
        parse_format(text)
