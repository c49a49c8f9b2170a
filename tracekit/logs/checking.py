"""What a dialect reads of a log: how many of its numbers, by family."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tracekit.logs.dialect import Dialect, Family
from tracekit.logs.dialect_file import load_dialect
from tracekit.logs.file import LogFile
from tracekit.logs.line_forms import FORMS
from tracekit.logs.log import Parsed, parsed_of
from tracekit.logs.numbers import NUMBER, count_numbers
from tracekit.logs.parser import Parser
from tracekit.logs.patterns import SEARCHED
from tracekit.logs.reading import LogReader
from tracekit.schema import Reject

_ASSIGNS = re.compile(rf"[^\W\d][\w.]*+[ \t]*+=[ \t]*+{NUMBER}(?!\w)")
_FORMS = [f for name, f in FORMS.items() if name not in ("text", "columns")]


@dataclass(frozen=True, slots=True)
class Check:
    """What a dialect reads of a log.

    Args:
        lines: lines with a prefix of the dialect, by family.
        elements: numbers that became elements, by family.
        numbers: numbers on lines with a prefix.
        read: those that are elements, coordinates or inside kept texts.
        unnamed: names that no rule of the dialect mentions, with counts.
        overlooked: lines without a prefix that state a name and a number,
            and no fact.
        example: the first of those, as ``file:line: text``.
        rejects: lines with a prefix that no form fits.
        covered: families that read none of their lines, since an earlier
            family's prefix fits those as well: that family's name.
    """

    lines: dict[str, int]
    elements: dict[str, int]
    numbers: int
    read: int
    unnamed: dict[str, int]
    overlooked: int
    example: str
    rejects: tuple[Reject, ...]
    covered: dict[str, str]

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
    parsed = _parsed(path, spelled)
    lines: Counter[str] = Counter()
    numbers = overlooked = 0
    example = ""
    covered: dict[str, str] = {}
    for number, line in enumerate(LogFile(path).lines(), start=1):
        found = list(spelled.prefix.finditer(line, 0, SEARCHED))
        for prefix in found:
            family = spelled.family_of(prefix)
            lines[family.name] += 1
            _note_covered(covered, spelled, family, prefix)
        if found:
            numbers += count_numbers(line[found[0].end() :])
        elif _states(line[:SEARCHED].strip(), spelled):
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
        {name: by for name, by in covered.items() if name not in lines},
    )


def _parsed(path: Path, dialect: Dialect) -> Parsed:
    """What is read of a log, even if that is nothing."""
    reader = LogReader(Parser(dialect, path.name, path.parent))
    for block in LogFile(path).blocks():
        if isinstance(block, bytes):
            reader.block(block)
        else:
            reader.line(block)
    return parsed_of(reader)


def _states(line: str, dialect: Dialect) -> bool:
    """Whether a line of prose looks like data that no family reads."""
    if not count_numbers(line):
        return False
    if any(fact.pattern.search(line) for fact in dialect.facts):
        return False
    return _ASSIGNS.search(line) is not None or any(
        form(line, dialect.units) for form in _FORMS
    )


def _note_covered(
    covered: dict[str, str],
    dialect: Dialect,
    taken: Family,
    prefix: re.Match[str],
) -> None:
    """Families behind the one that took a line, of a longer prefix."""
    for family in dialect.families[dialect.families.index(taken) + 1 :]:
        longer = family.prefix.match(prefix.string, prefix.start(), SEARCHED)
        if longer is not None and longer.end() > prefix.end():
            covered.setdefault(family.name, taken.name)


def _elements(parsed: Parsed) -> dict[str, int]:
    found: Counter[str] = Counter()
    for event in parsed.events:
        found[event.family] += len(event.values) * (event.kind != "text")
    return dict(found)


def _read(parsed: Parsed) -> int:
    counts = parsed.counts()
    keys = ("elements", "coordinates", "text_numbers")
    return sum(counts[key] for key in keys)


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
