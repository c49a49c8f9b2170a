"""Readings of a log become events: indices counted back, digits filled in.

A log prints one pixel's loops in order and no indices. The dialect names the
line that opens an iteration; the n-th one is layer, slow and fast sub-pixel in
mixed radix, with the extents that the program states in prose. Both the
extents and a family's widest number may stand anywhere in the file, so events
are made when all of it is read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tracekit.logs.dialect import Dialect, Family, NameRule
from tracekit.logs.facts import Facts
from tracekit.logs.numbers import (
    EXACT,
    PLACEHOLDER_DIGITS,
    Number,
    PrintFormat,
    widest_format,
)
from tracekit.schema import COMPONENT, Axis, Event, Kind, Need, State

Values = npt.NDArray[np.generic]
Places = npt.NDArray[np.int16]

_KINDS: dict[str, Kind] = {"f": "float", "i": "int", "u": "uint"}
_LARGEST = 2**53
_INT64, _UINT64 = 2**63, 2**64


@dataclass(slots=True)
class Reading:
    """One statement of a line, with the names and indices it had there.

    Args:
        family, rule: what the dialect says about it.
        numbers: the numbers; empty for a text.
        text: a text value, or the placeholder in the place of a number.
        unit: printed behind the value; the rule's unit goes first.
        indices: coordinates that are stated, by dim.
        iteration: which iteration of the counted loops it fell into, -1 where
            none was opened.
        listed: the numbers stood in brackets.
        context: words on the line that are neither name nor value.
        line: number of the line.
    """

    family: Family
    rule: NameRule
    numbers: tuple[Number, ...]
    text: str | None
    unit: str | None
    indices: Mapping[str, int]
    iteration: int
    listed: bool
    context: str
    line: int


@dataclass(slots=True)
class Digits:
    """The largest number of significant digits seen, by family."""

    seen: dict[str, int] = field(default_factory=dict)

    def note(self, family: str, numbers: Sequence[Number]) -> None:
        """Look at the numbers of one line."""
        self.widen(family, max((n.digits for n in numbers), default=0))

    def widen(self, family: str, digits: int) -> None:
        """So many digits were seen."""
        self.seen[family] = max(self.seen.get(family, 0), digits)

    def format_of(self, reading: Reading) -> PrintFormat:
        """Declared for the name or the family, else the widest one seen."""
        family = reading.family
        declared = reading.rule.format or (
            family.list_format if reading.listed else None
        )
        declared = declared or family.format
        return declared or widest_format(self.seen.get(family.name, 0))


@dataclass(slots=True)
class EventMaker:
    """Turns the readings of one file into events.

    Args:
        dialect, facts, digits: what is known about the file.
        file: its name, for events.
        iterations: how many iterations the counted loops had at most.
    """

    dialect: Dialect
    facts: Facts
    digits: Digits
    file: str
    iterations: int

    def event(self, reading: Reading) -> Event:
        """The event of one reading."""
        rule = reading.rule
        kind: Kind = rule.kind
        digits = quantum = None
        texts: list[str | None] = [reading.text]
        if kind == "text":
            values: Values = np.empty(0)
        elif not reading.numbers:
            values, kind = np.array([math.nan]), "float"
            digits = np.array([PLACEHOLDER_DIGITS], np.int16)
            quantum = np.array([EXACT], np.int16)
        else:
            values, texts = _values(reading.numbers, rule.kind)
            kind = _KINDS[values.dtype.kind]
            if kind == "float":
                digits, quantum = self._precision(reading)
        return Event(
            rule.tap,
            values,
            axes=(*self._axes(reading), *_components(reading)),
            kind=kind,
            dtype="text" if rule.kind == "text" else str(values.dtype),
            unit=rule.unit or reading.unit,
            family=reading.family.name,
            need=self._need(rule),
            text=texts if any(t is not None for t in texts) else None,
            digits=digits,
            quantum=quantum,
            file=self.file,
            line=reading.line,
            context=reading.context,
        )

    def _need(self, rule: NameRule) -> Need:
        """Optional where the facts say that the program doesn't use it."""
        unused = self.facts.hold(rule.only_if) is False
        return "optional" if unused and rule.need == "required" else rule.need

    def _precision(self, reading: Reading) -> tuple[Places, Places]:
        form = self.digits.format_of(reading)
        both = [form.precision_of(number) for number in reading.numbers]
        return (
            np.array([digits for digits, _ in both], np.int16),
            np.array([quantum for _, quantum in both], np.int16),
        )

    def _axes(self, reading: Reading) -> list[Axis]:
        level = reading.rule.level
        indices = reading.indices
        if level == "run":
            dims = [d for d in indices if d not in self.dialect.pixel]
            return [_stated(reading, dim, "index") for dim in dims]
        axes = [_stated(reading, dim, "unknown") for dim in self.dialect.pixel]
        loops = self.dialect.loops_to(level)
        for dim, place in self.counted(level, reading.iteration).items():
            axes.append(_stated(reading, dim, *place))
        axes.extend(
            _stated(reading, loop.dim, "fixed")
            for loop in loops
            if not loop.extent
        )
        named = {axis.dim for axis in axes}
        more = [
            _stated(reading, d, "index") for d in indices if d not in named
        ]
        return [*axes, *more]

    def counted(
        self, level: str, iteration: int
    ) -> dict[str, tuple[State, int]]:
        """Indices of an iteration of the loops that a level depends on."""
        loops = [c for c in self.dialect.loops_to(level) if c.extent]
        places = self._count([loop.extent for loop in loops], iteration)
        return dict(zip((loop.dim for loop in loops), places, strict=True))

    def _count(
        self, keys: Sequence[str], iteration: int
    ) -> list[tuple[State, int]]:
        """Indices of the n-th iteration, outermost first.

        The outermost loop goes on counting where a log has more iterations
        than its nest. Without extents one iteration is the first, and of
        several only the order is known.
        """
        place = max(iteration, 0)
        extents = [self.facts.number(key) for key in keys[1:]]
        if None in extents:
            state: State = "counted" if self.iterations <= 1 else "unknown"
            return [(state, 0)] * (len(keys) - 1) + [(state, place)]
        found: list[tuple[State, int]] = []
        for extent in reversed(extents):
            place, index = divmod(place, max(extent or 1, 1))
            found.append(("counted", index))
        return [("counted", place), *reversed(found)] if keys else []


def _stated(
    reading: Reading, dim: str, otherwise: State, index: int = 0
) -> Axis:
    """The axis of a dim: as stated, else as it's known otherwise.

    An index that belongs to the prefix is the only one that this family of
    lines reports.
    """
    if dim not in reading.indices:
        return Axis(dim, index, state=otherwise)
    fixed = dim in reading.family.prefix.groupindex
    return Axis(dim, reading.indices[dim], state="fixed" if fixed else "index")


def _components(reading: Reading) -> tuple[Axis, ...]:
    rule, count = reading.rule, max(len(reading.numbers), 1)
    if rule.components:
        if not reading.numbers:
            return ()
        first = max(rule.part, 0)
        return (Axis(COMPONENT, first, count, labels=rule.components),)
    return (Axis(COMPONENT, 0, count),) if count > 1 else ()


def _values(
    numbers: Sequence[Number], kind: str
) -> tuple[Values, list[str | None]]:
    """Integers where the rule wants them and all of them are."""
    exact = [_integer(number) for number in numbers]
    if kind == "int" and None not in exact:
        whole = [value for value in exact if value is not None]
        if all(-_INT64 <= value < _INT64 for value in whole):
            return np.array(whole, np.int64), _large(whole)
        if all(0 <= value < _UINT64 for value in whole):
            return np.array(whole, np.uint64), _large(whole)
    values = np.array([number.value for number in numbers], np.float64)
    return values, [number.text for number in numbers]


def _integer(number: Number) -> int | None:
    if number.integer is not None:
        return number.integer
    if math.isfinite(number.value) and number.value.is_integer():
        return int(number.value)
    return None


def _large(whole: Sequence[int]) -> list[str | None]:
    return [str(v) if abs(v) > _LARGEST else None for v in whole]
