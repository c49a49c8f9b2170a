"""The stored columns of a trace as Arrow's schemas."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from tracekit import columns

_TYPES = {
    "BIGINT": pa.int64(),
    "UBIGINT": pa.uint64(),
    "SMALLINT": pa.int16(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "MAP(VARCHAR, VARCHAR)": pa.map_(pa.string(), pa.string()),
}


def arrow_schema(stored: Mapping[str, str]) -> pa.Schema:
    """Columns by name and SQL type as Arrow has them."""
    return pa.schema([(name, _arrow(kind)) for name, kind in stored.items()])


def _arrow(kind: str) -> pa.DataType:
    if kind.endswith("[]"):
        return pa.list_(_arrow(kind.removesuffix("[]")))
    return _TYPES[kind]


TABLES = {name: arrow_schema(kept) for name, kept in columns.TABLES.items()}
COVERAGE = TABLES["coverage"]
EVENT = TABLES["event"]
STORED_EVENT = arrow_schema(columns.STORED_EVENT)


def give_back() -> None:
    """Let the system have what pyarrow has freed and keeps for later."""
    pa.default_memory_pool().release_unused()
