"""A trace from one long table of numbers: what ``export`` wrote, or anybody.

A row is a number. ``tap`` names it; ``value``, ``exact`` (an integer, also as
text) or ``text`` holds it; ``coordinate`` (a map) and every other integer
column say where it sits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tracekit.errors import TraceError
from tracekit.readers.columns import plain_column
from tracekit.run_record import file_use
from tracekit.schema import COMPONENT, OCCURRENCE, Axis, Event, Kind, Run
from tracekit.storage.plain import write_plain
from tracekit.storage.trace import Trace, open_trace

_STORED = {
    *("side", "tap", "family", "label", "value", "exact", "text", "unit"),
    *("dtype", "digits", "quantum", "tap_id", "event", "ordinal"),
    "coordinate",
}


def read_parquet(path: str | Path, dims: str = "") -> Trace:
    """Read a Parquet file of numbers as a trace in memory.

    Args:
        path: the file. Without the columns ``tap`` and ``value`` every column
            of numbers or texts is a tap.
        dims: the columns that hold coordinates, where columns are taps
            ("slow fast"); by default the row's number is ``index``.

    Raises:
        TraceError: it can't be read, or lacks a column of ``dims``.
    """
    file = Path(path)
    try:
        table = pq.read_table(file, partitioning=None)
    except (OSError, pa.ArrowInvalid) as error:
        raise TraceError(f"{file} can't be read: {error}") from error
    return _trace(table, file, dims)


def store_parquet(
    path: str | Path, output: str | Path, dims: str = ""
) -> Trace:
    """Read a Parquet file of numbers into a new trace directory.

    A table whose columns are taps is read column by column in row groups; one
    with coordinates has to be put in order, and is read whole.

    Args:
        path: the file.
        output: the directory.
        dims: as for ``read_parquet``.

    Raises:
        TraceError: it can't be read, or the directory holds something.
    """
    file, root = Path(path), Path(output)
    try:
        parquet = pq.ParquetFile(file)
    except (OSError, pa.ArrowInvalid) as error:
        raise TraceError(f"{file} can't be read: {error}") from error
    with parquet:
        names = parquet.schema_arrow.names
        if {"tap", "value"} <= set(names) or dims:
            return read_parquet(file, dims).save(root)
        if len(set(names)) != len(names):
            raise TraceError(f"{file} has two columns of one name")
        write_plain(
            root,
            [plain_column(parquet, name) for name in names],
            run=Run(program=file.name, family="table"),
            files=[file_use(file, "log")],
            rejects=(),
        )
    return open_trace(root)


def read_csv(path: str | Path, dims: str = "") -> Trace:
    """Read a CSV or TSV file of numbers as a trace in memory.

    Args:
        path: the file; its first line names the columns.
        dims: as for ``read_parquet``.

    Raises:
        TraceError: it can't be read, or lacks a column of ``dims``.
    """
    import pyarrow.csv as pa_csv  # slow to load, needed only here

    file = Path(path)
    separator = "\t" if file.suffix == ".tsv" else ","
    try:
        table = pa_csv.read_csv(
            file, parse_options=pa_csv.ParseOptions(delimiter=separator)
        )
    except (OSError, pa.ArrowInvalid) as error:
        raise TraceError(f"{file} can't be read: {error}") from error
    return _trace(table, file, dims)


def _trace(table: pa.Table, file: Path, dims: str) -> Trace:
    if {"tap", "value"} <= set(table.column_names):
        events = _events(table)
    else:
        events = _columns(table, file, dims.split())
    return Trace.build(
        events,
        run=Run(program=file.name, family="table"),
        files=[file_use(file, "log")],
    )


def _columns(
    table: pa.Table, file: Path, dims: Sequence[str]
) -> Iterator[Event]:
    """Every column as a tap, at the coordinates that some columns hold."""
    for dim in dims:
        if dim not in table.column_names or not pa.types.is_integer(
            table.schema.field(dim).type
        ):
            raise TraceError(
                f"{file} has no column {dim!r} of integers; it has "
                f"{', '.join(table.column_names)}"
            )
    if len(set(table.column_names)) != len(table.column_names):
        raise TraceError(f"{file} has two columns of one name")
    places = {dim: table[dim] for dim in dims} or {
        "index": pa.array(np.arange(table.num_rows))
    }
    rows = table.num_rows
    for field in table.schema:
        kind, column = field.type, table[field.name]
        if field.name in dims:
            continue
        long: dict[str, Any] = {"tap": pa.repeat(field.name, rows)}
        long |= {"value": pa.nulls(rows, pa.float64()), **places}
        if pa.types.is_boolean(kind):
            kind, column = pa.int8(), column.cast(pa.int8())
        if pa.types.is_integer(kind) and not column.null_count:
            long |= {"exact": column, "dtype": pa.repeat(str(kind), rows)}
        elif pa.types.is_floating(kind) or pa.types.is_integer(kind):
            long["value"] = column.cast(pa.float64())
            single = pa.types.is_float32(kind) or pa.types.is_float16(kind)
            name = "float32" if single else "float64"
            long["dtype"] = pa.repeat(name, rows)
        else:
            long["text"] = column.cast(pa.string())
        yield from _events(pa.table(long))


def _events(table: pa.Table) -> Iterator[Event]:
    """One event for each tap and set of dims, in the order of the rows."""
    numbers = pa.array(np.arange(table.num_rows))
    table = table.append_column("row", numbers)
    keys = [
        name
        for name in ("tap", "family", "unit", "dtype")
        if name in table.column_names
    ]
    groups = (
        table.group_by(keys, use_threads=False)
        .aggregate([("row", "list"), ("row", "min")])
        .sort_by("row_min")
    )
    lists = groups["row_list"].combine_chunks()
    for said, mine in zip(groups.select(keys).to_pylist(), lists, strict=True):
        yield _event(table.take(mine.values), said)


def _event(rows: pa.Table, said: dict[str, Any]) -> Event:
    axes, positions = _place(rows, said["tap"])
    order = np.argsort(positions, kind="stable")
    kind, values = _values(rows, said.get("dtype") or "float64")
    text = _column(rows, "text")
    return Event(
        tap=said["tap"],
        values=values[order] if kind != "text" else values,
        axes=axes,
        kind=kind,
        dtype=said.get("dtype") or "float64",
        unit=said.get("unit"),
        family=said.get("family") or "",
        positions=positions[order],
        text=None if text is None else [text[i] for i in order],
        digits=_shorts(rows, "digits", order),
        quantum=_shorts(rows, "quantum", order),
    )


def _place(
    rows: pa.Table, tap: str
) -> tuple[tuple[Axis, ...], npt.NDArray[np.int64]]:
    """The box of all rows, and each row's position in it."""
    indices = _indices(rows)
    axes = []
    for dim, index in indices.items():
        if len(index) != rows.num_rows:
            raise TraceError(
                f"tap {tap!r}: some of its numbers have an index {dim!r} and "
                "some have none; give the two kinds different names"
            )
        low = int(index.min())
        axes.append(Axis(dim, low, int(index.max()) - low + 1))
    local = [
        index - axis.origin
        for axis, index in zip(axes, indices.values(), strict=True)
    ]
    extents = tuple(axis.extent for axis in axes)
    positions = (
        np.ravel_multi_index(tuple(local), extents)
        if axes
        else np.zeros(rows.num_rows, np.int64)
    )
    if len(np.unique(positions)) != len(positions):
        raise TraceError(
            f"tap {tap!r} has two numbers at one coordinate; add a column "
            f"{OCCURRENCE!r} that counts them"
        )
    return tuple(axes), positions.astype(np.int64)


def _indices(rows: pa.Table) -> dict[str, npt.NDArray[np.int64]]:
    """Indices by dim; components last, dims without any index left out."""
    found: dict[str, npt.NDArray[np.int64]] = {}
    for field in rows.schema:
        if field.name == "coordinate":
            found |= _mapped(rows["coordinate"].combine_chunks())
        elif field.name not in _STORED | {"row"} and pa.types.is_integer(
            field.type
        ):
            known = rows[field.name].drop_null().to_numpy()
            if len(known) and (field.name != OCCURRENCE or known.any()):
                found[field.name] = known.astype(np.int64)
    last = [dim for dim in (OCCURRENCE, COMPONENT) if dim in found]
    order = [*(dim for dim in found if dim not in last), *last]
    return {dim: found[dim] for dim in order}


def _mapped(places: pa.MapArray) -> dict[str, npt.NDArray[np.int64]]:
    """The indices that a column of maps holds, by dim."""
    names = places.keys.dictionary_encode()
    codes, items = names.indices.to_numpy(), places.items.to_numpy()
    return {
        dim: items[codes == code].astype(np.int64)
        for code, dim in enumerate(names.dictionary.to_pylist())
    }


def _values(rows: pa.Table, dtype: str) -> tuple[Kind, npt.NDArray[Any]]:
    exact = rows["exact"] if "exact" in rows.column_names else None
    if exact is not None and len(exact) and not exact.null_count:
        return _integers(exact)
    if rows["value"].null_count == rows.num_rows:
        return "text", np.empty(0)
    import pyarrow.compute as pc  # 0.05 s to load, and needed only here

    narrow = dtype in ("float32", "float16", "bfloat16")
    floats = pc.fill_null(rows["value"], float("nan")).to_numpy()
    return "float", floats.astype(np.float32 if narrow else np.float64)


def _integers(exact: pa.ChunkedArray) -> tuple[Kind, npt.NDArray[Any]]:
    """Integers that may stand there as text, in the type that holds them."""
    numbers: Any = (
        exact.to_numpy()
        if pa.types.is_integer(exact.type)
        else np.array([int(text) for text in exact.to_pylist()], object)
    )
    unsigned = int(numbers.max()) > np.iinfo(np.int64).max
    kind: Kind = "uint" if unsigned else "int"
    return kind, numbers.astype(np.uint64 if unsigned else np.int64)


def _column(rows: pa.Table, name: str) -> list[Any] | None:
    if name not in rows.column_names:
        return None
    column = rows[name]
    return None if column.null_count == len(column) else column.to_pylist()


def _shorts(
    rows: pa.Table, name: str, order: npt.NDArray[np.int64]
) -> npt.NDArray[np.int16] | None:
    found = _column(rows, name)
    if found is None or None in found:
        return None
    return np.array(found, np.int16)[order]
