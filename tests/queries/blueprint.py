"""Rows and taps in, a query, rows out: what the tests of queries share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tracekit.comparison import queries
from tracekit.comparison.database import Library
from tracekit.comparison.policy import Policy
from tracekit.schema import Axis, Event, Kind, Need, Run
from tracekit.storage.trace import Trace

Row = dict[str, Any]
LOG = Run(program="c", family="log", declares=True)
_KINDS: dict[str, Kind] = {"f": "float", "i": "int", "u": "uint", "b": "bool"}


def fired(
    tap: str,
    values: Any = 0.0,
    *,
    unit: str | None = None,
    family: str = "",
    need: Need = "required",
    states: Mapping[str, Any] | None = None,
    labels: Sequence[str] = (),
    where: Sequence[int] | None = None,
    texts: Sequence[str | None] | None = None,
    digits: int | Sequence[int] | None = None,
    quantum: int | Sequence[int] | None = None,
    dtype: str = "",
    line: int = 0,
    **dims: int | range,
) -> Event:
    """One firing of a tap; a dim is an index (``phi=3``) or a range."""
    array = np.atleast_1d(np.asarray(values)).reshape(-1)
    axes = tuple(
        Axis(
            dim,
            index.start if isinstance(index, range) else index,
            len(index) if isinstance(index, range) else 1,
            (states or {}).get(dim, "index"),
            tuple(labels) if dim == "component" else (),
        )
        for dim, index in dims.items()
    )
    is_text = texts is not None and values == 0.0
    return Event(
        tap,
        array[:0] if is_text else array,
        axes,
        kind="text" if is_text else _KINDS[array.dtype.kind],
        dtype="text" if is_text else dtype or str(array.dtype),
        unit=unit,
        family=family,
        need=need,
        positions=None if where is None else np.array(where, np.int64),
        text=texts,
        digits=_filled(digits, len(array)),
        quantum=_filled(quantum, len(array)),
        file="run",
        line=line,
    )


def traced(*events: Event, **parts: Any) -> Trace:
    """A trace of these events; ``parts`` as for ``Trace.build``."""
    return Trace.build(events, **{"run": Run(family="python"), **parts})


def log(*events: Event, **parts: Any) -> Trace:
    """A trace as a log reader makes it: equal repeats merge."""
    return traced(*events, run=LOG, **parts)


def ask(
    query: str,
    actual: Trace,
    expected: Trace,
    *columns: str,
    policy: Policy | None = None,
) -> list[Any]:
    """Rows of a query: dicts, tuples of ``columns``, or one column's values.

    ``query`` is the name of one of the library's, or a text.
    """
    (rows,) = ask_all((query,), actual, expected, policy=policy)
    if not columns:
        return rows
    if len(columns) == 1:
        return [row[columns[0]] for row in rows]
    return [tuple(row[column] for column in columns) for row in rows]


def ask_all(
    asked: Sequence[str],
    actual: Trace,
    expected: Trace,
    *,
    policy: Policy | None = None,
    **options: Any,
) -> list[list[Row]]:
    """Rows of several queries, asked of one connection.

    It is made quickly, of what they name alone; ``options`` as for
    ``Library``.
    """
    sides = {"actual": actual, "expected": expected}
    library = Library(sides, policy=policy, **options)
    library.need_for(" ".join(asked))
    known = (*queries.ONE_SIDE, *queries.TWO_SIDES)
    found = []
    with library.con as con:
        for query in asked:
            call = queries.load(query).call if query in known else ""
            result = con.execute(f"FROM {call}" if call else query)
            names = [column[0] for column in result.description or ()]
            found.append(
                [
                    dict(zip(names, row, strict=True))
                    for row in result.fetchall()
                ]
            )
    return found


def verdict(
    actual: Trace, expected: Trace, policy: Policy | None = None
) -> str:
    """What ``verdict`` says of two traces."""
    found: str = ask("verdict", actual, expected, "verdict", policy=policy)[0]
    return found


def _filled(value: int | Sequence[int] | None, count: int) -> Any:
    if value is None:
        return None
    return np.broadcast_to(np.array(value, np.int16), count)
