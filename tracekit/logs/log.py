"""Read a program's log as a trace."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter
from pathlib import Path

import numpy as np

from tracekit.errors import LogError
from tracekit.logs.dialect import Dialect
from tracekit.logs.dialect_file import load_dialect
from tracekit.logs.file import LogFile
from tracekit.logs.parser import Parser
from tracekit.logs.reading import LogReader
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
from tracekit.storage.grid import Ordinals
from tracekit.storage.late_columns import LateColumns
from tracekit.storage.sealing import About, write_late
from tracekit.storage.spill import Spill
from tracekit.storage.trace import Trace, last_stated, new_directory

_SOME = 8  # prefixes that an error names


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one log says.

    Args:
        parts: its events.
        run, config, files, rejects, declared, coverage: as for
            ``Trace.build``.
        pixels: that the log reports, a row each, in order.
        prose_lines: lines without a prefix, trace data or not.
        coordinates: numbers read as pixel or loop coordinates.
        text_numbers: numbers kept inside strings.
    """

    run: Run
    parts: list[LateColumns]
    config: list[ConfigValue]
    files: list[FileUse]
    rejects: list[Reject]
    declared: list[Declared]
    coverage: list[Coverage]
    prose_lines: int = 0
    coordinates: int = 0
    text_numbers: int = 0
    pixels: Ordinals = field(default_factory=lambda: np.empty((0, 2), int))

    @property
    def columns(self) -> list[EventColumns]:
        """The events by column; they are put together anew each time."""
        return [part.load() for part in self.parts]

    @property
    def events(self) -> list[Event]:
        """The events one by one, in program order."""
        numbered = [pair for part in self.columns for pair in part.events()]
        return [event for _, event in sorted(numbered, key=itemgetter(0))]

    def counts(self) -> dict[str, int]:
        """How much was read of what, as ``tracekit parse`` prints it."""
        return {
            "events": sum(part.count for part in self.parts),
            "elements": sum(part.elements for part in self.parts),
            "coordinates": self.coordinates,
            "text_numbers": self.text_numbers,
            "rejects": len(self.rejects),
            "pixels": len(self.pixels),
            "taps": len({part.pattern.tap for part in self.parts}),
        }

    def summary(self) -> dict[str, object]:
        """What was read, as ``tracekit parse --json`` prints it."""
        first = sorted(self.parts, key=attrgetter("first"))
        taps = dict.fromkeys(part.pattern.tap for part in first)
        pixels = self.pixels.tolist()
        return {**self.counts(), "pixels": pixels, "taps": list(taps)}

    def trace(self) -> Trace:
        """The trace of all this, in memory."""
        return Trace.of_columns(self.columns, **self._about())

    def write_into(self, root: Path) -> None:
        """Write the trace of all this into a directory, in bounded memory."""
        write_late(root, self.parts, **self._about())

    def _about(self) -> About:
        return {
            "run": self.run,
            "config": self.config,
            "files": self.files,
            "rejects": self.rejects,
            "declared": self.declared,
            "coverage": self.coverage,
        }


def parse(
    lines: Iterable[str],
    dialect: Dialect,
    file: str,
    folder: Path | None = None,
) -> Parsed:
    """Read the lines of a log.

    Args:
        lines: without their ends.
        dialect: how the program spells its log.
        file: the log's name or path, for origins; its last part may state
            the pixel.
        folder: where the log lies; arrays that it names lie there as well.

    Nothing is dropped: a line with a prefix that no form understands becomes
    a reject, and prose that states no fact is counted.
    """
    reader = LogReader(Parser(dialect, file, folder))
    for line in lines:
        reader.line(line)
    return parsed_of(reader)


def parsed_of(reader: LogReader) -> Parsed:
    """What a reader has read, when the last line is read."""
    parser, parts = reader.parser, reader.late()
    pixels = reader.pixels()
    dialect = parser.dialect
    return Parsed(
        run=Run(
            dialect.program,
            family="log",
            declares=dialect.declares,
            selected_taps=parser.selected,
        ),
        parts=parts,
        config=last_stated(parser.facts.stated),
        files=list(parser.facts.files.values()),
        rejects=parser.rejects,
        declared=parser.declared() if dialect.declares else [],
        coverage=parser.coverage((part.pattern for part in parts), pixels),
        prose_lines=parser.prose_lines,
        coordinates=parser.coordinates,
        text_numbers=parser.text_numbers,
        pixels=pixels,
    )


def parse_log(path: str | Path, dialect: str | Path = "nanobragg") -> Parsed:
    """Read a log file; what ``read_log`` makes a trace of.

    Raises:
        LogError: the file can't be read, or nothing in it is of the dialect.
    """
    return parse_file(LogFile(path), dialect)


def parse_file(
    log: LogFile, dialect: str | Path, spill: Spill | None = None
) -> Parsed:
    """Read a log that is opened already, as ``parse_log`` does.

    Args:
        log: the file.
        dialect: as for ``read_log``.
        spill: where numbers wait until they are asked for.
    """
    spelled = load_dialect(dialect)
    parser = Parser(spelled, log.name, log.origin.parent)
    reader = LogReader(parser, spill=spill)
    for block in log.blocks():
        if isinstance(block, bytes):
            reader.block(block)
        else:
            reader.line(block)
    parsed = parsed_of(reader)
    if log.broken:
        where = log.name, log.count + 1
        parsed.rejects.append(Reject(*where, log.broken, log.torn))
    if not (parsed.parts or parsed.config or parsed.rejects):
        names = list(dict.fromkeys(f.name for f in spelled.families))
        known = ", ".join(names[:_SOME]) + " ..." * (len(names) > _SOME)
        raise LogError(
            f"{log.origin} holds nothing of the dialect {spelled.name!r}: no "
            f"line with one of its prefixes ({known}) and no fact about the "
            "run; is it the log of another program? Say --dialect tracekit "
            "or nanobragg, or the file that 'tracekit dialect init' makes"
        )
    parsed.files.append(log.use())
    return parsed


def store_log(
    path: str | Path, output: str | Path, dialect: str | Path = "nanobragg"
) -> Parsed:
    """Read a log file into a new trace directory, in bounded memory.

    Raises:
        LogError: as for ``parse_log``.
        TraceError: the directory holds something already.
    """
    log, root = LogFile(path), Path(output)
    with new_directory(root):
        parsed = parse_file(log, dialect, Spill(root))
        parsed.write_into(root)
    return parsed


def read_log(path: str | Path, dialect: str | Path = "nanobragg") -> Trace:
    """Read a program's log as a trace.

    Args:
        path: the log, as it is or packed by gzip or zstd; "-" for standard
            input.
        dialect: how it is spelled: ``nanobragg``, ``tracekit``, or the path
            of a dialect file (TOML).

    Raises:
        LogError: the file can't be read, or nothing in it is of the dialect.

    >>> from tracekit import read_log
    >>> trace = read_log("c.log")  # doctest: +SKIP
    """
    return parse_log(path, dialect).trace()
