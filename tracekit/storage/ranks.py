"""How the ranks of one program wait for one another's parts of a trace."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tracekit.errors import RecordingError
from tracekit.storage.directory import is_held

RANK_SECONDS = 60
TOLD_SECONDS = 2  # ranks begin and end together, as a rule
_EACH = (
    "enter record() on every rank, with taps=[] on those that should leave "
    "nothing"
)


@contextmanager
def joined(root: Path, label: str) -> Iterator[None]:
    """Take part in the recording of another process; tell it of the end.

    Args:
        root: the directory that the other process claims.
        label: of this process' part.

    Raises:
        RecordingError: nobody records there after a minute.
    """
    done = root / f"recording.{label}.done"
    began, told = time.monotonic(), False
    while not is_held(root) or done.exists():
        waited = time.monotonic() - began
        if not told and waited >= TOLD_SECONDS:
            told = True
            _tell(f"{label} waits until rank 0 records", trace=str(root))
        if waited > RANK_SECONDS:
            raise RecordingError(
                f"{label}: rank 0 doesn't record to {root}; let every rank "
                "enter record() with one path, on a disk that all see"
            )
        time.sleep(0.01)
    owner = os.getpid()
    try:
        yield
    finally:
        if os.getpid() == owner:  # no forked child that leaves the block
            with suppress(OSError):  # what is gone, closing has told
                done.touch()


def wait_for_ranks(root: Path, world: int) -> str:
    """Wait until the other ranks have ended their parts, up to a minute.

    Returns:
        Which ranks never began one, and what to do; "" if all ended theirs.

    Raises:
        RecordingError: some began and did not end.
    """
    began, told = time.monotonic(), False
    while left := [
        label
        for label in (f"rank{number}" for number in range(1, world))
        if not (root / f"recording.{label}.done").exists()
    ]:
        never = [n for n in left if not any(root.glob(f"recording.{n}.*"))]
        waited = time.monotonic() - began
        if not told and waited >= TOLD_SECONDS:
            told = True
            _tell(
                f"rank 0 of {world} waits until the others end the recording"
                f"{f'; {_EACH}' if never else ''}",
                trace=str(root),
                never_began=", ".join(never),
                not_ended=", ".join(left),
            )
        if waited > RANK_SECONDS:
            return _lacking(root, left, never)
        time.sleep(0.01)
    return ""


def _tell(what: str, **about: str) -> None:
    import structlog  # 0.1 s to load, and needed only here

    structlog.get_logger("tracekit").warning(
        f"{what} (up to {RANK_SECONDS} s)", **about
    )


def _lacking(root: Path, left: list[str], never: list[str]) -> str:
    both = f"{', '.join(never)} never began to record to {root}; {_EACH}"
    begun = ", ".join(label for label in left if label not in never)
    if not begun:
        return f"{both}. The trace has what the others recorded"
    raise RecordingError(
        f"{begun} did not end the recording to {root}"
        f"{f', and {both}' if never else ''}; what all ranks wrote is there: "
        "run 'tracekit repair' on it"
    )


def wait_for_trace(root: Path) -> None:
    """Wait until the process that claims a directory made its trace.

    Raises:
        RecordingError: it has not after a minute.
    """
    deadline = time.monotonic() + RANK_SECONDS
    while is_held(root):
        if time.monotonic() > deadline:
            raise RecordingError(
                f"rank 0 still records to {root}; ask for the trace where "
                "every rank has left its record() block"
            )
        time.sleep(0.01)
