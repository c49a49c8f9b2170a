"""A dialect: how one program spells its log.

The types here are what a dialect file (TOML) says, checked and with every
regular expression compiled; ``dialect_file`` reads the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tracekit.logs.line_forms import FORMS
from tracekit.logs.numbers import PrintFormat
from tracekit.logs.patterns import SEARCHED
from tracekit.logs.stated_values import Form
from tracekit.schema import Kind, Need, Role

FOLDER = Path(__file__).parent / "dialects"
"""The shipped dialects, in a checkout and in an installed wheel alike."""

Reads = Literal[
    "statements",
    "tap",
    "array",
    "config",
    "file",
    "covers",
    "taps",
    "refused",
    "unknown",
]
Printed = Literal["always", "pixel", "sometimes"]
ConfigKind = Literal["number", "text"]


@dataclass(frozen=True, slots=True)
class NameRule:
    """What a printed name really is.

    Args:
        tap: the tap's name.
        unit: spelled out; None where the name states none.
        components: labels of a vector's components, () for a single number.
        part: which of them the name is alone; -1 where it is all of them.
        level: innermost loop that the value depends on, ``pixel`` or ``run``.
        kind, need: as for events.
        format: print format, where it isn't the family's.
        config: the configuration key that the value states as well.
        opens: whether the line opens an iteration of the counted loops.
        coordinates: dims whose indices the numbers are; then it's no tap.
        indices: dims of the indices in brackets behind the name.
        first: the first index as the program counts.
        only_if: facts without which the program doesn't use the value, so
            that the other side needn't have it.
        beside: the tap beside which it is printed; without that it says
            nothing that the name is missing.
        derived: an expression over other taps, for a name that the program
            prints and never uses; with the unit of each of them.
        origin: file:line of it.
        why: the reason for a renaming, an unusual unit or ``ignored``.
    """

    tap: str
    unit: str | None = None
    components: tuple[str, ...] = ()
    part: int = -1
    level: str = "run"
    kind: Kind = "float"
    need: Need = "required"
    format: PrintFormat | None = None
    config: str = ""
    opens: bool = False
    coordinates: tuple[str, ...] = ()
    indices: tuple[str, ...] = ()
    first: int = 0
    only_if: tuple[tuple[str, str], ...] = ()
    beside: str = ""
    derived: str = ""
    origin: str = ""
    why: str = ""

    @property
    def count(self) -> int:
        """How many numbers the name has, 0 where any number will do."""
        return 1 if self.part >= 0 else len(self.components)


@dataclass(frozen=True, slots=True)
class Family:
    """A family of lines that share a prefix.

    Args:
        name: as it's kept in events.
        prefix: the pattern before the payload; its named groups are
            coordinates ("SOURCE 0:").
        reads: ``statements`` in one of the ``forms``, or a self-describing
            line of tracekit's own grammar.
        forms: names of the line forms to try.
        names: rules by printed name.
        rare: those names that only some builds print in this family.
        format: print format; None where it isn't known.
        list_format: print format of numbers in brackets.
        level, need: of names that have no rule.
        tap_prefix: stands before the tap names that have no rule.
        printed: ``always``, only with a traced ``pixel``, or ``sometimes``
            (some builds): whether a missing tap means anything.
        match: a pattern whose named groups are coordinates.
        scope: how far a line that only states coordinates reaches: the
            ``family`` or the whole ``file``.
        stream: families of one stream share the count of iterations.
        columns: names of the columns, for rows of a table.
        commas: what ``1,5`` is: two numbers, or nobody knows ("unclear").
    """

    name: str
    prefix: re.Pattern[str]
    reads: Reads = "statements"
    forms: tuple[str, ...] = ()
    names: dict[str, NameRule] = field(default_factory=dict)
    rare: frozenset[str] = frozenset()
    format: PrintFormat | None = None
    list_format: PrintFormat | None = None
    level: str = "run"
    need: Need = "optional"
    tap_prefix: str = ""
    printed: Printed = "always"
    match: re.Pattern[str] | None = None
    scope: Literal["family", "file"] = "family"
    stream: str = ""
    columns: tuple[str, ...] = ()
    commas: Literal["unclear", "separate"] = "unclear"

    def functions(self) -> tuple[Form, ...]:
        """The forms as functions."""
        return tuple(FORMS[name] for name in self.forms)


@dataclass(frozen=True, slots=True)
class ConfigKey:
    """A configuration key that prose states."""

    unit: str | None = None
    kind: ConfigKind = "number"
    format: PrintFormat | None = None
    decisive: bool = True


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of prose that states facts.

    Args:
        pattern: searched in the line; named groups are keys.
        states: keys with their texts, for a line that states them by itself.
        role: how a file that the line names is used, "" if it names none.
        file: the file's name; "" where the group ``file`` holds it.
    """

    pattern: re.Pattern[str]
    states: tuple[tuple[str, str], ...] = ()
    role: Role | Literal[""] = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Silence:
    """A fact stated by a line that is missing, where a witness is there."""

    witness: str
    key: str
    says: str


@dataclass(frozen=True, slots=True)
class Loop:
    """One loop of the nest.

    ``extent`` is the configuration key of its length for a loop that is
    counted back, "" for one of which only the first index is reported.
    """

    dim: str
    extent: str = ""


@dataclass(frozen=True, slots=True)
class Dialect:
    """Everything that a dialect file says."""

    name: str
    program: str
    families: tuple[Family, ...]
    prefix: re.Pattern[str]
    declares: bool = True
    pixel: tuple[str, str] = ("slow", "fast")
    file_names: tuple[re.Pattern[str], ...] = ()
    loops: tuple[Loop, ...] = ()
    restart: re.Pattern[str] | None = None
    units: dict[str, str] = field(default_factory=dict)
    config: dict[str, ConfigKey] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
    silences: tuple[Silence, ...] = ()

    def patterns(self) -> list[re.Pattern[str]]:
        """All patterns that lines are searched for."""
        of_families = [(f.prefix, f.match) for f in self.families]
        found = [*(p for pair in of_families for p in pair), self.restart]
        return [p for p in found if p] + [f.pattern for f in self.facts]

    def derived(self) -> list[NameRule]:
        """The rules of names that are made of other taps."""
        rules = [rule for f in self.families for rule in f.names.values()]
        return [rule for rule in rules if rule.derived]

    def family_of(self, found: re.Match[str]) -> Family:
        """The family whose prefix matched as part of ``prefix``."""
        return self.families[int((found.lastgroup or "f0")[1:])]

    def pixel_of_file(self, name: str) -> tuple[int, int] | None:
        """The pixel that a file name states."""
        for pattern in self.file_names:
            found = pattern.search(name, 0, SEARCHED)
            if found is not None:
                slow, fast = self.pixel
                return int(found[slow]), int(found[fast])
        return None

    def loops_to(self, level: str) -> tuple[Loop, ...]:
        """The loops that a value at this level depends on."""
        for place, loop in enumerate(self.loops):
            if loop.dim == level:
                return self.loops[: place + 1]
        return ()
