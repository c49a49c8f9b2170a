"""A column of a Parquet file as a tap, read row group by row group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tracekit.errors import TraceError
from tracekit.readers.slabs import Array
from tracekit.schema import Axis, Event, Kind
from tracekit.storage.hashes import ROWS
from tracekit.storage.plain import PlainTap

_MOST = np.iinfo(np.int64).max


def plain_column(parquet: pq.ParquetFile, name: str) -> PlainTap:
    """One column; its rows are numbered by the dim ``index``.

    Integers are stored in 64 bits; where some are missing, as floats, and
    NaN stands for those, as it does in a column of floats.

    Args:
        parquet: the file; open while the tap is used.
        name: of the column.

    Raises:
        TraceError: it can't be read.
    """
    kind, dtype, stored = _kinds(parquet, name)
    rows = parquet.metadata.num_rows
    texts = [None] * rows if kind == "text" else None
    pattern = Event(
        name,
        np.broadcast_to(np.zeros(1, stored), rows if texts is None else 0),
        axes=(Axis("index", 0, rows),),
        kind=kind,
        dtype=dtype,
        text=texts,
    )

    def blocks() -> Iterator[Array]:
        for column in _batches(parquet, name):
            yield _numbers(column, stored)

    return PlainTap(pattern, stored, blocks)


def _batches(parquet: pq.ParquetFile, name: str) -> Iterator[pa.Array]:
    try:
        for group in range(parquet.num_row_groups):  # none is read ahead
            for batch in parquet.iter_batches(ROWS, [group], [name]):
                yield batch.column(0)
    except (OSError, pa.ArrowException) as error:
        raise TraceError(str(error)) from error


def _kinds(
    parquet: pq.ParquetFile, name: str
) -> tuple[Kind, str, np.dtype[Any]]:
    """What its values are, the type they had, and the one that is stored."""
    given = parquet.schema_arrow.field(name).type
    if pa.types.is_floating(given):
        wide = pa.types.is_float64(given)
        dtype = "float64" if wide else "float32"
        return "float", dtype, np.dtype(dtype)
    if not (pa.types.is_integer(given) or pa.types.is_boolean(given)):
        return "text", "float64", np.dtype(object)
    nulls, largest = 0, 0
    for column in _batches(parquet, name):
        nulls += column.null_count
        if given == pa.uint64() and len(column) > column.null_count:
            largest = max(largest, int(column.drop_null().to_numpy().max()))
    if nulls:
        return "float", "float64", np.dtype(np.float64)
    dtype = "int8" if pa.types.is_boolean(given) else str(given)
    if largest > _MOST:
        return "uint", dtype, np.dtype(np.uint64)
    return "int", dtype, np.dtype(np.int64)


def _numbers(column: pa.Array, stored: np.dtype[Any]) -> Array:
    if stored.kind == "O":
        return np.array(column.cast(pa.string()).to_pylist(), object)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    found = column.to_numpy(zero_copy_only=False)
    return np.asarray(found, stored)
