"""A finished trace: its tables, in memory or in a directory of Parquet files.

What makes one is loaded when one is made: to open one is quick.

A trace directory holds ``trace.json`` (format and version), one Parquet file
for each table of ``columns.TABLES``, and ``elements/tap=N/0.parquet`` with the
elements of tap number N, sorted by ordinal. Files are numbered, never named
after a tap: a name may hold anything. DuckDB and pyarrow read all of it.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tracekit.columns import FORMAT_VERSION
from tracekit.errors import TraceError
from tracekit.storage.late_tables import FEW, LateTables

if TYPE_CHECKING:
    import pyarrow as pa

    from tracekit.schema import (
        ConfigValue,
        Coverage,
        Declared,
        Event,
        FileUse,
        Reject,
        Run,
    )
    from tracekit.storage.columns import EventColumns

MARKER = "trace.json"
ELEMENTS = "elements"


class Trace:
    """All events of one run.

    Args:
        tables: the tables of ``columns.TABLES``, by name.
        elements: an element table by number of a tap that is in memory.
        path: the directory of all others.
        keep: lives as long as the trace: what holds the directory.
    """

    def __init__(
        self,
        tables: Mapping[str, pa.Table],
        elements: Mapping[int, pa.Table],
        path: Path | None = None,
        keep: object = None,
    ) -> None:
        self.tables = (
            tables if isinstance(tables, LateTables) else dict(tables)
        )
        self.path = path
        self._keep = keep
        self._elements = dict(elements)

    @classmethod
    def build(
        cls,
        events: Iterable[Event],
        *,
        run: Run,
        config: Sequence[ConfigValue] = (),
        files: Sequence[FileUse] = (),
        rejects: Sequence[Reject] = (),
        declared: Sequence[Declared] = (),
        coverage: Sequence[Coverage] = (),
    ) -> Trace:
        """A trace in memory from what a recorder or a log reader collected.

        Args:
            events: in program order.
            run: the execution.
            config: facts; of one key the last one counts, and unequal ones
                are kept before it.
            files: files that the run used.
            rejects: lines that were not understood.
            declared: taps that the program is known to have.
            coverage: which coordinates the run reports; all, if nothing is
                said.
        """
        from tracekit.storage.columns import columns_of

        return cls.of_columns(
            columns_of(enumerate(events)),
            run=run,
            config=config,
            files=files,
            rejects=rejects,
            declared=declared,
            coverage=coverage,
        )

    @classmethod
    def of_columns(
        cls,
        columns: Iterable[EventColumns],
        *,
        run: Run,
        config: Sequence[ConfigValue] = (),
        files: Sequence[FileUse] = (),
        rejects: Sequence[Reject] = (),
        declared: Sequence[Declared] = (),
        coverage: Sequence[Coverage] = (),
    ) -> Trace:
        """A trace in memory of events by column, else as ``build``."""
        from tracekit.storage.rows import event_table, tables_of
        from tracekit.storage.seal import seal

        taps = seal(columns, merge=run.declares)
        facts = {
            "config": last_stated(config),
            "file": files,
            "coverage": coverage,
            "reject": rejects,
        }
        tables = tables_of(run, taps, declared, facts)
        tables["event"] = event_table(taps)
        elements = {n: tap.elements for n, tap in enumerate(taps)}
        return cls(tables, elements)

    def with_tables(self, tables: Mapping[str, pa.Table]) -> Trace:
        """The same elements under other tables."""
        return Trace(tables, self._elements, self.path, self._keep)

    @property
    def taps(self) -> tuple[str, ...]:
        """Names of the taps, in program order, each once."""
        return tuple(dict.fromkeys(self.tables["tap"]["name"].to_pylist()))

    @property
    def rejects(self) -> int:
        """How many lines were not understood."""
        return int(self.tables["reject"].num_rows)

    @property
    def events(self) -> int:
        """How many there are."""
        if isinstance(self.tables, LateTables):
            return self.tables.events.count
        count: int = self.tables["event"].num_rows
        return count

    def event_pieces(self) -> Iterator[pa.RecordBatch]:
        """The table of events, in pieces and in any order."""
        if isinstance(self.tables, LateTables):
            yield from self.tables.events.pieces()
        else:
            yield from self.tables["event"].to_batches()

    def elements(self, number: int) -> pa.Table:
        """The element table of tap number ``number``."""
        if not self.is_stored(number):
            return self._elements[number]
        from tracekit.storage.stored_tables import damage_told, read_elements

        file = self.element_file(number)
        with damage_told(file):
            return read_elements(file)

    def is_stored(self, number: int) -> bool:
        """Whether the elements of a tap lie on the disk."""
        return self.path is not None and number not in self._elements

    def with_more(
        self, tables: Mapping[str, pa.Table], elements: Mapping[int, pa.Table]
    ) -> Trace:
        """The same with these tables, and more taps in memory."""
        known = {**self._elements, **elements}
        return Trace(tables, known, self.path, self._keep)

    def element_file(self, number: int) -> Path:
        """Where the elements of tap number ``number`` are stored."""
        if self.path is None or not self.is_stored(number):
            raise TraceError(
                "this trace is in memory; save it to a path first"
            )
        return element_file(self.path, number)

    def save(self, path: str | Path) -> Trace:
        """Write the trace into a new or empty directory; returns that trace.

        Raises:
            TraceError: the directory holds something already.
        """
        root = Path(path)
        with new_directory(root):
            self.write_into(root)
        return open_trace(root)

    def write_into(self, root: Path) -> None:
        """Write all files; the marker comes last, so a cut is noticed."""
        from tracekit.storage.element_file import ElementFile
        from tracekit.storage.finish import finish

        for number in range(self.tables["tap"].num_rows):
            table = self.elements(number)
            with ElementFile(element_file(root, number), table.schema) as file:
                file.write(table)
        finish(root, self.tables)

    def to_parquet(self, path: str | Path) -> None:
        """Export all elements as one long Parquet table (view ``element``)."""
        from tracekit.export import export  # needs DuckDB

        export(self, Path(path), "parquet")

    def __repr__(self) -> str:
        where = "in memory" if self.path is None else str(self.path)
        many = f"{len(self.taps)} taps, {self.events} events"
        return f"<Trace {where}: {many}>"


@contextmanager
def new_directory(root: Path) -> Iterator[None]:
    """Make a directory; remove it again where it was left empty by an error.

    Raises:
        TraceError: it holds something already.
    """
    root.mkdir(parents=True, exist_ok=True)
    if any(root.iterdir()):
        raise TraceError(
            f"{root} is not empty; give a new directory for the trace"
        )
    try:
        yield
    except BaseException:
        with suppress(OSError):
            root.rmdir()
        raise


def last_stated(config: Iterable[ConfigValue]) -> list[ConfigValue]:
    """Facts in the order of their last statement, each said once.

    >>> from tracekit.schema import ConfigValue
    >>> [f.value for f in last_stated([ConfigValue("n", 1.0)] * 2)]
    [1.0]
    """
    said: dict[Hashable, ConfigValue] = {}
    for fact in config:
        text = fact.text if fact.value is None else None
        number = repr(fact.value)  # NaN is equal to itself here
        said.pop(same := (fact.key, number, text, fact.unit), None)
        said[same] = fact
    return list(said.values())


def is_trace(path: str | Path) -> bool:
    """Whether a finished trace of any format version lies here."""
    try:
        marker = json.loads((Path(path) / MARKER).read_text())
    except (OSError, ValueError):
        return False
    return isinstance(marker, dict) and marker.get("format") == "tracekit"


def open_trace(path: str | Path) -> Trace:
    """Open a trace directory, and read its tables.

    A recording that was killed opens too, in memory, with what was flushed;
    the run's fact ``recording`` says so.

    Raises:
        TraceError: no trace lies there, or one of another format version.
    """
    trace = found_trace(path)
    late = trace.tables
    if not isinstance(late, LateTables):
        return trace
    for name in late:
        if name != "event":
            late[name]
    if late.events.count > FEW:
        return trace
    return Trace(late.read(), {}, trace.path)


def found_trace(path: str | Path) -> Trace:
    """As ``open_trace``, but a table that is damaged is told of when read."""
    root = Path(path)
    if not is_trace(root):
        return _open_unfinished(root)
    version = json.loads((root / MARKER).read_text()).get("version")
    if version not in range(1, FORMAT_VERSION + 1):
        raise TraceError(
            f"{root} has format version {version}, this tracekit reads "
            f"up to {FORMAT_VERSION}; install the tracekit that wrote it"
        )
    return Trace(LateTables(root), {}, root)


def _open_unfinished(root: Path) -> Trace:
    from tracekit.storage.batches import read_stream
    from tracekit.storage.stored_tables import damage_told
    from tracekit.storage.unfinished import (
        COPY,
        is_unfinished,
        read_unfinished,
        streams_of,
    )

    if not is_unfinished(root):
        raise TraceError(
            f"{root} is no trace: it has no {MARKER} of tracekit; give the "
            "directory that record(), 'tracekit run' or 'tracekit parse' made"
        )
    if (root / COPY).is_file():
        raise TraceError(
            f"a log is followed to {root}, or was until its reader was "
            f"killed; then 'tracekit repair {root}' makes a trace of what it "
            "had read"
        )
    with damage_told(root):
        streams = streams_of(root)
        events = [event for path in streams for event in read_stream(path)]
        return Trace.build(events, **read_unfinished(root, len(events)))


def element_file(root: Path, number: int) -> Path:
    """Where a trace directory keeps the elements of a tap."""
    return root / ELEMENTS / f"tap={number}" / "0.parquet"
