"""Traces as tables of an ordinary DuckDB connection.

This file registers relations and loads ``queries/``; all that is asked of
the data is written there.
"""

from __future__ import annotations

from collections.abc import (
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from tracekit.comparison import queries, units
from tracekit.comparison.float_pairs import Rows
from tracekit.comparison.lookups import register_lookups
from tracekit.comparison.policy import SCHEMA, Policy, as_policy
from tracekit.comparison.positions import register_positions
from tracekit.comparison.reduced import with_statistics
from tracekit.comparison.statements import created_by, named, needed
from tracekit.comparison.translation import translated
from tracekit.open import as_trace
from tracekit.schema import TABLES
from tracekit.storage.stored_events import FEW
from tracekit.storage.trace import Trace

# Elements from which two taps of the same places are compared by position.
_LARGE = 100_000
# Ten times as many in all are judged once for all queries: it takes 200 MB.
_SMALL = 10

# Judged numbers that a query reads instead of all of them, by the variable
# that names them: where all are judged already, it reads these.
_SUBSETS = {
    "suspects": "_judged_unlike",
    "rest": "_judged_rest",
    "early": "_judged_early",
    "beside": "_judged_beside",
    "gappy": "_aligned_gappy",
    "tried": "_judged_tried",
}

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
    library = Library(
        opened,
        policy=policy,
        keep=keep,
        threads=threads,
        by_position=by_position,
    )
    library.need(
        created_by(
            (*queries.ONE_SIDE, *queries.TWO_SIDES)
            if library.compares
            else queries.ONE_SIDE
        )
    )
    return library.con


class Library:
    """A connection that is given the library's queries as they are needed.

    Args:
        traces: traces by side.
        policy: see ``connect``.
        keep: names of views of the library that several queries read.
        threads: see ``connect``.
        by_position: see ``connect``.
    """

    def __init__(
        self,
        traces: Mapping[str, Trace],
        *,
        policy: Policy | str | Path | None = None,
        keep: Collection[str] = (),
        threads: int | None = None,
        by_position: int = _LARGE,
    ) -> None:
        rules = as_policy(policy)
        traces = {
            side: translated(trace, side, rules.translations)
            for side, trace in traces.items()
        }
        self.con = duckdb.connect()
        self.compares = {"actual", "expected"} <= traces.keys()
        if self.compares:
            one, other = traces["actual"], traces["expected"]
            traces = {
                **traces,
                "actual": with_statistics(one, other),
                "expected": with_statistics(other, one),
            }
        self._traces = traces
        self._made: set[str] = set()
        self._subsets: dict[str, str] = {}
        self._kept = set(keep)
        for name in keep:
            named(name)
        # Jupyter without ipywidgets has no bar that could be switched off
        with suppress(duckdb.InvalidInputException):
            self.con.execute("SET enable_progress_bar = false")
        if threads is not None:
            self.con.execute("SET threads = ?", [threads])
        _register_tables(self.con, traces)
        _register_elements(self.con, traces)
        if self.compares:
            _register(self.con, "policy_rule", SCHEMA, rules.rows())
            factors = _unit_factors(traces)
            _register(self.con, "unit_factor", units.SCHEMA, factors)
            self._choose_ways(by_position)

    def need(self, names: Iterable[str]) -> None:
        """Create the statements of these names, and what they read."""
        for statement in needed(names, self._subsets):
            name = statement.name
            if name not in self._made:
                kept = name in self._kept
                self.con.execute(statement.kept if kept else statement.sql)
                self._made.add(name)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """All rows of a query."""
        query = named(name)
        if query.body and name not in self._made:
            self.need(query.reads)
            result = self.con.execute(query.body)
        else:
            self.need([name])
            result = self.con.execute(f"FROM {queries.load(name).call}")
        columns = [column[0] for column in result.description or ()]
        return [
            dict(zip(columns, row, strict=True)) for row in result.fetchall()
        ]

    @property
    def only_stacked(self) -> bool:
        """Whether all that has a pixel is of pairs that are ``stacked``."""
        asked = self.con.execute("SELECT getvariable('only_stacked')")
        ((answer,),) = asked.fetchall()
        return bool(answer)

    def _choose_ways(self, by_position: int) -> None:
        """Which taps meet by position, by lookup and by key."""
        con, traces = self.con, self._traces
        small = sum(map(elements, traces.values())) <= _SMALL * by_position
        if small:
            self._kept |= {"judged", "outcome", "_unmatched_by_key", "hole"}
        if "outcome" in self._kept:
            self._kept.add("quick")
        con.execute(f"SET VARIABLE by_position = {by_position:d}")
        for variable, large in _SUBSETS.items():
            self._subsets[variable] = "judged" if small else large
            con.execute(
                f"SET VARIABLE {variable} = '{self._subsets[variable]}'"
            )
        con.execute("SET VARIABLE images = []::BIGINT[]")
        con.execute("SET VARIABLE only_stacked = FALSE")
        if max(map(_largest, traces.values())) < by_position:
            return  # all of it meets by key
        self.need(created_by(["by_position", "by_lookup"]))
        if con.execute("FROM by_position LIMIT 1").fetchall():
            self.need(created_by(["stacked"]))
            register_positions(
                con,
                traces["actual"],
                traces["expected"],
                judged=small,
                measured="image_metrics" in self._kept,
            )
        only = _ways(con, "few, few_tap FROM by_lookup")
        if only:
            self.need(created_by(["reach_place"]))
            _register_elements(con, traces, "few_element", only)
            register_lookups(con, traces, "few_element")
        many = _ways(con, "many, many_tap FROM by_lookup")
        for view, looked_up, taps in (
            ("key_element", "_looked_up", _ways(con, _BY_KEY)),
            ("vector_element", "_looked_up_vector", _ways(con, _VECTORS)),
        ):
            _register_elements(con, traces, view, taps - many, looked_up)


# Sides and taps of which a pair at least is compared by key, and those whose
# vectors rtol is relative to.
_BY_KEY = """'actual', actual_tap FROM pair ANTI JOIN by_position USING (pair)
UNION SELECT 'expected', expected_tap FROM pair
ANTI JOIN by_position USING (pair)"""
_VECTORS = """'expected', expected_tap FROM pair
WHERE expected_size > 1 AND relative_to = 'vector' AND problem IS NULL"""


def _ways(con: duckdb.DuckDBPyConnection, taps: str) -> set[tuple[str, int]]:
    return set(con.execute(f"SELECT {taps}").fetchall())


def _largest(trace: Trace) -> int:
    return max(trace.tables["tap"]["elements"].to_pylist(), default=0)


def elements(trace: Trace) -> int:
    """How many numbers and texts a trace holds."""
    return int(sum(trace.tables["tap"]["elements"].to_pylist()))


def _register(
    con: duckdb.DuckDBPyConnection,
    name: str,
    schema: pa.Schema,
    rows: Sequence[Sequence[Any]],
) -> None:
    """A table of few rows; an Arrow array of them would load pandas."""
    con.from_arrow(Rows(schema, list)).create(name)
    table = con.table(name)
    for row in rows:
        table.insert(row)


def _register_tables(
    con: duckdb.DuckDBPyConnection, traces: Mapping[str, Trace]
) -> None:
    """Tables of their own: DuckDB plans those faster than Arrow's."""
    for name, schema in TABLES.items():
        sided = pa.schema([("side", pa.string()), *schema])
        if name == "event" and sum(t.events for t in traces.values()) > FEW:
            events = partial(_events, sided, traces)
            con.register("trace_event", Rows(sided, events))
            continue
        table = con.from_arrow(Rows(sided, list))
        for side, trace in traces.items():
            table = table.union(_sided(con, side, trace.tables[name]))
        table.create(f"trace_{name}")


def _events(
    schema: pa.Schema, traces: Mapping[str, Trace]
) -> Iterator[pa.RecordBatch]:
    """Events of all sides, read from the disk whenever they are asked for."""
    for side, trace in traces.items():
        for piece in trace.event_pieces():
            sides = pa.repeat(side, len(piece))
            yield pa.record_batch([sides, *piece.columns], schema=schema)


def _sided(
    con: duckdb.DuckDBPyConnection, side: str, table: pa.Table
) -> duckdb.DuckDBPyRelation:
    constant = duckdb.ConstantExpression(side).alias("side")
    return con.from_arrow(table).select(constant, duckdb.StarExpression())


def _register_elements(
    con: duckdb.DuckDBPyConnection,
    traces: Mapping[str, Trace],
    view: str = "trace_element",
    only: Collection[tuple[str, int]] | None = None,
    more: str = "element_schema",
) -> None:
    """View ``trace_element``: all elements, whatever their stored type.

    With ``only`` a view of the elements of these taps of these sides, and
    those of the table ``more``.
    """
    if only is None:
        con.register("element_schema", Rows(ELEMENT, list))
    parts = [more]
    for number, (side, trace) in enumerate(traces.items()):
        taps = [
            tap
            for tap in range(trace.tables["tap"].num_rows)
            if only is None or (side, tap) in only
        ]
        constant = duckdb.ConstantExpression(side).alias("side")
        for place, relation in _relations(con, trace, taps).items():
            part = f"{view}_{place}_{number}"
            relation = relation.select(constant, duckdb.StarExpression())
            relation.create_view(part)
            parts.append(part)
    union = " UNION ALL BY NAME ".join(f"FROM {part}" for part in parts)
    con.execute(f"CREATE OR REPLACE VIEW {view} AS {union}")


def _relations(
    con: duckdb.DuckDBPyConnection, trace: Trace, taps: list[int]
) -> dict[str, duckdb.DuckDBPyRelation]:
    """Elements of these taps: of those in memory, of those on the disk."""
    found = {}
    stored = [tap for tap in taps if trace.is_stored(tap)]
    if stored:
        found["disk"] = con.read_parquet(
            [str(trace.element_file(tap)) for tap in stored],
            hive_partitioning=True,
            union_by_name=True,
        ).project("* EXCLUDE (tap), tap::BIGINT AS tap_id")
    if len(stored) < len(taps):
        held = [tap for tap in taps if not trace.is_stored(tap)]
        found["memory"] = con.from_arrow(_in_memory(trace, held))
    return found


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


def _unit_factors(
    traces: Mapping[str, Trace],
) -> list[tuple[str, str, float, float]]:
    actual, expected = traces["actual"].tables, traces["expected"].tables
    pairs: set[tuple[str | None, str | None]] = set()
    for name, key in (("tap", "name"), ("config", "key")):
        units_of: dict[str, set[str | None]] = {}
        for row in actual[name].select([key, "unit"]).to_pylist():
            units_of.setdefault(row[key], set()).add(row["unit"])
        for row in expected[name].select([key, "unit"]).to_pylist():
            pairs |= {(u, row["unit"]) for u in units_of.get(row[key], ())}
    return units.factors(pairs)
