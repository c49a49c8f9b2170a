"""Propose a dialect for a log that no dialect reads yet.

Nothing here decides what a number means. A proposal lists what stands in the
log (prefixes, line forms, names, units behind values, lines that state a
pixel) in the words of a dialect file, for a person to correct.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from tracekit.logs.line_forms import FORMS, Statement
from tracekit.logs.numbers import count_numbers, parse_number

LINES = 200_000
"""How many lines of a log are looked at."""
LONGEST = 4000
"""Characters of a line that are looked at."""

UNITS = {
    "A": "angstrom",
    "Angstrom": "angstrom",
    "Angstroms": "angstrom",
    "angstrom": "angstrom",
    "angstroms": "angstrom",
    "Å": "angstrom",
    "deg": "degree",
    "degree": "degree",
    "degrees": "degree",
    "eV": "eV",
    "keV": "keV",
    "cm": "cm",
    "kg": "kg",
    "m": "m",
    "meter": "m",
    "meters": "m",
    "mm": "mm",
    "nm": "nm",
    "um": "um",
    "photons": "photon",
    "rad": "rad",
    "radians": "rad",
    "s": "s",
    "sr": "sr",
    "J": "J",
    "K": "K",
    "N": "N",
    "Pa": "Pa",
    "V": "V",
    "W": "W",
    "Hz": "Hz",
}
"""Words behind a value that are taken for its unit."""

_TIME = re.compile(
    r"[ \t]*\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?Z?\]?[ \t]+"
)
_TAG = re.compile(
    r"(?P<tag>\[[A-Za-z][^\]=\d]*\]|<[A-Za-z][\w-]*>|[#>*%!$]+"
    r"|[A-Za-z][\w.-]*:(?=[ \t]+(?:[A-Za-z_|]|(?![-+.]?\d)[^\s=\[(][^=]*=))"
    r"|[A-Z][A-Z0-9_]+:(?=[A-Za-z_|])"
    r"|[A-Z][A-Z0-9_]{2,}(?=[ \t]+[A-Za-z_|]))[ \t]*"
)
_TAGS = 3
_PLACE = "pixel|cell|node|point|voxel|site|vertex|particle|ray|column"
_HEADER = re.compile(
    rf"\W*(?:[A-Za-z]+[ \t]+)?(?P<word>(?i:{_PLACE}))\b"
    r"[^\d.\n]*\d+(?:(?P<second>[^\d.\n]+)\d+)?"
    r"(?:[^\w.\[]|\[[A-Za-z, ]*\])*"
)
_DIMS = {"row": "slow", "col": "fast", "spixel": "slow", "fpixel": "fast"}
_DIMS |= {dim: dim for dim in ("slow", "fast", "i", "j", "k", "step")}
_DIMS |= {dim: dim for dim in ("iter", "iteration", "layer", "level")}
_DIMS |= {dim: dim for dim in ("source", "cell", "node", "point", "particle")}
_FORMS = [name for name in FORMS if name != "text"]


@dataclass(slots=True)
class Name:
    """What a log shows of one printed name.

    Args:
        counts: how many numbers followed it, and how often.
        digits: significant digits at most.
        whole: whether every number was a whole one, and not negative.
        placed: whether it was printed below a line that states a pixel.
        texts: how often its value was no number.
    """

    counts: Counter[int] = field(default_factory=Counter)
    digits: int = 0
    whole: bool = True
    placed: bool = False
    texts: int = 0

    @property
    def count(self) -> int:
        """How many numbers it always has; 0 where that changes."""
        return next(iter(self.counts)) if len(self.counts) == 1 else 0

    def coordinates(self, name: str) -> tuple[str, ...]:
        """The dims whose indices it states, as far as names tell."""
        if not self.whole or self.texts:
            return ()
        bare = name.rstrip(":").lower()
        if bare in ("pixel", "px") and self.count == 2:
            return "slow", "fast"
        return (_DIMS[bare],) if bare in _DIMS and self.count == 1 else ()


@dataclass(slots=True)
class Group:
    """Lines that begin alike.

    Args:
        tags: the words before the payload; () where lines begin with a name.
        forms: the forms that fit, and how many lines they fit.
        names: what was printed, by name.
        units: words behind values, with the unit that they stand for.
        left: lines with numbers that no form fits.
        header: a line that states a place, the word and how many indices.
    """

    tags: tuple[str, ...]
    forms: Counter[str] = field(default_factory=Counter)
    names: dict[str, Name] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    left: int = 0
    header: tuple[str, int] | None = None

    @property
    def worth_reading(self) -> bool:
        """Whether it looks like data and not like prose."""
        fitting = sum(self.forms.values())
        signed = {"assigned", "mixed"} & self.forms.keys()
        enough = self.tags or fitting >= 3 or signed
        return bool(enough) and fitting > 0 and fitting >= self.left


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a dialect file for a log could say.

    Args:
        groups: the families of lines, longest prefix first.
        lines: how many lines were looked at.
    """

    groups: tuple[Group, ...]
    lines: int


def propose(lines: Iterable[str]) -> Proposal:
    """Look at the lines of a log.

    Args:
        lines: without their ends; the first 200,000 are looked at.

    >>> found = propose(["DEBUG: omega = 1.5 sr", "DEBUG: hkl = 1 2 3"])
    >>> [(group.tags, list(group.names)) for group in found.groups]
    [(('DEBUG:',), ['omega', 'hkl'])]
    """
    groups: dict[tuple[str, ...], Group] = {}
    placed, count = False, 0
    for line in islice(lines, LINES):
        count += 1
        tags, payload = _split(line[:LONGEST].rstrip())
        group = groups.setdefault(tags, Group(tags))
        header = _HEADER.fullmatch(payload)
        if header is not None:
            indices = 1 if header["second"] is None else 2
            group.header = header["word"], indices
            placed = placed or indices == 2
        elif count_numbers(payload):
            _look(group, payload, placed=placed)
    found = [g for g in groups.values() if g.worth_reading or g.header]
    # the first prefix that fits counts, so "TRACE:" stands before "TRACE"
    found.sort(
        key=lambda group: (
            -len("".join(group.tags)),
            -sum(group.forms.values()),
        )
    )
    return Proposal(tuple(found), count)


def _split(line: str) -> tuple[tuple[str, ...], str]:
    """The tags that a line begins with, and what follows them."""
    time = _TIME.match(line)
    place = time.end() if time else len(line) - len(line.lstrip())
    tags: list[str] = []
    while len(tags) < _TAGS:
        tag = _TAG.match(line, place)
        if tag is None or _HEADER.fullmatch(line, place):
            break
        tags.append(tag["tag"])
        place = tag.end()
    return tuple(tags), line[place:]


def _look(group: Group, payload: str, *, placed: bool) -> None:
    """Note what the first form that fits says of a payload."""
    for form in _FORMS:
        found = FORMS[form](payload, UNITS)
        if found is not None:
            break
    else:
        group.left += 1
        return
    group.forms[form] += 1
    for statement in found:
        if statement.name:
            known = group.names.setdefault(statement.name, Name())
            _note(known, statement, placed=placed)
    _note_units(group, payload, found)


def _note(name: Name, statement: Statement, *, placed: bool) -> None:
    numbers = [parse_number(text) for text in statement.numbers]
    name.counts[len(numbers)] += 1
    name.texts += statement.text is not None
    name.placed = name.placed or placed
    name.digits = max([name.digits, *(n.digits for n in numbers)])
    name.whole = name.whole and all(
        n.integer is not None and n.integer >= 0 for n in numbers
    )


def _note_units(
    group: Group, payload: str, statements: list[Statement]
) -> None:
    if any(statement.unit for statement in statements):
        words = [word for word in payload.split() if word in UNITS]
        group.units |= {word: UNITS[word] for word in words}
