"""A program that runs: its two streams, as they come, and what it took."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tracekit.errors import RecordingError
from tracekit.processes.opened import Watch, family, size_of
from tracekit.processes.signals import passed_on

_CHUNK = 1 << 16
_LONGEST = 1 << 20
_EVERY = 0.02


@dataclass(slots=True)
class Ended:
    """How a program ended, and what it took.

    Args:
        status: exit status; the negative number of the signal that ended it.
        wall, cpu: seconds; the watch's own are in them.
        memory: bytes that the largest of its processes had at most.
        threads: how many it had at once at most.

    Memory and threads are looked at every 20 ms; 0 if it was gone by then.
    """

    status: int
    wall: float
    cpu: float
    memory: int
    threads: int


def shell_status(status: int) -> int:
    """The status as a shell tells it: 128 and the signal's number."""
    return status if status >= 0 else 128 - status


def signal_name(status: int) -> str:
    """The signal that ended a program, "" if none did."""
    try:
        return "" if status >= 0 else signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


def ending(status: int) -> str:
    """How a program ended, in words.

    >>> ending(-9), ending(3)
    ('137 (SIGKILL)', '3')
    """
    name = signal_name(status)
    return f"{shell_status(status)}" + (f" ({name})" if name else "")


def stream(
    command: Sequence[str],
    directory: Path,
    environment: Mapping[str, str],
    watch: Watch,
    folder: Path,
    echo: IO[str] | None,
) -> Ended:
    """Run to the end; what it prints is on disk before more is read.

    ``output.log`` in the folder gets both streams line by line as they come,
    ``stderr.log`` those of standard error alone, if there are any. Standard
    input is ours, and signals that would end us go to the program.

    Raises:
        RecordingError: it can't be started.
    """
    before = watch.command()
    began = time.monotonic()
    try:
        process = subprocess.Popen(
            [*before, *command],
            cwd=directory,
            env={**environment, **watch.environment(environment)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise RecordingError(
            f"{command[0]} can't be started: {error}"
        ) from error
    watch.started(process.pid)
    counter = _Size(process.pid, traced=bool(before))
    with (
        process,
        (folder / "output.log").open("wb", buffering=0) as log,
        passed_on(counter.program),
    ):
        counter.start()
        _copy(process, log, folder / "stderr.log", _Echo(echo))
        _, code, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(code)
    return Ended(
        process.returncode,
        time.monotonic() - began,
        used.ru_utime + used.ru_stime,
        counter.memory,
        counter.threads,
    )


class _Size(threading.Thread):
    """Looks at the program's threads and memory while it runs.

    What the system adds up for a parent would count the parent's own memory,
    from before the program was there.
    """

    def __init__(self, process: int, *, traced: bool) -> None:
        super().__init__(daemon=True)
        self.threads = 0
        self.memory = 0
        self._process = process
        self._traced = traced

    def program(self) -> int | None:
        """The program's own process, None if it is gone."""
        return next(iter(self._members()), None)

    def _members(self) -> list[int]:
        return family(self._process)[1 if self._traced else 0 :]

    def run(self) -> None:
        """Look until the program is gone."""
        while Path(f"/proc/{self._process}/task").is_dir():
            members = self._members()
            sizes = [size_of(member) for member in members]
            self.threads = max(self.threads, sum(n for n, _ in sizes))
            self.memory = max(self.memory, *(most for _, most in sizes), 0)
            time.sleep(_EVERY)


def _copy(
    process: subprocess.Popen[bytes],
    log: IO[bytes],
    errors: Path,
    echo: _Echo,
) -> None:
    """Both streams into the log, no line of one inside a line of the other."""
    assert process.stdout is not None  # noqa: S101 - PIPE was asked for
    assert process.stderr is not None  # noqa: S101 - PIPE was asked for
    begun = {process.stdout.fileno(): b"", process.stderr.fileno(): b""}
    error_stream = process.stderr.fileno()
    with selectors.DefaultSelector() as ready:
        for stream_ in (process.stdout, process.stderr):
            ready.register(stream_, selectors.EVENT_READ)
        while ready.get_map():
            for key, _ in ready.select():
                chunk = os.read(key.fd, _CHUNK)
                if not chunk:
                    ready.unregister(key.fileobj)
                    continue
                text = begun[key.fd] + chunk
                end = text.rfind(b"\n") + 1
                if not end and len(text) > _LONGEST:
                    end = len(text)
                begun[key.fd] = text[end:]
                _keep(text[:end], log, echo)
                if key.fd == error_stream and text[:end]:
                    with errors.open("ab") as file:
                        file.write(text[:end])
    # lines without an end
    _keep(b"\n".join(filter(None, begun.values())), log, echo)
    if begun[error_stream]:
        with errors.open("ab") as file:
            file.write(begun[error_stream])


def _keep(lines: bytes, log: IO[bytes], echo: _Echo) -> None:
    if lines:
        log.write(lines)
        echo.write(lines.decode(errors="replace"))


class _Echo:
    """Where the output goes as well, until nobody reads it any more."""

    def __init__(self, stream_: IO[str] | None) -> None:
        self._stream = stream_

    def write(self, text: str) -> None:
        """Pass it on at once."""
        if self._stream is None:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except BrokenPipeError:
            # what Python flushes at its end goes nowhere
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            self._stream = None
