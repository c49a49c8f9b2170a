"""Statistics of taps that one side kept in full and the other reduced."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa

from tracekit.schema import COMPONENT, OCCURRENCE, STATISTIC, Axis, Event, Run
from tracekit.storage.trace import Trace

Row = dict[str, Any]

_COUNT = ".count"
_ROOM = 9  # a tap and its statistics, which come behind one another
_SPREAD = 1 << 24  # numbers between which firings may leave room
_NUMBERS = ("float", "integer", "unsigned")


def with_statistics(trace: Trace, other: Trace) -> Trace:
    """The trace, with statistics of the taps that only the other reduced.

    They are made of a tap of which the trace has all numbers, as they were
    and not as they were printed. Where there is none it is the trace itself.
    """
    (program,) = trace.tables["run"].to_pylist()
    # of a log nobody knows whether it printed all
    wanted = {} if program["declares"] else _reduced(other)
    made: list[tuple[int, int, Event]] = []
    if wanted:
        grids, inside = _grids(trace), _inside(other)
        for tap in trace.tables["tap"].to_pylist():
            loops = wanted.get(tap["name"])
            axes = grids.get(tap["tap_id"], [])
            if loops is None:
                continue
            along = inside.get(tap["name"])
            loops = {**_own_loops(axes, along), **loops}
            if _is_whole(trace, tap, axes, loops):
                made += _statistics(trace, tap, axes, loops, along or [])
    return _extended(trace, made) if made else trace


def _reduced(trace: Trace) -> dict[str, dict[str, bool]]:
    """Loops around each tap that was reduced, by its name.

    Of each whether a firing stands for one index, not for a block of them:
    indices follow one another, or the trace says along which dims it kept
    nothing (where no selection says so) and the loop is none of these.
    """
    taps = trace.tables["tap"].to_pylist()
    counts = [
        tap for tap in taps
        if tap["family"] == STATISTIC and tap["name"].endswith(_COUNT)
    ]  # fmt: skip
    grids = _grids(trace) if counts else {}
    along = _inside(trace)
    found: dict[str, dict[str, bool]] = {}
    for tap in counts:
        name = tap["name"].removesuffix(_COUNT)
        axes = grids.get(tap["tap_id"], [])
        whole = tap["elements"] == math.prod(axis["extent"] for axis in axes)
        found[name] = {
            axis["dim"]: (whole and axis["extent"] > 1)
            or axis["dim"] not in along.get(name, [axis["dim"]])
            for axis in axes
            if axis["dim"] not in {COMPONENT, OCCURRENCE}
        }
    return found


def _inside(trace: Trace) -> dict[str, list[str]]:
    """Dims along which a trace says that it kept nothing, by tap."""
    found: dict[str, list[str]] = {}
    for row in trace.tables["coverage"].to_pylist():
        if row["kind"] == "selected" and not row["selected"]:
            found.setdefault(row["tap"], []).extend(row["dims"])
    return found


def _own_loops(axes: list[Row], along: list[str] | None) -> dict[str, bool]:
    """Loops around a tap of which the side that reduced it knows nothing.

    Args:
        axes: of the tap.
        along: dims of what was reduced, None if that isn't told.
    """
    if along is None:
        return {}
    others = {*along, COMPONENT, OCCURRENCE}
    return {a["dim"]: False for a in axes if a["dim"] not in others}


def _grids(trace: Trace) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in trace.tables["grid"].to_pylist():
        found.setdefault(row["tap_id"], []).append(row)
    return found


def _is_whole(
    trace: Trace, tap: Row, axes: list[Row], loops: dict[str, bool]
) -> bool:
    """Whether all numbers of a tap are there that its statistics count."""
    names = trace.tables["tap"]["name"].to_pylist()
    along = {axis["dim"] for axis in axes}
    limited = any(
        row["kind"] != "all"
        and row["tap"] in ("", tap["name"])
        and (along - loops.keys()) & set(row["dims"])
        for row in trace.tables["coverage"].to_pylist()
    )
    return (
        bool(axes)  # a value without is never reduced
        and not limited
        and tap["need"] != "ignored"
        and tap["kind"] != "text"
        and f"{tap['name']}{_COUNT}" not in names
    )


def _statistics(
    trace: Trace,
    tap: Row,
    axes: list[Row],
    loops: dict[str, bool],
    along: list[str],
) -> Iterator[tuple[int, int, Event]]:
    """Order of the tap, sequence of the firing, and an event of it."""
    from tracekit.capture.reduction import reduced  # 0.02 s, needed rarely

    table = trace.elements(tap["tap_id"])
    if {"digits", "text"} & set(table.column_names):
        return  # printed numbers
    column = next(c for c in _NUMBERS if c in table.column_names)
    numbers = table[column].to_numpy()
    if tap["kind"] == "bool":
        numbers = numbers.astype(np.bool_)
    ordinals, events = table["ordinal"].to_numpy(), table["event"].to_numpy()
    rows = np.argsort(events, kind="stable")
    fired = trace.tables["event"]
    fired = fired.filter(pa.array(fired["tap_id"].to_numpy() == tap["tap_id"]))
    once = [axis for axis in axes if axis["dim"] != OCCURRENCE]
    united = set(along) - loops.keys()
    if len(once) < len(axes):
        united = set()  # fired again and again: who knows what with what
    axes = once
    limits = _limits(trace, tap, axes)
    for firings in _together(fired.to_pylist(), axes, united):
        numbered = [firing["event"] for firing in firings]
        ends = zip(
            np.searchsorted(events, numbered, sorter=rows),
            np.searchsorted(events, numbered, "right", sorter=rows),
            strict=True,
        )
        mine = np.sort(np.concatenate([rows[a:b] for a, b in ends]))
        firing, box = firings[0], _box(axes, firings)
        size = math.prod(axis.extent for axis in box)
        if len(firings) > 1 and size > _SPREAD + 64 * len(mine):
            continue  # indices far apart: a gap, which compare tells
        value, where = _value(box, axes, numbers[mine], ordinals[mine])
        # a hash knows in which order the dims stood
        order = _order(box, along)
        box, value = tuple(box[n] for n in order), value.transpose(order)
        if where is not None:
            where = where.transpose(order[: where.ndim])
        rank = len(box) - (bool(box) and box[-1].dim == COMPONENT)
        event = Event(
            tap["name"], numbers[:0], box, kind=tap["kind"],
            dtype=tap["dtype"], unit=tap["unit"], phase=firing["phase"],
            file=firing["file"], line=firing["line"],
            process=firing["process"],
        )  # fmt: skip
        for index in np.ndindex(*_turns(box, loops)):
            around, chosen = _turn(box, loops, index)
            if not _is_covered(box, chosen, limits):
                continue
            part = None if where is None else where[chosen[: where.ndim]]
            for made in reduced(event, value[chosen], rank, around, part):
                yield tap["order"], firing["sequence"], made


def _order(box: tuple[Axis, ...], along: list[str]) -> list[int]:
    """The axes of a value in another order of its dims; loops come first."""
    places = {dim: place for place, dim in enumerate(along)}
    places[COMPONENT] = len(along)
    return sorted(range(len(box)), key=lambda n: places.get(box[n].dim, -1))


def _turns(box: tuple[Axis, ...], loops: dict[str, bool]) -> list[int]:
    """How often the other side fired along each axis of a value."""
    return [axis.extent if loops.get(axis.dim) else 1 for axis in box]


def _limits(
    trace: Trace, tap: Row, axes: list[Row]
) -> list[tuple[list[str], set[tuple[int, ...]]]]:
    """Dims of a tap along which the trace has selected places only."""
    along = {axis["dim"] for axis in axes}
    return [
        (row["dims"], set(map(tuple, row["selected"])))
        for row in trace.tables["coverage"].to_pylist()
        if row["kind"] == "selected"
        and row["tap"] in ("", tap["name"])
        and along.issuperset(row["dims"])
    ]


def _is_covered(
    box: tuple[Axis, ...],
    chosen: tuple[slice, ...],
    limits: list[tuple[list[str], set[tuple[int, ...]]]],
) -> bool:
    """Whether a trace selects all of a part of a value."""
    held = {
        axis.dim: range(axis.origin, axis.origin + axis.extent)[part]
        for axis, part in zip(box, chosen, strict=True)
    }
    return all(
        place in selected
        for dims, selected in limits
        for place in product(*(held[dim] for dim in dims))
    )


def _turn(
    box: tuple[Axis, ...], loops: dict[str, bool], index: tuple[int, ...]
) -> tuple[dict[str, int], tuple[slice, ...]]:
    """The loop indices of one of these firings, and its part of the value."""
    around = {
        axis.dim: axis.origin + step
        for axis, step in zip(box, index, strict=True)
        if axis.dim in loops
    }
    turns = zip(index, _turns(box, loops), strict=True)
    return around, tuple(
        slice(step, step + 1) if count > 1 else slice(None)
        for step, count in turns
    )


def _together(
    fired: list[Row], axes: list[Row], united: set[str]
) -> Iterator[list[Row]]:
    """Firings that hold parts of what the other side reduced at once.

    Args:
        fired: firings of a tap.
        axes: its dims.
        united: those along which the other side has no loop.
    """
    groups: dict[tuple[int, ...], list[Row]] = {}
    for firing in fired:
        places = zip(axes, firing["grid_origin"], strict=True)
        key = tuple(o for axis, o in places if axis["dim"] not in united)
        groups.setdefault(key, []).append(firing)
    for group in groups.values():
        apart = {tuple(firing["grid_origin"]) for firing in group}
        if len(apart) == len(group):
            yield group
        else:
            yield from ([firing] for firing in group)


def _box(axes: list[Row], firings: list[Row]) -> tuple[Axis, ...]:
    """The smallest box that holds some firings."""
    low = np.array([firing["grid_origin"] for firing in firings])
    high = low + [firing["grid_extent"] for firing in firings]
    return tuple(
        Axis(
            axis["dim"],
            first,
            last - first,
            labels=tuple(axis["labels"] or ()),
        )
        for axis, first, last in zip(
            axes,
            low.min(axis=0).tolist(),
            high.max(axis=0).tolist(),
            strict=True,
        )
    )


def _value(
    box: tuple[Axis, ...], axes: list[Row], numbers: Any, ordinals: Any
) -> tuple[Any, Any]:
    """The value of a firing, and where it holds a number; None for all."""
    shape = [axis.extent for axis in box]
    if len(numbers) == math.prod(shape):
        return numbers.reshape(shape), None
    index = tuple(
        ordinals // row["stride"] % row["extent"] + row["origin"] - axis.origin
        for row, axis in zip(axes, box, strict=True)
    )
    value = np.zeros(shape, numbers.dtype)
    where = np.zeros(shape, np.bool_)
    value[index], where[index] = numbers, True
    if box[-1].dim == COMPONENT:
        where = np.all(where, axis=-1)
    return value, where


def _extended(trace: Trace, made: list[tuple[int, int, Event]]) -> Trace:
    """The trace with more taps, each behind the one that it stands for."""
    orders, sequences, events = zip(*made, strict=True)
    more = Trace.build(events, run=Run())
    taps = trace.tables["tap"]
    # which event was each tap's first: they come in turns of eight
    first = more.tables["tap"]["order"].to_numpy()
    order = np.array(orders)[first] * _ROOM + 1 + first % (_ROOM - 1)
    fired = np.array(sequences)[more.tables["event"]["sequence"].to_numpy()]
    tables = {
        **trace.tables,
        "tap": _with(taps, "order", taps["order"].to_numpy() * _ROOM),
    }
    new = {
        "tap": _with(more.tables["tap"], "order", order),
        "grid": more.tables["grid"],
        "event": _with(more.tables["event"], "sequence", fired),
    }
    for name, table in new.items():
        numbers = table["tap_id"].to_numpy() + len(taps)
        table = _with(table, "tap_id", numbers)
        tables[name] = pa.concat_tables([tables[name], table])
    elements = {
        len(taps) + number: more.elements(number)
        for number in range(more.tables["tap"].num_rows)
    }
    return trace.with_more(tables, elements)


def _with(table: pa.Table, column: str, values: Any) -> pa.Table:
    place = table.schema.get_field_index(column)
    return table.set_column(place, table.schema.field(place), pa.array(values))
