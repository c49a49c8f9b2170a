"""Traces to other formats: one long table of elements, or arrays by tap."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from tracekit.comparison.database import connect
from tracekit.errors import TraceError
from tracekit.storage.trace import Trace

Format = Literal["parquet", "csv", "json", "npz", "arrow"]
_ROWS = 1 << 17


def export(trace: Trace, path: Path, form: Format) -> None:
    """Write all elements of a trace to one file.

    ``parquet`` and ``arrow`` hold the view ``element``; ``csv`` and ``json``
    (one object a line) hold the same with the coordinate as text; ``npz``
    holds an array a tap, ``values_N`` and ``ordinals_N``, and their names in
    ``taps``.

    Raises:
        TraceError: the format is none of these.
    """
    if form not in get_args(Format):
        raise TraceError(
            f"can't export as {form!r}; expected one of "
            f"{', '.join(get_args(Format))}"
        )
    if form == "npz":
        _npz(trace, path)
        return
    con = connect(trace=trace)
    reader = con.sql("FROM _exported").to_arrow_reader(_ROWS)
    write = {"parquet": _parquet, "arrow": _arrow, "csv": _csv, "json": _json}
    write[form](reader, path)


def _parquet(reader: pa.RecordBatchReader, path: Path) -> None:
    """Without statistics on floats: readers would prune NaN by them."""
    with pq.ParquetWriter(
        path, reader.schema, compression="zstd", write_statistics=["ordinal"]
    ) as writer:
        for batch in reader:
            writer.write_batch(batch)


def _arrow(reader: pa.RecordBatchReader, path: Path) -> None:
    with (
        pa.OSFile(str(path), "wb") as file,
        pa.ipc.new_file(file, reader.schema) as writer,
    ):
        for batch in reader:
            writer.write_batch(batch)


def _csv(reader: pa.RecordBatchReader, path: Path) -> None:
    flat = [
        pa.field(f.name, pa.string()) if f.name == "coordinate" else f
        for f in reader.schema
    ]
    schema = pa.schema(flat)
    with pyarrow.csv.CSVWriter(path, schema) as writer:
        for batch in reader:
            writer.write_batch(_with_text_coordinate(batch, schema))


def _with_text_coordinate(
    batch: pa.RecordBatch, schema: pa.Schema
) -> pa.RecordBatch:
    columns = [
        pa.array(
            [
                " ".join(f"{dim}={index}" for dim, index in place)
                for place in batch.column(number).to_pylist()
            ],
            pa.string(),
        )
        if field.name == "coordinate"
        else batch.column(number)
        for number, field in enumerate(schema)
    ]
    return pa.record_batch(columns, schema=schema)


def _json(reader: pa.RecordBatchReader, path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in _rows(reader):
            file.write(json.dumps(row, allow_nan=False) + "\n")


def _rows(reader: pa.RecordBatchReader) -> Iterator[dict[str, Any]]:
    for batch in reader:
        for row in batch.to_pylist():
            row["coordinate"] = dict(row["coordinate"])
            value = row["value"]
            if value is not None and not math.isfinite(value):
                row["value"] = str(value)
            yield row


def _npz(trace: Trace, path: Path) -> None:
    taps = trace.tables["tap"].to_pylist()
    arrays: dict[str, Any] = {
        "taps": np.array([tap["name"] for tap in taps], np.str_)
    }
    for tap in taps:
        number = tap["tap_id"]
        table = trace.elements(number)
        for column in ("float", "integer", "unsigned"):
            if column in table.column_names:
                arrays[f"values_{number}"] = table[column].to_numpy()
        if tap["kind"] == "text":
            arrays[f"values_{number}"] = np.array(
                table["text"].to_pylist(), np.str_
            )
        arrays[f"ordinals_{number}"] = table["ordinal"].to_numpy()
    np.savez_compressed(path, **arrays)
