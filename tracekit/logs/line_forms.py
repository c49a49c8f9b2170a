"""The forms in which trace lines state names and values.

Each form is a function from a line's payload (what follows the prefix) to the
statements in it, or None where the payload has another form. A dialect lists
for each family of lines which forms to try, in this order.
"""

from __future__ import annotations

import re
from dataclasses import replace

from tracekit.logs.json_form import json_object
from tracekit.logs.numbers import NUMBER
from tracekit.logs.stated_values import (
    GAP,
    ONE,
    Form,
    Statement,
    Units,
    value_at,
)

_GAPS = re.compile(GAP)
_WORD = r"[^\W\d][\w.]*"
_KEY = re.compile(rf"[ \t,;]*(?P<name>\|?{_WORD}\|?)[ \t]*=[ \t]*(?!=)")
_PAIR = re.compile(rf"[ \t,]*(?P<name>{_WORD}):[ \t]*")
_HEAD = re.compile(rf"(?P<name>{_WORD})(?:[ \t]*=[ \t]*|[ \t]+)")
_INDEX = re.compile(r"\[(?P<index>-?\d+(?:,[ \t]*-?\d+)*)\][ \t]*=[ \t]*")
_NAMED = re.compile(r"(?P<name>(?=[^ \t=]*[^\W\d])[^ \t=]+)[ \t]+")
_MARK = re.compile(r"[^ \t]+")
_SUBSCRIPT = r"(?:\([^()=]{1,40}\)|\[[^\[\]=]{1,40}\])"
_EITHER = re.compile(
    rf"[ \t,;:]*+(?P<name>(?:{_WORD})?\|[^|= \t]+\||{_WORD})"
    rf"(?P<subscripts>{_SUBSCRIPT}*+)(?:[ \t]*(?P<sign>[=:])[ \t]*|[ \t]+)"
)
_INTEGERS = re.compile(
    r"[\[(]?[ \t]*-?\d++(?:[ \t]*,[ \t]*-?\d++)*[ \t]*[\])]"
)
_TEXT = re.compile(
    r"\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'"
    r"|(?P<bare>[^\W\d][\w./+-]*)(?![^ \t,;])",
)
_RECORD = re.compile(rf"[ \t]*+{NUMBER}[ \t,;]++(?P<word>[^\W\d][^ \t,;]*+)")
_END = re.compile(r"[ \t,;:]*+$")


def named(payload: str, units: Units) -> list[Statement] | None:
    """``name 1 2 3``, ``name [1 2 3]``, ``Rx [1 0; 0 1]``, ``R 0.1 m``."""
    head = _NAMED.match(payload)
    if head is None:
        return None
    value = value_at(payload, head.end(), units)
    if value is None or value[1] < len(payload):
        return None
    return [_statement(head["name"], value[0])]


def assigned(payload: str, units: Units) -> list[Statement] | None:
    """``name=1 2``, ``a = [1, 2] |a| = 3 m``, ``k=1 l=(0,1)``, ``v = e = 1``.

    Text before the first name, up to a colon or, in ``k=v`` records without
    blanks round the sign, up to a blank, is the label of all names.
    """
    name, equals, rest = payload.partition("=")
    if not equals or not name.strip():
        return None
    label, name = _split_label(name, spaced=name.endswith((" ", "\t")))
    start = len(payload) - len(rest.lstrip(" \t"))
    found: list[Statement] = []
    while True:
        value = value_at(payload, start, units)
        following = _KEY.match(payload, value[1]) if value else None
        if value is None or not (following or value[1] == len(payload)):
            last = _chain(payload, start, name, label, units)
            return None if last is None else [*found, last]
        found.append(_statement(name, value[0], label))
        if following is None:
            return found
        name, start = following["name"], following.end()


def pairs(payload: str, units: Units) -> list[Statement] | None:
    """``angles=x:1 y:2``, ``angles x:1 y:2``, ``cell=a:[1 2] b:[3 4]``.

    The names found are ``angles.x`` and ``angles.y``.
    """
    head = _HEAD.match(payload)
    if head is None:
        return None
    found: list[Statement] = []
    place = head.end()
    while place < len(payload):
        key = _PAIR.match(payload, place)
        value = value_at(payload, key.end(), units) if key else None
        if key is None or value is None:
            return None
        found.append(_statement(f"{head['name']}.{key['name']}", value[0]))
        place = value[1]
    return found or None


def alternating(payload: str, units: Units) -> list[Statement] | None:
    """``pixel 0 0 source 0 h -7.9 h0 -8``: names and values in turn."""
    del units
    found: list[tuple[str, list[str]]] = []
    for word in _MARK.findall(payload):
        if ONE.fullmatch(word):
            if not found:
                return None
            found[-1][1].append(word)
        elif re.fullmatch(_WORD, word):
            found.append((word, []))
        else:
            return None
    if not found or not all(numbers for _, numbers in found):
        return None
    return [Statement(name, tuple(numbers)) for name, numbers in found]


def indexed(payload: str, units: Units) -> list[Statement] | None:
    """``[0,0,1]=127.89``: an element of an array without a name.

    The indices come as the statement ``index``, the value has no name.
    """
    head = _INDEX.match(payload)
    if head is None:
        return None
    value = value_at(payload, head.end(), units)
    if value is None or value[1] < len(payload):
        return None
    index = tuple(part.strip() for part in head["index"].split(","))
    return [Statement("index", index), _statement("", value[0])]


def listed(payload: str, units: Units) -> list[Statement] | None:
    """``[-8.0, -7.0]``: an array without a name."""
    value = value_at(payload, 0, units)
    if value is None or not value[0].listed or value[1] < len(payload):
        return None
    return [value[0]]


def mixed(payload: str, units: Units) -> list[Statement] | None:
    """``step=3 T(3,4)= 2.5e-1 K, mode="fast", flux[3][4]: (1, 2) W/m2``.

    Names with ``=``, ``:`` or a blank behind them, indices in brackets and
    texts, in any order; at least one has a sign or indices. In ``cell(3,4):
    T=2`` the name ``cell`` has the numbers 3 and 4.
    """
    found: list[Statement] = []
    place, signed = 0, False
    while _END.match(payload, place) is None:
        head = _EITHER.match(payload, place)
        subscripts = _subscripts(head["subscripts"]) if head else None
        if head is None or subscripts is None:
            return None
        value = value_at(payload, head.end(), units)
        if value is None and head["sign"] == ":" and subscripts:
            value = Statement("", subscripts), head.end()
            subscripts = ()
        elif value is None and head["sign"]:
            value = _quoted(payload, head.end())
        if value is None:
            return None
        place = value[1]
        signs = (head["sign"], subscripts, payload[place : place + 1] == ":")
        signed = signed or any(signs)
        found.append(
            replace(value[0], name=head["name"], subscripts=subscripts)
        )
    return found if signed else None


def _subscripts(text: str) -> tuple[str, ...] | None:
    """The indices in brackets, of one bracket or one each; None: others."""
    found: list[str] = []
    for bracket in re.findall(_SUBSCRIPT, text):
        if _INTEGERS.fullmatch(bracket) is None:
            return None
        found += re.findall(r"-?\d+", bracket)
    return tuple(found)


def _quoted(payload: str, start: int) -> tuple[Statement, int] | None:
    """A text behind a sign, and where it and what follows it end."""
    found = _TEXT.match(payload, start)
    if found is None:
        return None
    word = next(word for word in found.groups() if word is not None)
    return Statement("", text=word), found.end()


def columns(payload: str, units: Units) -> list[Statement] | None:
    """``100 0.758 -5.768 ok``: a row of a table, one statement a column.

    The names of the columns are the family's.
    """
    del units
    words = _GAPS.split(payload.strip(" \t"))
    found = [
        Statement("", (word,)) if ONE.fullmatch(word) else _word(word)
        for word in words
    ]
    return found if any(s.numbers for s in found) else None


def _word(word: str) -> Statement:
    return Statement("", text=word)


def text(payload: str, units: Units) -> list[Statement] | None:
    """Anything else: ``name=some text``, ``name WORD``, or a banner."""
    del units
    if not payload:
        return [Statement("", text="")]
    head = _HEAD.match(payload)
    if head is not None:
        value = payload[head.end() :]
        if "=" in head.group() or not re.search(r"[ \t]", value):
            return [Statement(head["name"], text=value)]
    return [Statement("", text=payload)]


FORMS: dict[str, Form] = {
    "named": named,
    "assigned": assigned,
    "pairs": pairs,
    "alternating": alternating,
    "indexed": indexed,
    "listed": listed,
    "mixed": mixed,
    "columns": columns,
    "json": json_object,
    "text": text,
}


def leading(payload: str, count: int) -> tuple[Statement, str] | None:
    """``name 1 2 3REST``: a line that the next one was glued to.

    Exactly ``count`` numbers are read, the rest comes back as text.
    """
    head = _HEAD.match(payload)
    if head is None:
        return None
    numbers, place = [], head.end()
    for _ in range(count):
        one = ONE.match(payload, place)
        if one is None:
            return None
        numbers.append(one.group())
        gap = re.compile(r"[ \t]*").match(payload, one.end())
        place = gap.end() if gap else one.end()
    return Statement(head["name"], tuple(numbers)), payload[place:]


def head_name(payload: str) -> tuple[str, str] | None:
    """The first name of a payload and what follows it."""
    head = _HEAD.match(payload)
    return (head["name"], payload[head.end() :]) if head else None


def _chain(
    payload: str, start: int, name: str, label: str, units: Units
) -> Statement | None:
    """``name = expression = value``: the last value counts.

    ``step=10 T(3,4)= 2.5`` is none: a value and another name stand between.
    """
    expression, equals, _ = payload[start:].rpartition("=")
    record = _RECORD.match(expression)
    if not equals or (record and record["word"] not in units):
        return None
    place = start + len(expression) + 1
    while payload[place : place + 1] in (" ", "\t"):
        place += 1
    value = value_at(payload, place, units)
    if value is None or value[1] < len(payload):
        return None
    last = value[0]
    return Statement(
        name,
        last.numbers,
        unit=last.unit,
        expression=expression.strip(),
        label=label,
        listed=last.listed,
    )


def _split_label(name: str, *, spaced: bool) -> tuple[str, str]:
    name = name.strip()
    label, colon, last = name.rpartition(": ")
    if colon:
        return label.strip(), last.strip()
    if not spaced:
        label, _, last = name.rpartition(" ")
        return label.strip(), last
    return "", name


def _statement(name: str, value: Statement, label: str = "") -> Statement:
    return replace(value, name=name, label=label)
