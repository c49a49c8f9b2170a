"""The tables of a stored trace where they lie.

Nothing is loaded before one is asked for: what reads the files by SQL needs
no Arrow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tracekit.columns import TABLES

if TYPE_CHECKING:
    import pyarrow as pa

    from tracekit.storage.stored_events import StoredEvents

FEW = 1 << 20
"""Events up to which the table is read when its trace is opened."""


class LateTables(Mapping[str, "pa.Table"]):
    """The tables of a trace directory, each read when it is asked for.

    Args:
        root: the directory, of any format version.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._changed: frozenset[str] = frozenset()
        self._read: dict[str, pa.Table] = {}

    def file(self, name: str) -> Path | None:
        """Where a table lies; None for one that was changed."""
        if name in self._changed:
            return None
        return self._root / f"{name}.parquet"

    def with_changed(self, changed: Mapping[str, pa.Table]) -> LateTables:
        """The same with other tables in place of some."""
        tables = LateTables(self._root)
        tables._changed = self._changed | changed.keys()
        tables._read = {**self._read, **changed}
        return tables

    @cached_property
    def events(self) -> StoredEvents:
        """Those of the table of events."""
        from tracekit.storage.stored_events import StoredEvents
        from tracekit.storage.stored_tables import damage_told

        with damage_told(self._root):
            return StoredEvents(self._root / "event.parquet")

    def __getitem__(self, name: str) -> pa.Table:
        if name not in self._read:
            from tracekit.storage.stored_tables import damage_told, read_table

            with damage_told(self._root):
                self._read[name] = (
                    self.events.table()
                    if name == "event"
                    else read_table(self._root / f"{name}.parquet", name)
                )
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(TABLES)

    def __len__(self) -> int:
        return len(TABLES)

    def read(self) -> dict[str, pa.Table]:
        """All of them in memory."""
        return {name: self[name] for name in self}
