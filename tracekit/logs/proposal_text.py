"""A proposal as the text of a dialect file, with what to check beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import count

from tracekit.logs.proposal import TIME, Group, Name, Proposal
from tracekit.logs.unit_words import UnitWords

_HEADING = """\
# Proposed from {source} by `tracekit dialect init`: guesses to check.
# `tracekit dialect check` shows what this file reads of a log.
dialect = {name}
program = {name}
"""
_SUFFIX = {
    "_A_inv": "1/angstrom",
    "_m": "m",
    "_mm": "mm",
    "_meters": "m",
    "_A": "angstrom",
    "_angstroms": "angstrom",
    "_deg": "degree",
    "_rad": "rad",
    "_sr": "sr",
    "_eV": "eV",
    "_keV": "keV",
}
_LONGEST = 1500
_IN_BRACKETS = re.compile(r"(?P<name>[^\[(]+)[\[(](?P<unit>[^\])]+)[\])]")
_UNITS = UnitWords()
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def dialect_text(proposal: Proposal, name: str, source: str) -> str:
    """The TOML text of a proposal.

    Args:
        proposal: what was found in a log.
        name: the dialect's and, for now, the program's name.
        source: what it was found in, for the heading.

    >>> from tracekit.logs.proposal import propose
    >>> lines = ["DEBUG: omega = 1.5 sr"]
    >>> "prefix = 'DEBUG:'" in dialect_text(propose(lines), "mine", "log")
    True
    """
    parts = [
        _HEADING.format(source=_text(source), name=_text(name)),
        *_units(proposal),
    ]
    tables: set[str] = set()
    for group in proposal.groups:
        table = _table(group, tables)
        parts += _header_family(group, table)
        if group.worth_reading:
            parts.append(_family(group, table))
            parts += _rules(group, table)
    return "\n".join(parts)


def _table(group: Group, taken: set[str]) -> str:
    """A name for a family, from the words that its lines begin with."""
    words = re.findall(r"[A-Za-z0-9]+", " ".join(group.tags))
    kind = "rows" if group.columns else "records" if group.ahead else "lines"
    bare = "_".join(words).lower() or kind
    name = bare
    for number in count(2):
        if name not in taken:
            break
        name = f"{bare}{number}"
    taken.add(name)
    return name


def _units(proposal: Proposal) -> Iterator[str]:
    words = {
        word: unit
        for group in proposal.groups
        for word, unit in group.units.items()
    }
    if words:
        yield "# Words behind a value, and the unit that they stand for.\n" + (
            "[units]\n"
            + "".join(
                f"{_key(word)} = {_text(unit)}\n"
                for word, unit in sorted(words.items())
            )
        )


def _header_family(group: Group, table: str) -> Iterator[str]:
    """The family of the lines that only say where the next ones are."""
    if group.header is None:
        return
    word, indices = group.header
    dims = ("slow", "fast") if indices == 2 else (word.lower(),)
    start = _prefix(group) if group.tags else _start(group)
    shape = rf"\b{word}\b" + r"[^\d.]*+\d++" * indices
    groups = rf"{word}" + "".join(rf"[^\d.]*+(?P<{d}>\d++)" for d in dims)
    which = "  # which of the two is slow?" if indices == 2 else ""
    prefix = rf"{start}(?=[^\d]*{shape}[^\d.]*+$)"
    yield (
        "# Lines that say where the values below them are.\n"
        "[[family]]\n"
        f'name = "{table} place"\n'
        f"prefix = {_pattern(prefix)}\n"
        f"match = {_pattern(groups)}{which}\n"
        'scope = "file"\n'
    )


def _family(group: Group, table: str) -> str:
    forms = list(group.forms)
    left = ""
    if group.left:
        forms.append("text")
        left = f"  # {group.left} lines fit no other form"
    digits = max((name.digits for name in group.names.values()), default=0)
    return (
        "[[family]]\n"
        f'name = "{table}"\n'
        f"prefix = {_pattern(_prefix(group))}\n"
        f"forms = {_text(forms)}{left}\n"
        + _columns(group)
        + (f'names = ["{table}"]\n' if group.names else "")
        + f'# format = "%.{digits}g"  # what does the printf say?\n'
    )


def _columns(group: Group) -> str:
    """The names of a table's columns."""
    if not group.columns:
        return ""
    commas = 'commas = "separate"\n' if group.commas else ""
    return f"columns = {_text(list(group.columns))}\n{commas}"


def _prefix(group: Group) -> str:
    """The pattern before the payload, from the tags or from the names."""
    if group.ahead and not group.tags:
        return rf"{_start(group)}(?={group.ahead})"
    if group.tags:
        tags = r"[ \t]*".join(re.escape(tag) for tag in group.tags)
        return (
            rf"{_start(group)}{tags}(?![\w=.+-])" if group.anchored else tags
        )
    words = sorted(group.names, key=lambda name: (-len(name), name))
    names = "|".join(re.escape(word) for word in words)
    if len(names) > _LONGEST:
        names = r"[^\W\d][\w.]*"
    return rf"{_start(group)}(?=(?:{names})(?![\w.+-]))"


def _start(group: Group) -> str:
    return r"^[ \t]*+" + (TIME if group.timed else "")


def _rules(group: Group, table: str) -> Iterator[str]:
    for name, seen in group.names.items():
        yield f"[names.{table}.{_key(name)}]\n" + "".join(
            f"{line}\n" for line in _rule(name, seen)
        )


def _rule(name: str, seen: Name) -> Iterator[str]:
    """The keys of one name, most telling first."""
    dims = seen.coordinates(name)
    if dims:
        yield f"coordinates = {_text(list(dims))}"
        return
    bare, unit = split_unit(name.strip(":"))
    if seen.answer:
        bare, unit = seen.answer.tap, seen.answer.unit
    if bare != name:
        yield f"tap = {_text(bare)}"
    if unit:
        yield f"unit = {_text(unit)}"
    if seen.texts:
        yield 'kind = "text"'
    if seen.indices:
        unclear = seen.subscripts == 2 and not seen.answer
        which = "  # which of the two is slow?" if unclear else ""
        yield f"indices = {_text(list(seen.indices))}{which}"
        if seen.lowest > 0:
            yield "# first = 1  # if the program counts from 1"
    if seen.count == 3:
        yield 'components = "xyz"'
    if seen.placed:
        yield 'level = "pixel"'
    if seen.answer:
        return
    units = [unit for end, unit in _SUFFIX.items() if bare.endswith(end)]
    for unit in units[:1]:
        yield f'# unit = "{unit}"  # so the name says; does the program?'


def split_unit(name: str) -> tuple[str, str]:
    """``T[K]`` and ``p (Pa)``: a name and the unit that it states."""
    found = _IN_BRACKETS.fullmatch(name)
    unit = _UNITS.get(found["unit"]) if found else None
    return (found["name"], unit) if found and unit else (name, "")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _pattern(text: str) -> str:
    """A pattern as TOML, literal where that can be."""
    plain = "'" not in text and text.isprintable()
    return f"'{text}'" if plain else _text(text)


def _text(value: object) -> str:
    """A text, or a list of them, as TOML, which has no surrogates."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
