"""What lines of one shape mean, found out once.

The line parser reads the shape with numbers put into its holes. Where it
makes the same of two different fillings, every number ends up as a value or
as an index, and nothing else depends on it: then all lines of the shape can
be read by column. Whatever is not so is left to the line parser.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from re import Pattern
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from tracekit.logs.dialect import Dialect, Family
from tracekit.logs.events import Reading
from tracekit.logs.parser import Parser
from tracekit.logs.patterns import SEARCHED
from tracekit.logs.tokens import HOLE
from tracekit.schema import COMPONENT, Event

_MOST = 4096
_FILLINGS = (7001, 40501)
_NUMBER_LETTERS = frozenset("0123456789+-.")
_DIGITS = frozenset("0123456789")
_DELIMITERS = frozenset(" \t=([,;")
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)
_STORED = ("float64", "float32", "int64")


@dataclass(frozen=True, slots=True)
class Part:
    """One tap of a line.

    Args:
        item: what the line parser makes of it, with a filling's numbers.
        first, count: which of the line's numbers are its values.
        indices: by dim, the number on the line that is its index.
        constants: indices that all lines of the shape have, by dim.
    """

    item: Reading | Event
    first: int
    count: int
    indices: Mapping[str, int]
    constants: Mapping[str, int]

    @property
    def integers(self) -> bool:
        """Whether the values have to be whole numbers."""
        if isinstance(self.item, Event):
            return self.item.kind == "int"
        return self.item.rule.kind == "int"

    @property
    def states(self) -> str:
        """The key of the fact that the value is as well, or ""."""
        if isinstance(self.item, Event) or self.count > 1:
            return ""
        return self.item.rule.config


@dataclass(frozen=True, slots=True)
class Meaning:
    """What lines of a shape say.

    Args:
        family: of their prefix.
        parts: their taps.
        header: coordinates for the lines that follow, by dim the number that
            is the index; {} where they state none.
        opens: whether they open an iteration of the counted loops.
        coordinates, text_numbers: how many of each a line has.
    """

    family: Family
    parts: tuple[Part, ...]
    header: Mapping[str, int]
    opens: bool
    coordinates: int
    text_numbers: int

    @property
    def scope(self) -> str:
        """How far a header reaches: "" for the file, else the family."""
        return "" if self.family.scope == "file" else self.family.name

    @property
    def index_numbers(self) -> tuple[int, ...]:
        """The numbers of a line that are indices."""
        used = [part.indices.values() for part in self.parts]
        return tuple(
            dict.fromkeys(
                number
                for numbers in (self.header.values(), *used)
                for number in numbers
            )
        )


@dataclass(slots=True)
class Shapes:
    """Meanings of the shapes of one log, as far as they are known.

    Args:
        dialect: how it is spelled.
        stamp: a time that may stand before any line and changes nothing.
    """

    dialect: Dialect
    stamp: str = ""
    _blind: bool = field(init=False)
    _known: dict[bytes, Meaning | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        dialect = self.dialect
        patterns = [dialect.restart, *(f.match for f in dialect.families)]
        patterns += [family.prefix for family in dialect.families]
        self._blind = all(_blind(p) for p in patterns if p is not None)

    def meaning(self, shape: bytes) -> Meaning | None:
        """What lines of this shape say; None: read each by itself."""
        if not self._blind:
            return None
        if shape not in self._known:
            if len(self._known) >= _MOST:
                return None
            self._known[shape] = self._learn(shape)
        return self._known[shape]

    def _learn(self, shape: bytes) -> Meaning | None:
        try:
            text = shape.decode("ascii")
        except ValueError:
            return None
        if HOLE not in text or len(text) > SEARCHED or set(text) & set("\r\0"):
            return None
        first = self._read(text, _FILLINGS[0], None)
        if first is None:
            return None
        whole = frozenset(
            number
            for part in first.parts
            if part.integers
            for number in range(part.first, part.first + part.count)
        ) | frozenset(first.index_numbers)
        second = self._read(text, _FILLINGS[1], whole)
        if not _same(first, second):
            return None
        later = self._read(text, _FILLINGS[1], whole, self.stamp)
        return first if _same(first, later) else None

    def _read(
        self,
        text: str,
        base: int,
        whole: frozenset[int] | None,
        stamp: str = "",
    ) -> Meaning | None:
        """The meaning of one filling.

        Args:
            text: the shape.
            base: of the numbers to put into its holes.
            whole: holes for whole numbers, the others get a fraction and an
                exponent; None for whole numbers everywhere.
            stamp: what stands before.
        """
        pieces = text.split(HOLE)
        words = [
            str(base + hole)
            if whole is None or hole in whole
            else f"-{base + hole}.5e+00"
            for hole in range(len(pieces) - 1)
        ]
        values = {float(word): hole for hole, word in enumerate(words)}
        filled = (
            stamp
            + pieces[0]
            + "".join(
                word + piece
                for word, piece in zip(words, pieces[1:], strict=True)
            )
        )
        prefixes = list(self.dialect.prefix.finditer(filled, 0, SEARCHED))
        restart = self.dialect.restart
        if len(prefixes) != 1 or prefixes[0].start() < len(stamp):
            return None
        if filled[len(stamp) : prefixes[0].start()].strip():
            return None
        if restart and restart.search(filled, 0, SEARCHED):
            return None
        reader = Parser(self.dialect, "")
        reader.line(filled, 1)
        family = self.dialect.family_of(prefixes[0])
        return _meaning(reader, family, values)


def _meaning(
    reader: Parser, family: Family, values: Mapping[float, int]
) -> Meaning | None:
    try:
        items, header, opened = reader.taken()
    except ValueError:
        return None
    later = [item for item in items[1:] if isinstance(item, Reading)]
    if any(item.rule.opens for item in later):
        return None
    if not _states_values(reader, items):
        return None
    parts = [_part(item, values) for item in items]
    held = {dim: values.get(float(index)) for dim, index in header.items()}
    found = [part for part in parts if part is not None]
    if len(found) < len(parts) or None in held.values():
        return None
    meaning = Meaning(
        family,
        tuple(found),
        {dim: hole for dim, hole in held.items() if hole is not None},
        opened,
        reader.coordinates,
        reader.text_numbers,
    )
    used = [hole for part in found for hole in _holes(part)]
    used += meaning.index_numbers
    return meaning if set(used) == set(values.values()) else None


def _states_values(reader: Parser, items: list[Reading | Event]) -> bool:
    """Whether all facts of a line are numbers that are values as well."""
    rules = reader.dialect.config
    keys = {
        item.rule.config
        for item in items
        if isinstance(item, Reading) and len(item.numbers) == 1
    }
    return all(
        key in keys and (key not in rules or rules[key].kind == "number")
        for key in reader.facts.config
    )


def _holes(part: Part) -> range:
    return range(part.first, part.first + part.count)


def _part(item: Reading | Event, values: Mapping[float, int]) -> Part | None:
    if isinstance(item, Event):
        if item.dtype not in _STORED:
            return None
        numbers = [float(value) for value in item.values.tolist()]
        places = {a.dim: a.origin for a in item.axes if a.dim != COMPONENT}
    else:
        if item.rule.kind not in ("float", "int") or item.text is not None:
            return None
        numbers = [number.value for number in item.numbers]
        places = dict(item.indices)
    holes = [values.get(number) for number in numbers]
    if not holes or None in holes:
        return None
    first = holes[0] or 0
    if holes != list(range(first, first + len(holes))):
        return None
    indices = {
        dim: values[float(index)]
        for dim, index in places.items()
        if float(index) in values
    }
    constants = {d: i for d, i in places.items() if d not in indices}
    return Part(item, first, len(holes), indices, constants)


def _same(first: Meaning, second: Meaning | None) -> bool:
    """Whether both fillings were understood alike."""
    return second is not None and _skeleton(first) == _skeleton(second)


def _skeleton(meaning: Meaning) -> Any:
    """All of a meaning but the numbers of its filling."""
    parts = []
    for part in meaning.parts:
        item = part.item
        if isinstance(item, Event):
            axes = [(a.dim, a.extent, a.state, a.labels) for a in item.axes]
            own: Any = (item.tap, item.dtype, item.unit, item.need, axes)
        else:
            own = (item.family.name, item.rule, item.unit, item.listed)
            own += (item.context, item.iteration)
        places = (part.first, part.count, part.indices, part.constants)
        parts.append((own, places))
    return (
        meaning.family.name,
        parts,
        meaning.header,
        meaning.opens,
        meaning.coordinates,
        meaning.text_numbers,
    )


def _blind(pattern: Pattern[str]) -> bool:
    """Whether it matters to a pattern only that a number is there.

    Then it says the same of all lines of a shape. A pattern that holds a
    number of its own, or counts digits, does not.
    """
    return all(_blind_nodes(parser.parse(pattern.pattern)))


def _blind_nodes(
    tree: Any, *, repeated: bool = False, ahead: bool = False
) -> Iterator[bool]:
    """Whether each part is blind.

    Args:
        tree: the parts.
        repeated: they may come any number of times.
        ahead: they are only looked at, so that one letter stands for all
            that may begin a number.
    """
    before = ""
    for place, (operator, argument) in enumerate(tree):
        letter = ""
        many = repeated or (ahead and place == len(tree) - 1)
        if operator is sre.LITERAL:
            letter = chr(argument)
            inside = before != "" and before not in _DELIMITERS
            yield letter not in _NUMBER_LETTERS or inside
        elif operator in _REPEATS:
            low, high, body = argument
            open_end = low <= 1 and high is sre.MAXREPEAT
            yield from _blind_nodes(body, repeated=open_end)
        elif operator is sre.IN:
            taken = _taken(argument)
            whole = _NUMBER_LETTERS if ahead else _DIGITS
            yield not taken or (many and taken >= whole)
        elif operator in (sre.ANY, sre.NOT_LITERAL):
            yield repeated or (many and operator is sre.ANY)
        elif operator is sre.SUBPATTERN:
            yield from _blind_nodes(argument[-1], repeated=repeated)
        elif operator is sre.BRANCH:
            for branch in argument[1]:
                yield from _blind_nodes(
                    branch, repeated=repeated, ahead=ahead and many
                )
        elif operator in (sre.ASSERT, sre.ASSERT_NOT):
            yield from _blind_nodes(argument[1], ahead=True)
        else:
            yield operator is sre.AT
        before = letter


def _taken(members: Any) -> frozenset[str]:
    """The letters of numbers that a set takes."""
    found: set[str] = set()
    negated = False
    for operator, argument in members:
        if operator is sre.NEGATE:
            negated = True
        elif operator is sre.LITERAL:
            found.add(chr(argument))
        elif operator is sre.RANGE:
            found |= {c for c in _NUMBER_LETTERS if _within(c, argument)}
        else:
            found |= {c for c in _NUMBER_LETTERS if _is(argument, c)}
    return _NUMBER_LETTERS - found if negated else _NUMBER_LETTERS & found


def _within(letter: str, ends: tuple[int, int]) -> bool:
    return ends[0] <= ord(letter) <= ends[1]


def _is(category: Any, letter: str) -> bool:
    name = str(category).rpartition("CATEGORY_")[2]
    kinds = {
        "DIGIT": letter.isdecimal(),
        "WORD": letter.isdecimal(),
        "SPACE": False,
    }
    return kinds[name.removeprefix("NOT_")] is not name.startswith("NOT_")
