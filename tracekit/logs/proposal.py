"""Propose a dialect for a log that no dialect reads yet.

Nothing here decides what a number means. A proposal lists what stands in the
log (prefixes, line forms, names, units behind values, lines that state a
pixel) in the words of a dialect file, for a person to correct.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import islice

from tracekit.logs.line_forms import FORMS
from tracekit.logs.numbers import count_numbers, parse_number
from tracekit.logs.proposal_tables import TableFinder, row_pattern
from tracekit.logs.stated_values import Statement
from tracekit.logs.unit_words import UnitWords

LINES = 200_000
"""How many lines of a log are looked at."""
LONGEST = 4000
"""Characters of a line that are looked at."""

MOST_GROUPS = 40
"""Families of lines that are proposed, those with most lines."""

TIME = r"(?:\[?\d[\d:T.,-]*+Z?\]?[ \t]++){0,2}+"
"""Pattern of the date and the time that a line may begin with."""

_TIME = re.compile(
    r"[ \t]*+(?:\[?\d\d+[-:/]\d\d[\d:T.,/-]*+Z?\]?[ \t]++){0,2}+"
)
_TAG = re.compile(
    r"(?P<tag>\[[A-Za-z][^\]=\d]*\]|<[A-Za-z][\w-]*>|[#>*%!$]+"
    r"|[A-Za-z][\w.-]*:(?=[ \t]+(?:[A-Za-z_|]|(?![-+.]?\d)[^\s=\[(][^=]*=))"
    r"|[A-Z][A-Z0-9_]+:(?=[A-Za-z_|])"
    r"|[A-Z][A-Z0-9_]{2,}(?=[ \t]+[A-Za-z_|]))[ \t]*"
)
_TAGS = 3
_WORDS = re.compile(
    r"(?P<words>[A-Za-z][\w-]*+(?:[ \t]+[A-Za-z][\w-]*+){0,2}?)[ \t]+"
    r"(?=[^\W\d][\w.]*+(?:[(\[][-\d, \t]+[)\]])*[ \t]*[=:])"
)
_PLACE = "pixel|px|cell|node|point|voxel|site|vertex|particle|ray|column"
_HEADER = re.compile(
    rf"\W*(?:[A-Za-z]+[ \t]+)?(?P<word>(?i:{_PLACE}))\b"
    r"[^\d.\n]*\d+(?:(?P<second>[^\d.\n]+)\d+)?"
    r"(?:[^\w.\[]|\[[A-Za-z, ]*\]|\b(?:begin|start)[a-z]*+)*"
)
_PLACES = frozenset(_PLACE.split("|"))
_DIMS = {"row": "slow", "col": "fast", "spixel": "slow", "fpixel": "fast"}
_DIMS |= {dim: dim for dim in ("slow", "fast", "i", "j", "k", "step")}
_DIMS |= {dim: dim for dim in ("iter", "iteration", "layer", "level")}
_DIMS |= {dim: dim for dim in ("depth", "bounce", "frame", "timestep")}
_DIMS |= {dim: dim for dim in ("source", "cell", "node", "point", "particle")}
_FORMS = [name for name in FORMS if name not in ("text", "columns")]
_UNITS = UnitWords()
_ENOUGH = 3
_DIGITS = re.compile(r"\d+")
_ALIKE = 100
"""Lines that differ in their digits only, of which no more are looked at."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person says of a printed name, where it was asked for.

    Args:
        tap: the tap's name.
        unit: "" for none, and for the one behind its values.
        indices: the dims of the indices behind the name.
    """

    tap: str
    unit: str = ""
    indices: tuple[str, ...] = ()


@dataclass(slots=True)
class Name:
    """What a log shows of one printed name.

    Args:
        counts: how many numbers followed it, and how often.
        digits: significant digits at most.
        whole: whether every number was a whole one, and not negative.
        placed: whether it was printed below a line that states a pixel.
        texts: how often its value was no number.
        subscripts: how many indices stood behind it in brackets.
        lowest: the lowest of those indices.
        unit: the last unit behind its values.
        example: the first of its values, as text.
        answer: what a person said that it is.
    """

    counts: Counter[int] = field(default_factory=Counter)
    digits: int = 0
    whole: bool = True
    placed: bool = False
    texts: int = 0
    subscripts: int = 0
    lowest: int = 0
    unit: str = ""
    example: str = ""
    answer: Answer | None = None

    @property
    def count(self) -> int:
        """How many numbers it always has; 0 where that changes."""
        return next(iter(self.counts)) if len(self.counts) == 1 else 0

    @property
    def indices(self) -> tuple[str, ...]:
        """Dims for the indices behind the name: two are taken for a pixel."""
        if self.answer and self.answer.indices:
            return self.answer.indices
        return (
            ("slow", "fast")
            if self.subscripts == 2
            else tuple("ijklmn"[: self.subscripts])
        )

    def coordinates(self, name: str) -> tuple[str, ...]:
        """The dims whose indices it states, as far as names tell."""
        if not self.whole or self.texts or self.subscripts:
            return ()
        bare = name.rstrip(":").lower()
        if bare in _PLACES and self.count == 2:
            return "slow", "fast"
        return (_DIMS[bare],) if bare in _DIMS and self.count == 1 else ()


@dataclass(slots=True)
class Group:
    """Lines that begin alike.

    Args:
        tags: the words before the payload; () where lines begin with a name.
        anchored: whether the tags are plain words that begin a line.
        timed: whether lines begin with a date or a time.
        payloads: lines with numbers, and whether a pixel was stated above.
        fitting: how many lines which forms fit.
        forms: the forms to try, in this order.
        names: what was printed, by name.
        units: words behind values, with the unit that they stand for.
        unread: lines with numbers that no form fits, by their first word.
        header: a line that states a place, the word and how many indices.
        ahead: a pattern of its payloads, where they don't begin with names.
        columns: names of the columns, of rows of a table.
        commas: whether commas separate those.
    """

    tags: tuple[str, ...]
    anchored: bool = False
    timed: bool = False
    payloads: list[tuple[str, bool]] = field(default_factory=list)
    fitting: Counter[tuple[str, ...]] = field(default_factory=Counter)
    forms: tuple[str, ...] = ()
    names: dict[str, Name] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)
    header: tuple[str, int] | None = None
    ahead: str = ""
    columns: tuple[str, ...] = ()
    commas: bool = False

    @property
    def lines(self) -> int:
        """How many lines its forms fit."""
        return sum(count for forms, count in self.fitting.items() if forms)

    @property
    def left(self) -> int:
        """Lines with its prefix that no form fits."""
        if self.tags or self.ahead:
            return self.unread.total()
        return sum(self.unread[name] for name in self.names)

    @property
    def worth_reading(self) -> bool:
        """Whether it looks like data and not like prose."""
        signed = {"assigned", "mixed"} & set(self.forms)
        if self.columns:
            return self.lines > 1
        enough = self.tags or self.ahead or self.lines >= _ENOUGH or signed
        return bool(enough) and self.lines > 0 and self.lines >= self.left


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
    tables = TableFinder()
    alike: Counter[str] = Counter()
    placed, count = False, 0
    for line in islice(lines, LINES):
        count += 1
        shape = _DIGITS.sub("0", line[:LONGEST])
        alike[shape] += 1
        if alike[shape] > _ALIKE:
            continue
        columns = tables.columns_of(line[:LONGEST])
        if columns:
            _row(groups, columns, line[:LONGEST], placed=placed)
            continue
        tags, payload, timed = _split(line[:LONGEST].rstrip())
        header = _HEADER.fullmatch(payload)
        if header is not None:
            group = groups.setdefault(tags, Group(tags))
            group.timed |= timed
            indices = 1 if header["second"] is None else 2
            group.header = header["word"], indices
            placed = placed or indices == 2
        elif count_numbers(payload):
            group = _sort(groups, tags, payload, placed=placed)
            group.timed |= timed
    for group in groups.values():
        _learn(group)
    found = [g for g in groups.values() if g.worth_reading or g.header]
    found.sort(key=lambda group: (group.header is None, -group.lines))
    # the first prefix that fits counts, so "TRACE:" stands before "TRACE"
    best = sorted(
        found[:MOST_GROUPS], key=lambda group: -len("".join(group.tags))
    )
    return Proposal(tuple(best), count)


def _split(line: str) -> tuple[tuple[str, ...], str, bool]:
    """The tags that a line begins with, what follows, and if it has a time."""
    time = _TIME.match(line)
    place = begin = time.end() if time else 0
    tags: list[str] = []
    while len(tags) < _TAGS:
        tag = _TAG.match(line, place)
        if tag is None or _HEADER.fullmatch(line, place):
            break
        tags.append(tag["tag"])
        place = tag.end()
    return tuple(tags), line[place:], line[:begin].strip() != ""


def _sort(
    groups: dict[tuple[str, ...], Group],
    tags: tuple[str, ...],
    payload: str,
    *,
    placed: bool,
) -> Group:
    """Put a line into its group; words before a record are part of that."""
    forms, labels = _fitting(payload)
    split = not forms or labels > bool(tags)
    words = _WORDS.match(payload) if split else None
    if words is not None:
        rest = payload[words.end() :]
        inside, _ = _fitting(rest)
        if inside:
            tags = (*tags, *words["words"].split())
            payload, forms = rest, inside
    group = (
        groups.setdefault((*tags, "{"), Group(tags, ahead=r"\{"))
        if "json" in forms
        else groups.setdefault(tags, Group(tags))
    )
    group.anchored = group.anchored or words is not None
    group.payloads.append((payload, placed))
    group.fitting[forms] += 1
    return group


def _row(
    groups: dict[tuple[str, ...], Group],
    columns: tuple[str, ...],
    line: str,
    *,
    placed: bool,
) -> None:
    """Put a row into the group of its table."""
    group = groups.setdefault(
        ("row", *columns),
        Group((), ahead=row_pattern(len(columns)), columns=columns),
    )
    group.commas = group.commas or "," in line
    group.payloads.append((line, placed))
    group.fitting["columns",] += 1


def _fitting(payload: str) -> tuple[tuple[str, ...], int]:
    """The forms that fit, and how many names have words before them.

    Forms that need such words give way to those that don't.
    """
    labels: dict[str, int] = {}
    for name in _FORMS:
        found = FORMS[name](payload, _UNITS)
        if found:
            labels[name] = sum(bool(statement.label) for statement in found)
    least = min(labels.values(), default=0)
    return tuple(name for name, n in labels.items() if n == least), least


def _learn(group: Group) -> None:
    """Choose the forms of a group, and note what they say of its lines."""
    group.forms = _chosen(group.fitting)
    for payload, placed in group.payloads:
        found = next(
            filter(None, (FORMS[f](payload, _UNITS) for f in group.forms)),
            None,
        )
        if found is None:
            group.unread[payload.split(maxsplit=1)[0]] += 1
            continue
        if group.columns:
            pairs = zip(found, group.columns, strict=True)
            found = [replace(one, name=name) for one, name in pairs]
        placed = placed or any(map(_is_place, found))
        for statement in found:
            if statement.name:
                known = group.names.setdefault(statement.name, Name())
                _note(known, statement, placed=placed)
        _note_units(group, payload, found)


def _is_place(statement: Statement) -> bool:
    """Whether a line says by itself which pixel its values are of."""
    bare = statement.name.rstrip(":").lower()
    return bare in _PLACES and len(statement.numbers) == 2


def _chosen(fitting: Counter[tuple[str, ...]]) -> tuple[str, ...]:
    """Few forms that fit all lines; ``mixed``, the strictest, goes first."""
    left, chosen = dict(fitting), []
    while any(left):
        best = max(
            FORMS, key=lambda f: sum(n for fit, n in left.items() if f in fit)
        )
        chosen.append(best)
        left = {fit: n for fit, n in left.items() if best not in fit}
    return tuple(sorted(chosen, key=lambda form: form != "mixed"))


def _note(name: Name, statement: Statement, *, placed: bool) -> None:
    numbers = [parse_number(text) for text in statement.numbers]
    indices = [int(text) for text in statement.subscripts]
    if statement.text is None:
        name.counts[len(numbers)] += 1
    name.texts += statement.text is not None
    name.placed = name.placed or placed
    name.digits = max([name.digits, *(n.digits for n in numbers)])
    name.whole = name.whole and all(
        n.integer is not None and n.integer >= 0 for n in numbers
    )
    if indices:
        lowest = min(indices)
        name.lowest = min(name.lowest, lowest) if name.subscripts else lowest
    name.subscripts = max(name.subscripts, len(indices))
    name.unit = statement.unit or name.unit
    shown = " ".join(statement.numbers) or statement.text or ""
    name.example = name.example or shown


def _note_units(
    group: Group, payload: str, statements: list[Statement]
) -> None:
    if any(statement.unit for statement in statements):
        words = re.split(r"[ \t,;]+", payload)
        group.units |= {w: _UNITS[w] for w in words if w in _UNITS}
