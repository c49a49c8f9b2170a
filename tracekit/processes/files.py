"""Files that a run opened, as facts: read or written, with their contents.

Only what may decide the result counts: not the system's files and libraries,
nor hidden ones such as caches. A file that was read is known by the content
that it had when the program began, if that can be known.
"""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tracekit.processes.opened import Opened
from tracekit.run_record import found_file
from tracekit.schema import FileUse, Role

MOST_FILES = 1000
MOST_BYTES = 4 << 30

_SYSTEM = tuple(
    Path(part)
    for part in (
        *("/proc", "/sys", "/dev", "/etc", "/usr", "/bin", "/sbin"),
        *("/lib", "/lib32", "/lib64", "/run", "/boot"),
    )
)
_LIBRARIES = (".py", ".pyc", ".pyi", ".pth", ".so", ".dll", ".dylib")


def matters(path: Path) -> bool:
    """Whether a file may decide the result: no library, nothing hidden."""
    if path.suffix in _LIBRARIES or ".so." in path.name:
        return False
    if any(path.is_relative_to(folder) for folder in _excluded()):
        return False
    return not any(part.startswith(".") for part in path.parts)


def _excluded() -> tuple[Path, ...]:
    python = (
        sys.prefix,
        sys.base_prefix,
        *(sysconfig.get_path(name) for name in ("stdlib", "purelib")),
    )
    inside = (Path(part) for part in python)
    return (*_SYSTEM, *(part for part in inside if part != Path("/")))


def present(directory: Path) -> tuple[dict[str, FileUse], int]:
    """The files of a directory as they are now, by name; and how many more.

    At most ``MOST_FILES`` files and ``MOST_BYTES`` bytes are hashed, none
    above 1 GiB; those that can't be read count as left out.
    """
    found: dict[str, FileUse] = {}
    left_out, bytes_left = 0, MOST_BYTES
    for path in sorted(directory.iterdir()):
        if not path.is_file():
            continue
        use = None
        if len(found) < MOST_FILES and _size(path) <= bytes_left:
            use = found_file(path, "present", "working directory")
        if use is None or use.sha256 is None:
            left_out += 1
            continue
        found[path.name] = use
        bytes_left -= use.size or 0
    return found, left_out


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # it is gone


def files_of(
    opened: Iterable[Opened],
    directory: Path,
    trace: Path,
    argv: Sequence[str],
    before: Mapping[str, FileUse],
) -> list[FileUse]:
    """What was opened, as input, side or output; the trace's own left out.

    Args:
        opened: each file once, and how it was opened first.
        directory: where the program ran.
        trace: where the trace lies; nothing in there counts.
        argv: the command: a file that it names is ``input``, not ``side``.
        before: the files of the working directory as the program began.
    """
    here, own = directory.resolve(), trace.resolve()
    found: list[FileUse] = []
    bytes_left = MOST_BYTES
    for use in opened:
        path = use.path
        if path.is_relative_to(own) or not matters(path):
            continue
        if len(found) == MOST_FILES:
            break
        named = any(path.name in word for word in argv)
        role: Role = "input" if named else "side"
        known = before.get(path.name) if path.parent == here else None
        if use.writes:
            kept = found_file(path, "output", str(path))
        elif known is not None:
            kept = replace(known, role=role, origin=str(path))
        else:
            kept = found_file(path, role, str(path))
        if kept is not None and (kept.size or 0) <= bytes_left:
            bytes_left -= kept.size or 0
            found.append(kept)
    return found
