"""Patterns of a dialect: dialects come from strangers, so not every one runs.

A regular expression can take time that doubles with every character, when a
repeat without an upper limit holds something that can be split in several
ways: ``(a+)+``, ``(a|ab)*``, ``(a?)*``. Such a one is refused when the dialect
is read. What is left takes at most a power of the length of a line, and that
length is bounded where patterns are searched (``SEARCHED``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

LONGEST = 2000
"""Characters of a pattern."""
SEARCHED = 10_000
"""Characters at the beginning of a line in which prefixes are searched."""
PROSE = 1000
"""Characters at the beginning of a line in which facts are searched."""

_MANY = 100
_WIDE = 2


def compiled(text: str) -> re.Pattern[str]:
    """A pattern that can be searched in any line in bounded time.

    Raises:
        ValueError: it doesn't compile, or might take for ever.

    >>> compiled("x=(a+)+")
    Traceback (most recent call last):
    ValueError: a repeat without limit holds a choice or another repeat, ...
    """
    if len(text) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} characters")
    try:
        tree = parser.parse(text)
        pattern = re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"it doesn't compile: {error}") from None
    wide = 0
    for operator, argument in _nodes(tree):
        if operator is sre.GROUPREF or operator is sre.GROUPREF_EXISTS:
            raise ValueError("it refers back to a group, which may be slow")
        if operator in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            low, high, body = argument
            del low
            if high > _MANY:
                _check_body(body)
                wide += _is_wide(body)
    if wide > _WIDE:
        raise ValueError(
            f"it has {wide} repeats without limit of nearly any character; "
            f"expected at most {_WIDE}: say which characters they take"
        )
    return pattern


def _check_body(body: Any) -> None:
    """What is repeated without limit has one length and no choice in it."""
    nodes = list(_nodes(body))
    low, high = body.getwidth()
    plain = not any(operator is sre.BRANCH for operator, _ in nodes)
    if low != high or not low or not plain:
        raise ValueError(
            "a repeat without limit holds a choice or another repeat, so "
            "that it may take for ever; repeat one character or one set of "
            "them: [a-z]+ instead of ([a-z]+)+"
        )


def _is_wide(body: Any) -> bool:
    """Whether it takes any character, or any but some."""
    operator, argument = body[0]
    return len(body) == 1 and (
        operator in (sre.ANY, sre.NOT_LITERAL)
        or (operator is sre.IN and _both_halves(argument))
    )


def _both_halves(members: Any) -> bool:
    r"""``[\s\S]``: any character, in other words."""
    kinds = [kind for kind, _ in members]
    return kinds.count(sre.CATEGORY) > 1


def first_letter(pattern: re.Pattern[str]) -> str:
    """The character that every match begins with, "" where it isn't plain.

    >>> first_letter(re.compile("TRACE: "))
    'T'
    """
    tree = parser.parse(pattern.pattern)
    if pattern.flags & re.IGNORECASE or not len(tree):
        return ""
    operator, argument = tree[0]
    return chr(argument) if operator is sre.LITERAL else ""


def _nodes(tree: Any) -> Iterator[tuple[Any, Any]]:
    """All operators below."""
    for operator, argument in tree:
        yield operator, argument
        yield from _inside(argument)


def _inside(argument: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(argument, parser.SubPattern):
        yield from _nodes(argument)
    elif isinstance(argument, (tuple, list)):
        for part in argument:
            yield from _inside(part)
