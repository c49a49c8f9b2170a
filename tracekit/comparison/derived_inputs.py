"""The numbers that derived taps are made of, as a trace holds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tracekit.comparison.formulas import UnfitError
from tracekit.comparison.units import conversion
from tracekit.expressions import Tap
from tracekit.schema import COMPONENT, OCCURRENCE, STATISTIC, Axis
from tracekit.storage.trace import Trace

Array = npt.NDArray[Any]
Row = dict[str, Any]
Reach = list[tuple[tuple[str, ...], Array]]

MOST = 1_000_000
"""Numbers of an input up to which taps are derived: they lie in memory."""

_BATCH = 1 << 17
_NUMBERS = ("float", "integer", "unsigned")
COARSE = {"float32": 24, "complex64": 24, "float16": 11, "bfloat16": 8}
"""Bits of the significand, of types that have fewer than float64."""


@dataclass(frozen=True, slots=True)
class Dim:
    """One dim of an input, its strides counted in vectors."""

    name: str
    stride: int
    extent: int
    origin: int
    state: Any
    labels: tuple[str, ...]

    def as_axis(self) -> Axis:
        """The same as events have it."""
        return Axis(
            self.name, self.origin, self.extent, self.state, self.labels
        )

    def index(self, places: Array) -> Array:
        """The index along it of each place."""
        along: Array = places // self.stride % max(self.extent, 1)
        return along + self.origin


@dataclass(frozen=True, slots=True)
class Column:
    """The numbers of one component.

    Args:
        component: its place in the vector.
        places: row-major places in the tap's grid, ascending.
        values: the numbers, as float64.
        half: by how much each may be off: half a printed place, or an ulp.
    """

    component: int
    places: Array
    values: Array
    half: Array

    def rows_of(self, places: Array) -> tuple[Array, Array]:
        """In which row each place stands, and whether it is there."""
        rows = np.searchsorted(self.places, places)
        rows = np.minimum(rows, max(len(self.places) - 1, 0))
        if not len(self.places):
            return rows, np.zeros(len(places), np.bool_)
        return rows, self.places[rows] == places

    def taken(self, rows: Array) -> Column:
        """These rows alone."""
        return Column(
            self.component,
            self.places[rows],
            self.values[rows],
            self.half[rows],
        )

    def moved(self, sign: int) -> Column:
        """The numbers as far off as they may be."""
        return replace(self, values=self.values + sign * self.half)


@dataclass(frozen=True, slots=True)
class Input:
    """A tap of an expression, read.

    Args:
        name: the tap.
        dtype: the program's type.
        axes: its dims, without components.
        columns: of the components that are asked for.
        labels: names of the components.
        vector: whether it is one.
    """

    name: str
    dtype: str
    axes: tuple[Dim, ...]
    columns: tuple[Column, ...]
    labels: tuple[str, ...]
    vector: bool

    @property
    def rank(self) -> tuple[int, int]:
        """How wide it is: loops first, then whether it fired several times."""
        count = len(self.axes)
        again = any(dim.name == OCCURRENCE for dim in self.axes)
        return count - again, count

    def places_of(self, base: Input, places: Array) -> tuple[Array, Array]:
        """Where places of another input lie here, and whether they can.

        Dims that it lacks make no difference. Of what fired several times it
        is the same firing, and of what fired once the first.

        Raises:
            UnfitError: it has a dim that the other one lacks.
        """
        others = {dim.name: dim for dim in base.axes}
        found = np.zeros_like(places)
        there = np.ones(len(places), np.bool_)
        for dim in self.axes:
            other = others.get(dim.name)
            if other is None and dim.name != OCCURRENCE:
                if dim.state != "fixed" or dim.extent != 1:
                    raise UnfitError(
                        f"{self.name} has the dim {dim.name}, which "
                        f"{base.name} lacks, and {base.name} has others"
                    )
                continue
            if (
                other
                and "unknown" in {dim.state, other.state}
                and (dim.state, dim.extent) != (other.state, other.extent)
            ):
                raise UnfitError(
                    f"only one of {self.name} and {base.name} states its "
                    f"{dim.name}"
                )
            index = other.index(places) if other else np.zeros_like(places)
            index = index - dim.origin
            there &= (index >= 0) & (index < dim.extent)
            found += index * dim.stride
        fired_once = all(dim.name != OCCURRENCE for dim in self.axes)
        if OCCURRENCE in others and fired_once:
            there &= others[OCCURRENCE].index(places) == 0
        return found, there


class Inputs:
    """One side of a comparison, as where inputs come from.

    Args:
        side: which one.
        trace: all of it.
    """

    def __init__(self, side: str, trace: Trace) -> None:
        self.side = side
        self.trace = trace
        self._taps: list[Row] = trace.tables["tap"].to_pylist()
        self.names = {row["name"] for row in self._taps}

    @cached_property
    def _grids(self) -> dict[int, list[Row]]:
        found: dict[int, list[Row]] = {}
        for row in self.trace.tables["grid"].to_pylist():
            found.setdefault(row["tap_id"], []).append(row)
        return found

    def _row(self, name: str) -> Row | None:
        """The first tap of a name in program order that has numbers."""
        rows = [
            row
            for row in self._taps
            if row["name"] == name
            and row["kind"] != "text"
            and row["family"] != STATISTIC
        ]
        return min(rows, key=lambda row: int(row["order"]), default=None)

    def unit(self, name: str) -> str:
        """The unit that it states for a tap, "" for none."""
        row = self._row(name)
        return (row["unit"] if row else None) or ""

    def reach(self, name: str) -> Reach:
        """The places to which a tap is limited, by the dims of each limit."""
        table = self.trace.tables["coverage"]
        found: Reach = []
        for number in range(table.num_rows):
            tap = table["tap"][number].as_py()
            if table["kind"][number].as_py() == "selected" and tap in (
                "",
                name,
            ):
                dims = tuple(table["dims"][number].as_py())
                chosen = table["selected"][number].values
                rows = chosen.flatten().to_numpy(zero_copy_only=False)
                found.append((dims, rows.reshape(-1, len(dims))))
        return found

    def input(self, leaf: Tap, unit: str, reach: Reach) -> Input:
        """Read a tap of an expression.

        Args:
            leaf: which one.
            unit: the one that is meant if the expression doesn't say.
            reach: places beyond which nothing is compared.

        Raises:
            UnfitError: this side lacks it, or has too much or something else.
        """
        row = self._row(leaf.name)
        if row is None:
            raise UnfitError(
                f"the {self.side} side has no numbers of {leaf.name}"
            )
        grid = self._grids.get(row["tap_id"], [])
        parts = [axis for axis in grid if axis["dim"] == COMPONENT]
        size = max(parts[0]["extent"], 1) if parts else 1
        labels = tuple(parts[0]["labels"] or ()) if parts else ()
        shift = parts[0]["origin"] if parts else 0
        axes = tuple(
            Dim(
                axis["dim"], axis["stride"] // size, axis["extent"],
                axis["origin"], axis["state"], tuple(axis["labels"] or ()),
            )
            for axis in grid
            if axis["dim"] != COMPONENT
        )  # fmt: skip
        count = max(len(labels), size + shift) if parts else 0
        chosen = _chosen(leaf, count, labels)
        factor, zero = self._conversion(leaf, row["unit"] or "", unit)
        ordinals, values, half = self._read(row, axes, size, reach)
        columns = []
        for component in chosen:
            mine = ordinals % size == component - shift
            columns.append(
                Column(
                    component,
                    ordinals[mine] // size,
                    values[mine] * factor + zero,
                    half[mine] * abs(factor),
                )
            )
        vector = count > 1 and leaf.component is None
        return Input(
            leaf.name, row["dtype"], axes, tuple(columns), labels, vector
        )

    def _conversion(
        self, leaf: Tap, stated: str, other: str
    ) -> tuple[float, float]:
        """Factor and shift to the unit that the expression means."""
        meant = leaf.unit or other
        if not stated or not meant or stated == meant:
            return 1.0, 0.0
        found = conversion(stated, meant)
        if found is None:
            raise UnfitError(
                f"{leaf.name} is in {stated} on the {self.side} side, which "
                f"can't be converted to {meant}"
            )
        return found

    def _read(
        self, row: Row, axes: tuple[Dim, ...], size: int, reach: Reach
    ) -> tuple[Array, Array, Array]:
        """Ordinals, numbers and how far off they may be, as far as needed."""
        parts = []
        count = 0
        for table in self._pieces(row["tap_id"]):
            ordinals = table["ordinal"].to_numpy()
            keep = _within(ordinals // size, axes, reach)
            names = table.column_names
            if "digits" in names:
                keep &= _filled(table["digits"], 0) != -1  # no number
            column = next(name for name in _NUMBERS if name in names)
            values = table[column].to_numpy().astype(np.float64)
            half = _half(values, table, row)
            parts.append((ordinals[keep], values[keep], half[keep]))
            count += int(keep.sum())
            if count > MOST:
                raise UnfitError(
                    f"{row['name']} has more than {MOST} numbers where the "
                    "other side has this tap, and a derived tap is made in "
                    "memory; record fewer pixels"
                )
        ordinals, values, half = map(np.concatenate, zip(*parts, strict=True))
        return ordinals, values, half

    def _pieces(self, tap: int) -> Iterator[pa.Table]:
        if not self.trace.is_stored(tap):
            yield self.trace.elements(tap)
            return
        with pq.ParquetFile(self.trace.element_file(tap)) as stored:
            yield stored.schema_arrow.empty_table()
            for batch in stored.iter_batches(_BATCH):
                yield pa.Table.from_batches([batch])


def _chosen(leaf: Tap, count: int, labels: tuple[str, ...]) -> list[int]:
    """Places of the components that are asked for, of none in a scalar."""
    if leaf.component is None:
        return list(range(max(count, 1)))
    if isinstance(leaf.component, int) and leaf.component < count:
        return [leaf.component]
    if leaf.component in labels:
        return [labels.index(str(leaf.component))]
    known = " ".join(labels) or f"{count} without names, as [0]"
    raise UnfitError(
        f"{leaf.name} has no component {leaf.component!r}; "
        + (f"its components are {known}" if count else "it is a single number")
    )


def _within(places: Array, axes: tuple[Dim, ...], reach: Reach) -> Array:
    """Which places lie in what is reached, along the dims they have."""
    keep = np.ones(len(places), np.bool_)
    dims = {dim.name: dim for dim in axes if dim.state != "unknown"}
    for names, chosen in reach:
        if not {*names} <= dims.keys():
            continue
        key = np.zeros(len(places), np.int64)
        wanted = np.zeros(len(chosen), np.int64)
        for column, name in enumerate(names):
            dim = dims[name]
            key = key * dim.extent + dim.index(places) - dim.origin
            index = chosen[:, column] - dim.origin
            outside = (index < 0) | (index >= dim.extent) | (wanted < 0)
            wanted = np.where(outside, -1, wanted * dim.extent + index)
        keep &= np.isin(key, wanted)
    return keep


def _half(values: Array, table: pa.Table, row: Row) -> Array:
    """Half a printed place, or an ulp of the program's type if larger."""
    if row["kind"] != "float":
        return np.zeros(len(values))
    ulp = ulp_of(np.where(np.isfinite(values), values, 0), row["dtype"])
    if "quantum" not in table.column_names:
        return ulp
    quantum = _filled(table["quantum"], -400).astype(np.float64)
    return np.maximum(ulp, 0.5 * 10.0**quantum)


def ulp_of(numbers: Array, dtype: str) -> Array:
    """An ulp of each number in the program's type, at most."""
    return np.ldexp(np.abs(numbers), 1 - COARSE.get(dtype, 53))


def _filled(column: pa.ChunkedArray, value: int) -> Array:
    """A column of small integers with a value where it is empty."""
    found = column.to_numpy()
    if column.null_count:
        found = np.where(np.isnan(found), value, found)
    return np.asarray(found)
