"""Firings of one tap, put together as rows of its element table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from tracekit.schema import Axis
from tracekit.storage.batches import Firings
from tracekit.storage.grid import Ordinals, box_ordinals, places_in_box
from tracekit.storage.seal import column_of
from tracekit.storage.survey import TapSurvey

_PARTS = 1 << 12  # small ones, which take more room than what they hold


class Gathered:
    """Rows of a tap in the order in which they were added.

    Args:
        tap: what the survey found.
        grid: its grid, without occurrences.
    """

    def __init__(self, tap: TapSurvey, grid: tuple[Axis, ...]) -> None:
        self.grid = grid
        self.schema = _schema(tap)
        self.rows = 0
        self._stored = _stored(tap)
        self._number = column_of(tap.layout.shared["kind"])
        self._parts: dict[str, list[Any]] = {n: [] for n in self.schema.names}

    def add(self, found: Firings, first: int) -> Ordinals:
        """Append firings, a piece of one or several whole ones.

        Args:
            found: the firings.
            first: number of the first of them, in the order of firing.

        Returns:
            Their ordinals.
        """
        count = found.elements
        ordinals = places(found, self.grid)
        fired = np.arange(first, first + len(found.rows), dtype=np.int64)
        self._parts["ordinal"].append(ordinals)
        self._parts["event"].append(fired.repeat(count // len(fired)))
        for name in self.schema.names[2:]:
            part = found.values if name == self._number else None
            if name != self._number or name == "text":
                part = getattr(found, name)
            self._parts[name].append((count, part))
        self.rows += count
        return ordinals

    def tables(
        self, found: Firings, first: int, limit: int
    ) -> Iterator[pa.Table]:
        """Append firings; the rows so far, when there are many of them.

        Args:
            found: the firings.
            first: number of the first of them, in the order of firing.
            limit: rows of which a table is made.
        """
        for piece in found.pieces(limit):
            done = int(np.searchsorted(found.rows, piece.rows[0]))
            self.add(piece, first + done)
            if self.rows >= limit or len(self._parts["event"]) >= _PARTS:
                yield self.table()

    def rest(self) -> Iterator[pa.Table]:
        """The rows that wait, if there are some."""
        if self._parts["event"]:
            yield self.table()

    def table(self) -> pa.Table:
        """The rows, to begin anew; none is a view of the file."""
        columns = [self._column(name) for name in self._parts]
        self._parts = {name: [] for name in self.schema.names}
        self.rows = 0
        return pa.table(columns, schema=self.schema)

    def _column(self, name: str) -> Any:
        parts = self._parts[name]
        if not parts:
            return pa.array([], self.schema.field(name).type)
        if name in ("ordinal", "event"):
            return _joined(parts)
        if name == self._number and name != "text":
            values = _joined([values for _, values in parts])
            if len(parts) == 1:  # of the file, whose pages are given back
                values = values.copy()
            return pa.array(values.astype(self._stored, copy=False))
        kind = self.schema.field(name).type
        return pa.chunked_array(
            [
                pa.nulls(count, kind) if part is None else pa.array(part, kind)
                for count, part in parts
            ],
            kind,
        )


def places(found: Firings, grid: tuple[Axis, ...]) -> Ordinals:
    """The ordinals of firings, one firing after the other."""
    count = found.elements
    positions = found.positions
    if positions is None:
        size = count // len(found.rows)
        positions = np.arange(found.begin, found.begin + size, dtype=np.int64)
    inner = places_in_box(positions, found.layout.axes, grid)
    outer = box_ordinals(found.origins, grid)
    if len(outer) == 1 and not outer[0]:
        return inner
    total: Ordinals = (outer[:, None] + inner).reshape(-1)
    return total


def _schema(tap: TapSurvey) -> pa.Schema:
    """The element table's columns."""
    kind = tap.layout.shared["kind"]
    types = [("ordinal", pa.int64()), ("event", pa.int64())]
    if kind != "text":
        types.append((column_of(kind), pa.from_numpy_dtype(_stored(tap))))
    types += [
        (name, pa.string() if name == "text" else pa.int16())
        for name in ("text", "digits", "quantum")
        if name in tap.columns
    ]
    return pa.schema(types)


def _stored(tap: TapSurvey) -> np.dtype[Any]:
    """The type in which a tap's numbers are written."""
    if tap.layout.shared["kind"] == "bool":
        return np.dtype(np.int8)
    return tap.value_type


def _joined(parts: list[Any]) -> Any:
    if len(parts) == 1:
        return parts[0]
    with np.errstate(invalid="ignore"):  # a signalling NaN stays a NaN
        return np.concatenate(parts)
