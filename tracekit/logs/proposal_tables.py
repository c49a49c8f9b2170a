"""Tables in a log: a line of names, and rows of as many values below it."""

from __future__ import annotations

import re

from tracekit.logs.numbers import is_number

_NAME = re.compile(r"[^\W\d][\w./%^*\[\]()-]{0,40}")
_GAP = re.compile(r"[ \t]*[,;][ \t]*|[ \t]+")
_MOST = 100


class TableFinder:
    """Tells which lines are rows of a table, and of which one.

    >>> tables = TableFinder()
    >>> [tables.columns_of(line) for line in ("# t  x", "0.5 1e3", "done")]
    [(), ('t', 'x'), ()]
    """

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()

    def columns_of(self, line: str) -> tuple[str, ...]:
        """The names of a row's columns, () for what is no row."""
        words = _GAP.split(line.strip(" \t#"))
        if not 2 <= len(words) <= _MOST:
            return ()
        if all(map(_NAME.fullmatch, words)) and len(set(words)) == len(words):
            self._names = tuple(words)
            return ()
        row = len(words) == len(self._names) and is_number(words[0])
        numbers = sum(map(is_number, words))
        return self._names if row and 2 * numbers >= len(words) else ()


def row_pattern(columns: int) -> str:
    """A pattern of the rows of so many columns.

    >>> import re
    >>> re.match(row_pattern(2), "0.5, 1e3") is not None
    True
    """
    word, gap = r"[^ \t,;]++", r"[ \t,;]++"
    more = rf"(?:{gap}{word}){{{columns - 1}}}"
    return rf"(?=[-+.\d]){word}{more}[ \t]*+$"
