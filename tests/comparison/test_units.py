"""Units: what converts by a factor, and what doesn't."""

from __future__ import annotations

import math

import pytest

from tracekit.comparison import units


@pytest.mark.parametrize(
    ("actual", "expected", "factor"),
    [
        ("mm", "m", 1e-3),
        ("angstrom", "m", 1e-10),
        ("1/angstrom", "1/m", 1e10),
        ("degree", "rad", math.pi / 180),
        ("meter", "m", 1.0),
        ("photon/mm^2", "photon/m^2", 1e6),
        ("1", "dimensionless", 1.0),
        ("percent", "1", 0.01),
        ("Å⁻¹", "1/m", 1e10),
        ("kg*m/(s^2 m)", "kg / s ** 2", 1.0),
    ],
)
def test_factors(actual: str, expected: str, factor: float) -> None:
    """Units of one dimension convert by a factor."""
    found = units.conversion(actual, expected)
    assert found == pytest.approx((factor, 0.0), rel=1e-15)


@pytest.mark.parametrize(
    ("actual", "expected", "factor", "shift"),
    [
        ("degC", "kelvin", 1.0, 273.15),
        ("K", "degC", 1.0, -273.15),
        ("degF", "degC", 5 / 9, -160 / 9),
        ("delta_degC", "kelvin", 1.0, 0.0),
    ],
)
def test_scales_that_begin_elsewhere(
    actual: str, expected: str, factor: float, shift: float
) -> None:
    """Temperatures are shifted, differences of temperatures are not."""
    found = units.conversion(actual, expected)
    assert found is not None
    assert found[0] == factor
    assert found[1] == pytest.approx(shift, rel=1e-13)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        ("m", "second"),
        ("photon", "electron"),
        ("photon", "1"),
        ("decibelmilliwatt", "watt"),
        ("furlongs per bogus", "m"),
        ("m", "("),
        ("", "m"),
        ("m**", "m"),
        ("9**9**9**9", "m"),
        ("((99)^99)^99", "m"),
        ("m^2^9^9", "m"),
        ("9⁹", "m"),
        ("(" * 90, "m"),
        ("9 m", "m"),
        ("m**1e400", "m"),
        ("__import__('os')", "m"),
        ("x" * 1000, "m"),
        ("0 m", "m"),
        ("nan m", "m"),
        ("\u2202", "m"),
    ],
)
def test_no_factor(actual: str, expected: str) -> None:
    """Other units don't convert, whatever stands in a log for a unit."""
    assert units.conversion(actual, expected) is None
    assert units.conversion(expected, actual) is None


def test_only_pairs_that_differ() -> None:
    """Equal units and missing ones need no factor; each pair comes once."""
    rows = units.factors(
        [("m", "m"), (None, "m"), ("m", None), ("mm", "m"), ("mm", "m"),
         ("m", "kg")]
    )  # fmt: skip
    assert rows == [("mm", "m", 0.001, 0.0)]
