"""A log as lines, whatever the file holds: bounded, decoded, hashed."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tracekit.errors import LogError
from tracekit.schema import FileUse

LONGEST_LINE = 1 << 20
"""Bytes of a line that are read; no trace line comes near it."""

_KEPT = 1000
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class LongLine(str):
    """The beginning of a line that is longer than ``LONGEST_LINE``."""

    __slots__ = ()


class LogFile:
    """A log on disk, read once from its beginning to its end.

    Args:
        path: a file or a pipe.

    Raises:
        LogError: nothing can be read from there.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._digest = hashlib.sha256()
        self._size = 0
        if self.path.is_dir():
            raise LogError(
                f"{path} is a directory; give the path of a log file"
            )
        if not self.path.exists():
            raise LogError(
                f"{path} doesn't exist; give the path of a log file"
            )

    def lines(self) -> Iterator[str]:
        """The lines without their ends; bytes that are no UTF-8 escaped."""
        try:
            with self.path.open("rb") as file:
                while raw := file.readline(LONGEST_LINE):
                    self._count(raw)
                    if self._size == len(raw):
                        raw = self._without_mark(raw)
                    if len(raw) == LONGEST_LINE and not raw.endswith(b"\n"):
                        self._skip(file)
                        yield LongLine(_decoded(raw[:_KEPT]))
                    else:
                        yield _decoded(raw.rstrip(b"\r\n"))
        except OSError as error:
            raise LogError(f"{self.path} can't be read: {error}") from error
        if self._size == 0:
            raise LogError(
                f"{self.path} is empty; did the program write its log "
                "somewhere else?"
            )

    def use(self) -> FileUse:
        """The file as a fact of the run; complete when all lines are read."""
        return FileUse(
            self.path.name,
            "log",
            sha256=self._digest.hexdigest(),
            size=self._size,
            origin=str(self.path),
        )

    def _count(self, raw: bytes) -> None:
        self._digest.update(raw)
        self._size += len(raw)

    def _without_mark(self, raw: bytes) -> bytes:
        if raw.startswith(_UTF16):
            raise LogError(
                f"{self.path} is UTF-16 text; convert it to UTF-8 first, for "
                "example with iconv -f UTF-16 -t UTF-8"
            )
        return raw.removeprefix(codecs.BOM_UTF8)

    def _skip(self, file: BinaryIO) -> None:
        while raw := file.readline(LONGEST_LINE):
            self._count(raw)
            if raw.endswith(b"\n"):
                return


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", errors="backslashreplace")
