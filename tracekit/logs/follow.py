"""Follows a log that is still written, and keeps what it read if killed.

What is read is copied into the trace's directory as it comes, so that
``tracekit repair`` can read it again where the follower was killed.
"""

from __future__ import annotations

import io
import json
import os
import select
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from tracekit.errors import LogError, TraceError
from tracekit.logs.dialect_file import load_dialect
from tracekit.logs.file import LogFile
from tracekit.logs.log import Parsed, parse_file
from tracekit.schema import Run
from tracekit.storage.directory import claimed, held
from tracekit.storage.spill import Spill
from tracekit.storage.unfinished import (
    COPY,
    JOURNAL,
    Journal,
    remove_unfinished,
)

_POLL_SECONDS = 0.1
_MOVED_SECONDS = 1.0


class FollowedLog(LogFile):
    """A log that may grow while it is read.

    It ends where ``stop`` is called, where nothing came for a while, where a
    pipe's writer ends, or where the file is cut or another takes its place;
    ``broken`` says the last two.

    Args:
        path: a file, which need not be there yet, a pipe, or ``-``.
        until_idle: after so many seconds without a byte it has ended; None
            for never.
        copy: takes all bytes as they come.
    """

    def __init__(
        self,
        path: str | Path,
        until_idle: float | None = None,
        copy: BinaryIO | None = None,
    ) -> None:
        self._idle, self._copy = until_idle, copy
        self._stopped = False
        self._last = time.monotonic()
        super().__init__(path)

    def stop(self) -> None:
        """End the log where the file ends now, a pipe at once."""
        self._stopped = True

    def _check(self) -> None:
        """The file may come later."""

    def _opened(self) -> BinaryIO:
        there = str(self.path) == "-"
        while not there and not self.path.exists() and self._waits():
            time.sleep(_POLL_SECONDS)
        super()._check()
        return cast(BinaryIO, _Growing(self, super()._opened()))

    def _waits(self) -> bool:
        idle = time.monotonic() - self._last
        return not self._stopped and (self._idle is None or idle < self._idle)

    def more(self, source: BinaryIO, size: int, position: int) -> bytes:
        """The next bytes of a source, when they come."""
        regular = stat.S_ISREG(os.fstat(source.fileno()).st_mode)
        while True:
            wait = 0 if regular else _POLL_SECONDS
            if select.select([source], [], [], wait)[0]:
                data = os.read(source.fileno(), size)
                if data or not regular:
                    self._take(data)
                    return data
            if not self._waits():
                return b""
            if regular and self._has_ended(source, position):
                return b""
            time.sleep(_POLL_SECONDS - wait)

    def _take(self, data: bytes) -> None:
        self._last = time.monotonic()
        if self._copy is not None:
            self._copy.write(data)
            self._copy.flush()

    def _has_ended(self, source: BinaryIO, position: int) -> bool:
        """Whether this file will grow no more; says why."""
        now = os.fstat(source.fileno())
        if now.st_size < position:
            self.broken = (
                f"the log was cut to {now.st_size} bytes when {position} had "
                "been read; what came before is kept, follow it again for "
                "the rest"
            )
            return True
        if time.monotonic() - self._last < _MOVED_SECONDS:
            return False
        try:
            there = self.path.stat()
        except FileNotFoundError:
            there = None
        if there is None or not os.path.samestat(there, now):
            self.broken = (
                "the log was moved away or another file took its place; what "
                "it held is kept, follow the new file by itself"
            )
        return bool(self.broken)


class _Growing(io.RawIOBase):
    """Waits at the end of a file."""

    def __init__(self, log: FollowedLog, source: BinaryIO) -> None:
        self._log, self._source, self._position = log, source, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._log.more(self._source, size, self._position)
        self._position += len(data)
        return data

    def close(self) -> None:
        self._source.close()
        super().close()


@contextmanager
def followed(
    path: str | Path,
    output: str | Path,
    dialect: str | Path = "nanobragg",
    until_idle: float | None = None,
) -> Iterator[FollowedLog]:
    """Follow a log into a new trace directory.

    Args:
        path: as for ``FollowedLog``.
        output: the directory; what was read is kept there as it comes.
        dialect: as for ``read_log``.
        until_idle: as for ``FollowedLog``.

    Raises:
        TraceError: the directory holds something already.
        LogError: the dialect can't be read.
    """
    root = Path(output)
    if root.is_dir() and any(root.iterdir()):
        raise TraceError(
            f"{root} is not empty; give a new directory for the trace"
        )
    program = load_dialect(dialect).program
    known = (
        str(Path(dialect).resolve()) if Path(dialect).is_file() else dialect
    )
    about = {
        "path": str(path) if str(path) == "-" else str(Path(path).resolve()),
        "dialect": str(known),
    }
    with claimed(root):
        journal = Journal(root / JOURNAL, Run(program, family="log"), ())
        journal.append("log", about)
        journal.close()
        try:
            with (root / COPY).open("wb") as copy:
                yield FollowedLog(path, until_idle, copy)
        except LogError:
            remove_unfinished(root)
            raise


def store(parsed: Parsed, output: str | Path) -> None:
    """Write the trace of a followed log where it was followed to."""
    root = Path(output)
    parsed.write_into(root)
    remove_unfinished(root)


def is_followed(root: Path) -> bool:
    """Whether a log was followed to here, and its trace not written."""
    return (root / COPY).is_file() and (root / JOURNAL).is_file()


def finish(root: Path) -> Parsed:
    """Make the trace of what a killed follower had read.

    Raises:
        RecordingError: it still follows.
        LogError: nothing had been read.
    """
    with held(root):
        about = _about(root)
        copied = _Copied(root / COPY, about["path"])
        parsed = parse_file(copied, about["dialect"], Spill(root))
        store(parsed, root)
    return parsed


class _Copied(LogFile):
    """The copy of a log, under the log's own name."""

    def __init__(self, copy: Path, path: str) -> None:
        super().__init__(copy)
        self.origin = Path(path)


def _about(root: Path) -> dict[str, str]:
    """What the follower said when it began."""
    for line in (root / JOURNAL).read_text().splitlines():
        found: dict[str, dict[str, str]] = json.loads(line)
        if "log" in found:
            return found["log"]
    raise LogError(
        f"{root}: the follower was killed as it began, nothing was kept"
    )
