"""The Parquet file of a trace's events, written a piece at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tracekit.storage.aside import aside

TEXTS = ("phase", "file", "context")
_KIND = pa.dictionary(pa.int32(), pa.string())


class EventFile:
    """Writes tables of events while the next one is made.

    Args:
        file: to write.
        schema: of the events; its ``TEXTS`` are given as dictionaries.
        ascending: columns of numbers that go on from row to row, which are
            stored as differences; others repeat, and are stored once.
        storage: more options of pyarrow's writer.
    """

    def __init__(
        self,
        file: Path,
        schema: pa.Schema,
        ascending: Sequence[str],
        **storage: Any,
    ) -> None:
        # Parquet keeps a level for every value of a column that may have none
        schema = pa.schema(
            [
                pa.field(f.name, _KIND if f.name in TEXTS else f.type, False)  # noqa: FBT003
                for f in schema
            ]
        )
        self.schema = schema
        self._writer = pq.ParquetWriter(
            file,
            schema,
            store_schema=False,
            use_dictionary=[n for n in schema.names if n not in ascending],
            column_encoding=dict.fromkeys(ascending, "DELTA_BINARY_PACKED"),
            write_statistics=["sequence"],
            **storage,
        )
        self._aside = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None

    def write(self, columns: pa.Table) -> None:
        """Append rows; raises what writing those before raised."""
        self._wait()
        self._writing = aside(self._aside, self._writer.write_table, columns)

    def _wait(self) -> None:
        if self._writing is not None:
            self._writing.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._writer, self._aside:
            if error is None:
                self._wait()


def texts(
    words: Iterable[str], which: npt.NDArray[np.int64]
) -> pa.DictionaryArray:
    """Texts of which many rows have the same.

    Args:
        words: texts, perhaps one several times.
        which: the number of each row's.
    """
    found: dict[str, int] = {}
    codes = [found.setdefault(word, len(found)) for word in words]
    return pa.DictionaryArray.from_arrays(
        pa.array(np.array(codes, np.int32)[which]),
        pa.array(list(found), pa.string()),
    )
