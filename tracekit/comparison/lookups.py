"""Pairs of taps of which one side has a few numbers and the other very many.

Two recorded pixels beside a dense image: the two are looked up by their
ordinals, so that of the dense side only the rows are read that are asked for,
and what it has besides is counted without being listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb

from tracekit.storage.trace import Trace


def register_lookups(
    con: duckdb.DuckDBPyConnection, traces: Mapping[str, Trace], few: str
) -> None:
    """Fill the tables of ``by_lookup.sql``.

    Pairs of which the side that has many isn't stored leave ``by_lookup``:
    they meet by key.

    Args:
        con: the connection.
        traces: the traces by side.
        few: the view of the elements of the taps that have a few.
    """
    for side, trace in traces.items():
        taps = range(trace.tables["tap"].num_rows)
        absent = [tap for tap in taps if not trace.is_stored(tap)]
        con.execute(
            "DELETE FROM by_lookup WHERE many = ? "
            "AND list_contains(?::BIGINT[], many_tap)",
            [side, absent],
        )
    _add(con, "_asked_key", f"_asked('{few}')")
    table = con.table("by_lookup")
    names = table.columns
    for values in table.fetchall():
        row = dict(zip(names, values, strict=True))
        pair, many = row["pair"], f"many_{row['pair']}"
        file = traces[row["many"]].element_file(row["many_tap"])
        con.read_parquet([str(file)], hive_partitioning=False).create_view(
            many
        )
        _add(con, "_looked_up", f"_look_up({pair}, '{many}')")
        if row["vector"] > 1 and row["many"] == "expected":
            vectors = f"_look_up_vectors({pair}, '{many}')"
            _add(con, "_looked_up_vector", vectors)
        missing = _missing(con, row, many)
        if missing:
            _add(con, "_looked_up_missing", f"({missing})")


def _add(con: duckdb.DuckDBPyConnection, table: str, rows: str) -> None:
    """Names of tables and numbers of pairs, never names out of a trace."""
    con.execute(f"INSERT INTO {table} BY NAME FROM {rows}")


def _missing(
    con: duckdb.DuckDBPyConnection, row: dict[str, Any], many: str
) -> str:
    """SQL of what the few lack although they report it; "" for nothing."""
    pair = row["pair"]
    few = [row["few"]]
    limits = con.execute(f"FROM _limits_of({pair:d}, ?)", few).fetchall()
    wanted = [f"FROM _lone({pair:d}, '{many}')"]
    for number, axes in limits:
        place = _place(axes, row["axes"])
        if place == "ordinal" and _asked_all(con, pair, number):
            return ""
        wanted.append(
            f"SEMI JOIN _reported({number:d}) AS place_{number:d} "
            f"ON place_{number:d}.place = {place}"
        )
    figures = f"{pair:d} AS pair, count(*) AS missing, min(ordinal) AS first"
    return " ".join([*wanted, "SELECT", figures])


def _asked_all(con: duckdb.DuckDBPyConnection, pair: int, limit: int) -> bool:
    """Whether each place of a limit was looked up."""
    rest = con.execute(f"FROM _unasked({pair:d}, {limit:d}) LIMIT 1")
    return not rest.fetchall()


def _place(axes: list[dict[str, Any]], grid: list[dict[str, Any]]) -> str:
    """SQL for the partial ordinal along some axes of the grid."""
    dims = {axis["dim"] for axis in axes}
    if all(a["dim"] in dims for a in grid if a["extent"] > 1):
        return "ordinal"
    parts = "+".join(
        "ordinal // {stride:d} % {extent:d} * {stride:d}".format(**axis)
        for axis in axes
    )
    return f"({parts})"
