"""What a dialect reads of a log: how many of its numbers, by family."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tracekit.logs.dialect import Dialect
from tracekit.logs.dialect_file import load_dialect
from tracekit.logs.file import LogFile
from tracekit.logs.line_forms import assigned
from tracekit.logs.log import Parsed, parse
from tracekit.logs.numbers import count_numbers
from tracekit.schema import Reject


@dataclass(frozen=True, slots=True)
class Check:
    """What a dialect reads of a log.

    Args:
        lines: lines with a prefix of the dialect, by family.
        elements: numbers that became elements, by family.
        numbers: numbers on lines with a prefix.
        read: those that are elements, coordinates or inside kept texts.
        unnamed: names that no rule of the dialect mentions, with counts.
        overlooked: lines without a prefix that state ``name = value``.
        example: the first of those, as ``file:line: text``.
        rejects: lines with a prefix that no form fits.
    """

    lines: dict[str, int]
    elements: dict[str, int]
    numbers: int
    read: int
    unnamed: dict[str, int]
    overlooked: int
    example: str
    rejects: tuple[Reject, ...]

    @property
    def share(self) -> float:
        """The read part of the numbers; 1 where there are none."""
        return min(self.read / self.numbers, 1.0) if self.numbers else 1.0


def check(dialect: str | Path, log: str | Path) -> Check:
    """Hold a dialect against a log.

    Raises:
        LogError: one of the two can't be read.

    >>> check("tracekit", "c.log").share  # doctest: +SKIP
    1.0
    """
    spelled = load_dialect(dialect)
    path = Path(log)
    parsed = parse(LogFile(path).lines(), spelled, path.name, path.parent)
    lines: Counter[str] = Counter()
    numbers = overlooked = 0
    example = ""
    for number, line in enumerate(LogFile(path).lines(), start=1):
        found = list(spelled.prefix.finditer(line))
        for prefix in found:
            lines[
                spelled.families[int((prefix.lastgroup or "f0")[1:])].name
            ] += 1
        if found:
            numbers += count_numbers(line[found[0].end() :])
        elif "=" in line and assigned(line.strip(), spelled.units):
            overlooked += 1
            example = example or f"{path.name}:{number}: {line.strip()}"
    return Check(
        dict(lines),
        _elements(parsed),
        numbers,
        _read(parsed),
        _unnamed(parsed, spelled),
        overlooked,
        example,
        tuple(parsed.rejects),
    )


def _elements(parsed: Parsed) -> dict[str, int]:
    found: Counter[str] = Counter()
    for event in parsed.events:
        found[event.family] += len(event.values) * (event.kind != "text")
    return dict(found)


def _read(parsed: Parsed) -> int:
    counts = parsed.counts()
    keys = ("elements", "coordinates", "text_numbers")
    return sum(cast(int, counts[key]) for key in keys)


def _unnamed(parsed: Parsed, dialect: Dialect) -> dict[str, int]:
    """Taps that no rule made, in families whose lines need rules."""
    known = {
        (family.name, rule.tap)
        for family in dialect.families
        for rule in family.names.values()
    }
    own = {f.name for f in dialect.families if f.reads != "statements"}
    found: Counter[str] = Counter()
    for event in parsed.events:
        if event.kind != "text" and event.family not in own:
            found[event.tap] += (event.family, event.tap) not in known
    return {name: count for name, count in found.items() if count}
