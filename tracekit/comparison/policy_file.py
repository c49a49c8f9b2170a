"""Reads policy files: every error says in which line what is wrong."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tracekit.comparison.policy import Derived, Tolerance
from tracekit.comparison.translation import Translation
from tracekit.errors import PolicyError

_SIDES = ("actual", "expected")
_LARGEST = 2**63 - 1
_CHOICES = {
    "relative_to": ("vector", "element"),
    "need": ("required", "optional", "ignored"),
    "compare": ("element", "distribution"),
}
_TYPES: dict[str, tuple[type, ...]] = {
    "rtol": (int, float),
    "atol": (int, float),
    "max_ulps": (int,),
    "relative_to": (str,),
    "need": (str,),
    "compare": (str,),
    "significance": (float,),
    "reason": (str,),
}
_MEANINGS: dict[str, tuple[type, ...]] = {
    "tap": (str,),
    "unit": (str,),
    "components": (str,),
    "dims": (dict,),
    "index_base": (dict,),
}
_DERIVED: dict[str, tuple[type, ...]] = {
    "tap": (str,),
    "is": (str,),
    "unit": (str,),
}


@dataclass(frozen=True, slots=True)
class _Place:
    """A table of the file: where its title stands, and its lines."""

    file: Path
    first: int
    lines: tuple[str, ...]

    def of(self, key: str) -> str:
        """file:line of a key of the table, else of its title."""
        stated = re.compile(
            rf"(?:^|[{{,.])\s*[\"']?{re.escape(key)}[\"']?\s*[.=]"
        )
        for number, line in enumerate(self.lines, self.first):
            if stated.search(line):
                return f"{self.file}:{number}"
        return str(self)

    def __str__(self) -> str:
        return f"{self.file}:{self.first}"


def read_policy(
    file: Path,
) -> tuple[
    tuple[Tolerance, ...], tuple[Translation, ...], tuple[Derived, ...]
]:
    """The tolerances, translations and derived taps of a policy file.

    Raises:
        PolicyError: it can't be read, or says something unknown.
    """
    try:
        text = file.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"policy {file} can't be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        where = f"{file}:{line[1]}" if line else str(file)
        raise PolicyError(f"policy {where} is no TOML: {error}") from error
    lines = text.splitlines()
    for name in content:
        if name not in ("default", "tap", "derived", *_SIDES):
            (place,) = _places(file, lines, name)[:1]
            raise PolicyError(
                f"{place}: unknown table {name!r}; a policy may hold "
                "[default] and any number of [[tap]], [[actual]], "
                "[[expected]] and [[derived]]"
            )
    return (
        _tolerances(content, file, lines),
        tuple(
            _translation(side, entry, place)
            for side in _SIDES
            for entry, place in _entries(content, side, file, lines)
        ),
        tuple(_derived(_entries(content, "derived", file, lines))),
    )


def _places(file: Path, lines: list[str], name: str) -> list[_Place]:
    """Where each table of this name stands; the file's end if nowhere."""
    title = re.compile(rf"\s*\[+\s*[\"']?{re.escape(name)}[\"']?\s*[\].]")
    key = re.compile(rf"\s*[\"']?{re.escape(name)}[\"']?\s*[.=]")
    starts = [n for n, line in enumerate(lines) if line.lstrip()[:1] == "["]
    top = starts[0] if starts else len(lines)  # below, it is a table's key
    found = []
    for number, line in enumerate(lines):
        if title.match(line) or (number < top and key.match(line)):
            end = next((n for n in starts if n > number), len(lines))
            found.append(_Place(file, number + 1, tuple(lines[number:end])))
    return found or [_Place(file, len(lines), ())]


def _entries(
    content: Mapping[str, Any], name: str, file: Path, lines: list[str]
) -> list[tuple[dict[str, Any], _Place]]:
    """Each [[name]] of the file with its place."""
    entries = content.get(name, [])
    places = _places(file, lines, name)
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) for entry in entries
    ):
        raise PolicyError(f"{places[0]}: write each rule as [[{name}]]")
    places += places[-1:] * len(entries)
    return list(zip(entries, places, strict=False))


def _tolerances(
    content: Mapping[str, Any], file: Path, lines: list[str]
) -> tuple[Tolerance, ...]:
    place = _places(file, lines, "default")[0]
    default = content.get("default", {})
    _check(default, place, _TYPES)
    origin = str(place) if default else Tolerance().origin
    base = replace(Tolerance(), **default, origin=origin)
    found = [base]
    for entry, place in _entries(content, "tap", file, lines):
        names = entry.pop("name", None)
        if isinstance(names, str):
            names = [names]
        if (
            not names
            or not isinstance(names, list)
            or not all(isinstance(name, str) for name in names)
        ):
            raise PolicyError(f'{place}: [[tap]] needs name = "..." or a list')
        _check(entry, place, _TYPES)
        found += [
            replace(base, **entry, pattern=name, origin=str(place))
            for name in names
        ]
    return tuple(found)


def _translation(
    side: str, entry: dict[str, Any], place: _Place
) -> Translation:
    pattern = entry.pop("name", "*")
    _check({"name": pattern}, place, {"name": (str,)})
    _check(entry, place, _MEANINGS)
    if "tap" in entry and set(pattern) & set("*?["):
        raise PolicyError(
            f"{place.of('tap')}: tap = {entry['tap']!r} renames one tap; give "
            f"its name where name = {pattern!r} is a pattern"
        )
    labels = entry.get("components", "")
    entry["components"] = tuple(labels.split() if " " in labels else labels)
    for key, kind in (("dims", str), ("index_base", int)):
        entry[key] = tuple(entry.get(key, {}).items())
        for name, value in entry[key]:
            _check({name: value}, place, {name: (kind,)})
    return Translation(side, pattern, **entry, origin=str(place))


def _derived(
    entries: list[tuple[dict[str, Any], _Place]],
) -> Iterator[Derived]:
    made = {entry.get("tap") for entry, _ in entries}
    for entry, place in entries:
        _check(entry, place, _DERIVED)
        if not {"tap", "is"} <= entry.keys():
            raise PolicyError(
                f'{place}: [[derived]] needs tap = "..." and is = "...", an '
                "expression over other taps"
            )
        where = place.of("is")
        text = _expression(entry["is"], where, made)
        yield Derived(entry["tap"], text, entry.get("unit"), where)


def _expression(text: str, where: str, made: Collection[str | None]) -> str:
    """The expression, spelled in full."""
    from tracekit.expressions import ExpressionError, parse, spelled, taps

    try:
        found = parse(text)
    except ExpressionError as error:
        raise PolicyError(f"{where}: is = {text!r}: {error}") from None
    for tap in taps(found):
        if tap.name in made:
            raise PolicyError(
                f"{where}: is = {text!r}: {tap.name} is derived itself; write "
                "what that is made of"
            )
    return spelled(found)


def _check(
    entry: Any, place: _Place, types: Mapping[str, tuple[type, ...]]
) -> None:
    """Refuse keys that are unknown and values of another type.

    Raises:
        PolicyError: with the line of the first of them.
    """
    if not isinstance(entry, dict):
        raise PolicyError(
            f"{place}: {entry!r} where a table is expected, as [default]"
        )
    for key, value in entry.items():
        where = place.of(key)
        if key not in types:
            raise PolicyError(
                f"{where}: unknown key {key!r}; known are {', '.join(types)}"
            )
        if not isinstance(value, types[key]) or isinstance(value, bool):
            raise PolicyError(
                f"{where}: {key} = {value!r}; expected "
                f"{' or '.join(_WORDS[kind] for kind in types[key])}"
            )
        if key in _CHOICES and value not in _CHOICES[key]:
            raise PolicyError(
                f"{where}: {key} = {value!r}; expected one of "
                f"{', '.join(_CHOICES[key])}"
            )
        if key in _TYPES and isinstance(value, int | float):
            _check_number(key, value, where)


_WORDS: dict[type, str] = {
    int: "a whole number",
    float: "a number",
    str: 'a text in "quotes"',
    dict: 'a table such as { row = "slow" }',
}


def _check_number(key: str, value: float, where: str) -> None:
    if not (math.isfinite(value) and value >= 0):
        raise PolicyError(
            f"{where}: {key} = {value}; a tolerance is finite and not negative"
        )
    if key == "significance" and not 0 < value < 1:
        raise PolicyError(
            f"{where}: significance = {value}; expected above 0, below 1"
        )
    if value > _LARGEST and isinstance(value, int):
        raise PolicyError(
            f"{where}: {key} = {value}; expected at most {_LARGEST}"
        )
