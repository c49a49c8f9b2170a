"""The end of writing a trace: its small tables, and the marker."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tracekit.columns import FORMAT_VERSION
from tracekit.storage.trace import MARKER


def table_storage(schema: pa.Schema) -> dict[str, Any]:
    """How pyarrow writes a table: integers as differences, texts once."""
    delta: dict[str, str] = {}
    for column in schema:
        if column.type == pa.int64():
            delta[column.name] = "DELTA_BINARY_PACKED"
        elif column.type == pa.list_(pa.int64()):
            delta[f"{column.name}.list.element"] = "DELTA_BINARY_PACKED"
    return {
        "compression": "zstd",
        "compression_level": 1,
        "use_dictionary": [c.name for c in schema if c.type == pa.string()],
        "column_encoding": delta,
    }


def finish(root: Path, tables: Mapping[str, pa.Table]) -> None:
    """Write small tables, and the marker that says that all is there."""
    for name, table in tables.items():
        file = root / f"{name}.parquet"
        pq.write_table(table, file, **table_storage(table.schema))
    marker = {"format": "tracekit", "version": FORMAT_VERSION}
    (root / MARKER).write_text(json.dumps(marker) + "\n")
