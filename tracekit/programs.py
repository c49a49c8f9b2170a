"""Runs any program and keeps its log as a trace, with its run record."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tracekit import run_record
from tracekit.errors import LogError, RecordingError
from tracekit.open import dialect_of
from tracekit.processes.binary import build_id
from tracekit.processes.environment import stored
from tracekit.processes.files import (
    files_of,
    present,
)
from tracekit.processes.opened import Way, watch
from tracekit.processes.standard_input import standard_input
from tracekit.processes.streams import (
    Ended,
    shell_status,
    signal_name,
    stream,
)
from tracekit.schema import FileUse, Reject, Run
from tracekit.storage.trace import Trace, open_trace

if TYPE_CHECKING:
    from tracekit.logs.log import Parsed


def run(
    argv: Sequence[str],
    *,
    trace: str | Path,
    cwd: str | Path | None = None,
    dialect: str | None = None,
    program: str = "",
    echo: IO[str] | None = None,
    files: Way = "auto",
) -> tuple[Trace, int]:
    """Run a program, keep its output as a trace; returns it and the status.

    What decides the result is kept with it: the command, the variables of an
    allow-list (``processes.environment``), its standard input where that is a
    file, the files of the working directory as they were, the files that the
    program opened, its binary's hash and build id, how long it ran, its
    threads and its memory. The command is kept as it is: a secret belongs
    into the environment.

    Args:
        argv: the command.
        trace: a new directory for the trace; the program's whole output is
            kept beside the tables as ``output.log``. A program with
            ``tracekit.h`` writes its taps there, unless TRACEKIT_LOG says
            something else.
        cwd: where the program runs; here by default.
        dialect: how its log is spelled; by default tracekit's own where a
            line near its beginning says so, else nanoBragg's.
        program: its name in the run record; by default that of the file.
        echo: where its output goes as well, as it streams.
        files: how the files that it opens are seen: ``strace``, ``preload``,
            ``proc``, or the first of them that works.

    Raises:
        RecordingError: the command can't be started, or the directory is not
            empty.
        LogError: the dialect can't be read.
    """
    from tracekit.logs.dialect_file import load_dialect

    root = Path(trace)
    directory = Path(cwd or ".")
    if root.exists() and any(root.iterdir()):
        raise RecordingError(f"{root} is not empty; give a new directory")
    executable = shutil.which(argv[0], path=_search_path(directory))
    if executable is None:
        raise RecordingError(f"{argv[0]}: no such program; check the path")
    if dialect is not None:
        load_dialect(dialect)
    root.mkdir(parents=True, exist_ok=True)
    binary = Path(executable).absolute()
    found, left_out = present(directory)
    environment = {
        "TRACEKIT_LOG": str(root.absolute() / "taps.log"),
        **os.environ,
    }
    record = run_record.program_run(program or Path(argv[0]).name, tuple(argv))
    given = standard_input()
    with tempfile.TemporaryDirectory() as place:
        seen = watch(Path(place), files, binary)
        ended = stream(
            [str(binary), *argv[1:]], directory, environment, seen, root, echo
        )
        opened = seen.opened()
    facts = {
        **record.facts,
        **_facts(ended),
        **{f"env {name}": v for name, v in stored(os.environ).items()},
        "working_directory": str(directory.absolute()),
        "working_directory_left_out": str(left_out),
        "standard_input": given.note,
        "files_by": seen.note,
        "build_id": build_id(binary.resolve()),
    }
    uses = files_of(opened, directory, root, argv, found)
    binary_use = run_record.found_file(binary.resolve(), "binary", str(binary))
    single = filter(None, (given.file, binary_use))
    extra = [*uses, *found.values(), *single]
    built = _trace_of(root, dialect, replace(record, facts=facts), extra)
    built.write_into(root)
    return open_trace(root), ended.status


def _search_path(directory: Path) -> str:
    return os.pathsep.join((os.environ.get("PATH", ""), str(directory)))


def _facts(ended: Ended) -> dict[str, str]:
    ended_by = signal_name(ended.status)
    sizes = {"peak_memory_bytes": ended.memory, "threads": ended.threads}
    return {
        "exit_status": str(shell_status(ended.status)),
        **({"signal": ended_by} if ended_by else {}),
        "wall_seconds": f"{ended.wall:.3f}",
        "cpu_seconds": f"{ended.cpu:.3f}",
        **{name: str(size) for name, size in sizes.items() if size},
    }


def _trace_of(
    root: Path, dialect: str | None, record: Run, extra: list[FileUse]
) -> Trace:
    """Everything that the program said, in its output and through taps."""
    parsed, reasons = [], []
    output = root / "output.log"
    logs = [(output, dialect or dialect_of(output))]
    for log in sorted(root.glob("taps*.log")):
        if log.stat().st_size:
            logs.append((log, "tracekit"))
        else:
            log.unlink()  # the program writes its taps somewhere else
    for log, spelled in logs:
        found = _parsed(log, spelled)
        if isinstance(found, str):
            reasons.append(found)
        else:
            parsed.append(found)
    facts = record.facts if parsed else {**record.facts, "log": reasons[0]}
    first = parsed[0].run if parsed else Run()
    selected = {tap for part in parsed for tap in part.run.selected_taps}
    columns, before = [], 0
    for part in parsed:
        columns += [own.moved(before) for own in part.columns]
        before += sum(own.count for own in part.parts)
    rejects: list[Reject] = [r for part in parsed for r in part.rejects]
    return Trace.of_columns(
        columns,
        run=replace(
            record,
            facts=facts,
            declares=first.declares,
            selected_taps=tuple(sorted(selected)),
        ),
        config=[fact for part in parsed for fact in part.config],
        files=_united([use for part in parsed for use in part.files], extra),
        rejects=rejects,
        declared=[tap for part in parsed for tap in part.declared],
        coverage=[c for part in parsed for c in part.coverage],
    )


def _parsed(log: Path, dialect: str) -> Parsed | str:
    """What a log says, or why it says nothing; the run is kept anyway."""
    from tracekit.logs.log import parse_log

    try:
        return parse_log(log, dialect)
    except LogError as error:
        return str(error)


def _united(said: list[FileUse], seen: list[FileUse]) -> list[FileUse]:
    """Files that the log names, with what was seen of them, then the rest."""
    contents = {use.name: use for use in seen if use.sha256 is not None}
    united = []
    for use in said:
        known = contents.get(Path(use.name).name)
        if use.sha256 is None and known is not None:
            use = replace(use, sha256=known.sha256, size=known.size)
        united.append(use)
    roles = {"input": "read", "side": "read"}
    stated = {(Path(u.name).name, roles.get(u.role, u.role)) for u in said}
    return united + [
        use
        for use in seen
        if (use.name, roles.get(use.role, use.role)) not in stated
    ]
