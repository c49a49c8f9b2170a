"""What a line states: names with values, and where a value ends."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tracekit.logs.numbers import NUMBER

Units = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Statement:
    """One name with its values, as a line states them.

    Args:
        name: the printed name; "" where the line has none.
        numbers: the numbers, as text.
        text: the value where it is no number, else None.
        unit: the unit behind the value, spelled out, None if there is none.
        expression: what was printed between the name and the final value of
            ``name = expression = value``.
        label: words before the name.
        listed: whether the numbers stood in brackets, as an array prints.
        subscripts: the indices behind the name, as text: ``T(3,4)``.
    """

    name: str
    numbers: tuple[str, ...] = ()
    text: str | None = None
    unit: str | None = None
    expression: str = ""
    label: str = ""
    listed: bool = False
    subscripts: tuple[str, ...] = ()


Form = Callable[[str, Units], list[Statement] | None]

GAP = r"(?:[ \t]*[,;][ \t]*|[ \t]+)"
"""Pattern of what stands between two numbers."""
# a number behind another is no beginning of a word such as "info"
_PLAIN = rf"{NUMBER}(?:{GAP}{NUMBER}(?!\w))*"
_LIST = rf"[\[({{][ \t]*(?:{_PLAIN})?[ \t]*[\])}}]"
_ROWS = rf"[\[({{](?:[ \t,;]*+{_LIST})++[ \t]*[\])}}]"
_VALUE = re.compile(rf"(?P<list>{_LIST}|{_ROWS})|(?P<plain>{_PLAIN})")
ONE = re.compile(NUMBER)
"""One printed number."""
_UNIT = re.compile(r"[ \t]*+(?P<unit>[^ \t,;]{1,40}+)(?![^ \t,;])")


def value_at(
    payload: str, start: int, units: Units
) -> tuple[Statement, int] | None:
    """The value at a place, and where it and its unit end."""
    found = _VALUE.match(payload, start)
    if found is None:
        return None
    end = found.end()
    if found["plain"] and payload[end : end + 1] not in (
        "",
        " ",
        "\t",
        ",",
        ";",
        ":",
    ):
        return None
    unit = None
    word = _UNIT.match(payload, end)
    if word is not None and word["unit"] in units:
        unit, end = units[word["unit"]], word.end()
    numbers = tuple(ONE.findall(found.group()))
    trailing = re.compile(r"[ \t]*$").match(payload, end)
    end = len(payload) if trailing else end
    listed_ = found["list"] is not None
    return Statement("", numbers, unit=unit, listed=listed_), end
