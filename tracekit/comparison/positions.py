"""Pairs of large taps whose numbers meet by position, read where they lie.

A hash join of two taps of 16 million numbers takes minutes and gigabytes; side
by side they stream. Equal hashes of the keys and equal row counts guard it.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import duckdb
import pyarrow.parquet as pq

from tracekit.storage.trace import Trace

_FIRST = ("_met", "_met_suspect", "_quick", "_image")
_LATER = ("_met_unsound", "_met_first")
_IMAGES = "SELECT pair FROM image_pair"
# by view, what each pair gives to it
Parts = dict[str, list[tuple[int, str]]]
_PAIR = ("pair", "actual_tap", "expected_tap", "elements")
_BOUNDS = ("rtol", "atol", "max_ulps", "precision")
_MACROS = {"float": "_meet_floats", "integer": "_meet_integers"}


def register_positions(
    con: duckdb.DuckDBPyConnection,
    actual: Trace,
    expected: Trace,
    *,
    judged: bool,
) -> Parts:
    """Views of the numbers of all pairs of the table ``by_position``.

    Returns the parts of the views that ``register_rest`` makes.

    Pairs that aren't stored, or hold printed numbers, leave that table: they
    meet by key.

    Args:
        con: the connection.
        actual: one side.
        expected: the other.
        judged: all numbers are judged once and kept: no other way to their
            figures is needed.
    """
    views: Parts = {view: [] for view in (*_FIRST, *_LATER)}
    images = {pair for (pair,) in con.execute(_IMAGES).fetchall()}
    table = con.table("by_position")
    names = table.columns
    for values in table.fetchall():
        row = dict(zip(names, values, strict=True))
        pair, one, other, elements = (row[name] for name in _PAIR)
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
        parts = _parts(_met(pair), column, row)
        for view, part in parts.items():
            if view != "_image" or pair in images:
                views[view].append((pair, part))
    found = [pair for pair, _ in views["_image"]]
    con.execute(f"SET VARIABLE images = {found}::BIGINT[]")
    for view in ("_met", "_image") if judged else _FIRST:
        _create(con, view, [part for _, part in views[view]])
    return {} if judged else views


def measure(
    con: duckdb.DuckDBPyConnection, view: str, parts: list[tuple[int, str]]
) -> None:
    """Make a table of the view ``_quick`` or ``_image``, pairs side by side.

    DuckDB reads a positional join with one thread, and one part of a union
    after the other. Here each pair is still read by one thread, in order.

    Args:
        con: the connection.
        view: the view.
        parts: what each pair gives to it.
    """
    con.execute(f"CREATE TABLE {view}_row AS FROM {view} LIMIT 0")
    ((threads,),) = con.execute("SELECT current_setting('threads')").fetchall()

    def one_pair(part: str) -> None:
        with con.cursor() as cursor:
            with suppress(duckdb.InvalidInputException):  # as in Library
                cursor.execute("SET enable_progress_bar = false")
            cursor.execute(f"INSERT INTO {view}_row FROM {part}")

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one_pair, [part for _, part in parts]))
    con.execute(f"CREATE OR REPLACE VIEW {view} AS FROM {view}_row")


def register_rest(
    con: duckdb.DuckDBPyConnection, views: Parts, *, known: bool
) -> None:
    """Views of the numbers that ``quick`` leaves out, and of its first ones.

    Args:
        con: the connection.
        views: what ``register_positions`` returned.
        known: ``quick`` is a table, so pairs of which it left out nothing
            need not be read again.
    """
    left_out, first = views["_met_unsound"], views["_met_first"]
    if known:
        found = con.execute("SELECT pair, sound, odd, first FROM quick")
        rows = found.fetchall()
        measured = {pair for pair, *_ in rows}
        left_out = [part for part in left_out if part[0] not in measured]
        for pair, sound, odd, _ in rows:
            if odd or not sound:
                macro = "_meet_odd" if sound else "_meet_floats"
                left_out.append((pair, f"{macro}({_met(pair)})"))
        first = [
            (pair, f"_meet_at({_met(pair)}, {place})")
            for pair, _, _, place in rows
            if place is not None
        ]
    _create(con, "_met_unsound", [part for _, part in left_out])
    _create(con, "_met_first", [part for _, part in first])


def _met(pair: int) -> str:
    """What the macros of a pair are given."""
    return f"{pair}, 'met_a_{pair}', 'met_e_{pair}'"


def _create(
    con: duckdb.DuckDBPyConnection, view: str, parts: list[str]
) -> None:
    if parts:
        union = " UNION ALL ".join(f"FROM {part}" for part in parts)
        con.execute(f"CREATE OR REPLACE VIEW {view} AS {union}")


def _parts(met: str, column: str, row: dict[str, Any]) -> dict[str, str]:
    """What a pair gives to each of the views."""
    all_of_it = f"{_MACROS[column]}({met})"
    if not row["plain"]:
        views = ("_met", "_met_suspect", "_met_unsound")
        return dict.fromkeys(views, all_of_it)
    rtol, atol, few, bits = (_literal(row[name]) for name in _BOUNDS)
    return {
        "_met": all_of_it,
        "_met_suspect": f"_meet_suspect({met}, {rtol}, {atol})",
        "_met_unsound": f"_meet_left_out({met})",
        "_met_first": f"_meet_first({met})",
        "_image": f"_image_floats({met}, {row['elements']})",
        "_quick": f"_quick_floats({met}, {rtol}, {atol}, {few}, {bits}, "
        f"{row['quick']}, {row['elements']})",
    }


def _literal(number: float | None) -> str:
    """A number in SQL; infinity has no literal of its own."""
    if number is None:
        return "NULL"
    return str(number) if math.isfinite(number) else f"'{number}'::DOUBLE"


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
