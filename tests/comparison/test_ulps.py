"""NumPy's ulps are those of the query library."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.comparison import queries
from tracekit.comparison.ulps import ulp_distance

FLOATS = (
    st.floats(allow_nan=False)
    | st.floats(allow_nan=False, width=32)
    | st.floats(allow_nan=False, width=16)
)


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    """A connection that has the macro."""
    connection = duckdb.connect()
    connection.execute(queries.load("ulp_distance").sql)
    return connection


@pytest.mark.parametrize("precision", [53, 24, 11, 8])
@given(pairs=st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=50))
def test_same_as_the_query(
    con: duckdb.DuckDBPyConnection,
    precision: int,
    pairs: list[tuple[float, float]],
) -> None:
    """Any two numbers, infinities too, are as far apart as in SQL."""
    near = [(a, np.nextafter(a, b)) for a, b in pairs]
    table = [[float(number) for number in pair] for pair in pairs + near]
    found = con.execute(
        "SELECT ulp_distance(p[1], p[2], ?::INTEGER) "
        "FROM (SELECT unnest(?::DOUBLE[][]) AS p)",
        [precision, table],
    ).fetchall()
    one, other = np.array(table).T.copy()
    with np.errstate(over="ignore"):
        assert ulp_distance(one, other, precision).tolist() == [
            row[0] for row in found
        ]
