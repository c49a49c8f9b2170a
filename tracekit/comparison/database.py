"""Traces as tables of an ordinary DuckDB connection.

This file loads ``queries/`` as it is needed; all that is asked of the data is
written there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

from tracekit.columns import TABLES
from tracekit.comparison import queries, units
from tracekit.comparison.policy import RULE, UNUSED, Policy, as_policy
from tracekit.comparison.relations import (
    ELEMENT,
    register_elements,
    register_rows,
    register_table,
)
from tracekit.comparison.statements import created_by, named, needed
from tracekit.comparison.translation import names_in, names_of, translated
from tracekit.open import as_trace
from tracekit.storage.trace import Trace

# Elements from which two taps of the same places are compared by position.
_LARGE = 100_000
# Ten times as many in all are judged once for all queries: it takes 200 MB.
_SMALL = 10

# What a query reads, by the variable that names it: where all numbers are
# judged already, and where only those are that don't meet by position.
_SUBSETS = {
    "suspects": ("judged", "_judged_unlike"),
    "rest": ("judged", "_judged_rest"),
    "early": ("judged", "_judged_early"),
    "beside": ("judged", "_judged_beside"),
    "gappy": ("judged", "_aligned_gappy"),
    "quickly": ("_no_outcome", "_quick_outcome"),
    "tried": ("judged", "_judged_tried"),
}
# From how many numbers on they are worth several threads and good plans.
_FEW = 20_000

# What is read by position is estimated at 0 rows. So the first two would hash
# all of its numbers instead of the few pairs beside them (as they are written,
# joins hash their right side), and the others hold that a sum of counts is one
# byte wide, and cut it.
_WRONG_PASSES = {
    "build_side_probe_side",
    "join_order",
    "compressed_materialization",
    "statistics_propagation",
}

# Optimizer passes that take longer than they save where numbers are few.
_SLOW_PASSES = {
    "common_subexpressions",
    "common_subplan",
    "cte_filter_pusher",
    "duplicate_groups",
    "join_filter_pushdown",
    "join_order",
    "late_materialization",
    "projection_placement",
    "projection_pullup",
    "statistics_propagation",
}


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
    library.need_all()
    return library.con


class Library:
    """A connection that is given the library's queries as they are needed.

    Args:
        traces: traces by side.
        policy: see ``connect``.
        keep: names of views of the library that several queries read.
        threads: see ``connect``.
        by_position: see ``connect``.
        briefly: a few questions will be asked, all of them of the library:
            of few numbers with one thread, and plans that are quick to make.
    """

    def __init__(
        self,
        traces: Mapping[str, Trace],
        *,
        policy: Policy | str | Path | None = None,
        keep: Collection[str] = (),
        threads: int | None = None,
        by_position: int = _LARGE,
        briefly: bool = False,
    ) -> None:
        rules = as_policy(policy)
        stated = traces
        traces = {
            side: translated(trace, side, rules.translations)
            for side, trace in traces.items()
        }
        self.con = duckdb.connect()
        self.compares = {"actual", "expected"} <= traces.keys()
        self._traces = traces
        self._made: set[str] = set()
        self._subsets: dict[str, str] = {}
        self._kept = set(keep)
        self._skipped: set[str] = set()
        for name in keep:
            named(name)
        # Jupyter without ipywidgets has no bar that could be switched off
        with suppress(duckdb.InvalidInputException):
            self.con.execute("SET enable_progress_bar = false")
        self._sizes = self.rows("sizes")
        derived = self._complete(rules) if self.compares else []
        few = self._elements < _FEW
        if few and briefly:
            self._skip(_SLOW_PASSES)
            threads = threads or 1
        if threads is not None:
            self.con.execute("SET threads = ?", [threads])
        register_rows(self.con, "element_schema", ELEMENT, ())
        taps = [
            (row["side"], tap)
            for row in self._sizes
            for tap in range(row["taps"])
        ]
        register_elements(self.con, self._traces, taps, kept=few)
        if self.compares:
            register_rows(self.con, "policy_rule", RULE, rules.rows())
            register_rows(
                self.con,
                "unused_entry",
                UNUSED,
                self._unused(rules, stated),
            )
            factors = units.factors(self._unit_pairs())
            register_rows(self.con, "unit_factor", units.FACTOR, factors)
            self.need(["derived_taps"])
            for row in derived:
                self.con.table("derived_taps").insert(row)
            self._choose_ways(by_position, briefly=briefly)

    def _complete(self, rules: Policy) -> list[tuple[str | None, ...]]:
        """Add the taps that are made of others.

        They are statistics of what only one side reduced, and derived taps,
        whose rows of ``derived_taps`` are returned.
        """
        self.need_tables(["trace_declared"])
        makes = rules.derived or self.has(
            "(FROM trace_declared WHERE derived IS NOT NULL)"
        )
        if not makes and not any(row["reduced"] for row in self._sizes):
            return []
        from tracekit.comparison.reduced import with_statistics

        derived: list[tuple[str | None, ...]] = []
        before = self._traces["actual"], self._traces["expected"]
        one, other = with_statistics(*before), with_statistics(*before[::-1])
        if makes:
            from tracekit.comparison.derived import with_derived

            one, other, derived = with_derived(one, other, rules.derived)
        self._traces = {**self._traces, "actual": one, "expected": other}
        for name in ("trace_tap", "trace_declared"):
            self.con.execute(f"DROP TABLE {name}")
            self._made.remove(name)
        self._sizes = self.rows("sizes")
        return derived

    def _unused(
        self, rules: Policy, stated: Mapping[str, Trace]
    ) -> list[tuple[int, str, str, str]]:
        """Entries of a policy that speak about no tap, as ``UNUSED``.

        Args:
            rules: the policy.
            stated: the traces in their own words.
        """
        if rules == Policy():
            return []
        self.need_tables(["trace_tap", "trace_declared"])
        named = self.con.execute(
            "FROM trace_tap SELECT name, family "
            "UNION ALL FROM trace_declared SELECT name, ''"
        )
        return rules.unused(
            {side: names_of(trace) for side, trace in stated.items()}
            if rules.translations
            else {},
            names_in(named.fetchall()),
        )

    @property
    def _elements(self) -> int:
        """How many numbers and texts all traces hold."""
        return sum(row["elements"] for row in self._sizes)

    def _unit_pairs(self) -> set[tuple[str | None, str | None]]:
        """Units of one name, the actual side's and the expected side's."""
        units_of: dict[tuple[str, str], set[str | None]] = {}
        for row in self.rows("stated_units"):
            key = row["side"], row["name"]
            units_of.setdefault(key, set()).add(row["unit"])
        return {
            (unit, other)
            for (side, name), found in units_of.items()
            if side == "actual"
            for unit in found
            for other in units_of.get(("expected", name), ())
        }

    def need(self, names: Iterable[str]) -> None:
        """Create the statements of these names, and what they read."""
        for statement in needed(names, self._subsets):
            name = statement.name
            if name not in self._made:
                self.need_tables(statement.tables)
                kept = name in self._kept
                self.con.execute(statement.kept if kept else statement.sql)
                self._made.add(name)

    def need_all(self) -> None:
        """Create everything."""
        self.need_tables(f"trace_{name}" for name in TABLES)
        self.need(self._known())

    def need_for(self, sql: str) -> None:
        """Create what this SQL names; everything, if it names nothing."""
        words = set(re.findall(r"\w+", sql))
        names = words.intersection(self._known())
        if not names:
            self.need_all()
        self.need_tables(words & {f"trace_{name}" for name in TABLES})
        self.need(names)

    def _known(self) -> list[str]:
        two = queries.TWO_SIDES if self.compares else ()
        return created_by((*queries.ONE_SIDE, *two))

    def need_tables(self, names: Iterable[str]) -> None:
        """Register tables of the traces, such as ``trace_tap``."""
        for name in names:
            if name not in self._made:
                register_table(self.con, name, self._traces)
                self._made.add(name)

    def has(self, rows: str) -> bool:
        """Whether there are any of these rows."""
        return bool(self.con.execute(f"FROM {rows} LIMIT 1").fetchall())

    def _skip(self, passes: set[str]) -> None:
        """Plan without these passes of the optimizer from now on."""
        known = self.con.execute("FROM duckdb_optimizers()").fetchall()
        self._skipped |= passes & {name for (name,) in known}
        names = ",".join(sorted(self._skipped))
        self.con.execute(f"SET disabled_optimizers = '{names}'")

    def rows(self, name: str) -> list[dict[str, Any]]:
        """All rows of a query."""
        query = named(name)
        if query.body and name not in self._made:
            self.need(query.reads)
            self.need_tables(query.tables)
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

    def _choose_ways(self, by_position: int, *, briefly: bool) -> None:
        """Which taps meet by position, by lookup and by key."""
        con, traces = self.con, self._traces
        small = self._elements <= _SMALL * by_position
        if small:
            self._kept |= {"judged", "outcome", "_unmatched_by_key", "hole"}
        if "outcome" in self._kept:
            self._kept.add("quick")
        con.execute(f"SET VARIABLE by_position = {by_position:d}")
        for variable, (all_judged, large) in _SUBSETS.items():
            self._read(variable, all_judged if small else large)
        con.execute("SET VARIABLE images = []::BIGINT[]")
        con.execute("SET VARIABLE only_stacked = FALSE")
        con.execute("SET VARIABLE stacked_pairs = []::BIGINT[]")
        self.need(["_distribution_rule", "_ordered_axis"])
        drawn = not briefly or self.has("_distribution_rule")
        self._read("drawn", "_distribution" if drawn else "_no_distribution")
        ordered = self.has("_ordered_axis")
        self._read("ordering", "place_order" if ordered else "_no_order")
        self._read("holes", "_hole")
        if all(row["largest"] < by_position for row in self._sizes):
            if briefly and small:
                self._look_for_holes()
            return  # all of it meets by key
        self.need(created_by(["by_position", "by_lookup"]))
        if self.has("by_position"):
            from tracekit.comparison.positions import register_positions

            self.need(created_by(["stacked"]))
            self._skip(_WRONG_PASSES)
            register_positions(
                con,
                traces["actual"],
                traces["expected"],
                judged=small,
                measured="image_metrics" in self._kept,
            )
        if only := self._taps("_few_tap"):
            from tracekit.comparison.lookups import register_lookups

            self.need(created_by(["reach_limit", "reach_place"]))
            register_elements(con, traces, only, "few_element")
            register_lookups(con, traces, "few_element")
        for view, looked_up in (
            ("key", "_looked_up"),
            ("vector", "_looked_up_vector"),
        ):
            taps = self._taps(f"_{view}_tap")
            register_elements(con, traces, taps, f"{view}_element", looked_up)

    def _look_for_holes(self) -> None:
        """Who reports what isn't asked where each number has its other."""
        self.need(["_unmatched_by_key"])
        if not self.has("_unmatched_by_key"):
            self._read("holes", "_no_hole")

    def _read(self, variable: str, name: str) -> None:
        """Let a variable stand for a statement."""
        self._subsets[variable] = name
        self.con.execute(f"SET VARIABLE {variable} = '{name}'")

    def _taps(self, rows: str) -> set[tuple[str, int]]:
        """Sides and taps that these rows name."""
        return set(self.con.execute(f"FROM {rows}").fetchall())
