"""What a stored trace takes on disk: bytes, encodings, ratio, by tap."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tracekit.errors import TraceError
from tracekit.storage.trace import Trace

_NOT_VALUES = ("ordinal", "event")


def footprint(trace: Trace) -> list[dict[str, Any]]:
    """One row a tap, in program order, and one for the tables.

    ``bytes`` is the file's size, ``raw`` what its values alone take without
    any encoding, ``ratio`` the first to the second (None for text),
    ``encodings`` says how each column is stored and in how many bytes.

    Raises:
        TraceError: the trace is in memory.
    """
    if trace.path is None:
        raise TraceError(
            "only a trace on disk takes storage; save it to a path first"
        )
    rows = [_of_tap(trace, tap) for tap in trace.tables["tap"].to_pylist()]
    tables = [trace.path / f"{name}.parquet" for name in trace.tables]
    total = sum(file.stat().st_size for file in tables)
    return [*rows, _row("(tables)", 0, total, 0, "")]


def _of_tap(trace: Trace, tap: dict[str, Any]) -> dict[str, Any]:
    file = trace.element_file(tap["tap_id"])
    parquet = pq.ParquetFile(file)
    raw = sum(
        field.type.byte_width * tap["elements"]
        for field in parquet.schema_arrow
        if field.name not in _NOT_VALUES and pa.types.is_primitive(field.type)
    )
    said = ", ".join(_columns(parquet.metadata))
    size = file.stat().st_size
    return _row(tap["name"], tap["elements"], size, raw, said)


def _columns(metadata: Any) -> list[str]:
    """Name, encoding and bytes of each column, over all row groups."""
    found = []
    for place in range(metadata.num_columns):
        groups = [
            metadata.row_group(number).column(place)
            for number in range(metadata.num_row_groups)
        ]
        encodings = {e for g in groups for e in g.encodings} - {"RLE"}
        size = sum(group.total_compressed_size for group in groups)
        name = metadata.schema.column(place).name
        how = "/".join(sorted(encodings)) or "RLE"
        found.append(f"{name} {how} {size}")
    return found


def _row(
    tap: str, elements: int, size: int, raw: int, encodings: str
) -> dict[str, Any]:
    ratio = round(size / raw, 3) if raw else None
    return {
        "tap": tap, "elements": elements, "bytes": size, "raw": raw,
        "ratio": ratio, "encodings": encodings,
    }  # fmt: skip
