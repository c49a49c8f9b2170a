"""One pass over the lines of a log: prefixes, statements, facts, indices."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from tracekit.logs.coverage import declared, pixel_coverage
from tracekit.logs.dialect import Dialect, Family, NameRule
from tracekit.logs.events import Digits, EventMaker, Reading
from tracekit.logs.facts import Facts
from tracekit.logs.file import LONGEST_LINE, LongLine
from tracekit.logs.number_columns import Integers
from tracekit.logs.numbers import count_numbers, parse_number
from tracekit.logs.own_lines import (
    array_line,
    config_line,
    covers_line,
    file_line,
    refusal,
    tap_line,
    taps_line,
    text_numbers,
)
from tracekit.logs.patterns import SEARCHED
from tracekit.logs.stated_values import Statement
from tracekit.logs.statements import expression_of, understand
from tracekit.schema import Coverage, Declared, Event, Reject

_ENDS = re.compile(r"[\r\0]+")


@dataclass(slots=True)
class Parser:
    """The state of reading one log.

    Args:
        dialect: how it is spelled.
        file: its name or path.
        folder: where it lies, and the arrays that it names.
    """

    dialect: Dialect
    file: str
    folder: Path | None = None
    facts: Facts = field(init=False)
    rejects: list[Reject] = field(default_factory=list)
    prose_lines: int = 0
    coordinates: int = 0
    text_numbers: int = 0
    pixels: set[tuple[int, ...]] = field(default_factory=set)
    selected: tuple[str, ...] = ()
    read: list[Reading | Event] = field(default_factory=list)
    stated: list[Coverage] = field(default_factory=list)
    digits: Digits = field(default_factory=Digits)
    _pixel: dict[str, int] = field(default_factory=dict)
    _headers: dict[str, dict[str, int]] = field(default_factory=dict)
    iterations: dict[str, int] = field(default_factory=dict)
    most: int = 0
    printed: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.facts = Facts(self.dialect)
        self._pixel = self._pixel_of_file()

    def line(self, line: str, number: int) -> None:
        """Read one line; a lone carriage return ends one as well."""
        if isinstance(line, LongLine):
            self._reject(line, f"longer than {LONGEST_LINE} bytes", number)
            return
        for piece in _ENDS.split(line):
            self._piece(piece, number)

    def maker(self) -> EventMaker:
        """What makes events of readings; when the last line is read."""
        self.facts.conclude(self.file)
        return EventMaker(
            self.dialect, self.facts, self.digits, self.file, self.most
        )

    def events(self, maker: EventMaker) -> list[Event]:
        """All events of the lines that were read one by one."""
        return [
            item if isinstance(item, Event) else maker.event(item)
            for item in self.read
        ]

    def scopes(self) -> dict[str, dict[str, int]]:
        """Coordinates that hold now: "" for the file's, or by family."""
        headers = {name: dict(own) for name, own in self._headers.items()}
        return {"": dict(self._pixel), **headers}

    def streams(self) -> set[str]:
        """The streams of families whose iterations are counted together."""
        return {family.stream for family in self.dialect.families}

    def restore(
        self,
        scopes: Mapping[str, Mapping[str, int]],
        iterations: Mapping[str, int],
    ) -> None:
        """Go on from a state that ``scopes`` and ``iterations`` gave."""
        self._headers = {name: dict(own) for name, own in scopes.items()}
        self._pixel = self._headers.pop("", {})
        self.iterations = dict(iterations)

    def taken(self) -> tuple[list[Reading | Event], dict[str, int], bool]:
        """What a parser of one line read: items, coordinates, if it opens.

        Raises:
            ValueError: it is a line that says something else as well; facts
                are not looked at.
        """
        if (
            self.rejects
            or self.prose_lines
            or self.selected
            or self.stated
            or self.facts.files
        ):
            raise ValueError("more than taps and coordinates")
        header: dict[str, int] = {}
        for own in self.scopes().values():
            header.update(own)
        return self.read, header, bool(self.iterations)

    def declared(self) -> list[Declared]:
        """The taps of the dialect, and whether this log must have them."""
        return declared(self.dialect, self.facts, self.printed)

    def coverage(
        self,
        patterns: Iterable[Event],
        known: Integers,
    ) -> list[Coverage]:
        """The pixels that this log reports, as ``pixel_coverage`` says."""
        if self.stated:
            return self.stated
        return [pixel_coverage(self.dialect.pixel, patterns, known)]

    def _piece(self, piece: str, number: int) -> None:
        restart = self.dialect.restart
        if restart and restart.search(piece, 0, SEARCHED):
            self.iterations.clear()
            self._headers.clear()
            self._pixel = self._pixel_of_file()
        found = list(self.dialect.prefix.finditer(piece, 0, SEARCHED))
        if not found and len(piece) > SEARCHED:
            self._reject(
                piece[:SEARCHED],
                f"no prefix in the first {SEARCHED} of its {len(piece)} "
                "characters, and no more are searched",
                number,
            )
            return
        prose = piece[: found[0].start()] if found else piece
        if prose.strip():
            self.prose_lines += not found
            self.facts.read(prose[:SEARCHED], f"{self.file}:{number}")
        for place, prefix in enumerate(found):
            later = found[place + 1 : place + 2]
            end = later[0].start() if later else len(piece)
            self._segment(piece, prefix, end, number)

    def _segment(
        self, piece: str, prefix: re.Match[str], end: int, number: int
    ) -> None:
        family = self.dialect.family_of(prefix)
        self.printed.setdefault(family.name, set())
        payload = piece[prefix.end() : end]
        try:
            if family.reads != "statements":
                self._own(family, payload, number)
                return
            indices = self._prefix_indices(family, piece, prefix.start())
            payload = payload.strip(" \t")
            if family.match is not None:
                self._matched(family, payload)
                return
            self._statements(family, payload, indices, number)
        except ValueError as error:
            whole = piece[prefix.start() : end]
            self._reject(whole, str(error), number)

    def _own(self, family: Family, payload: str, number: int) -> None:
        origin = f"{self.file}:{number}"
        if family.reads in ("refused", "unknown"):
            raise ValueError(refusal(family.reads, payload))
        if family.reads in ("tap", "array"):
            event = (
                tap_line(payload, self.file, number)
                if family.reads == "tap"
                else array_line(payload, self.folder, self.file, number)
            )
            self.coordinates += sum(
                axis.dim != "component" for axis in event.axes
            )
            self.text_numbers += text_numbers(event)
            self.read.append(event)
        elif family.reads == "config":
            self.facts.keep(config_line(payload, origin))
        elif family.reads == "file":
            use = file_line(payload, origin)
            self.facts.files[use.role, use.name] = use
        elif family.reads == "taps":
            self.selected = taps_line(payload)
        else:
            coverage = covers_line(payload)
            self.stated.append(coverage)
            self.coordinates += sum(len(row) for row in coverage.selected)
            if coverage.dims == self.dialect.pixel:
                self.pixels.update(map(tuple, coverage.selected))

    def _prefix_indices(
        self, family: Family, piece: str, start: int
    ) -> dict[str, int]:
        if not family.prefix.groups:
            return {}
        found = family.prefix.match(piece, start, SEARCHED)
        groups = found.groupdict() if found else {}
        self.coordinates += len(groups)
        return {dim: int(text) for dim, text in groups.items()}

    def _matched(self, family: Family, payload: str) -> None:
        match = family.match
        found = match.search(payload, 0, SEARCHED) if match else None
        if found is None:
            raise ValueError("the line isn't as its family's match expects")
        indices = {dim: int(text) for dim, text in found.groupdict().items()}
        self.coordinates += len(indices)
        self._header(family, indices)

    def _header(self, family: Family, indices: Mapping[str, int]) -> None:
        """Coordinates that hold for the lines that follow."""
        if family.scope == "file":
            self._pixel.update(indices)
            self.iterations.clear()
            dims = self.dialect.pixel
            if set(dims) <= set(indices):
                self.pixels.add(tuple(indices[dim] for dim in dims))
        else:
            self._headers.setdefault(family.name, {}).update(indices)

    def _statements(
        self,
        family: Family,
        payload: str,
        indices: dict[str, int],
        number: int,
    ) -> None:
        line = understand(family, payload, self.dialect)
        indices.update(line.indices)
        self.coordinates += len(line.indices)
        if not line.values:
            self._header(family, indices)
        everywhere = {**self._pixel, **self._headers.get(family.name, {})}
        for statement, rule, own in line.values:
            self.coordinates += len(own)
            self._keep(
                family,
                statement,
                rule,
                {**everywhere, **indices, **own},
                number,
            )
        for label in {statement.label for statement, _, _ in line.values}:
            self.text_numbers += count_numbers(label)
        if line.glued:
            self._piece(line.glued, number)

    def _keep(
        self,
        family: Family,
        statement: Statement,
        rule: NameRule,
        indices: Mapping[str, int],
        number: int,
    ) -> None:
        if rule.opens:
            stream = family.stream
            self.iterations[stream] = self.iterations.get(stream, -1) + 1
            self.most = max(self.most, self.iterations[stream] + 1)
        numbers = tuple(map(parse_number, statement.numbers))
        self.digits.note(family.name, numbers)
        if rule.config and len(numbers) == 1:
            origin = f"{self.file}:{number}"
            self.facts.state(rule.config, statement.numbers[0], origin)
        reading = Reading(
            family,
            rule,
            numbers,
            statement.text,
            statement.unit,
            indices,
            self.iterations.get(family.stream, -1),
            statement.listed,
            statement.label,
            number,
        )
        self.read.append(reading)
        self.printed[family.name].add(rule.tap)
        self._count_texts(statement)
        if statement.expression:
            self.read.append(expression_of(reading, statement))

    def _count_texts(self, statement: Statement) -> None:
        for part in (
            statement.name,
            statement.text or "",
            statement.expression,
        ):
            self.text_numbers += count_numbers(part)

    def _reject(self, line: str, reason: str, number: int) -> None:
        self.rejects.append(Reject(self.file, number, reason, line))

    def _pixel_of_file(self) -> dict[str, int]:
        found = self.dialect.pixel_of_file(PurePath(self.file).name)
        if found is None:
            return {}
        self.pixels.add(found)
        return dict(zip(self.dialect.pixel, found, strict=True))
