"""Runs any program and keeps its log as a trace, with its run record."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tracekit import run_record
from tracekit.errors import RecordingError
from tracekit.schema import FileUse, Run
from tracekit.storage.trace import Trace, open_trace

if TYPE_CHECKING:
    from tracekit.logs.log import Parsed

_LARGEST = 1 << 30
_MOST_FILES = 1000


def run(
    argv: Sequence[str],
    *,
    trace: str | Path,
    cwd: str | Path | None = None,
    dialect: str = "nanobragg",
    program: str = "",
    echo: IO[str] | None = None,
) -> tuple[Trace, int]:
    """Run a program, keep its output as a trace; returns it and the status.

    The files of the working directory are hashed before the program starts,
    so a file that its log says it picked up is known by content.

    Args:
        argv: the command.
        trace: a new directory for the trace; the program's whole output is
            kept beside the tables as ``output.log``.
        cwd: where the program runs; here by default.
        dialect: how its log is spelled.
        program: its name in the run record; by default that of the file.
        echo: where its output goes as well, as it streams.

    Raises:
        RecordingError: the command can't be started, or the directory is not
            empty.
        LogError: the dialect can't be read.
    """
    from tracekit.logs.log import parse_log

    root = Path(trace)
    directory = Path(cwd or ".")
    if root.exists() and any(root.iterdir()):
        raise RecordingError(f"{root} is not empty; give a new directory")
    executable = shutil.which(argv[0], path=_search_path(directory))
    if executable is None:
        raise RecordingError(f"{argv[0]}: no such program; check the path")
    root.mkdir(parents=True, exist_ok=True)
    log = root / "output.log"
    found = _listing(directory)
    record = run_record.program_run(program or Path(argv[0]).name, tuple(argv))
    status = _stream(argv, executable, directory, log, echo)
    parsed = parse_log(log, dialect)
    built = _trace_of(parsed, record, found, status)
    built.write_into(root)
    return open_trace(root), status


def _search_path(directory: Path) -> str:
    return os.pathsep.join((os.environ.get("PATH", ""), str(directory)))


def _stream(
    argv: Sequence[str],
    executable: str,
    directory: Path,
    log: Path,
    echo: IO[str] | None,
) -> int:
    """Run to the end; every line is on disk before the next one is read."""
    command = [str(Path(executable).absolute()), *argv[1:]]
    try:
        process = subprocess.Popen(
            command,
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
    except OSError as error:
        raise RecordingError(f"{argv[0]} can't be started: {error}") from error
    with process, log.open("wb", buffering=0) as file:
        assert process.stdout is not None  # noqa: S101 - PIPE was asked for
        for line in process.stdout:
            file.write(line)
            if echo is not None:
                echo.write(line.decode(errors="replace"))
    return process.returncode


def _listing(directory: Path) -> dict[str, FileUse]:
    """Files of the directory that a program may pick up, within limits."""
    files = sorted(p for p in directory.iterdir() if p.is_file())
    return {
        path.name: run_record.file_use(path, "side", "working directory")
        for path in files[:_MOST_FILES]
        if path.stat().st_size <= _LARGEST
    }


def _trace_of(
    parsed: Parsed, record: Run, found: dict[str, FileUse], status: int
) -> Trace:
    run = replace(
        parsed.run,
        program=record.program,
        family=record.family,
        started=record.started,
        argv=record.argv,
        facts={**record.facts, "exit_status": str(status)},
    )
    files = [_hashed(use, found) for use in parsed.files]
    return Trace.build(
        parsed.events,
        run=run,
        config=parsed.config,
        files=files,
        rejects=parsed.rejects,
        declared=parsed.declared,
        coverage=parsed.coverage,
    )


def _hashed(use: FileUse, found: dict[str, FileUse]) -> FileUse:
    """A file that the log names, with what the directory had under it."""
    before = found.get(Path(use.name).name)
    if use.sha256 is not None or before is None or use.role == "output":
        return use
    return replace(use, sha256=before.sha256, size=before.size)
