"""Firings in equal steps as one row: how the table of events is stored.

A log prints the same lines for pixel after pixel: the firings of a tap lie as
many lines apart as a pixel has, and one index apart. Such a *run* is its first
firing, how many follow, and the steps from one to the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tracekit.columns import FIRINGS, STEPS
from tracekit.storage.arrow_tables import EVENT
from tracekit.storage.grid import Ordinals

_Rows = npt.NDArray[np.int64]


def runs_of(columns: Mapping[str, Ordinals]) -> dict[str, Ordinals]:
    """Firings of one tap, those in equal steps together.

    Args:
        columns: their numbers by name, a row a firing: those of ``STEPS``,
            which may have steps, and others, which may not.

    Returns:
        The columns of the first firing of each run, with ``FIRINGS`` and the
        steps, 0 where nothing follows.
    """
    count = len(next(iter(columns.values())))
    steps = {name: np.diff(column, axis=0) for name, column in columns.items()}
    like = np.ones(max(count - 2, 0), bool)
    for name, step in steps.items():
        same = step[1:] == step[:-1]
        if name not in STEPS:
            same &= step[1:] == 0
        like &= same if same.ndim == 1 else same.all(axis=1)
    first, firings = _runs(like, count)
    found = {name: column[first] for name, column in columns.items()}
    found[FIRINGS] = firings
    several = firings > 1
    for name, step_name in STEPS.items():
        own = np.zeros_like(found[name])
        own[several] = steps[name][first[several]]
        found[step_name] = own
    return found


def _runs(like: npt.NDArray[np.bool_], count: int) -> tuple[_Rows, _Rows]:
    """The first of each run, and how many it has.

    Args:
        like: whether the step to each, from the third on, is the one before.
        count: of all.

    Where two runs share a firing it is the last one of the first run.
    """
    edges = np.flatnonzero(np.diff(like, prepend=False, append=False))
    begin, end = edges[::2], edges[1::2] + 2
    begin[1:] += begin[1:] < end[:-1]
    inner = np.zeros(count + 1, np.int64)
    inner[begin + 1] += 1
    inner[end] -= 1
    first = np.flatnonzero(np.cumsum(inner[:-1]) == 0)
    firings = np.ones(len(first), np.int64)
    firings[np.searchsorted(first, begin)] += end - begin - 1
    return first, firings


def expanded(table: pa.Table) -> pa.Table:
    """One row a firing, in program order, of a stored table of events."""
    if FIRINGS not in table.column_names:
        return table
    firings = table[FIRINGS].to_numpy()
    rows = np.arange(len(firings)).repeat(firings)
    place = np.arange(len(rows)) - (np.cumsum(firings) - firings)[rows]
    sequence = _stepped(table, "sequence", rows, place)
    order = np.argsort(sequence, kind="stable")
    return _firings(table, rows[order], place[order])


def expanded_pieces(table: pa.Table, most: int) -> Iterator[pa.Table]:
    """As ``expanded``, in pieces and in the order in which they are stored.

    Args:
        table: as it is stored.
        most: rows of a piece.
    """
    if FIRINGS not in table.column_names:
        yield table
        return
    firings = table[FIRINGS].to_numpy()
    ends = np.cumsum(firings)
    for begin in range(0, int(firings.sum()), most):
        numbers = np.arange(begin, min(begin + most, int(ends[-1])))
        rows = np.searchsorted(ends, numbers, side="right")
        yield _firings(table, rows, numbers - (ends - firings)[rows])


def _firings(table: pa.Table, rows: Ordinals, place: Ordinals) -> pa.Table:
    """Firings by the rows that hold them, and their places in those."""
    chosen = pa.array(rows)
    columns = [
        _stepped_column(table, field.name, rows, place)
        if field.name in STEPS
        else table[field.name].take(chosen)
        for field in EVENT
    ]
    return pa.table(columns, names=EVENT.names)


def _stepped(table: pa.Table, name: str, rows: Any, place: Any) -> Ordinals:
    first, step = table[name].to_numpy(), table[STEPS[name]].to_numpy()
    found: Ordinals = first[rows] + step[rows] * place
    return found


def _stepped_column(
    table: pa.Table, name: str, rows: Ordinals, place: Ordinals
) -> pa.Array:
    if not pa.types.is_list(table.schema.field(name).type):
        return pa.array(_stepped(table, name, rows, place))
    first = table[name].combine_chunks()
    step = table[STEPS[name]].combine_chunks()
    ends = first.offsets.to_numpy()
    counts = np.diff(ends)[rows]
    offsets = np.zeros(len(rows) + 1, np.int32)
    np.cumsum(counts, out=offsets[1:])
    within = np.arange(offsets[-1]) - offsets[:-1].repeat(counts)
    places = ends[:-1][rows].repeat(counts) + within
    values = first.values.to_numpy()[places]
    values += step.values.to_numpy()[places] * place.repeat(counts)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values))
