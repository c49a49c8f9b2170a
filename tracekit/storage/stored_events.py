"""The table of events of a stored trace, which may be too long for memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tracekit.columns import FIRINGS
from tracekit.errors import TraceError
from tracekit.storage.arrow_tables import EVENT
from tracekit.storage.event_runs import expanded, expanded_pieces

_ROWS = 1 << 17


class StoredEvents:
    """Events where they lie.

    Args:
        file: of any format version.

    ``count`` is how many there are.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        with pq.ParquetFile(file) as parquet:
            self.count: int = parquet.metadata.num_rows
            if FIRINGS in parquet.schema_arrow.names:
                self.count = sum(
                    int(batch.column(0).to_numpy().sum())
                    for batch in parquet.iter_batches(_ROWS, columns=[FIRINGS])
                )

    def pieces(self) -> Iterator[pa.RecordBatch]:
        """The events in pieces, in the order in which they are stored.

        Raises:
            TraceError: the file is damaged.
        """
        try:
            with pq.ParquetFile(self._file) as parquet:
                for group in range(parquet.num_row_groups):  # not ahead
                    for batch in parquet.iter_batches(_ROWS, [group]):
                        stored = pa.Table.from_batches([batch])
                        for piece in expanded_pieces(stored, _ROWS):
                            found = of_this_version(piece, EVENT)
                            yield from found.to_batches()
        except (OSError, ValueError, pa.ArrowException) as error:
            raise TraceError(f"{self._file} is damaged: {error!r}") from error

    def table(self) -> pa.Table:
        """All of them in memory, in program order."""
        with pq.ParquetFile(self._file) as parquet:
            return of_this_version(expanded(parquet.read()), EVENT)


def of_this_version(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The columns of this version; one that an older lacked is empty."""
    return pa.table(
        [
            _cast(table[field.name], field.type)
            if field.name in table.column_names
            else pa.nulls(table.num_rows, field.type)
            for field in schema
        ],
        schema=schema,
    )


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """To cast loads pyarrow.compute, which takes 0.05 s."""
    return column if column.type == kind else column.cast(kind)
