"""Factors between units, through pint; loaded only where two units differ."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import cache
from tokenize import TokenError
from typing import TYPE_CHECKING

import pyarrow as pa

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

SCHEMA = pa.schema(
    [
        ("actual_unit", pa.string()),
        ("expected_unit", pa.string()),
        ("factor", pa.float64()),
    ]
)


def factors(pairs: Iterable[tuple[str | None, str | None]]) -> pa.Table:
    """Rows (actual_unit, expected_unit, factor) for units that convert.

    A pair without a row can't be converted.
    """
    rows = []
    for actual, expected in sorted(
        {(a, e) for a, e in pairs if a and e and a != e}
    ):
        factor = conversion(actual, expected)
        if factor is not None:
            rows.append((actual, expected, factor))
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return pa.table(
        [pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)],
        schema=SCHEMA,
    )


def conversion(actual: str, expected: str) -> float | None:
    """What a number in ``actual`` is multiplied by to be in ``expected``.

    None where they don't convert, or not by a factor alone (degC to kelvin).

    >>> conversion("angstrom", "m")
    1e-10
    """
    if not (is_unit(actual) and is_unit(expected)):
        return None
    import pint  # 0.4 s to load, and needed only where units differ

    try:
        one, two = (
            float(
                _registry()
                .Quantity(number, _plain(actual))
                .to(_plain(expected))
                .magnitude
            )
            for number in (1.0, 2.0)
        )
    except (pint.PintError, *_PARSER_ERRORS):
        return None
    good = math.isfinite(one) and one > 0 and two == 2 * one
    return one if good else None


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
