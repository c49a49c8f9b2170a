"""What stands on disk while a recording runs, and what a kill leaves there.

``recording.jsonl`` holds the run record and every fact as it was stated, one
JSON object a line; ``recording.arrow`` holds the events (``stream.py``). Both
go when the trace is written. Where they are left, the program was killed, or
records still, and a trace can be built from what was flushed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypedDict

from tracekit.errors import TraceError
from tracekit.schema import (
    FORMAT_VERSION,
    ConfigValue,
    Coverage,
    FileUse,
    Run,
)

_LARGE = 16 << 20  # bytes

STREAM = "recording.arrow"
JOURNAL = "recording.jsonl"
SORTING = "recording.sorting"
COPY = "recording.log"
"""What was read of a log that is followed."""
PART = re.compile(r"recording\.(sorting|log|\w+\.(arrow|jsonl|done|refused))")

ENDED = "ended"
"""How a part ended, in its journal, if not well."""

Fact = ConfigValue | FileUse | Coverage
_KINDS = {ConfigValue: "config", FileUse: "file", Coverage: "coverage"}


class Journal:
    """Appends facts to a file, each at once.

    Args:
        path: a new file.
        run: the run record.
        coverage: which coordinates the recording selects.
    """

    def __init__(
        self, path: Path, run: Run, coverage: Sequence[Coverage]
    ) -> None:
        self._file = path.open("x", encoding="utf-8")
        try:
            self.append("tracekit", FORMAT_VERSION)
            self.append("run", asdict(run))
            for group in coverage:
                self.append("coverage", asdict(group))
        except OSError:
            self.close()
            raise

    def write(self, fact: Fact) -> None:
        """Append one fact."""
        self.append(_KINDS[type(fact)], asdict(fact))

    def append(self, kind: str, content: Any) -> None:
        """Append what isn't a fact of the run."""
        self._file.write(json.dumps({kind: content}) + "\n")
        self._file.flush()

    def close(self) -> None:
        """End the file; a full disk has been told by then."""
        with suppress(OSError):
            self._file.close()


class Unfinished(TypedDict):
    """All but the events of a recording that did not end.

    Its run has a fact ``recording`` that says that it was cut.
    """

    run: Run
    config: list[ConfigValue]
    files: list[FileUse]
    coverage: list[Coverage]


def is_unfinished(root: Path) -> bool:
    """Whether a recording began in this directory and did not end."""
    first = next(_lines(root / JOURNAL), {})
    return "tracekit" in first


def remove_unfinished(root: Path) -> None:
    """Remove what a recording needs only while it runs."""
    _remove(root / STREAM)
    _remove(root / JOURNAL)
    for part in [p for p in root.iterdir() if PART.fullmatch(p.name)]:
        if part.is_dir():
            shutil.rmtree(part)
        else:
            _remove(part)


def _remove(path: Path) -> None:
    """Remove a file; a large one's room is given back aside.

    That takes a third of the time in which it was written, and nobody needs
    to wait for it: whoever holds the file last gives it back, which is when
    the disk has the trace that was made of it.
    """
    if os.name == "posix" and path.exists() and path.stat().st_size > _LARGE:
        held = os.open(path, os.O_RDONLY)
        path.unlink()
        try:
            threading.Thread(target=_give_back, args=(held, path)).start()
        except RuntimeError:  # Python ends, or has too many
            os.close(held)
    else:
        path.unlink(missing_ok=True)


def _give_back(held: int, path: Path) -> None:
    """Close a removed stream; the disk takes what is beside it before."""
    try:
        with suppress(OSError):  # all may be gone by now
            for file in path.parent.rglob("*.parquet"):
                if file.stat().st_size > _LARGE:
                    written = os.open(file, os.O_RDONLY)
                    try:
                        os.fsync(written)
                    finally:
                        os.close(written)
    finally:
        os.close(held)


def part_files(root: Path, label: str) -> tuple[Path, Path]:
    """Stream and journal of one process; those of the first have no label."""
    dot = f".{label}" if label else ""
    return root / f"recording{dot}.arrow", root / f"recording{dot}.jsonl"


def streams_of(root: Path) -> list[Path]:
    """The event streams of all processes: ranks and forked children last.

    Events of one process stand together, in the order in which they fired.
    """
    streams = sorted(root.glob("recording.*.arrow"))
    return [root / STREAM, *(p for p in streams if p.name != STREAM)]


def read_facts(root: Path) -> list[Fact]:
    """What all processes stated."""
    return [
        fact
        for stream in streams_of(root)
        for fact in _stated(_journal(stream.with_suffix(".jsonl")))
    ]


def ends_of_parts(root: Path) -> list[tuple[str, str]]:
    """Which ranks and forked children ended otherwise than well, and how."""
    return [
        (stream.suffixes[-2].removeprefix("."), facts[ENDED])
        for stream in streams_of(root)[1:]
        for facts in [dict(_journal(stream.with_suffix(".jsonl")))]
        if ENDED in facts
    ]


def covered(facts: Iterable[Fact]) -> list[Coverage]:
    """What the facts say about coverage, each said once."""
    return list(dict.fromkeys(f for f in facts if isinstance(f, Coverage)))


def _journal(path: Path) -> list[tuple[str, Any]]:
    return [(kind, c) for line in _lines(path) for kind, c in line.items()]


def _stated(facts: list[tuple[str, Any]]) -> Iterator[Fact]:
    for kind, content in facts:
        if kind == "config":
            yield ConfigValue(**content)
        elif kind == "file":
            yield FileUse(**content)
        elif kind == "coverage":
            yield _coverage(content)


def read_unfinished(root: Path, events: int) -> Unfinished:
    """Everything else that was flushed, up to the last whole line.

    Args:
        root: the directory.
        events: how many events there are.

    Raises:
        TraceError: another version of tracekit recorded it, or it was killed
            before it wrote its run record.
    """
    facts = _journal(root / JOURNAL)
    found = dict(facts)
    if found["tracekit"] != FORMAT_VERSION:
        raise TraceError(
            f"{root} was cut off while format version {found['tracekit']} was "
            f"recorded, this tracekit reads {FORMAT_VERSION}; install the "
            "tracekit that recorded it"
        )
    if "run" not in found:
        raise TraceError(
            f"{root}: the program was killed as its recording began, nothing "
            "was kept; run it again"
        )
    stated = read_facts(root)
    state = f"unfinished: killed or still running; {events} events kept"
    run = _run(found["run"])
    return Unfinished(
        run=replace(run, facts={**run.facts, "recording": state}),
        config=[fact for fact in stated if isinstance(fact, ConfigValue)],
        files=[fact for fact in stated if isinstance(fact, FileUse)],
        coverage=covered(stated),
    )


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        return
    for line in path.read_bytes().splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            return  # cut off in the middle of a line
        if isinstance(found, dict):
            yield found


def _run(stored: dict[str, Any]) -> Run:
    slow, fast = stored["pixel_dims"]
    return Run(
        **{
            **stored,
            "argv": tuple(stored["argv"]),
            "pixel_dims": (slow, fast),
            "selected_taps": tuple(stored["selected_taps"]),
        }
    )


def _coverage(stored: dict[str, Any]) -> Coverage:
    return Coverage(
        tuple(stored["dims"]),
        stored["kind"],
        tuple(tuple(indices) for indices in stored["selected"]),
        stored["tap"],
    )
