"""What a program reads as its standard input: it gets ours as it is."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

from tracekit.run_record import found_file
from tracekit.schema import FileUse


class StandardInput(NamedTuple):
    """Our own standard input.

    Args:
        note: what it is, in words.
        file: where it is a file, its content.
        position: where reading begins, for a file.
    """

    note: str
    file: FileUse | None = None
    position: int = 0


def standard_input() -> StandardInput:
    """What a program that is started now finds on its standard input."""
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return StandardInput("closed")
    if stat.S_ISREG(mode):
        path = _path()
        use = path and found_file(path, "input", "standard input")
        position = os.lseek(0, 0, os.SEEK_CUR)
        name = path.name if path else "whose name can't be known"
        return StandardInput(f"the file {name}", use or None, position)
    if os.isatty(0):
        return StandardInput("a terminal")
    if stat.S_ISCHR(mode):
        return StandardInput("nothing")
    return StandardInput("a pipe: what came through it is not kept")


def rewind(before: StandardInput) -> None:
    """Where the input is a file, let it be read again from the same place."""
    if before.file is not None:
        os.lseek(0, before.position, os.SEEK_SET)


def _path() -> Path | None:
    """The file's path, where the system tells it."""
    try:
        return Path("/proc/self/fd/0").readlink()
    except OSError:
        return None
