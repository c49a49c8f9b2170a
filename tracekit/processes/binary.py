"""What kind of file a program is, and the build id that its linker gave it."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

_NOTE = 4
_BUILD_ID = 3
_MOST = 1000
_LARGEST = 1 << 16


class _Places(NamedTuple):
    """Where an ELF header and its program headers say what we need."""

    table: int
    entry: int
    entries: int
    offset: int
    length: int


_WIDE = _Places(table=0x20, entry=0x36, entries=0x38, offset=8, length=32)
_NARROW = _Places(table=0x1C, entry=0x2A, entries=0x2C, offset=4, length=16)


def build_id(path: Path) -> str:
    """The build id in hexadecimal, or why there is none, in parentheses.

    The id stands in a note of an ELF file: program header of type PT_NOTE,
    then a note of type NT_GNU_BUILD_ID with the name "GNU" (System V ABI and
    binutils' documentation of ``--build-id``).
    """
    try:
        with path.open("rb") as file:
            return _elf_build_id(file)
    except (OSError, struct.error) as error:
        return f"(can't be read: {error})"


def _elf_build_id(file: BinaryIO) -> str:
    ident = file.read(16)
    if ident[:2] == b"#!":
        return "(a script)"
    if ident[:4] != b"\x7fELF":
        return "(no ELF file)"
    order = "<" if ident[5] == 1 else ">"
    wide = ident[4] == 2
    word, at = ("Q", _WIDE) if wide else ("I", _NARROW)

    def number(form: str, place: int) -> int:
        file.seek(place)
        (value,) = struct.unpack(
            order + form, file.read(struct.calcsize(form))
        )
        return int(value)

    size, count = number("H", at.entry), number("H", at.entries)
    table = number(word, at.table)
    for header in range(table, table + min(count, _MOST) * size, size):
        if number("I", header) == _NOTE:
            length = number(word, header + at.length)
            file.seek(number(word, header + at.offset))
            found = _in_notes(file.read(min(length, _LARGEST)), order)
            if found:
                return found
    return "(none: linked without --build-id)"


def _in_notes(notes: bytes, order: str) -> str:
    place = 0
    while place + 12 <= len(notes):
        name_size, size, kind = struct.unpack_from(order + "III", notes, place)
        name = place + 12
        content = name + (name_size + 3 & ~3)
        if kind == _BUILD_ID and notes[name : name + 4] == b"GNU\0":
            return notes[content : content + size].hex()
        place = content + (size + 3 & ~3)
    return ""
