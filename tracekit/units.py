"""Factors between units, through pint; loaded only where two units differ."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    import pint

_LONGEST = 100

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
    if max(len(actual), len(expected)) > _LONGEST:
        return None
    import pint  # noqa: PLC0415 - 0.4 s to load, needed only when units differ

    try:
        one = _registry().Quantity(1.0, actual).to(expected)
        two = _registry().Quantity(2.0, actual).to(expected)
    except (pint.PintError, ValueError, TypeError, AssertionError):
        return None
    factor = float(one.magnitude)
    return factor if float(two.magnitude) == 2 * factor else None  # noqa: PLR2004


@cache
def _registry() -> pint.UnitRegistry:
    import pint  # noqa: PLC0415 - as above

    registry: pint.UnitRegistry = pint.UnitRegistry(cache_folder=None)
    registry.define("photon = []")
    registry.define("electron = []")
    registry.define("pixel = []")
    return registry
