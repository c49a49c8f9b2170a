"""Patterns of a dialect: dialects come from strangers, so not every one runs.

A regular expression can take time that grows with a power of a line's length,
or doubles with every character: ``.*=.*=``, ``(a+)+``, ``(a|ab)*``. How many
steps it takes at most is found out when the dialect is read, and one of too
many is refused; so what is left ends soon on every line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]

from tracekit.logs.pattern_steps import most_steps

LONGEST = 2000
"""Characters of a pattern."""
SEARCHED = 1000
"""Characters at the beginning of a line in which patterns are searched."""
MOST_STEPS = 10**8
"""Steps of a search that may be; they take about 0.2 s."""


@lru_cache(maxsize=1024)
def compiled(text: str) -> re.Pattern[str]:
    """A pattern that can be searched in any line in bounded time.

    Raises:
        ValueError: it doesn't compile, or might take too long.

    >>> compiled("x=(a+)+")
    Traceback (most recent call last):
    ValueError: a repeat without limit holds a choice or another repeat, ...
    """
    if len(text) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} characters")
    try:
        pattern = re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"it doesn't compile: {error}") from None
    steps = most_steps(text, SEARCHED)
    if steps > MOST_STEPS:
        raise ValueError(
            f"it may take {steps:.0e} steps on a line of {SEARCHED} "
            f"characters, expected at most {MOST_STEPS:.0e}; begin it with ^ "
            "or with plain text, and say which characters a repeat takes: "
            "[^=]*= instead of .*="
        )
    return pattern


def slowest(patterns: Iterable[re.Pattern[str]]) -> str:
    """Why so many patterns take too long on one line together, "" if not.

    The one that takes most of the time is named.
    """
    steps = {p.pattern: most_steps(p.pattern, SEARCHED) for p in patterns}
    if sum(steps.values()) <= MOST_STEPS:
        return ""
    return (
        f"its {len(steps)} patterns may take {sum(steps.values()):.0e} steps "
        f"on a line, expected at most {MOST_STEPS:.0e}; begin with "
        f"{max(steps, key=steps.__getitem__)!r}"
    )


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
