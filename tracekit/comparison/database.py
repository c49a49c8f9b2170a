"""Traces as tables of an ordinary DuckDB connection.

This file registers relations and loads ``queries/``; all that is asked of
the data is written there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

import duckdb
import pyarrow as pa

from tracekit.comparison import queries, units
from tracekit.comparison.policy import Policy, as_policy
from tracekit.comparison.positions import (
    Parts,
    register_positions,
    register_rest,
)
from tracekit.open import as_trace
from tracekit.schema import TABLES
from tracekit.storage.trace import Trace

# Elements from which two taps of the same places are compared by position.
_LARGE = 100_000
# Ten times as many in all are judged once for all queries: it takes 200 MB.
_SMALL = 10

# Judged numbers that a query reads instead of all of them, by the variable
# that names them: where all are judged already, it reads these.
_SUBSETS = {"suspects": "_judged_unlike", "rest": "_judged_rest"}

ELEMENT = pa.schema(
    [
        ("side", pa.string()),
        ("tap_id", pa.int64()),
        ("ordinal", pa.int64()),
        ("event", pa.int64()),
        ("float", pa.float64()),
        ("integer", pa.int64()),
        ("unsigned", pa.uint64()),
        ("text", pa.string()),
        ("digits", pa.int16()),
        ("quantum", pa.int16()),
    ]
)


def connect(
    traces: Mapping[str, Trace | str | Path] | None = None,
    /,
    *,
    policy: Policy | str | Path | None = None,
    keep: Collection[str] = (),
    threads: int | None = None,
    by_position: int = _LARGE,
    **sides: Trace | str | Path,
) -> duckdb.DuckDBPyConnection:
    """An ordinary DuckDB connection to any number of traces.

    It has the views ``run``, ``config``, ``event`` and ``element``; with the
    sides ``actual`` and ``expected`` also ``aligned`` and all comparison
    queries (``FROM first_divergence()``).

    Args:
        traces: traces by side, for sides whose names are no identifiers.
        policy: tolerances of the comparison queries.
        keep: views of the library to evaluate once, now, because several
            queries will read them; small traces are always treated so.
        threads: how many the database may use, by default one a core.
        by_position: from how many numbers on two stored taps of the same
            places are compared by position; it changes no row.
        sides: traces, logs or paths to either, by side.

    Raises:
        TraceError, LogError: a side can't be read.
        PolicyError: the policy can't be read.

    >>> import tracekit as tk
    >>> with tk.record() as recording:
    ...     R = tk.tap(2.5, "R", unit="m")
    >>> con = tk.connect(run=recording.trace)
    >>> con.sql("SELECT tap, value, unit FROM element").fetchall()
    [('R', 2.5, 'm')]
    """
    opened = {
        name: as_trace(side)
        for name, side in {**(traces or {}), **sides}.items()
    }
    rules = as_policy(policy)
    con = duckdb.connect()
    # Jupyter without ipywidgets has no bar that could be switched off
    with suppress(duckdb.InvalidInputException):
        con.execute("SET enable_progress_bar = false")
    if threads is not None:
        con.execute("SET threads = ?", [threads])
    _register_tables(con, opened)
    _register_elements(con, opened)
    for name in queries.ONE_SIDE:
        con.execute(queries.load(name).sql)
    if {"actual", "expected"} <= opened.keys():
        _register(con, "policy_rule", rules.table())
        _register(con, "unit_factor", _unit_factors(opened))
        wanted = {queries.load(name).name for name in keep}
        small = sum(map(_elements, opened.values())) <= _SMALL * by_position
        if small:
            wanted |= {"judged", "outcome", "unmatched", "hole"}
        if "outcome" in wanted:
            wanted.add("quick")
        con.execute("SET VARIABLE by_position = ?", [by_position])
        for variable, large in _SUBSETS.items():
            value = "judged" if small else large
            con.execute(f"SET VARIABLE {variable} = ?", [value])
        later: Parts = {}
        for name in queries.TWO_SIDES:
            query = queries.load(name)
            con.execute(query.kept if name in wanted else query.sql)
            if name == "by_position":
                later = register_positions(
                    con, opened["actual"], opened["expected"], judged=small
                )
                _register_elements(con, opened, "key_element", _by_key(con))
            elif name == "quick" and later:
                register_rest(con, later, known="quick" in wanted)
    return con


def _elements(trace: Trace) -> int:
    return int(sum(trace.tables["tap"]["elements"].to_pylist()))


def _register(
    con: duckdb.DuckDBPyConnection, name: str, table: pa.Table
) -> None:
    """A table of its own: DuckDB plans those faster than Arrow's."""
    con.register("arrow_table", table)
    con.execute(f"CREATE TABLE {name} AS FROM arrow_table")
    con.unregister("arrow_table")


def _register_tables(
    con: duckdb.DuckDBPyConnection, traces: Mapping[str, Trace]
) -> None:
    for name, schema in TABLES.items():
        sided = pa.schema([("side", pa.string()), *schema])
        parts = [
            trace.tables[name].add_column(
                0,
                "side",
                pa.array([side] * trace.tables[name].num_rows, pa.string()),
            )
            for side, trace in traces.items()
        ]
        table = pa.concat_tables([sided.empty_table(), *parts])
        _register(con, f"trace_{name}", table)


def _register_elements(
    con: duckdb.DuckDBPyConnection,
    traces: Mapping[str, Trace],
    view: str = "trace_element",
    only: Collection[tuple[str, int]] | None = None,
) -> None:
    """View ``trace_element``: all elements, whatever their stored type.

    With ``only`` a view of the elements of these taps of these sides.
    """
    con.register("element_schema", ELEMENT.empty_table())
    parts = ["element_schema"]
    for number, (side, trace) in enumerate(traces.items()):
        taps = [
            tap
            for tap in range(trace.tables["tap"].num_rows)
            if only is None or (side, tap) in only
        ]
        if not taps:
            continue
        relation = (
            con.from_arrow(_in_memory(trace, taps))
            if trace.path is None
            else con.read_parquet(
                [str(trace.element_file(tap)) for tap in taps],
                hive_partitioning=True,
                union_by_name=True,
            ).project("* EXCLUDE (tap), tap::BIGINT AS tap_id")
        )
        constant = duckdb.ConstantExpression(side).alias("side")
        part = f"{view}_{number}"
        relation.select(constant, duckdb.StarExpression()).create_view(part)
        parts.append(part)
    union = " UNION ALL BY NAME ".join(f"FROM {part}" for part in parts)
    con.execute(f"CREATE VIEW {view} AS {union}")


def _by_key(con: duckdb.DuckDBPyConnection) -> set[tuple[str, int]]:
    """Sides and taps of which a pair at least is compared by key."""
    rows = con.execute(
        "SELECT actual_tap, expected_tap FROM pair "
        "ANTI JOIN by_position USING (pair)"
    ).fetchall()
    return {("actual", a) for a, _ in rows} | {
        ("expected", e) for _, e in rows
    }


def _in_memory(trace: Trace, taps: list[int]) -> pa.Table:
    stored = pa.schema([f for f in ELEMENT if f.name != "side"])
    parts = [stored.empty_table()]
    for number in taps:
        table = trace.elements(number)
        columns = [
            pa.array([number] * table.num_rows, pa.int64())
            if field.name == "tap_id"
            else table[field.name].cast(field.type)
            if field.name in table.column_names
            else pa.nulls(table.num_rows, field.type)
            for field in stored
        ]
        parts.append(pa.table(columns, schema=stored))
    return pa.concat_tables(parts)


def _unit_factors(traces: Mapping[str, Trace]) -> pa.Table:
    actual, expected = traces["actual"].tables, traces["expected"].tables
    pairs: set[tuple[str | None, str | None]] = set()
    for name, key in (("tap", "name"), ("config", "key")):
        units_of: dict[str, set[str | None]] = {}
        for row in actual[name].select([key, "unit"]).to_pylist():
            units_of.setdefault(row[key], set()).add(row["unit"])
        for row in expected[name].select([key, "unit"]).to_pylist():
            pairs |= {(u, row["unit"]) for u in units_of.get(row[key], ())}
    return units.factors(pairs)
