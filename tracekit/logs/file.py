"""A log as lines, whatever the file holds: bounded, decoded, hashed."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import os
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from tracekit.errors import LogError
from tracekit.schema import FileUse

LONGEST_LINE = 1 << 20
"""Bytes of a line that are read; no trace line comes near it."""

_KEPT = 1000
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class LongLine(str):
    """The beginning of a line that is longer than ``LONGEST_LINE``."""

    __slots__ = ()


class LogFile:
    """A log, read once from its beginning to its end.

    What gzip or zstd has packed is unpacked on the way, whatever its name.

    Args:
        path: a file, a pipe, or ``-`` for standard input.

    Attributes:
        broken: why reading stopped early, "" where it didn't: what was
            packed and is cut off gives its beginning.
        count: lines read so far.

    Raises:
        LogError: nothing can be read from there.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.broken, self.count = "", 0
        self._raw: _Hashed | None = None
        if str(path) == "-":
            return
        if self.path.is_dir():
            raise LogError(
                f"{path} is a directory; give the path of a log file"
            )
        if not self.path.exists():
            raise LogError(
                f"{path} doesn't exist; give the path of a log file"
            )

    @property
    def name(self) -> str:
        """What to call it where a line of it is named."""
        return "standard input" if str(self.path) == "-" else self.path.name

    def lines(self) -> Iterator[str]:
        """The lines without their ends; bytes that are no UTF-8 escaped."""
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
            origin=str(self.path),
        )

    def _opened(self) -> BinaryIO:
        if str(self.path) == "-":
            return os.fdopen(os.dup(sys.stdin.fileno()), "rb", 0)
        return cast(BinaryIO, self.path.open("rb", 0))

    def _read(self, packed: io.BufferedReader) -> Iterator[str]:
        file = _unpacked(packed)
        try:
            while raw := file.readline(LONGEST_LINE):
                raw = raw if self.count else self._without_mark(raw)
                self.count += 1
                if len(raw) == LONGEST_LINE and not raw.endswith(b"\n"):
                    _skip(file)
                    yield LongLine(_decoded(raw[:_KEPT]))
                else:
                    yield _decoded(raw.rstrip(b"\r\n"))
        except (EOFError, OSError, zlib.error) as error:
            if file is packed or not self.count:
                raise OSError(str(error)) from error
            self.broken = f"the packed file is cut off or damaged: {error}"
        if not self.count:
            raise LogError(
                f"{self.path} is empty; did the program write its log "
                "somewhere else?"
            )

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


def _unpacked(file: io.BufferedReader) -> io.BufferedReader:
    """The text behind what gzip or zstd made of it."""
    start = file.peek(len(_ZSTD))[: len(_ZSTD)]
    if start.startswith(_GZIP):
        return io.BufferedReader(gzip.GzipFile(fileobj=file))
    if start == _ZSTD:
        stream = pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd")
        return io.BufferedReader(stream)
    return file


def _skip(file: io.BufferedReader) -> None:
    while raw := file.readline(LONGEST_LINE):
        if raw.endswith(b"\n"):
            return


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", errors="backslashreplace")
