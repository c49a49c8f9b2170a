"""A log as lines, whatever the file holds: bounded, decoded, hashed."""

from __future__ import annotations

import bz2
import codecs
import gzip
import hashlib
import io
import lzma
import os
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import numpy as np
import pyarrow as pa

from tracekit.errors import LogError
from tracekit.schema import FileUse

LONGEST_LINE = 1 << 20
"""Bytes of a line that are read; no trace line comes near it."""

BLOCK = 2 << 20
"""Bytes that are read at a time."""

KEPT = 1000
"""Bytes that are kept of a line that is longer."""

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_BZIP2, _XZ = b"BZh", b"\xfd7zXZ\0"
DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError)
"""What the libraries raise that unpack."""
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class LongLine(str):
    """The beginning of a line that is longer than ``LONGEST_LINE``."""

    __slots__ = ()


class LogFile:
    """A log, read once from its beginning to its end.

    What gzip, zstd, bzip2 or xz has packed is unpacked on the way, whatever
    its name.

    Args:
        path: a file, a pipe, or ``-`` for standard input.

    Attributes:
        origin: the path to tell.
        broken: why reading stopped early, "" where it didn't: what was
            packed and is cut off gives its beginning.
        torn: the line at which it stopped, as far as it came.
        count: lines read so far.

    Raises:
        LogError: nothing can be read from there.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = self.origin = Path(path)
        self.broken, self.torn, self.count = "", "", 0
        self._raw: _Hashed | None = None
        self._check()

    def _check(self) -> None:
        if str(self.path) == "-":
            return
        if self.path.is_dir():
            raise LogError(
                f"{self.path} is a directory; give the path of a log file"
            )
        if not self.path.exists():
            raise LogError(
                f"{self.path} doesn't exist; give the path of a log file"
            )

    @property
    def name(self) -> str:
        """What to call it where a line of it is named."""
        if str(self.origin) == "-":
            return "standard input"
        return self.origin.name

    def lines(self) -> Iterator[str]:
        """The lines without their ends; bytes that are no UTF-8 escaped."""
        for block in self.blocks():
            if isinstance(block, LongLine):
                yield block
            else:
                yield from map(line_text, block.split(b"\n")[:-1])

    def blocks(self) -> Iterator[bytes | LongLine]:
        """The lines as they are, many at a time, each with an end.

        The beginning of a long line may come by itself.
        """
        try:
            with self._opened() as source:
                self._raw = _Hashed(source)
                yield from self._read(io.BufferedReader(self._raw))
        except OSError as error:
            raise LogError(f"{self.path} can't be read: {error}") from error

    def use(self) -> FileUse:
        """The file as a fact of the run; complete when all lines are read."""
        raw = self._raw
        return FileUse(
            self.name,
            "log",
            sha256=raw.digest.hexdigest() if raw else "",
            size=raw.size if raw else 0,
            origin=str(self.origin),
        )

    def _opened(self) -> BinaryIO:
        if str(self.path) == "-":
            return os.fdopen(os.dup(sys.stdin.fileno()), "rb", 0)
        return cast(BinaryIO, self.path.open("rb", 0))

    def _read(self, packed: io.BufferedReader) -> Iterator[bytes | LongLine]:
        file, rest, began = _unpacked(packed), b"", False
        try:
            for data in _filled(file, whole=file is packed):
                data = data if began else self._without_mark(data)
                began = True
                cut = data.rfind(b"\n") + 1
                if cut:
                    lines = b"".join((rest, memoryview(data)[:cut]))
                    yield self._counted(lines)
                    rest = b""
                rest += data[cut:]
                if len(rest) >= LONGEST_LINE:
                    self.count += 1
                    yield LongLine(_decoded(rest[:KEPT]))
                    rest = _skipped(file)
        except DAMAGED as error:
            if file is packed or not (rest or self.count):
                raise OSError(str(error)) from error
            self.broken = f"the packed file is cut off or damaged: {error}"
            self.torn, rest = _decoded(rest[:KEPT]), b""
        if rest:
            yield self._counted(rest + b"\n"[rest.endswith(b"\n") :])
        if not self.count:
            raise LogError(
                f"{self.path} is empty; did the program write its log "
                "somewhere else?"
            )

    def _counted(self, block: bytes) -> bytes:
        letters = np.frombuffer(block, np.uint8)
        self.count += int(np.count_nonzero(letters == ord("\n")))
        return block

    def _without_mark(self, raw: bytes) -> bytes:
        if raw.startswith(_UTF16):
            raise LogError(
                f"{self.path} is UTF-16 text; convert it to UTF-8 first, for "
                "example with iconv -f UTF-16 -t UTF-8"
            )
        return raw.removeprefix(codecs.BOM_UTF8)


class _Hashed(io.RawIOBase):
    """Bytes as they come from the disk, with their number and hash."""

    def __init__(self, source: BinaryIO) -> None:
        self.digest, self.size = hashlib.sha256(), 0
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._source.read(len(buffer))
        buffer[: len(data)] = data
        self.digest.update(data)
        self.size += len(data)
        return len(data)


class _Pieces(Protocol):
    """What gives its content in pieces, each at most so long."""

    def read1(self, size: int) -> bytes:
        """The next piece, empty at the end."""


def _unpacked(file: io.BufferedReader) -> _Pieces:
    """The text behind what gzip, zstd, bzip2 or xz made of it."""
    start = file.peek(len(_XZ))[: len(_XZ)]
    if start.startswith(_GZIP):
        return gzip.GzipFile(fileobj=file)
    if start.startswith(_BZIP2):
        return bz2.BZ2File(file)
    if start.startswith(_XZ):
        return lzma.LZMAFile(file)
    if start.startswith(_ZSTD):
        stream = pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd")
        return io.BufferedReader(stream)
    return file


def _filled(file: _Pieces, *, whole: bool) -> Iterator[bytes]:
    """Pieces of about ``BLOCK`` bytes; what a pipe has, as it has it.

    Args:
        file: of text.
        whole: whether pieces may be large. What was packed comes in small
            ones: where it is damaged, the piece before the damage is lost.
    """
    step = BLOCK if whole else io.DEFAULT_BUFFER_SIZE
    waiting, size = [], 0
    try:
        while data := file.read1(step):
            waiting.append(data)
            size += len(data)
            if whole or size >= BLOCK:
                yield b"".join(waiting)
                waiting, size = [], 0
    except DAMAGED:
        yield b"".join(waiting)
        raise
    if waiting:
        yield b"".join(waiting)


def _skipped(file: _Pieces) -> bytes:
    """What follows the end of the line, as far as it was read."""
    while data := file.read1(BLOCK):
        _, end, rest = data.partition(b"\n")
        if end:
            return rest
    return b""


def line_text(raw: bytes) -> str:
    """A line without its end; bytes that are no UTF-8 escaped."""
    if len(raw) >= LONGEST_LINE:
        return LongLine(_decoded(raw[:KEPT]))
    return _decoded(raw.rstrip(b"\r\n"))


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", errors="backslashreplace")
