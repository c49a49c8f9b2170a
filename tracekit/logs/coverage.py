"""What a log could have said: its pixels, and the taps that it must have."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import numpy as np

from tracekit.logs.dialect import Dialect, Family, NameRule
from tracekit.logs.facts import Facts
from tracekit.schema import Coverage, Declared, Event, Need
from tracekit.storage.columns import EventColumns
from tracekit.storage.grid import Ordinals

_STRENGTH: dict[Need, int] = {"ignored": 0, "optional": 1, "required": 2}

_PACKED = 1 << 62


def declared(
    dialect: Dialect, facts: Facts, printed: Mapping[str, Collection[str]]
) -> list[Declared]:
    """The taps of a dialect, and whether the log at hand must have them.

    Args:
        dialect: how the log is spelled.
        facts: what the log states about the run.
        printed: the families of which it has lines, with their taps.
    """
    tracing = any(
        family.printed == "pixel" and family.name in printed
        for family in dialect.families
    )
    found: dict[str, Need] = {}
    rules: dict[str, NameRule] = {}
    for family in dialect.families:
        taps = printed.get(family.name, ())
        for name, rule in family.names.items():
            if rule.coordinates:
                continue
            need = _need(family, rule, facts, tracing=tracing)
            alone = rule.beside != "" and rule.beside not in taps
            if need == "required" and (alone or name in family.rare):
                need = "optional"
            if rule.derived:
                rules.setdefault(rule.tap, rule)
            before = found.setdefault(rule.tap, need)
            if _STRENGTH[need] > _STRENGTH[before]:
                found[rule.tap] = need
    return [_declared(tap, need, rules) for tap, need in found.items()]


def _declared(tap: str, need: Need, rules: Mapping[str, NameRule]) -> Declared:
    """The tap, with what it is derived from if it is."""
    if tap not in rules:
        return Declared(tap, need)
    rule = rules[tap]
    return Declared(
        tap, need, derived=rule.derived, unit=rule.unit, origin=rule.origin
    )


def pixel_coverage(
    dims: tuple[str, str],
    patterns: Iterable[Event],
    known: Ordinals,
) -> Coverage:
    """The pixels of events.

    Args:
        dims: of the pixel.
        patterns: of all events, as in ``EventColumns``.
        known: the pixels, a row each, in order.
    """
    if not len(known) or any(_unknown(event, dims) for event in patterns):
        return Coverage(dims, "unknown")
    return Coverage(dims, "selected", known)


def pixels_of(
    dims: tuple[str, str], columns: Iterable[EventColumns]
) -> Iterator[Ordinals]:
    """The pixels of events, in pairs."""
    for part in columns:
        place = {axis.dim: n for n, axis in enumerate(part.pattern.axes)}
        own = [place[dim] for dim in dims if dim in place]
        if len(own) == len(dims) and not _unknown(part.pattern, dims):
            yield distinct(part.origins[:, own])


def _unknown(event: Event, dims: tuple[str, str]) -> bool:
    """Whether it has a pixel that isn't stated."""
    return any(a.dim in dims and a.state == "unknown" for a in event.axes)


def distinct_pixels(parts: Sequence[Ordinals]) -> Ordinals:
    """Pairs of indices, each once."""
    rows = np.concatenate([np.empty((0, 2), np.int64), *parts])
    if not len(rows):
        return rows
    low, high = rows.min(axis=0), rows.max(axis=0)
    width = int(high[1]) - int(low[1]) + 1
    if (int(high[0]) - int(low[0]) + 1) * width >= _PACKED:
        return np.unique(rows, axis=0)
    packed = (rows[:, 0] - low[0]) * width + rows[:, 1] - low[1]
    if not bool(np.all(packed[1:] > packed[:-1])):
        packed = np.unique(packed)
    found: Ordinals = np.stack(np.divmod(packed, width), axis=1) + low
    return found


def distinct(rows: Ordinals) -> Ordinals:
    """Rows without those that repeat the one before."""
    fresh = np.ones(len(rows), bool)
    fresh[1:] = np.any(rows[1:] != rows[:-1], axis=1)
    return rows[fresh]


def _need(
    family: Family, rule: NameRule, facts: Facts, *, tracing: bool
) -> Need:
    """Required only where a program that printed this log prints the name."""
    if rule.need != "required":
        return rule.need
    if family.printed == "sometimes":
        return "optional"
    if family.printed == "pixel" and not tracing:
        return "optional"
    return "required" if facts.hold(rule.only_if) else "optional"
