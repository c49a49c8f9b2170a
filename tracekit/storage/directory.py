"""The directory of a trace: whose it is, and what may be replaced in it."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tracekit.columns import TABLES
from tracekit.errors import RecordingError
from tracekit.storage.trace import ELEMENTS, MARKER, is_trace
from tracekit.storage.unfinished import (
    JOURNAL,
    PART,
    STREAM,
    is_unfinished,
)

LOCK = "recording.lock"
_OURS = {MARKER, ELEMENTS, STREAM, JOURNAL, LOCK, "output.log"} | {
    f"{name}.parquet" for name in TABLES
}


@contextmanager
def claimed(root: Path) -> Iterator[None]:
    """Hold an empty directory that nobody else records to.

    An earlier trace that lies there, finished or not, is removed.

    Raises:
        RecordingError: another recorder writes there, or the directory holds
            something that is no trace; it is left as it was.
    """
    try:
        _refuse_others(root)
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(root, error) from error
    with held(root):
        _clear(root)
        yield


@contextmanager
def held(root: Path) -> Iterator[None]:
    """Hold a directory that nobody else records to, as it is.

    Raises:
        RecordingError: a recorder writes there.
    """
    _lock(root)
    owner = os.getpid()
    try:
        yield
    finally:
        if os.getpid() == owner:  # no forked child that leaves the block
            with suppress(OSError):  # what is gone, closing has told
                (root / LOCK).unlink()


def is_held(root: Path) -> bool:
    """Whether a process that runs records there."""
    try:
        owner = (root / LOCK).read_text().strip()
    except OSError:
        return False
    return is_unfinished(root) and _is_alive(owner)


def _refuse_others(root: Path) -> None:
    if not root.exists():
        return
    if not root.is_dir():
        raise RecordingError(
            f"{root} is a file; give a new directory for the trace"
        )
    found = {entry.name for entry in root.iterdir()}
    others = sorted(n for n in found - _OURS if not PART.fullmatch(n))
    if not found - {LOCK} or (
        not others and (is_trace(root) or is_unfinished(root))
    ):
        return
    shown = ", ".join((others or sorted(found))[:3])
    raise RecordingError(
        f"{root} holds what is no part of a trace ({shown}); give a new "
        "directory, or move that away"
    )


def _lock(root: Path) -> None:
    lock = root / LOCK
    try:
        handle = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        owner = lock.read_text().strip()
        if _is_alive(owner):
            raise RecordingError(
                f"{root} is being recorded by process {owner}; give each "
                f"recorder a path of its own, or delete {lock} if that "
                "process is gone. Ranks of one program make one trace where "
                "RANK and WORLD_SIZE stand in their environment, as torchrun "
                "sets them"
            ) from None
        import structlog  # 0.1 s to load, and needed only here

        structlog.get_logger("tracekit").warning(
            "a recording was never finished, its place is taken over",
            trace=str(root),
            process=owner,
        )
        lock.unlink(missing_ok=True)
        _lock(root)
        return
    except OSError as error:
        raise unwritable(root, error) from error
    try:
        with os.fdopen(handle, "w") as stream:
            stream.write(f"{os.getpid()} on {socket.gethostname()}")
    except OSError as error:
        lock.unlink()  # one without an owner would be respected for ever
        raise unwritable(root, error) from error


def unwritable(root: Path, error: OSError) -> RecordingError:
    """What is raised where a recording can't begin."""
    return RecordingError(
        f"{root} can't be recorded to ({error}); make room, or give a path "
        "that can be written"
    )


def _is_alive(owner: str) -> bool:
    """Whether the owner of a lock may still run; of a doubt it may."""
    process, _, host = owner.partition(" on ")
    if not process.isdigit() or host != socket.gethostname():
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _clear(root: Path) -> None:
    (root / MARKER).unlink(missing_ok=True)  # so that a kill leaves no half
    for entry in root.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != LOCK:
            entry.unlink()
