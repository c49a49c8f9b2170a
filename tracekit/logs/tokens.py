"""The numbers in a block of lines, and what is left of the lines without them.

Lines of a trace log differ in their digits only. With every plain decimal
number taken out, few different lines are left: the *shapes*. What a shape
means has to be understood once; its numbers come as one column.

A number is taken out where it stands as a word of its own, between blanks,
brackets, commas and equals signs. What is not a plain decimal (``nan``,
``0x1p3``, ``1e-300``) stays in the line and gives it a shape of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tracekit.logs.number_columns import Flags, Integers, Numbers

HOLE = "\x01"
"""Stands in a shape where a number was."""

_NEWLINE = 10
_LONGEST = 40
_IN, _BEFORE, _AFTER = 1, 2, 4


def _classes() -> bytes:
    table = np.zeros(256, np.uint8)
    table[list(b"0123456789+-.eE")] |= _IN
    table[list(b" \t\n=([,;")] |= _BEFORE
    table[list(b" \t\n)],;")] |= _AFTER
    return table.tobytes()


_CLASSES = _classes()


@dataclass(frozen=True, slots=True)
class Tokens:
    """A block of lines in columns.

    Args:
        shape: by line, its number in ``shapes``.
        shapes: the different lines without their numbers.
        first: by line, its first number in ``numbers``; one more at the end.
        numbers: all numbers of the block.
    """

    shape: npt.NDArray[np.int32]
    shapes: list[bytes]
    first: Integers
    numbers: Numbers

    def __len__(self) -> int:
        return len(self.shape)


def line_starts(letters: npt.NDArray[np.uint8]) -> Integers:
    """Where whole lines begin; one more where the last ends."""
    ends = np.flatnonzero(letters == _NEWLINE) + 1
    return np.concatenate((np.zeros(1, np.int64), ends))


def tokens(block: bytes) -> Tokens:
    """Take the numbers out of whole lines, each with its line end."""
    data = np.frombuffer(block, np.uint8)
    first, last = _words(block)
    text = data[_inside(len(data), first, last)]
    marks = _Marks.of(text, last - first + 1)
    good = marks.decimal()
    if not good.all():
        first, last = first[good], last[good]
        text = data[_inside(len(data), first, last)]
        marks = _Marks.of(text, last - first + 1)
    lines = _without(data, first, last)
    shapes = [shape[:-1] for shape in lines.dictionary.to_pylist()]
    shape = lines.indices.to_numpy()
    holes = np.array([s.count(HOLE.encode()) for s in shapes], np.int64)
    return Tokens(
        shape,
        shapes,
        np.concatenate(([0], np.cumsum(holes[shape]))),
        marks.numbers(),
    )


def _words(block: bytes) -> tuple[Integers, Integers]:
    """First and last places of what may be a number, by its letters."""
    classes = np.frombuffer(block.translate(_CLASSES), np.uint8)
    within = (classes & _IN).view(np.bool_)
    first = np.flatnonzero(within[1:] & ~within[:-1]) + 1
    last = np.flatnonzero(within[:-1] & ~within[1:])
    if len(within) and within[0]:
        first = np.concatenate(([0], first))
    good = (classes[first - 1] & _BEFORE).astype(np.bool_)  # -1: a line end
    good &= (classes[last + 1] & _AFTER).astype(np.bool_)
    good &= last - first < _LONGEST
    return first[good], last[good]


def _inside(size: int, first: Integers, last: Integers) -> Flags:
    edges = np.zeros(size + 1, np.int8)
    edges[first] = 1
    edges[last + 1] -= 1
    inside: Flags = np.cumsum(edges[:-1], dtype=np.int8).view(np.bool_)
    return inside


def _without(
    data: npt.NDArray[np.uint8], first: Integers, last: Integers
) -> pa.DictionaryArray:
    """The lines with a hole for each number."""
    left = data.copy()
    left[first] = ord(HOLE)
    kept = np.zeros(len(data) + 1, np.int8)
    kept[first + 1] = 1
    kept[last + 1] -= 1
    np.cumsum(kept, dtype=np.int8, out=kept)
    left = left[kept[:-1] == 0]
    ends = np.flatnonzero(left == _NEWLINE) + 1
    offsets = np.zeros(len(ends) + 1, np.int32)
    offsets[1:] = ends
    return pa.Array.from_buffers(
        pa.binary(),
        len(ends),
        [None, pa.py_buffer(offsets), pa.py_buffer(left)],
    ).dictionary_encode()


@dataclass(slots=True)
class _Marks:
    """Words by column: where their points, letters and signs stand.

    Args:
        text: the words, one behind the other.
        size: of each word.
        lead: whether it begins with a minus.
        points, letters, signs: how many it has.
        point, letter: places in the word, where there is one.
        behind: sign behind the letter: 1, -1, or 0 for none.
    """

    text: npt.NDArray[np.uint8]
    size: Integers
    start: Integers
    lead: Flags
    points: Integers
    letters: Integers
    signs: Integers
    point: Integers
    letter: Integers
    behind: Integers

    @classmethod
    def of(cls, text: npt.NDArray[np.uint8], size: Integers) -> _Marks:
        count = len(size)
        start = np.cumsum(size) - size
        words = np.arange(count, dtype=np.int32).repeat(size)
        places = np.flatnonzero((text < ord("0")) | (text > ord("9")))
        sign = text[places]
        owner = words[places]
        place = places - start[owner]
        is_point = sign == ord(".")
        is_sign = (sign == ord("-")) | (sign == ord("+"))
        is_letter = ~is_point & ~is_sign
        point = np.zeros(count, np.int64)
        point[owner[is_point]] = place[is_point]
        letter = np.zeros(count, np.int64)
        letter[owner[is_letter]] = place[is_letter]
        behind = np.zeros(count, np.int64)
        if len(text):
            after = text[np.minimum(start + letter + 1, len(text) - 1)]
            behind += (letter > 0) & (after == ord("+"))
            behind -= (letter > 0) & (after == ord("-"))
        return cls(
            text,
            size,
            start,
            text[start] == ord("-"),
            np.bincount(owner[is_point], minlength=count),
            np.bincount(owner[is_letter], minlength=count),
            np.bincount(owner[is_sign], minlength=count),
            point,
            letter,
            behind,
        )

    def decimal(self) -> Flags:
        """Which are plain decimals, with an exponent of two digits at most.

        So none is near the ends of the doubles.
        """
        good = (self.points < 2) & (self.letters < 2)
        good &= self.signs == self.lead + np.abs(self.behind)
        good &= self.letters == (self.letter > 0)
        good &= self.mantissa - self.lead - self.points > 0
        good &= (self.letters == 0) | (self.point < self.letter)
        digits = self.size - self.mantissa - 1 - np.abs(self.behind)
        good &= (self.letters == 0) | ((digits > 0) & (digits < 3))
        return good

    @property
    def mantissa(self) -> Integers:
        """Characters before the exponent."""
        return np.where(self.letters > 0, self.letter, self.size)

    def numbers(self) -> Numbers:
        """Their values and how they were printed; all are plain decimals."""
        offsets = np.zeros(len(self.size) + 1, np.int32)
        np.cumsum(self.size, out=offsets[1:])
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(self.text)]
        words = pa.Array.from_buffers(pa.string(), len(self.size), buffers)
        scientific = self.letters > 0
        fraction = np.where(self.points, self.mantissa - self.point - 1, 0)
        return Numbers.of(
            words,
            self.mantissa - self.lead - self.points,
            fraction,
            self._powers(np.flatnonzero(scientific)),
            scientific=scientific,
            integer=(self.points == 0) & ~scientific,
            negative=self.lead,
        )

    def _powers(self, rows: Integers) -> npt.NDArray[np.int16]:
        """The exponents, of one or two digits."""
        found = np.zeros(len(self.size), np.int16)
        end = self.start[rows] + self.size[rows]
        digits = self.size[rows] - self.letter[rows] - 1
        digits -= np.abs(self.behind[rows])
        power = self.text[end - 1].astype(np.int16) - ord("0")
        tens = self.text[end - 2].astype(np.int16) - ord("0")
        power += 10 * np.where(digits > 1, tens, 0)
        found[rows] = np.where(self.behind[rows] < 0, -power, power)
        return found
