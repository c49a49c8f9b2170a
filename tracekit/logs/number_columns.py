"""Printed numbers by column: what ``numbers`` says of one, for many."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tracekit.logs.numbers import EXACT, PrintFormat, parse_number

Integers = npt.NDArray[np.int64]
Places = npt.NDArray[np.int16]
Flags = npt.NDArray[np.bool_]

SAFE_DIGITS = 15
"""A double tells texts of so many digits apart."""

INDEX_DIGITS = 9
"""Digits of an index that is read by column."""

_EXACT_DIGITS = 17
_LARGEST_POWER = 150
_BINARY_EXPONENT, _BIAS = 52, 1023
_POWERS = np.array(
    [float(f"1e{n}") for n in range(-_LARGEST_POWER, _LARGEST_POWER + 1)]
)


@dataclass(frozen=True, slots=True)
class Printed:
    """Decimal numbers by column: values, and how much of each was shown.

    Args:
        value: the nearest double.
        digits: significant digits in the text, as in ``Number``.
        exponent: decimal exponent of the first of them; 0 for zero.
        decimals: digits behind the point.
        scientific: whether an exponent was printed.
    """

    value: npt.NDArray[np.float64]
    digits: Places
    exponent: Places
    decimals: Places
    scientific: Flags

    def __len__(self) -> int:
        return len(self.value)

    def take(self, places: Integers) -> Printed:
        """Some of them."""
        columns = (getattr(self, f.name)[places] for f in fields(Printed))
        return Printed(*columns)

    def part(self, places: slice) -> Printed:
        """Some that follow one another, not copied."""
        columns = (getattr(self, f.name)[places] for f in fields(Printed))
        return Printed(*columns)

    def precision(self, form: PrintFormat) -> tuple[Places, Places]:
        """What ``form.precision_of`` says of each."""
        if form.style in ("d", "repr"):
            exact = np.full(len(self), EXACT, np.int16)
            return np.maximum(self.digits, 1), exact
        digits, quantum = self._floating(form)
        if form.style not in ("f", "numpy"):
            return digits, quantum
        fixed = ~self.scientific | (form.style == "f")
        places = np.maximum(np.int16(form.precision), self.decimals)
        lead = np.where(self.value == 0, -places, self.exponent)
        shown = np.maximum(lead + places + 1, 1)
        return (
            np.where(fixed, shown, digits).astype(np.int16),
            np.where(fixed, -places, quantum).astype(np.int16),
        )

    def _floating(self, form: PrintFormat) -> tuple[Places, Places]:
        carried = np.int16(form.precision + (form.style != "g"))
        digits = np.maximum(self.digits, carried)
        exact = (self.value == 0) | (digits >= _EXACT_DIGITS)
        quantum = np.where(exact, EXACT, self.exponent - digits + 1)
        return digits, quantum.astype(np.int16)


@dataclass(frozen=True, slots=True)
class Numbers(Printed):
    """Plain decimal numbers with their texts.

    Args:
        printed: digits in the text, with leading zeros.
        integer: whether only digits were printed, and a sign.
        negative: whether there is a minus.
        text: their texts.
    """

    printed: Places
    integer: Flags
    negative: Flags
    text: pa.Array

    @classmethod
    def of(
        cls,
        text: pa.Array,
        printed: Integers,
        decimals: Integers,
        power: Places,
        *,
        scientific: Flags,
        integer: Flags,
        negative: Flags,
    ) -> Numbers:
        """Numbers by their texts; ``power`` is the printed exponent or 0."""
        value = text.cast(pa.float64()).to_numpy(zero_copy_only=False)
        exponent = exponents(value)
        digits = decimals + 1 - power + exponent
        digits[value == 0] = 1
        return cls(
            value,
            digits.astype(np.int16),
            exponent,
            decimals.astype(np.int16),
            scientific,
            printed.astype(np.int16),
            integer,
            negative,
            text,
        )

    def rebuilt(self, places: Integers) -> Flags:
        """Whether value and digits tell all of the text.

        A number of many digits is read by itself: where its double was
        rounded up to a power of ten it seems to have one digit too many.
        """
        known = np.ones(len(places), bool)
        for row in np.flatnonzero(self.digits[places] > SAFE_DIGITS).tolist():
            place = int(places[row])
            number = parse_number(self.text[place].as_py())
            self.digits[place] = number.digits
            self.exponent[place] = number.exponent or 0
            known[row] = number.text is None
        return known


def exponents(values: npt.NDArray[np.float64]) -> Places:
    """The decimal exponent of each number's first digit.

    No text of at most 15 digits that is less than a power of ten is rounded
    to that power, so that it's enough to compare doubles. The binary exponent
    tells the decimal one, or the one below.
    """
    size = np.abs(values)
    size[size == 0] = 1.0
    binary = size.view(np.int64) >> _BINARY_EXPONENT
    guess = (binary - _BIAS) * 1233 >> 12  # log10(2)
    guess += size >= _POWERS[guess + (_LARGEST_POWER + 1)]
    return guess.astype(np.int16)
