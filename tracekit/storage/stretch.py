"""Elements whose places follow one another, so that only values are kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tracekit.storage.batches import Pages
from tracekit.storage.grid import Ordinals, as_ordinals
from tracekit.storage.hashes import Taken


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows of an element table: places that ascend by one, and values.

    Args:
        first: the first place.
        event: number of the event, or of each row's.
        values: numbers or texts. Shape (n,).
        pages: of the file that they are a view of; they are given back when
            the values are written.
    """

    first: int
    event: int | Ordinals
    values: npt.NDArray[Any]
    pages: Pages | None = None

    def __len__(self) -> int:
        return len(self.values)

    def slice(self, start: int, length: int) -> Self:
        """Some of the rows, at most so many."""
        chosen = slice(start, start + length)
        event = self.event
        return replace(
            self,
            first=self.first + start,
            event=event if isinstance(event, int) else event[chosen],
            values=self.values[chosen],
        )

    @property
    def places(self) -> range:
        """The rows' places."""
        return range(self.first, self.first + len(self))

    @property
    def events(self) -> Ordinals:
        """The rows' events; of one that all have, none takes room."""
        return np.broadcast_to(self.event, len(self))

    def taken(self, schema: pa.Schema) -> Taken | None:
        """What was taken of the values, if they are stored as they are."""
        stored = schema.field(2).type.to_pandas_dtype()
        if self.pages is None or self.values.dtype != stored:
            return None
        return self.pages.taken(self.values)

    def column(self, schema: pa.Schema) -> pa.Table:
        """The values alone, a view of them where their type is stored."""
        field = schema.field(2)
        kind = field.type.to_pandas_dtype()
        with np.errstate(invalid="ignore"):  # a signalling NaN stays a NaN
            stored = self.values.astype(kind, copy=False)
        column = pa.array(stored, field.type)
        return pa.table([column], schema=pa.schema([field]))

    def table(self, schema: pa.Schema) -> pa.Table:
        """All columns."""
        (values,) = self.column(schema).columns
        columns = [as_ordinals(self.places), self.events, values]
        return pa.table(columns, schema=schema)

    def give_back(self) -> None:
        """Take the values out of memory; they stay in the file."""
        if self.pages is not None:
            self.pages.give_back(self.values)
