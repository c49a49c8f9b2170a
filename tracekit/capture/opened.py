"""The files that a Python program opens while it is recorded.

Python's audit hooks tell of every ``open``; one can't be taken out again, so
it is put in once, with the first recording, and does nothing while none lasts.
A library that opens files in C (HDF5, Arrow) isn't seen: ``tk.input_file``
states such a file.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from tracekit import _state
from tracekit.processes.files import MOST_BYTES, MOST_FILES, matters
from tracekit.run_record import found_file
from tracekit.schema import FileUse

_READ, _WRITTEN = "read", "written"
_installed = False


class OpenedFiles:
    """What one recording saw: each file once, and how it was opened first.

    Args:
        own: the recording's folder, which doesn't count.
    """

    def __init__(self, own: Path | None) -> None:
        self._own = None if own is None else str(own.absolute()) + os.sep
        self._seen: dict[str, str] = {}

    def note(self, path: str, how: str) -> None:
        """A file was opened."""
        if len(self._seen) < 10 * MOST_FILES:
            self._seen.setdefault(path, how)

    def uses(self, stated: list[FileUse]) -> list[FileUse]:
        """Files that were read and may decide the result, with their hashes.

        Args:
            stated: what the program itself stated; not stated again.
        """
        names = {use.name for use in stated}
        found: list[FileUse] = []
        bytes_left = MOST_BYTES
        for name, how in tuple(self._seen.items()):
            path = Path(name)
            own = self._own is not None and name.startswith(self._own)
            if how != _READ or own or path.name in names or not matters(path):
                continue
            use = found_file(path, "side", "opened")
            if use is not None and (use.size or 0) <= bytes_left:
                bytes_left -= use.size or 0
                found.append(use)
            if len(found) == MOST_FILES:
                break
        return found


def watch_opens() -> None:
    """Put the hook in, once a process."""
    global _installed
    if not _installed:
        _installed = True
        sys.addaudithook(_hook)
        _state.entries.add(_hook.__code__)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open" or not _state.recording:
        return
    path, mode, flags = arguments
    if not isinstance(path, str | bytes) or not path:
        return
    try:
        name = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - no links
    except (OSError, ValueError):
        return  # no directory any more: the open itself will say so
    if isinstance(mode, str):
        writes = not mode.startswith("r") or "+" in mode
    else:
        writes = bool(flags & (os.O_WRONLY | os.O_RDWR))
    for recorder in _state.recorders:
        recorder.files.note(name, _WRITTEN if writes else _READ)
