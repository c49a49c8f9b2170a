"""All plain numbers of a text at once, eight digits at a time.

A plain number is ``-12.5`` or ``1.25e-10``: a sign or none, one to sixteen
digits, a point with one to 24 digits or none, an exponent with a sign and one
or two digits or none, of at most 18 digits behind leading zeros; it stands
between blanks, brackets, commas and equals signs. Eight characters are read
as one 64-bit word. Where the digits make a whole number of at most 2^53 and
the power of ten is a double, one division gives the nearest double; Arrow
reads the few others.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tracekit.logs.number_columns import (
    INDEX_DIGITS,
    SAFE_DIGITS,
    Flags,
    Integers,
    Places,
    Printed,
)
from tracekit.logs.numbers import parse_number

INDEX, WHOLE, REBUILT = 1, 2, 4
"""What a number can be: an index, an integer, a float of which value and
digits tell all."""

Bytes = npt.NDArray[np.uint8]
Doubles = npt.NDArray[np.float64]

_BEFORE, _AFTER = b" \n=\t([,;", b" \n\t)],;"
_AT_ONCE = 1 << 18  # bytes: what is made of them fits into a core's cache
_WORD = 8  # digits in a word; bits in a byte
_MOST_WHOLE, _MOST_DIGITS = 16, 18
_EXACT = 1 << 53
_EXACT_POWER = 22
_BINARY_EXPONENT, _BIAS = 52, 1023
_SIGN = np.uint64(63)
_SPLIT = 134217729.0  # 2^27 + 1
_SURELY = 0.499
_TENS = np.array([10**n for n in range(19)], np.int64)
_POWERS = np.array([float(f"1e{n}") for n in range(_EXACT_POWER + 1)])
_PAD = b"~" * 32
_ZEROS = np.uint64(0x3030303030303030)
_OVER_NINE = np.uint64(0x7676767676767676)
_HIGH = np.uint64(0x8080808080808080)
_STEPS = tuple(
    tuple(np.uint64(number) for number in step)
    for step in (
        (2561, 8, 0x00FF00FF00FF00FF),
        (6553601, 16, 0x0000FFFF0000FFFF),
        (42949672960001, 32, 0xFFFFFFFF),
    )
)


@dataclass(frozen=True, slots=True)
class Found:
    """The plain numbers of a text.

    Args:
        begin, end: where each stands.
        numbers: their values, and how they were printed.
        kinds: what each can be, bits of ``INDEX``, ``WHOLE``, ``REBUILT``.
    """

    begin: Integers
    end: Integers
    numbers: Printed
    kinds: Bytes

    def __len__(self) -> int:
        return len(self.begin)


@dataclass(frozen=True, slots=True)
class _Parts:
    """Where the parts of numbers stand in the data.

    Args:
        begin, end: of the number.
        negative: whether there is a minus.
        first: of the digits before the point.
        whole: how many there are.
        point: behind them.
        decimals: digits behind the point.
        power: what the exponent says.
        scientific: whether there is one.
    """

    begin: Integers
    end: Integers
    negative: Flags
    first: Integers
    whole: Integers
    point: Integers
    decimals: Integers
    power: Integers
    scientific: Flags

    def take(self, rows: Integers) -> _Parts:
        """Some of them."""
        return _Parts(*(getattr(self, n)[rows] for n in self.__slots__))


def plain_numbers(text: bytes) -> Found:
    """Find and read the plain numbers of a text of whole lines."""
    found: list[Found] = []
    begin = 0
    while begin < len(text) or not found:
        end = text.rfind(b"\n", begin, begin + _AT_ONCE) + 1
        end = end or text.find(b"\n", begin) + 1 or len(text)
        found.append(_numbers(text[begin:end], begin))
        begin = end
    if len(found) == 1:
        return found[0]
    names = [column.name for column in fields(Printed)]
    columns = (
        np.concatenate([getattr(part.numbers, name) for part in found])
        for name in names
    )
    return Found(
        np.concatenate([part.begin for part in found]),
        np.concatenate([part.end for part in found]),
        Printed(*columns),
        np.concatenate([part.kinds for part in found]),
    )


def _numbers(text: bytes, begin: int) -> Found:
    """The numbers of a text that begins with a line, there in a larger."""
    data = np.frombuffer(b"\n" + text + b"\n" + _PAD, np.uint8)
    parts, good = _parts(data, text)
    mantissa, read = _mantissa(data, parts)
    good &= read
    if not good.all():
        rows = np.flatnonzero(good)
        parts, mantissa = parts.take(rows), mantissa[rows]
    digits, exponent = _significant(parts, mantissa)
    value, rebuilt = _values(text, parts, mantissa, digits)
    integer = (parts.decimals == 0) & ~parts.scientific
    whole = integer & (parts.whole <= SAFE_DIGITS)
    index = integer & ~parts.negative & (parts.whole <= INDEX_DIGITS)
    kinds = whole.view(np.uint8) * np.uint8(WHOLE)
    kinds |= index.view(np.uint8) * np.uint8(INDEX)
    kinds |= rebuilt.view(np.uint8) * np.uint8(REBUILT)
    decimals = parts.decimals.astype(np.int16)
    return Found(
        parts.begin + (begin - 1),
        parts.end + (begin - 1),
        Printed(value, digits, exponent, decimals, parts.scientific),
        kinds,
    )


def _delimiters(data: Bytes, text: bytes) -> Integers:
    """Where words end; the last place again and again behind the last.

    All below and the blank are taken, and what lies from "(" to ".".
    """
    mask = data - np.uint8(ord("(")) <= ord(".") - ord("(")
    other = data <= ord(" ")
    mask |= other
    for letter in b"=;[]":
        if bytes([letter]) in text:
            np.equal(data, letter, out=other)
            mask |= other
    places = np.flatnonzero(mask)
    return np.concatenate((places, np.full(4, len(text) + 1)))


def _is(letters: Bytes, some: bytes) -> Flags:
    """Which of the letters are one of some."""
    found: Flags = letters == some[0]
    for letter in some[1:]:
        found |= letters == letter
    return found


def _parts(data: Bytes, text: bytes) -> tuple[_Parts, Flags]:
    """All words that may be plain numbers, and which of them look like it."""
    places = _delimiters(data, text)
    letters, following = data[places], data[places + 1]
    opens = (following - np.uint8(ord("0")) <= 9) | (following == ord("-"))
    opens &= _is(letters, _BEFORE)
    at = np.flatnonzero(opens)
    negative = following[at] == ord("-")
    at += negative
    first = places[at] + 1
    at += 1
    point, dotted = places[at], letters[at] == ord(".")
    at += dotted
    stop, closing = places[at], letters[at]
    decimals = (stop - point - 1) * dotted
    scientific = (closing == ord("-")) | (closing == ord("+"))
    good = _is(closing, _AFTER) & ((decimals > 0) | ~dotted)
    begin, end = first - negative, stop
    power = np.zeros(len(at), np.int64)
    rows = np.flatnonzero(scientific)
    if len(rows):
        ends = places[at[rows] + 1]
        power[rows], fits = _powers(data, stop[rows], ends)
        decimals[rows] -= dotted[rows]
        point[rows] -= ~dotted[rows]
        fits &= _is(data[ends], _AFTER)
        good[rows] = fits & ((decimals[rows] > 0) | ~dotted[rows])
        end[rows] = ends
    whole = point - first
    good &= (whole > 0) & (whole <= _MOST_WHOLE) & (decimals <= 3 * _WORD)
    whole *= good
    decimals *= good
    found = _Parts(
        begin, end, negative, first, whole, point, decimals, power, scientific
    )
    return found, good


def _powers(
    data: Bytes, sign: Integers, end: Integers
) -> tuple[Integers, Flags]:
    """The exponents whose signs stand here, and which are such."""
    count = end - sign - 1
    tens = data[sign + 1] - np.uint8(ord("0"))
    ones = data[sign + 2] - np.uint8(ord("0"))
    single = count == 1
    good = (data[sign - 1] | np.uint8(32)) == ord("e")
    good &= (tens <= 9) & (single | ((ones <= 9) & (count == 2)))
    power = np.where(single, tens, tens * np.int64(10) + ones)
    return np.where(data[sign] == ord("-"), -power, power), good


def _mantissa(data: Bytes, parts: _Parts) -> tuple[Integers, Flags]:
    """All digits of each as one number, and which are digits only."""
    count, behind = len(parts.begin), parts.point + 1
    whole = np.minimum(parts.whole, _WORD)
    last = np.clip(parts.decimals - _WORD, 0, _WORD)
    read, fine = _digits(
        data,
        np.concatenate((parts.point - whole, behind, behind + _WORD)),
        np.concatenate((whole, np.minimum(parts.decimals, _WORD), last)),
    )
    good = fine[:count] & fine[count : 2 * count] & fine[2 * count :]
    found = read[count : 2 * count] * _TENS[last]
    found += read[2 * count :]
    rows = np.flatnonzero(parts.decimals > 2 * _WORD)
    if len(rows):
        more = parts.decimals[rows] - 2 * _WORD
        ends, fine = _digits(data, behind[rows] + 2 * _WORD, more)
        good[rows] &= fine & (found[rows] < _TENS[_MOST_DIGITS - more])
        found[rows] = found[rows] * _TENS[more] + ends
    whole = read[:count]
    rows = np.flatnonzero(parts.whole > _WORD)
    if len(rows):
        more = parts.whole[rows] - _WORD
        begins, fine = _digits(data, parts.first[rows], more)
        good[rows] &= fine
        whole[rows] += begins * _TENS[_WORD]
    fits = parts.whole + parts.decimals <= _MOST_DIGITS
    good &= fits | (whole == 0)
    found += whole * _TENS[parts.decimals * fits]
    return found, good


def _digits(
    data: Bytes, starts: Integers, sizes: Integers
) -> tuple[Integers, Flags]:
    """Up to eight digits from each place on, and whether they are digits."""
    words = np.ndarray(
        (len(data) - _WORD + 1,), np.uint64, data.data, strides=(1,)
    )
    found = words[np.minimum(starts, len(words) - 1)]
    found ^= _ZEROS
    found <<= ((_WORD - sizes) * _WORD).view(np.uint64)
    high = found + _OVER_NINE
    high |= found
    high &= _HIGH
    for factor, shift, mask in _STEPS:
        found *= factor
        found >>= shift
        found &= mask
    return found.view(np.int64), high == 0


def _significant(parts: _Parts, mantissa: Integers) -> tuple[Places, Places]:
    """Significant digits of each, and the exponent of the first."""
    binary = mantissa.astype(np.float64).view(np.int64) >> _BINARY_EXPONENT
    count = np.maximum((binary - (_BIAS - 1)) * 1233 >> 12, 0)  # log10(2)
    count += mantissa >= _TENS[count]
    exponent = count - 1 + parts.power - parts.decimals
    exponent *= mantissa != 0
    return (
        np.maximum(count, 1).astype(np.int16),
        exponent.astype(np.int16),
    )


def _values(
    text: bytes, parts: _Parts, mantissa: Integers, digits: Places
) -> tuple[Doubles, Flags]:
    """The nearest doubles, and which of them tell their texts."""
    power = parts.power - parts.decimals
    value = mantissa.astype(np.float64)
    value /= _POWERS[np.minimum(parts.decimals, _EXACT_POWER)]
    rows = np.flatnonzero(parts.scientific)
    if len(rows):
        whole = mantissa[rows].astype(np.float64)
        size = np.minimum(np.abs(power[rows]), _EXACT_POWER)
        factor = _POWERS[size]
        value[rows] = np.where(power[rows] < 0, whole / factor, whole * factor)
    value.view(np.uint64)[:] |= parts.negative.astype(np.uint64) << _SIGN
    rebuilt = digits <= SAFE_DIGITS
    wide = np.flatnonzero((mantissa > _EXACT) | (np.abs(power) > _EXACT_POWER))
    if len(wide):
        value[wide] = _cast(text, parts.begin[wide] - 1, parts.end[wide] - 1)
    many = np.flatnonzero(~rebuilt & (power <= 0) & (power >= -_EXACT_POWER))
    if len(many):
        rebuilt[many] = _near(value[many], mantissa[many], power[many])
    for row in np.flatnonzero(~rebuilt).tolist():
        word = text[parts.begin[row] - 1 : parts.end[row] - 1].decode()
        rebuilt[row] = parse_number(word).text is None
    return value, rebuilt


def _near(value: Doubles, mantissa: Integers, power: Integers) -> Flags:
    """Which doubles are surely nearest to these digits among all digits.

    The double in units of the last digit, to twice a double's precision, lies
    within half a unit of the digits. False where it is too close to tell.
    """
    scale = _POWERS[-power]
    size = np.abs(value)
    product = size * scale
    (high, low), (tens, ones) = _halves(size), _halves(scale)
    error = high * tens - product
    error += high * ones
    error += low * tens
    error += low * ones
    floor = np.floor(product)
    units = (floor.astype(np.int64) - mantissa).astype(np.float64)
    apart = units + (product - floor) + error
    near = np.abs(apart) < _SURELY
    count = np.searchsorted(_TENS, mantissa)  # a power of ten is not sure
    found: Flags = near & (_TENS[np.minimum(count, 18)] != mantissa)
    return found


def _halves(values: Doubles) -> tuple[Doubles, Doubles]:
    """Two doubles of half the digits, whose products are exact."""
    scaled = values * _SPLIT
    high = scaled - (scaled - values)
    return high, values - high


def _cast(text: bytes, begin: Integers, end: Integers) -> Doubles:
    """Numbers as Arrow reads them."""
    offsets = np.empty(2 * len(begin) + 1, np.int32)
    offsets[:-1:2], offsets[1::2] = begin, end
    offsets[-1] = end[-1]
    pieces = pa.Array.from_buffers(
        pa.string(),
        2 * len(begin),
        [None, pa.py_buffer(offsets), pa.py_buffer(text)],
    )
    words = pieces.take(pa.array(np.arange(0, 2 * len(begin), 2)))
    found: Doubles = words.cast(pa.float64()).to_numpy()
    return found
