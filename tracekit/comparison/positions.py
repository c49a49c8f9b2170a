"""Pairs of large taps whose numbers meet by position, read where they lie.

A hash join of two taps of 16 million numbers takes minutes and gigabytes; side
by side they stream. Equal hashes of the keys and equal row counts guard it.
"""

from __future__ import annotations

import duckdb
import pyarrow.parquet as pq

from tracekit.storage.trace import Trace

_MACROS = {"float": "_meet_floats", "integer": "_meet_integers"}


def register_positions(
    con: duckdb.DuckDBPyConnection, actual: Trace, expected: Trace
) -> None:
    """View ``_met``: the numbers of all pairs of the table ``by_position``.

    Pairs that aren't stored, or hold printed numbers, leave that table: they
    meet by key.
    """
    parts = []
    for pair, one, other, elements in con.execute(
        "SELECT pair, actual_tap, expected_tap, elements FROM by_position"
    ).fetchall():
        columns = {
            _only_column(actual, one, elements),
            _only_column(expected, other, elements),
        }
        column = columns.pop()
        if columns or column is None:
            con.execute("DELETE FROM by_position WHERE pair = ?", [pair])
            continue
        for side, trace, tap in (("a", actual, one), ("e", expected, other)):
            file = str(trace.element_file(tap))
            con.read_parquet([file], hive_partitioning=False).create_view(
                f"met_{side}_{pair}"
            )
        parts.append(
            f"FROM {_MACROS[column]}({pair}, 'met_a_{pair}', 'met_e_{pair}')"
        )
    if parts:
        union = " UNION ALL ".join(parts)
        con.execute(f"CREATE OR REPLACE VIEW _met AS {union}")


def _only_column(trace: Trace, tap: int, elements: int) -> str | None:
    """The one column of a stored tap's values, if it has nothing else."""
    if trace.path is None:
        return None
    stored = pq.ParquetFile(trace.element_file(tap))
    names = set(stored.schema_arrow.names) - {"ordinal", "event"}
    if stored.metadata.num_rows != elements or len(names) != 1:
        return None
    (name,) = names
    return name if name in _MACROS else None
