"""Tables and elements of a stored trace, read into memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tracekit.errors import TraceError
from tracekit.storage.arrow_tables import TABLES
from tracekit.storage.stored_events import of_this_version

DAMAGE = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    pa.ArrowException,
)
"""What readers raise where bytes of a file aren't as they were written."""


@contextmanager
def damage_told(root: Path) -> Iterator[None]:
    """What readers of damaged bytes raise becomes one error."""
    try:
        yield
    except TraceError:
        raise
    except DAMAGE as error:
        raise TraceError(f"{root} is damaged: {error!r}") from error


def read_table(file: Path, name: str) -> pa.Table:
    """A table of ``columns.TABLES`` but that of events, of any version."""
    return of_this_version(read_file(file), TABLES[name])


def read_file(file: Path) -> pa.Table:
    """A Parquet file; ``pq.read_table`` would load pyarrow.dataset too."""
    with pq.ParquetFile(file) as parquet:
        return parquet.read()


def read_elements(file: Path) -> pa.Table:
    """An element file, with the columns of elements in memory."""
    table = read_file(file)
    columns = [field.with_nullable(nullable=True) for field in table.schema]
    return pa.table(table.columns, schema=pa.schema(columns))
