"""Pairs of large taps whose numbers meet by position, read where they lie.

A hash join of two taps of 16 million numbers takes minutes and gigabytes; side
by side they stream. Equal hashes of the keys and equal row counts guard it.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from tracekit.comparison.closeness import Bounds
from tracekit.comparison.course import COURSE
from tracekit.comparison.float_pairs import (
    MET,
    FloatPair,
    FloatPairs,
    ahead,
    once,
)
from tracekit.comparison.maps import MAP
from tracekit.comparison.relations import Rows
from tracekit.comparison.signatures import SIGNATURE
from tracekit.comparison.stack import FIRST, Stack
from tracekit.storage.trace import Trace

_BOUNDS = ("rtol", "atol", "max_ulps", "precision")
_CONSTANTS = {"tap": "tap", "slow": "slow_axis", "fast": "fast_axis"}
_MACROS = {"float": "_meet_floats", "integer": "_meet_integers"}


def register_positions(
    con: duckdb.DuckDBPyConnection,
    actual: Trace,
    expected: Trace,
    *,
    judged: bool,
    measured: bool,
) -> None:
    """Views of the numbers of all pairs of the table ``by_position``.

    Pairs that aren't stored, hold printed numbers or lie in other row groups
    leave that table: they meet by key.

    Args:
        con: the connection.
        actual: one side.
        expected: the other.
        judged: all numbers are judged once and kept: no other way to their
            figures is needed.
        measured: the figures of images are worked out now, once.
    """
    every: list[str] = []
    gappy: list[str] = []
    others: list[str] = []
    floats: list[FloatPair] = []
    images: dict[int, str] = {}
    equal: list[int] = []
    for row in _rows(con, "by_position"):
        pair = row["pair"]
        sides = _files(row, actual, expected)
        layouts = {_layout(file) for file in sides}
        columns, groups = layouts.pop() if len(layouts) == 1 else ((), ())
        if len(columns) != 1 or columns[0] not in _MACROS:
            con.execute("DELETE FROM by_position WHERE pair = ?", [pair])
            continue
        for side, file in zip("ae", sides, strict=True):
            con.read_parquet([str(file)], hive_partitioning=False).create_view(
                f"met_{side}_{pair}"
            )
        met = f"{pair}, 'met_a_{pair}', 'met_e_{pair}'"
        # constants, so that a WHERE on them spares the files of other taps
        constants = [
            duckdb.ConstantExpression(row[name]).alias(alias)
            for name, alias in _CONSTANTS.items()
        ]
        con.query(f"FROM {_MACROS[columns[0]]}({met})").select(
            *constants, duckdb.StarExpression()
        ).create_view(f"_met_{pair}")
        every.append(f"_met_{pair}")
        gappy += [] if row["dense"] else every[-1:]
        if row["known"]:
            equal.append(pair)
        if not row["plain"]:
            others += [] if row["known"] else every[-1:]
            continue
        bounds = Bounds(*(row[name] for name in _BOUNDS))
        floats.append(
            FloatPair(
                pair,
                sides[0],
                sides[1],
                groups,
                bounds,
                row["quick"],
                bool(row["same"]),
                bool(row["known"]),
            )
        )
        if not row["known"]:
            images[pair] = f"_image_floats({met}, {row['elements']})"
    _create(con, "_met", every)
    _create(con, "_met_gappy", gappy)
    _register_images(con, images, equal, measured=measured)
    if not judged:
        _register_floats(con, floats, others)


def _register_floats(
    con: duckdb.DuckDBPyConnection, floats: list[FloatPair], others: list[str]
) -> None:
    """Views of what NumPy works out, and of the pairs that it can't."""
    threads = _threads(con)
    stack = _stack(con, floats)
    stacked = {pair.pair for pair in stack.pairs}
    read = [pair for pair in floats if not pair.known]
    tables: dict[str, Rows] = {}
    if read or others:
        tables = FloatPairs(read, stacked, threads).tables()
    if stacked:
        con.execute(f"SET VARIABLE stacked_pairs = {[*stacked]}::BIGINT[]")
        con.execute(f"SET VARIABLE only_stacked = _only_stacked({[*stacked]})")
        for view, schema, work in (
            ("_stacked_first", FIRST, stack.first),
            ("_stacked_course", COURSE, stack.course),
            ("_stacked_signature", SIGNATURE, stack.signatures),
            ("_stacked_map", MAP, stack.maps),
        ):
            batches = partial(ahead, threads, work, stack.groups)
            kept = once(batches) if view == "_stacked_course" else batches
            tables[view] = Rows(schema, kept)
    for view, rows in tables.items():
        con.from_arrow(rows).create_view(f"{view}_float")
        parts = [f"{view}_float"]
        if rows.schema == MET:
            parts = [f"_meet_rows('{view}_float')"]
            parts += [] if view == "_met_first" else others
        _create(con, view, parts)


def _stack(con: duckdb.DuckDBPyConnection, floats: list[FloatPair]) -> Stack:
    """The images that lie over each other, in the same row groups."""
    known = {pair.pair: pair for pair in floats}
    rows = _rows(con, "stacked")
    groups = known[rows[0]["pair"]].groups if rows else ()
    rows = [row for row in rows if known[row["pair"]].groups == groups]
    axes = [
        tuple(rows[0][dim][part] for part in ("stride", "extent", "origin"))
        for dim in ("slow", "fast")
        if rows
    ]
    return Stack(
        [row["number"] for row in rows],
        [row["tap"] for row in rows],
        [known[row["pair"]] for row in rows],
        axes,
    )


def _register_images(
    con: duckdb.DuckDBPyConnection,
    parts: dict[int, str],
    equal: list[int],
    *,
    measured: bool,
) -> None:
    """The view ``_image``; what is read for it is measured now or then.

    DuckDB reads a positional join with one thread, and one part of a union
    after the other. Here each pair is still read by one thread, in order, but
    several pairs at a time.
    """
    known = {row["pair"] for row in _rows(con, "image_pair")}
    images = [pair for pair in parts if pair in known]
    con.execute(f"SET VARIABLE images = {images + equal}::BIGINT[]")
    if not measured:
        read = [parts[pair] for pair in images]
        _create(con, "_image", [*read, "_image_equal"])
        return
    con.execute("CREATE TABLE _image_row AS FROM _image LIMIT 0")

    def one_pair(pair: int) -> None:
        with con.cursor() as cursor:
            with suppress(duckdb.InvalidInputException):  # as in Library
                cursor.execute("SET enable_progress_bar = false")
            cursor.execute(f"INSERT INTO _image_row FROM {parts[pair]}")

    with ThreadPoolExecutor(_threads(con)) as pool:
        list(pool.map(one_pair, images))
    _create(con, "_image", ["_image_row", "_image_equal"])


def _rows(con: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    table = con.table(name)
    names = table.columns
    return [dict(zip(names, row, strict=True)) for row in table.fetchall()]


def _threads(con: duckdb.DuckDBPyConnection) -> int:
    ((threads,),) = con.execute("SELECT current_setting('threads')").fetchall()
    return int(threads)


def _create(
    con: duckdb.DuckDBPyConnection, view: str, parts: Sequence[str]
) -> None:
    if parts:
        union = " UNION ALL ".join(f"FROM {part}" for part in parts)
        con.execute(f"CREATE OR REPLACE VIEW {view} AS {union}")


def _files(
    row: dict[str, Any], actual: Trace, expected: Trace
) -> tuple[Path, ...]:
    """The element files of a pair; none if a side isn't stored."""
    sides = ((actual, row["actual_tap"]), (expected, row["expected_tap"]))
    if not all(trace.is_stored(tap) for trace, tap in sides):
        return ()
    return tuple(trace.element_file(tap) for trace, tap in sides)


def _layout(file: Path) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The columns of an element file's values, and rows by row group."""
    with pq.ParquetFile(file) as stored:
        names = {*stored.schema_arrow.names} - {"ordinal", "event"}
        groups = range(stored.num_row_groups)
        rows = (stored.metadata.row_group(n).num_rows for n in groups)
        return tuple(sorted(names)), tuple(rows)
