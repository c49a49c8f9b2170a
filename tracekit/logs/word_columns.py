"""Numbers by column, from words that are numbers wherever all is well.

What a paragraph is known to print is a number in the same place each time.
Arrow reads such words; here is found out which of them are no plain numbers
after all, so that the line parser has to look at them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tracekit.logs.number_columns import (
    INDEX_DIGITS,
    SAFE_DIGITS,
    Flags,
    Integers,
    Places,
    Printed,
    exponents,
)
from tracekit.logs.plain_numbers import REBUILT, plain_numbers

Doubles = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]

_LONGEST = 40
_E, _LOWER = ord("e"), np.uint8(32)
_SIGN = b"+-"
_INTEGERS = b"0123456789-"


@dataclass(frozen=True, slots=True)
class Words:
    """Words, one behind the other in one buffer.

    Args:
        array: the words.
        letters: their bytes.
        begin, end: where each stands in ``letters``.
    """

    array: pa.StringArray
    letters: Bytes
    begin: npt.NDArray[np.int32]
    end: npt.NDArray[np.int32]

    @classmethod
    def of(
        cls, text: bytes, begin: Integers, end: Integers, order: Integers
    ) -> Words:
        """The words between these places of a text, put into an order.

        Args:
            text: of which they are.
            begin: where each stands; they follow one another.
            end: where each ends.
            order: which of them to take.
        """
        count = len(begin)
        ends = np.empty(2 * count + 1, np.int32)
        ends[:-1:2], ends[1::2] = begin, end
        ends[-1] = len(text)
        pieces = pa.Array.from_buffers(
            pa.string(),
            2 * count,
            [None, pa.py_buffer(ends), pa.py_buffer(text)],
        )
        array = pieces.take(pa.array(2 * order))
        _, offsets, letters = array.buffers()
        places = np.frombuffer(offsets, np.int32, len(order) + 1)
        return cls(
            array,
            np.frombuffer(letters, np.uint8, places[-1]),
            places[:-1],
            places[1:],
        )

    def __len__(self) -> int:
        return len(self.begin)

    @property
    def size(self) -> npt.NDArray[np.int32]:
        """How long each is."""
        return self.end - self.begin

    def behind(self, places: int) -> Bytes:
        """The letter so many places before each word's end."""
        return self.letters[np.maximum(self.end - places, 0)]

    def negative(self) -> Flags:
        """Which begin with a minus; no word is empty."""
        found: Flags = self.letters[self.begin] == ord("-")
        return found


def whole_numbers(
    words: Words, indices: Integers
) -> tuple[Doubles, Flags] | None:
    """Integers that a double holds, and which of them are plain.

    Args:
        words: to read.
        indices: which of them have to be indices.

    Returns:
        None where a word is no integer.
    """
    if bytes(words.letters).translate(None, _INTEGERS):
        return None
    try:
        values = words.array.cast(pa.int64()).to_numpy()
    except pa.ArrowInvalid:
        return None
    negative = words.negative()
    digits = words.size - negative
    good = digits <= SAFE_DIGITS
    good[indices] &= digits[indices] <= INDEX_DIGITS
    good[indices] &= ~negative[indices]
    found = values.astype(np.float64)
    found[(values == 0) & negative] = -0.0
    return found, good


def doubles(words: Words) -> tuple[Doubles, Flags] | None:
    """The nearest doubles, and which of them are finite.

    Returns:
        None where a word is no number.
    """
    try:
        values = words.array.cast(pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        return None
    return values, np.isfinite(values)


def printed(words: Words) -> tuple[Printed, Flags] | None:
    """The nearest doubles and how they were printed; which are plain.

    Returns:
        None where a word is no number.
    """
    found = doubles(words)
    if found is None:
        return None
    values, good = found
    size, negative = words.size, words.negative()
    good &= size <= _LONGEST
    power, tail = _powers(words, good)
    point = pc.find_substring(words.array, ".").to_numpy()
    dotted = point >= 0
    point = point - negative
    decimals = (size - tail - negative - 1 - point) * dotted
    good &= ~dotted | ((point > 0) & (decimals > 0))
    values = np.where(good, values, 0.0)
    exponent = exponents(values)
    digits = decimals + 1 - power + exponent
    digits[values == 0] = 1
    numbers = Printed(
        values,
        digits.astype(np.int16),
        exponent,
        decimals.astype(np.int16),
        tail > 0,
    )
    _many_digits(words, numbers, good)
    return numbers, good


def _powers(words: Words, good: Flags) -> tuple[Places, Places]:
    """What the exponents say, and how many letters each takes.

    Those that aren't a sign and one or two digits are not ``good``.
    """
    power = np.zeros(len(words), np.int16)
    tail = power.copy()
    marks = np.count_nonzero(words.letters | _LOWER == _E)
    if not marks:
        return power, tail
    for size in (4, 3):
        rows = np.flatnonzero(
            (words.behind(size) | _LOWER == _E) & (words.size > size)
        )
        sign = words.behind(size - 1)[rows]
        rows = rows[(sign == _SIGN[0]) | (sign == _SIGN[1])]
        ends = words.end[rows]
        found = words.letters[ends - 1].astype(np.int16) - ord("0")
        if size == 4:
            found += 10 * (words.letters[ends - 2].astype(np.int16) - ord("0"))
        minus = words.letters[ends - size + 1] == ord("-")
        power[rows] = np.where(minus, -found, found)
        tail[rows] = size
    if marks != np.count_nonzero(tail):
        lower = pc.utf8_lower(words.array)
        place = pc.find_substring(lower, "e").to_numpy()
        good &= np.where(tail > 0, place == words.size - tail, place < 0)
    return power, tail


def _many_digits(words: Words, numbers: Printed, good: Flags) -> None:
    """Read again, digit by digit, what a double may not tell apart."""
    many = np.flatnonzero(good & (numbers.digits > SAFE_DIGITS))
    if not len(many):
        return
    texts = words.array.take(pa.array(many)).to_pylist()
    again = plain_numbers(("\n".join(texts) + "\n").encode())
    if len(again) != len(many):
        good[many] = False
        return
    good[many] = (again.kinds & REBUILT) > 0
    for column in fields(Printed):
        own = getattr(again.numbers, column.name)
        getattr(numbers, column.name)[many] = own
