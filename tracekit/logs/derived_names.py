"""What a dialect says of names that are derived: from which taps, and how.

A dialect knows the units of its taps, so an expression leaves here with the
unit that each of them is meant in.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tracekit.errors import LogError
from tracekit.expressions import (
    ExpressionError,
    Tap,
    parse,
    spelled,
    with_taps,
)
from tracekit.logs.dialect import FOLDER, NameRule

Groups = Mapping[str, dict[str, NameRule]]
_SOME = 3


def resolved(
    groups: Groups, path: Path, text: str
) -> dict[str, dict[str, NameRule]]:
    """The rules, with what derived names are made of checked and spelled.

    Args:
        groups: rules by printed name, by table.
        path: the dialect's file.
        text: what it holds.

    Raises:
        LogError: an expression can't be read, or names what isn't there.
    """
    return {
        group: {
            name: _Name(groups, group, name, path, text).resolved()
            if rule.derived
            else rule
            for name, rule in rules.items()
        }
        for group, rules in groups.items()
    }


@dataclass(frozen=True, slots=True)
class _Name:
    """A derived name of a dialect, and where it stands."""

    groups: Groups
    group: str
    name: str
    path: Path
    text: str

    @property
    def rule(self) -> NameRule:
        return self.groups[self.group][self.name]

    @property
    def origin(self) -> str:
        """file:line of the expression; a shipped dialect by its name."""
        shipped = self.path.parent == FOLDER
        file = self.path.name if shipped else str(self.path)
        line = _line(self.text.splitlines(), self.group, self.name)
        return f"{file}:{line}" if line else file

    def fail(self, reason: str) -> LogError:
        return LogError(
            f"{self.origin}: names.{self.group}.{self.name}: derived = "
            f"{self.rule.derived!r}: {reason}"
        )

    def resolved(self) -> NameRule:
        if self.rule.need == "ignored":
            raise self.fail("need = 'ignored', so nothing compares it")
        try:
            found = with_taps(parse(self.rule.derived), self._known)
            text = spelled(found)
            parse(text)  # with units in it, it may be too long
        except ExpressionError as error:
            raise self.fail(str(error)) from None
        return replace(self.rule, derived=text, origin=self.origin)

    def _known(self, tap: Tap) -> Tap:
        """The tap with the unit in which the dialect has it."""
        rules = self._rules(tap)
        components = {r.components for r in rules if r.components}
        if (
            isinstance(tap.component, str)
            and components
            and not any(tap.component in labels for labels in components)
        ):
            known = " or ".join(" ".join(c) for c in sorted(components))
            raise self.fail(
                f"{tap.name} has no component {tap.component!r}; it has "
                f"{known}"
            )
        units = {r.unit for r in rules if r.unit}
        if tap.unit or not units:
            return tap
        if len(units) > 1:
            raise self.fail(
                f"{tap.name} is printed in {' and in '.join(sorted(units))}; "
                f'say which is meant, {tap.name}["{min(units)}"]'
            )
        return replace(tap, unit=units.pop())

    def _rules(self, tap: Tap) -> list[NameRule]:
        """Rules that make the tap: those of this table, else of any."""
        made = list(_made(self.groups))
        rules = [
            rule
            for group, rule in made
            if group == self.group and rule.tap == tap.name
        ] or [rule for _, rule in made if rule.tap == tap.name]
        if not rules:
            from difflib import get_close_matches

            names = sorted({rule.tap for _, rule in made})
            near = get_close_matches(tap.name, names, _SOME)
            raise self.fail(
                f"no name of this dialect makes a tap {tap.name!r}"
                + (f"; did you mean {' or '.join(near)}?" if near else "")
            )
        if any(rule.derived for rule in rules):
            raise self.fail(
                f"{tap.name} is derived itself; write what that is made of"
            )
        return rules


def _made(groups: Groups) -> Iterator[tuple[str, NameRule]]:
    """All rules that make taps of numbers, with their tables."""
    for group, rules in groups.items():
        for rule in rules.values():
            if not rule.coordinates and rule.kind != "text":
                yield group, rule


def _line(lines: list[str], group: str, name: str) -> int:
    """The line that says what a name is derived from; 0 if it isn't found."""
    title = ""
    for number, line in enumerate(lines, start=1):
        start = line.lstrip()
        if start[:1] == "[":
            title = line
        elif start[:7] == "derived" and _puts(title, group, name):
            return number
    return 0


def _puts(title: str, group: str, name: str) -> bool:
    """Whether the title of a table is that of a name's rule."""
    try:
        (found,) = tomllib.loads(title)["names"][group]
    except (tomllib.TOMLDecodeError, KeyError, ValueError, TypeError):
        return False
    return bool(found == name)
