"""Taps that one side lacks, made of others that it has.

    [[derived]]
    tap = "lambda_angstroms"
    is = "wavelength * 1e10"

What a program prints and never uses, a port needn't have. It is worked out
here from the numbers of the side that lacks it, place by place, and compared
as any tap. Where an input is missing at a place there is no number. A number
that is made so counts as printed: to the place to which an ulp, or half a
printed place, of each of its inputs decides it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tracekit.comparison.derived_inputs import (
    COARSE,
    Column,
    Input,
    Inputs,
    ulp_of,
)
from tracekit.comparison.formulas import UnfitError, Value, worth
from tracekit.comparison.policy import Derived
from tracekit.expressions import (
    Expression,
    ExpressionError,
    Operation,
    Tap,
    parse,
    taps,
)
from tracekit.schema import COMPONENT, Axis, Event, Run
from tracekit.storage.late_tables import FEW, LateTables
from tracekit.storage.trace import Trace

Array = npt.NDArray[Any]

FAMILY = "derived"
_LATE = 1 << 40  # order of derived taps: behind all that a program uses
_EXACT = -400  # as the quantum of a number that nothing makes uncertain


def with_derived(
    actual: Trace, expected: Trace, said: Iterable[Derived]
) -> tuple[Trace, Trace, list[tuple[str | None, ...]]]:
    """Both sides with the taps that one of them can be given.

    Args:
        actual: one side.
        expected: the other.
        said: what a policy says; it counts more than what a side declares.

    Returns:
        Both sides, and the rows of ``queries/derived_taps.sql``.
    """
    sides = Inputs("actual", actual), Inputs("expected", expected)
    made: dict[str, list[tuple[int, Event, tuple[str, ...]]]] = {
        "actual": [],
        "expected": [],
    }
    rows: list[tuple[str | None, ...]] = []
    late: list[str] = []
    for rule, has, lacks in _needed(sides, said):
        names: tuple[str, ...] = ()
        problem = None
        try:
            expression = parse(rule.expression)
            names = tuple(dict.fromkeys(tap.name for tap in taps(expression)))
            event = _event(rule, expression, lacks, has)
            made[lacks.side].append((len(late), event, names))
            late.append(rule.tap)
        except (UnfitError, ExpressionError) as error:
            problem = str(error)
        rows.append(
            (rule.tap, lacks.side, rule.expression, ", ".join(names),
             rule.origin, problem)
        )  # fmt: skip
    if not late:
        return actual, expected, rows
    one, other = (
        _extended(_reordered(side.trace, late), made[side.side])
        for side in sides
    )
    return one, other, rows


def _needed(
    sides: tuple[Inputs, Inputs], said: Iterable[Derived]
) -> Iterator[tuple[Derived, Inputs, Inputs]]:
    """Rules of taps that one side alone has: that side, and the other."""
    by_policy = {rule.tap: rule for rule in said}
    rules = [declared(side.trace) for side in sides]
    for has, lacks in (sides, sides[::-1]):
        own, others = rules if has is sides[0] else rules[::-1]
        for name, rule in {**others, **own, **by_policy}.items():
            if name in has.names and name not in lacks.names:
                yield rule, has, lacks


def declared(trace: Trace) -> dict[str, Derived]:
    """What the dialect of a trace derives, by tap."""
    return {
        row["name"]: Derived(
            row["name"], row["derived"], row["unit"], row["origin"] or ""
        )
        for row in trace.tables["declared"].to_pylist()
        if row["derived"]
    }


def _event(
    rule: Derived, expression: Expression, lacks: Inputs, has: Inputs
) -> Event:
    """All numbers of a derived tap as one event.

    Raises:
        UnfitError: it can't be made.
    """
    leaves = list(dict.fromkeys(taps(expression)))
    inputs = {
        leaf: lacks.input(leaf, has.unit(leaf.name), has.reach(rule.tap))
        for leaf in leaves
    }
    base = max(inputs.values(), key=lambda found: found.rank)
    places, columns = _met(base, inputs)
    if not len(places):
        raise UnfitError("no place has all of its inputs")
    dtype = _dtype(expression, inputs.values())
    value = worth(expression, _taps(inputs, columns))
    slack = _slack(expression, inputs, columns, value)
    size = len(value.parts)
    numbers = _interleaved(value, len(places))
    places = (places[:, None] * size + np.arange(size)).reshape(-1)
    digits, quantum = _precision(numbers, slack, dtype)
    axes = [axis.as_axis() for axis in base.axes]
    if value.vector:
        axes.append(Axis(COMPONENT, 0, size, labels=value.labels))
    file, _, line = rule.origin.rpartition(":")
    return Event(
        rule.tap, numbers, tuple(axes), dtype=dtype, family=FAMILY,
        unit=rule.unit or has.unit(rule.tap) or None, positions=places,
        digits=digits, quantum=quantum, file=file or rule.origin,
        line=int(line) if line.isdecimal() else 0,
    )  # fmt: skip


def _met(
    base: Input, inputs: Mapping[Tap, Input]
) -> tuple[Array, dict[tuple[Tap, int], Column]]:
    """Places of the widest input that all have, and all numbers there."""
    own = [column.places for column in base.columns]
    places = own[0]
    for other in own[1:]:
        places = places[np.isin(places, other, assume_unique=True)]
    known = np.ones(len(places), np.bool_)
    rows: dict[tuple[Tap, int], Array] = {}
    for leaf, found in inputs.items():
        wanted, there = found.places_of(base, places)
        for number, column in enumerate(found.columns):
            row, hit = column.rows_of(wanted)
            rows[leaf, number] = row
            known &= hit & there
    columns = {
        key: inputs[key[0]].columns[key[1]].taken(row[known])
        for key, row in rows.items()
    }
    return places[known], columns


def _taps(
    inputs: Mapping[Tap, Input], columns: Mapping[tuple[Tap, int], Column]
) -> dict[Tap, Value]:
    """What each tap of an expression is worth."""
    found: dict[Tap, Value] = {}
    for leaf, given in inputs.items():
        parts = tuple(
            columns[leaf, number].values
            for number in range(len(given.columns))
        )
        found[leaf] = Value(parts, given.vector, given.labels)
    return found


def _slack(
    expression: Expression,
    inputs: Mapping[Tap, Input],
    columns: Mapping[tuple[Tap, int], Column],
    value: Value,
) -> Array:
    """By how much the number can be off, as each input may be a little."""
    count = len(next(iter(columns.values())).places)
    middle = _interleaved(value, count)
    total = np.zeros_like(middle)
    moved: dict[Any, list[tuple[Tap, int]]] = {}
    for leaf, number in columns:
        place = inputs[leaf].columns[number].component
        moved.setdefault((leaf.name, place), []).append((leaf, number))
    for together in moved.values():
        if not any(columns[key].half.any() for key in together):
            continue
        far = np.zeros_like(middle)
        for sign in (-1, 1):
            there = {key: columns[key].moved(sign) for key in together}
            other = worth(expression, _taps(inputs, {**columns, **there}))
            with np.errstate(all="ignore"):
                far = np.maximum(
                    far, np.abs(_interleaved(other, count) - middle)
                )
        total += far
    return total


def _interleaved(value: Value, count: int) -> Array:
    """Components of the first place, then of the second."""
    rows = [np.broadcast_to(part, count) for part in value.parts]
    return np.stack(rows, axis=1).reshape(-1)


def _precision(
    numbers: Array, slack: Array, dtype: str
) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int16]]:
    """Digits that a number counts as printed with, and their last place."""
    with np.errstate(all="ignore"):
        last = np.ceil(np.log10(2 * (slack + ulp_of(numbers, dtype))))
        lead = np.floor(np.log10(np.abs(numbers)))
        known = np.isfinite(last) & np.isfinite(numbers)
        quantum = np.where(known, last, _EXACT).astype(np.int16)
        digits = np.where(known & np.isfinite(lead), lead - last + 1, known)
        return digits.clip(0, 17).astype(np.int16), quantum


def _dtype(expression: Expression, inputs: Iterable[Input]) -> str:
    """The coarsest type that the numbers went through."""
    types = [found.dtype for found in inputs]
    if _rounds(expression):
        types.append("float32")
    coarse = [name for name in types if name in COARSE]
    return min(coarse, key=COARSE.__getitem__, default="float64")


def _rounds(expression: Expression) -> bool:
    return isinstance(expression, Operation) and (
        expression.name == "float32" or any(map(_rounds, expression.operands))
    )


def _reordered(trace: Trace, late: list[str]) -> Trace:
    """The trace with these taps behind all others."""
    table = trace.tables["tap"]
    rank = {name: _LATE + number for number, name in enumerate(late)}
    orders = [
        rank.get(name, order)
        for name, order in zip(
            table["name"].to_pylist(), table["order"].to_pylist(), strict=True
        )
    ]
    changed = {"tap": with_column(table, "order", orders)}
    return trace.with_tables(_replaced(trace, changed))


def _extended(
    trace: Trace, made: list[tuple[int, Event, tuple[str, ...]]]
) -> Trace:
    """The trace with these taps; they cover what their inputs do."""
    if not made:
        return trace
    more = Trace.build((event for _, event, _ in made), run=Run())
    taps_before = trace.tables["tap"].num_rows
    ranks = np.array([_LATE + rank for rank, _, _ in made])
    first = more.tables["tap"]["order"].to_numpy()
    new = {
        "tap": with_column(more.tables["tap"], "order", ranks[first]),
        "grid": more.tables["grid"],
        "event": more.tables["event"],
    }
    tables = {"coverage": trace.tables["coverage"]}
    if _is_long(trace):
        del new["event"]  # all others would be read
    for name, table in new.items():
        numbers = table["tap_id"].to_numpy() + taps_before
        table = with_column(table, "tap_id", numbers)
        tables[name] = pa.concat_tables([trace.tables[name], table])
    for _, event, names in made:
        covered = trace.tables["coverage"]
        own = [name in names for name in covered["tap"].to_pylist()]
        part = covered.filter(pa.array(own, pa.bool_()))
        part = with_column(part, "tap", [event.tap] * len(part))
        tables["coverage"] = pa.concat_tables([tables["coverage"], part])
    elements = {
        taps_before + number: more.elements(number)
        for number in range(more.tables["tap"].num_rows)
    }
    return trace.with_more(_replaced(trace, tables), elements)


def _replaced(
    trace: Trace, changed: Mapping[str, pa.Table]
) -> Mapping[str, pa.Table]:
    """The tables of a trace, some changed; long events stay on the disk."""
    known = trace.tables
    if isinstance(known, LateTables) and _is_long(trace):
        return known.with_changed(changed)
    return {**known, **changed}


def _is_long(trace: Trace) -> bool:
    """Whether its events had better stay on the disk."""
    return isinstance(trace.tables, LateTables) and trace.events > FEW


def with_column(table: pa.Table, column: str, values: Any) -> pa.Table:
    """The table with other values in a column."""
    place = table.schema.get_field_index(column)
    field = table.schema.field(place)
    return table.set_column(place, field, pa.array(values, field.type))
