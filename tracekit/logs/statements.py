"""One payload in the words of the dialect: what each name in it means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tracekit.logs.dialect import Dialect, Family, NameRule
from tracekit.logs.events import Reading
from tracekit.logs.line_forms import head_name, leading, text
from tracekit.logs.numbers import parse_number
from tracekit.logs.stated_values import Statement

_BANNER = "banner"
_SUBSCRIPTS = "ijklmn"
_BRACKETS = re.compile(r"[\[(][^\[\]()]*+[\])]")
_COMMA = re.compile(r"(?<![\w.,])[-+]?\d++,\d++(?![\w.,])")


@dataclass(frozen=True, slots=True)
class Line:
    """What one payload says.

    Args:
        values: its statements that are no coordinates, with their rules and
            the indices behind their names, by dim.
        indices: its coordinates, by dim.
        glued: the line that follows without a line end between, or "".
    """

    values: tuple[tuple[Statement, NameRule, Mapping[str, int]], ...]
    indices: Mapping[str, int]
    glued: str = ""


def understand(family: Family, payload: str, dialect: Dialect) -> Line:
    """Read a payload with the forms and names of its family.

    What has a pixel's indices behind its name is a value of that pixel.

    Raises:
        ValueError: no form fits, or the numbers aren't what a name has.
    """
    statements, glued = _statements(family, payload, dialect.units)
    values: list[tuple[Statement, NameRule, Mapping[str, int]]] = []
    indices: dict[str, int] = {}
    for statement in statements:
        rule = _rule(family, statement)
        if rule.coordinates:
            named = _indices(
                statement.name, statement.numbers, rule.coordinates, rule.first
            )
            indices.update(named)
        else:
            if rule.kind == "text" and statement.text is None:
                kept = " ".join(statement.numbers)
                statement = replace(statement, text=kept, numbers=())
            _check_count(statement, rule)
            own = _subscripts(statement, rule)
            if rule.level == "run" and own.keys() & dialect.pixel:
                rule = replace(rule, level="pixel")
            values.append((statement, rule, own))
    return Line(tuple(values), indices, glued)


def expression_of(reading: Reading, statement: Statement) -> Reading:
    """What stood between a name and its final value, as a text of its own."""
    rule = NameRule(
        f"{reading.rule.tap}.expression",
        level=reading.rule.level,
        kind="text",
        need="ignored",
    )
    return Reading(
        reading.family,
        rule,
        (),
        statement.expression,
        None,
        reading.indices,
        reading.iteration,
        listed=False,
        context=reading.context,
        line=reading.line,
    )


def _statements(
    family: Family, payload: str, units: Mapping[str, str]
) -> tuple[list[Statement], str]:
    """The statements of a payload, and a line that was glued to it."""
    head = head_name(payload)
    rule = family.names.get(head[0]) if head else None
    if head and rule and rule.kind == "text":
        return [Statement(head[0], text=head[1])], ""
    for name, form in zip(family.forms, family.functions(), strict=True):
        found = form(payload, units) if name != "text" else None
        if found is not None:
            _check_commas(family, payload)
            if name == "columns":
                found = _of_columns(family, found)
            return found, ""
    if rule and not rule.coordinates:
        part = leading(payload, max(rule.count, 1))
        if part is not None:
            return [part[0]], part[1]
    found = text(payload, units)
    if "text" not in family.forms or found is None:
        raise ValueError(f"no form of {family.name} fits the line")
    return found, ""


def _of_columns(family: Family, row: list[Statement]) -> list[Statement]:
    """A row with the names of its columns."""
    names = family.columns
    if len(row) != len(names):
        raise ValueError(
            f"expected {len(names)} columns ({', '.join(names[:4])} ...), got "
            f"{len(row)}"
        )
    return [
        replace(statement, name=name)
        for statement, name in zip(row, names, strict=True)
    ]


def _check_commas(family: Family, payload: str) -> None:
    """``1,5`` is one number in some countries and two in others."""
    if family.commas == "separate" or "," not in payload:
        return
    unclear = _COMMA.search(_BRACKETS.sub("", payload))
    if unclear is not None:
        raise ValueError(
            f"{unclear.group()!r} is one number with a decimal comma, which "
            "tracekit doesn't read, or two numbers; if it is two, say "
            f'commas = "separate" in the family {family.name!r}'
        )


def _rule(family: Family, statement: Statement) -> NameRule:
    """The rule of a name; one that the dialect doesn't know is its own tap.

    A list without a name is called after its family.
    """
    is_text = statement.text is not None
    name = statement.name or (_BANNER if is_text else family.name)
    rule = family.names.get(name)
    if rule is not None:
        return rule
    banner = is_text and not statement.name
    return NameRule(
        family.tap_prefix + name,
        level="run" if banner else family.level,
        kind="text" if is_text else "float",
        need="ignored" if banner else family.need,
    )


def _subscripts(statement: Statement, rule: NameRule) -> dict[str, int]:
    """The indices behind a name; without a rule their dims are i, j, k ..."""
    words = statement.subscripts
    if not words:
        return {}
    dims = rule.indices or tuple(_SUBSCRIPTS[: len(words)])
    return _indices(statement.name, words, dims, rule.first)


def _indices(
    name: str, words: tuple[str, ...], dims: tuple[str, ...], first: int
) -> dict[str, int]:
    if len(words) != len(dims):
        raise ValueError(
            f"expected {len(dims)} indices after {name!r}, got {len(words)}"
        )
    found: dict[str, int] = {}
    for dim, word in zip(dims, words, strict=True):
        index = parse_number(word).integer
        if index is None:
            raise ValueError(f"the index {name}={word} is no integer")
        found[dim] = index - first
    return found


def _check_count(statement: Statement, rule: NameRule) -> None:
    """A line that was cut inside a vector holds too few numbers."""
    wanted, got = rule.count, len(statement.numbers)
    if statement.text is None and wanted and got != wanted:
        raise ValueError(
            f"expected {wanted} numbers after {statement.name!r}, got {got}"
        )
