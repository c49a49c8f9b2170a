"""What converts one unit to another, through pint.

Loaded only where two units differ.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from tokenize import TokenError
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pint

_LONGEST = 100
# A unit comes out of a log and pint evaluates it as an expression, so it may
# hold names with small whole powers, products and quotients, nothing else.
_TOKEN = re.compile(
    r"[^\W\d]\w*(?:\s*(?:\^|\*\*)\s*[-+]?\d{1,2}(?!\d))?"
    r"|\d{1,3}(?!\d)|\*(?!\*)|[/()%°\s]"
)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
# What pint's parser lets through, besides its own errors.
_PARSER_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    SyntaxError,
    TokenError,
    TypeError,
    ValueError,
)

FACTOR = {
    "actual_unit": "VARCHAR",
    "expected_unit": "VARCHAR",
    "factor": "DOUBLE",
    "shift": "DOUBLE",
}


def factors(
    pairs: Iterable[tuple[str | None, str | None]],
) -> list[tuple[str, str, float, float]]:
    """Rows of ``FACTOR`` for pairs of units that convert.

    expected = factor * actual + shift. A pair without a row can't be
    converted.
    """
    rows = []
    for actual, expected in sorted(
        {(a, e) for a, e in pairs if a and e and a != e}
    ):
        found = conversion(actual, expected)
        if found is not None:
            rows.append((actual, expected, *found))
    return rows


def conversion(actual: str, expected: str) -> tuple[float, float] | None:
    """Factor and shift from ``actual`` to ``expected``.

    The shift is 0 but for scales that begin elsewhere: degC, degF. None where
    the units don't convert, or not so (decibels).

    >>> conversion("angstrom", "m"), conversion("degC", "kelvin")
    ((1e-10, 0.0), (1.0, 273.15))
    """
    if not (is_unit(actual) and is_unit(expected)):
        return None
    import pint  # 0.4 s to load, and needed only where units differ

    def turned(number: float) -> float:
        quantity = _registry().Quantity(number, _plain(actual))
        return float(quantity.to(_plain(expected)).magnitude)

    try:
        one, two, three = turned(1.0), turned(2.0), turned(3.0)
        if not (one < two < three < math.inf):
            return None
        if two == 2 * one:
            return one, 0.0
        # scales that begin elsewhere differ by a small fraction, 9/5
        factor = float(Fraction(two - one).limit_denominator(1000))
        for step in (two - one, three - two):
            if not math.isclose(step, factor, rel_tol=1e-9):
                return None
        return factor, turned(0.0)
    except (pint.PintError, *_PARSER_ERRORS):
        return None


def is_unit(text: str) -> bool:
    """Whether a text can be a unit at all; says nothing of its meaning.

    >>> is_unit("photon/m^2"), is_unit("9**9**9**9")
    (True, False)
    """
    return 0 < len(text) <= _LONGEST and not _TOKEN.sub("", _plain(text))


def _plain(text: str) -> str:
    """The unit with its raised digits written as powers."""
    raised = "[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+"
    return re.sub(raised, lambda m: "^" + m[0].translate(_RAISED), text)


@cache
def _registry() -> pint.UnitRegistry[float]:
    import pint

    registry: pint.UnitRegistry[float] = pint.UnitRegistry(cache_folder=None)
    registry.define("photon = [photon]")
    registry.define("electron = [electron]")
    registry.define("pixel = [pixel]")
    return registry
