"""Numbers, counts and columns as the reports write them."""

from __future__ import annotations

import decimal
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def number(value: Any, digits: int = 3) -> str:
    """A number in so many digits, "" for None."""
    return "" if value is None else f"{value:.{digits}g}"


def count(items: int, noun: str) -> str:
    """So many of something, with the noun in its right form."""
    return f"{items} {noun}" if items == 1 else f"{items} {noun}s"


def rounded_up(value: float, digits: int) -> str:
    """So many digits that are not less than the value."""
    with decimal.localcontext(prec=digits, rounding=decimal.ROUND_CEILING):
        return f"{float(+decimal.Decimal(value)):.{digits}g}"


def visible(value: Any) -> Any:
    r"""The value with every character that doesn't print spelled out.

    A tap may be called anything: a line break would forge a line of a report,
    a terminal's escape hide one, a change of direction turn a name round.

    >>> print(*visible([chr(10), chr(0x202E) + "live"]))
    \n \u202elive
    """
    if isinstance(value, str):
        return value if value.isprintable() else "".join(map(_spelled, value))
    if isinstance(value, dict):
        return {visible(key): visible(part) for key, part in value.items()}
    return [*map(visible, value)] if isinstance(value, list) else value


def _spelled(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


def shortened(name: str, longest: int = 40) -> str:
    """A long name by its two ends."""
    if len(name) <= longest:
        return name
    tail = longest // 2 - 1
    return f"{name[: longest - tail - 3]}...{name[-tail:]}"


def short_path(path: str) -> str:
    """A path as seen from here, where it lies below."""
    return path.removeprefix(f"{Path.cwd()}{os.sep}")


def table(
    header: tuple[str, ...], rows: Sequence[tuple[str, ...]]
) -> list[str]:
    """Lines of aligned columns under a header."""
    cells = [header, *rows]
    widths = [max(len(row[c]) for row in cells) for c in range(len(header))]
    return [
        (
            "  "
            + "  ".join(f"{t:<{w}}" for t, w in zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
