"""Apache Thrift's compact protocol, in which a Parquet file's footer is.

A struct is read as what it is, fields by number, without a word on what they
mean; written again it has the same bytes.
"""

from __future__ import annotations

from typing import Any

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY = range(1, 9)
LIST, SET, _, STRUCT = range(9, 13)

Struct = dict[int, tuple[int, Any]]
"""Fields by number: type and value. A list is a type and its values."""

_LONG = 15  # a list's length, or a step of field numbers, that stands apart


class Reader:
    """Reads values that stand one behind the other.

    Args:
        data: their bytes.

    Attributes:
        place: where the next value begins.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.place = 0

    def __bool__(self) -> bool:
        return self.place < len(self._data)

    def struct(self) -> Struct:
        """The next value, a struct.

        >>> Reader(bytes([0x16, 0x54, 0])).struct()
        {1: (6, 42)}
        """
        found: Struct = {}
        number = 0
        while head := self.take(1)[0]:
            step, kind = divmod(head, 16)
            number = number + step if step else self.integer()
            found[number] = kind, self._value(kind)
        return found

    def _value(self, kind: int) -> Any:
        if kind in (TRUE, FALSE):
            return None  # the type says it
        if kind == BYTE:
            return self.take(1)
        if kind in (I16, I32, I64):
            return self.integer()
        if kind == DOUBLE:
            return self.take(8)
        if kind == BINARY:
            return self.take(self.unsigned())
        if kind in (LIST, SET):
            return self._list()
        if kind == STRUCT:
            return self.struct()
        raise ValueError(f"a footer has a value of the unknown type {kind}")

    def _list(self) -> tuple[int, list[Any]]:
        count, kind = divmod(self.take(1)[0], 16)
        count = self.unsigned() if count == _LONG else count
        one = BYTE if kind in (TRUE, FALSE) else kind
        return kind, [self._value(one) for _ in range(count)]

    def take(self, count: int) -> bytes:
        """So many bytes, as they are."""
        start, self.place = self.place, self.place + count
        return self._data[start : self.place]

    def unsigned(self) -> int:
        """The next value, a whole number that is not negative."""
        found = shift = 0
        while (part := self.take(1)[0]) > 127:
            found |= (part & 127) << shift
            shift += 7
        return found | part << shift

    def integer(self) -> int:
        """The next value, a whole number."""
        number = self.unsigned()
        return number >> 1 ^ -(number & 1)


def written(struct: Struct) -> bytes:
    """A struct's bytes.

    >>> written({1: (I64, 42)}).hex()
    '165400'
    """
    parts = []
    last = 0
    for number, (kind, value) in struct.items():
        step, last = number - last, number
        if 0 < step <= _LONG:
            parts.append(bytes([step << 4 | kind]))
        else:
            parts.append(bytes([kind]) + integer(number))
        parts.append(_value(kind, value))
    return b"".join(parts) + b"\0"


def _value(kind: int, value: Any) -> bytes:
    if value is None:
        return b""
    if kind in (I16, I32, I64):
        return integer(value)
    if kind == BINARY:
        return _unsigned(len(value)) + bytes(value)
    if kind in (LIST, SET):
        return _list(*value)
    if kind == STRUCT:
        return written(value)
    return bytes(value)


def _list(kind: int, values: list[Any]) -> bytes:
    count = len(values)
    head = bytes([min(count, _LONG) << 4 | kind])
    head += _unsigned(count) if count >= _LONG else b""
    return head + b"".join(_value(kind, value) for value in values)


def _unsigned(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def integer(number: int) -> bytes:
    """A whole number's bytes."""
    return _unsigned(number << 1 if number >= 0 else ~(number << 1))
