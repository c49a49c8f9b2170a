"""Numbers as a program printed them: the value and how much of it was shown.

``%.15g`` can't tell two neighbouring doubles apart, so a printed number is
known only to half a unit of its last place. That place follows from the print
format, not from the text: C drops trailing zeros, and ``0.5`` may be 0.5 to
fifteen digits.
"""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

EXACT = -400
"""Quantum of a number that is known exactly: below every double."""

PLACEHOLDER_DIGITS = -1
"""Digits of an element whose text is no number ("NOT_EXTRACTED").

Its value is NaN; a NaN that the program really printed has 0 digits.
"""

# possessive, so that a long run of digits is never tried twice
_DECIMAL = r"(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eEdD][-+]?\d++)?+"
_HEX = r"0[xX][0-9a-fA-F]+(?:\.[0-9a-fA-F]*)?[pP][-+]?\d+"
_SPECIAL = r"[nN][aA][nN](?:\(\w*\))?|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?"
_MSVC = r"1\.\#(?:INF|IND|QNAN|SNAN)\w*"
NUMBER = rf"[-+]?(?:{_MSVC}|{_HEX}|{_DECIMAL}|{_SPECIAL})"
"""Pattern of one printed number, without groups."""

STANDING_ALONE = re.compile(
    rf"(?<![\w.])[-+]?(?:{_MSVC}|{_HEX}|{_DECIMAL}|(?:{_SPECIAL})(?!\w))"
)
"""A number inside text: no part of a word such as ``k0`` or ``pix0``, though
a unit may follow as in ``0.5px``."""

_WHOLE = re.compile(NUMBER)
_PARTS = re.compile(r"[-+]?(\d*)\.?(\d*)(?:[eEdD]([-+]?\d+))?")
_SAFE_DIGITS = 15
_EXACT_DIGITS = 17
_SAFE_EXPONENT = 290
_LEAST_DIGITS = 6
_LONGEST_CACHED = 1000

Style = Literal["g", "e", "f", "d", "numpy", "repr"]


@dataclass(frozen=True, slots=True)
class Number:
    """One printed number.

    Args:
        value: the nearest double.
        digits: significant digits in the text, without leading zeros.
        exponent: decimal exponent of the first significant digit, None for
            zero and for what isn't finite.
        decimals: digits behind the point.
        scientific: whether an exponent was printed.
        integer: the exact value where the text is a plain integer.
        text: the original text where value and digits can't rebuild it.
    """

    value: float
    digits: int
    exponent: int | None
    decimals: int = 0
    scientific: bool = False
    integer: int | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class PrintFormat:
    """How a family of lines prints numbers.

    ``style`` is C's conversion (g, e, f, d), ``numpy`` (that many places, cut
    where all are zero) or ``repr`` (as many digits as needed: exact).
    """

    style: Style
    precision: int = 0

    def precision_of(self, number: Number) -> tuple[int, int]:
        """Significant digits, and the decimal exponent of the last place."""
        if not math.isfinite(number.value):
            return 0, EXACT
        if self.style == "d" or self.style == "repr":
            return max(number.digits, 1), EXACT
        if self._is_fixed(number):
            places = max(self.precision, number.decimals)
            lead = -places if number.exponent is None else number.exponent
            return max(lead + places + 1, 1), -places
        return self._floating(number)

    def _is_fixed(self, number: Number) -> bool:
        if self.style == "numpy":
            return not number.scientific
        return self.style == "f"

    def _floating(self, number: Number) -> tuple[int, int]:
        carried = self.precision + (self.style != "g")
        digits = max(carried, number.digits)
        if number.exponent is None or digits >= _EXACT_DIGITS:
            return digits, EXACT
        return digits, number.exponent - digits + 1


def is_number(text: str) -> bool:
    """Whether the whole text is one printed number."""
    return _WHOLE.fullmatch(text) is not None


def count_numbers(text: str) -> int:
    """How many numbers stand in a text, apart from those inside words."""
    if len(text) > _LONGEST_CACHED:
        return sum(1 for _ in STANDING_ALONE.finditer(text))
    return _count_cached(text)


@functools.lru_cache(maxsize=4096)
def _count_cached(text: str) -> int:
    return sum(1 for _ in STANDING_ALONE.finditer(text))


def parse_number(text: str) -> Number:
    """Read one printed number; ``is_number(text)`` holds."""
    body = text.lstrip("+-").lower()
    if body.startswith("0x"):
        value = float.fromhex(text)
        return Number(value, _EXACT_DIGITS, _exponent(value), text=text)
    if body[0].isalpha() or "#" in body:
        return _special(text, body)
    parts = _PARTS.fullmatch(text)
    whole, fraction, power = parts.groups() if parts else ("", "", None)
    plain = text.replace("d", "e").replace("D", "e")
    value = float(plain)
    shown = (whole + fraction).lstrip("0")
    lead = len(whole + fraction) - len(shown)
    exponent = len(whole) - 1 - lead + int(power or 0) if shown else None
    number = Number(
        value,
        digits=len(shown) or 1,
        exponent=exponent,
        decimals=len(fraction),
        scientific=power is not None,
        integer=int(text) if text.lstrip("+-").isdecimal() else None,
    )
    if _rebuilds(number, plain):
        return number
    return Number(
        value,
        number.digits,
        exponent,
        number.decimals,
        number.scientific,
        number.integer,
        text,
    )


def parse_format(text: str) -> PrintFormat:
    """Read ``%.15g``, ``%g``, ``%.6f``, ``%f``, ``%.17e``, ``%d``, ``numpy``.

    ``numpy`` is NumPy's and torch's array text with eight places, ``repr`` is
    Python's shortest exact text.

    Raises:
        ValueError: the text is none of these.
    """
    if text == "repr":
        return PrintFormat("repr")
    if text == "numpy":
        return PrintFormat("numpy", 8)
    found = re.fullmatch(r"%(?:\.(\d+))?l?([gefd])", text)
    if found is None:
        raise ValueError(
            f"{text!r} is no print format; give a C conversion such as "
            "'%.15g', or 'numpy' or 'repr'"
        )
    precision, style = found.groups()
    styles: dict[str, Style] = {"g": "g", "e": "e", "f": "f", "d": "d"}
    return PrintFormat(
        styles[style], 6 if precision is None else int(precision)
    )


def widest_format(digits: int) -> PrintFormat:
    """The format of a family that declares none.

    ``digits`` is the largest number of significant digits seen in the family:
    one short number says nothing, since trailing zeros are dropped. No
    program shows less than C's six.
    """
    return PrintFormat("g", max(digits, _LEAST_DIGITS))


def _special(text: str, body: str) -> Number:
    if "nan" in body or "ind" in body:
        value, canonical = math.nan, "nan"
    else:
        value = -math.inf if text.startswith("-") else math.inf
        canonical = str(value)
    kept = None if text == canonical else text
    return Number(value, 0, None, text=kept)


def _exponent(value: float) -> int | None:
    if value == 0 or not math.isfinite(value):
        return None
    return Decimal(value).adjusted()


def _rebuilds(number: Number, plain: str) -> bool:
    """Whether the value, written with so many digits, is the text again."""
    if number.exponent is None:
        return True
    short = number.digits <= _SAFE_DIGITS
    if short and abs(number.exponent) < _SAFE_EXPONENT:
        return True
    if not math.isfinite(number.value):
        return False
    again = f"{number.value:.{number.digits - 1}e}"
    return Decimal(again) == Decimal(plain)
