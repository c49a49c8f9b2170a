"""The form of lines that are JSON objects."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tracekit.logs.stated_values import Statement, Units


def json_object(payload: str, units: Units) -> list[Statement] | None:
    """``{"step": 1, "loss": {"mean": 0.5}}``: ``step`` and ``loss.mean``."""
    del units
    if not payload.startswith("{"):
        return None
    try:
        content = json.loads(
            payload,
            parse_float=_Printed,
            parse_int=_Printed,
            parse_constant=_Printed,
        )
        return list(_members("", content)) or None
    except (ValueError, RecursionError):
        return None


class _Printed(str):
    """A number of JSON as it was printed; other texts are plain ones."""

    __slots__ = ()


def _members(name: str, value: object) -> Iterator[Statement]:
    """A value of JSON, or all that is inside it, names with points between."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _members(f"{name}.{key}" if name else key, inner)
    elif isinstance(value, _Printed):
        yield Statement(name, (str(value),))
    elif isinstance(value, list):
        numbers = tuple(_flat(value))
        if all(isinstance(number, _Printed) for number in numbers):
            yield Statement(name, tuple(map(str, numbers)), listed=True)
        else:
            for place, inner in enumerate(value):
                yield from _members(f"{name}.{place}", inner)
    else:
        yield Statement(
            name, text=value if isinstance(value, str) else json.dumps(value)
        )


def _flat(value: list[object]) -> Iterator[object]:
    for inner in value:
        if isinstance(inner, list):
            yield from _flat(inner)
        else:
            yield inner
