"""Times of day at the beginning of lines, which say nothing about a value.

Two lines of one kind would never look alike with them. They are left out where
lines are read by column; whatever is read by itself is read with its time.
"""

from __future__ import annotations

import re
from collections import deque
from re import Pattern
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import numpy as np
import numpy.typing as npt

from tracekit.logs.dialect import Dialect
from tracekit.logs.number_columns import Integers

_STAMP = re.compile(
    rb"\[?(?:\d{4}[-/]\d\d[-/]\d\d[T ])?\d\d:\d\d:\d\d"
    rb"(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\]?[ \t]+"
)
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_LOOKED_AT = 100


class Stamps:
    """Takes the times from the lines of a log.

    Args:
        first: its first lines.
        dialect: how it is spelled.

    Attributes:
        sample: a time as the first lines have it, with the blank behind it;
            empty where they have none, or where a pattern of the dialect
            could find something in it.
    """

    def __init__(self, first: bytes, dialect: Dialect) -> None:
        self.sample = b""
        self._before: deque[bytes] = deque()
        patterns = [fact.pattern for fact in dialect.facts]
        if all(map(_has_letter, patterns)):
            self.sample = _sample(first.split(b"\n", _LOOKED_AT)[:-1])

    def without(self, block: bytes) -> bytes:
        """Whole lines without their times; those are kept for ``taken``."""
        if not self.sample:
            return block
        self._before.append(block)
        letters = np.frombuffer(block, np.uint8)
        starts = np.flatnonzero(letters[:-1] == ord("\n")) + 1
        starts = np.concatenate(([0], starts))
        size = len(self.sample)
        starts = starts[starts <= len(block) - size]
        if not len(starts):
            return block
        windows = np.ndarray(
            (len(block) - size + 1,), f"V{size}", block, strides=(1,)
        )
        found = windows[starts].tobytes().translate(_ZEROS)
        rows = np.frombuffer(found, np.uint8).reshape(-1, size)
        wanted = np.frombuffer(self.sample.translate(_ZEROS), np.uint8)
        return _cut_out(letters, starts[(rows == wanted).all(axis=1)], size)

    def taken(self, count: int) -> bytes:
        """The next lines as they were; all that ``without`` gave, in order."""
        found = []
        while count:
            block = self._before.popleft()
            letters = np.frombuffer(block, np.uint8)
            ends = np.flatnonzero(letters == ord("\n")) + 1
            if len(ends) > count:
                end = int(ends[count - 1])
                self._before.appendleft(block[end:])
                block, ends = block[:end], ends[:count]
            found.append(block)
            count -= len(ends)
        return b"".join(found)


def _sample(lines: list[bytes]) -> bytes:
    """The time of most lines, if they are written alike."""
    found = [match for line in lines if (match := _STAMP.match(line))]
    if 2 * len(found) <= len(lines) or not found:
        return b""
    kinds = [match[0].translate(_ZEROS) for match in found]
    common = max(set(kinds), key=kinds.count)
    return found[kinds.index(common)][0]


def _cut_out(
    letters: npt.NDArray[np.uint8], starts: Integers, size: int
) -> bytes:
    edges = np.zeros(len(letters) + 1, np.int8)
    edges[starts] = 1
    edges[starts + size] -= 1
    kept: npt.NDArray[np.uint8] = letters[
        np.cumsum(edges[:-1], dtype=np.int8) == 0
    ]
    return kept.tobytes()


def _has_letter(pattern: Pattern[str]) -> bool:
    """Whether a letter must stand in what it finds, which no time has."""
    return _letter_in(parser.parse(pattern.pattern))


def _letter_in(tree: Any) -> bool:
    for operator, argument in tree:
        if operator is sre.LITERAL and chr(argument).isalpha():
            if chr(argument) not in "TZ":
                return True
        elif operator is sre.SUBPATTERN and _letter_in(argument[-1]):
            return True
    return False
