"""Steps between representable numbers, against NumPy's own."""

from __future__ import annotations

import math

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracekit.comparison import queries


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    """A connection that has the macro."""
    connection = duckdb.connect()
    connection.execute(queries.load("ulp_distance").sql)
    return connection


def ulps(
    con: duckdb.DuckDBPyConnection, a: float, b: float, precision: int = 53
) -> int | None:
    """What the macro says of two numbers."""
    found = con.execute(
        "SELECT ulp_distance(?::DOUBLE, ?::DOUBLE, ?)", [a, b, precision]
    ).fetchall()
    answer: int | None = found[0][0]
    return answer


@settings(max_examples=50, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 5))
def test_steps_of_float64(
    con: duckdb.DuckDBPyConnection, value: float, steps: int
) -> None:
    """So many times nextafter is so many ulps away, across zero too."""
    other, taken = value, 0
    while taken < steps and other != math.inf:
        other, taken = math.nextafter(other, math.inf), taken + 1
    assert ulps(con, value, other) == taken
    assert ulps(con, other, value) == taken


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize(
    "value", [0.0, 1.0, 2.0, 1e-7, -3.0, 6e-5, 6.1e-5, -6e-8]
)
def test_steps_of_narrow_types(
    con: duckdb.DuckDBPyConnection, dtype: type[np.floating], value: float
) -> None:
    """float32 and float16 count in their own steps, denormals too."""
    precision = {np.float32: 24, np.float16: 11}[dtype]
    start = other = dtype(value)
    for steps in range(4):
        assert ulps(con, float(start), float(other), precision) == steps
        other = np.nextafter(other, dtype(100))


def test_steps_of_bfloat16(con: duckdb.DuckDBPyConnection) -> None:
    """bfloat16 has a step of 2^-7 above 1."""
    assert ulps(con, 1.0, 1 + 3 * 2**-7, 8) == 3


def test_signed_zeros(con: duckdb.DuckDBPyConnection) -> None:
    """-0 and 0 are one number in every type."""
    for precision in (53, 24, 11, 8):
        assert ulps(con, -0.0, 0.0, precision) == 0


def test_nan(con: duckdb.DuckDBPyConnection) -> None:
    """NaN is no number of steps from anything."""
    for precision in (53, 24, 11, 8):
        assert ulps(con, math.nan, 1.0, precision) is None


def test_saturates(con: duckdb.DuckDBPyConnection) -> None:
    """The whole range doesn't overflow."""
    assert ulps(con, -math.inf, math.inf) == 2**63 - 1
    assert ulps(con, math.inf, -0.0) == ulps(con, math.inf, 0.0)
    assert ulps(con, -0.0, math.inf) == 0x7FF0000000000000


def test_beyond_the_narrow_range(con: duckdb.DuckDBPyConnection) -> None:
    """A double beyond float32 counts as infinite, and doesn't fail."""
    largest = float(np.finfo(np.float32).max)
    assert ulps(con, 1e300, largest, 24) == 1
    assert ulps(con, -1e300, math.inf, 24) == 2 * 0x7F800000
    assert ulps(con, 1e-300, 0.0, 24) == 0
    found = ulps(con, 1e300, 1.0, 11)
    assert found is not None
    assert found > 1000
