"""What kind of file a program is, and the build id that its linker gave it."""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

_INTERPRETER = 3
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


class _Header(NamedTuple):
    """A program header: its type, and where what it describes lies."""

    kind: int
    offset: int
    length: int


def build_id(path: Path) -> str:
    """The build id in hexadecimal, or why there is none, in parentheses.

    The id stands in a note of an ELF file: program header of type PT_NOTE,
    then a note of type NT_GNU_BUILD_ID with the name "GNU" (System V ABI and
    binutils' documentation of ``--build-id``).
    """
    try:
        with path.open("rb") as file:
            ident = file.read(16)
            if ident[:2] == b"#!":
                return "(a script)"
            if ident[:4] != b"\x7fELF":
                return "(no ELF file)"
            for header in _headers(file, ident):
                if header.kind == _NOTE:
                    file.seek(header.offset)
                    notes = file.read(min(header.length, _LARGEST))
                    found = _in_notes(notes, _order(ident))
                    if found:
                        return found
            return "(none: linked without --build-id)"
    except (OSError, struct.error) as error:
        return f"(can't be read: {error})"


def unseen_by_preload(path: Path) -> str:
    """Why a preloaded library sees nothing of a program, "" if it does."""
    try:
        if path.stat().st_mode & (stat.S_ISUID | stat.S_ISGID):
            return "set-user-ID"
        with path.open("rb") as file:
            ident = file.read(16)
            if ident[:4] != b"\x7fELF":
                return ""
            kinds = {header.kind for header in _headers(file, ident)}
            return "" if _INTERPRETER in kinds else "linked statically"
    except (OSError, struct.error):
        return ""


def _order(ident: bytes) -> str:
    return "<" if ident[5] == 1 else ">"


def _headers(file: BinaryIO, ident: bytes) -> Iterator[_Header]:
    wide = ident[4] == 2
    word, at = ("Q", _WIDE) if wide else ("I", _NARROW)

    def number(form: str, place: int) -> int:
        file.seek(place)
        size = struct.calcsize(form)
        (value,) = struct.unpack(_order(ident) + form, file.read(size))
        return int(value)

    size, count = number("H", at.entry), number("H", at.entries)
    table = number(word, at.table)
    for place in range(table, table + min(count, _MOST) * size, size):
        yield _Header(
            number("I", place),
            number(word, place + at.offset),
            number(word, place + at.length),
        )


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
