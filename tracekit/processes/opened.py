"""Which files a program opens: strace, else a preloaded library, else /proc.

Each way is a ``Watch``: it says what to put before the command and into its
environment, and what it saw when the program has ended. ``note`` says in
words which one it was and what it can't see.
"""

from __future__ import annotations

import codecs
import re
import shutil
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, Protocol, cast, get_args

from tracekit.errors import RecordingError
from tracekit.native import FOLDER
from tracekit.processes.binary import unseen_by_preload

Way = Literal["auto", "strace", "preload", "proc"]

_EVERY = 0.005
_CALL = re.compile(
    r"^(\d+) +(?:open|openat|openat2|creat)\((.*)\) = \d+<(.*)>$"
)
_RESUMED = re.compile(r"^(\d+) +<\.\.\. \w+ resumed>(.*)$")
_UNFINISHED = " <unfinished ...>"
_WRITES = re.compile(r"O_WRONLY|O_RDWR|O_TRUNC")


@dataclass(slots=True)
class Opened:
    """A file that was opened, and how at first."""

    path: Path
    writes: bool


class Watch(Protocol):
    """One way to see which files are opened."""

    note: str

    def command(self) -> list[str]:
        """What stands before the program's own command."""

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """Variables that the program gets besides its own."""

    def started(self, process: int) -> None:
        """The program runs, as this process or below it."""

    def opened(self) -> list[Opened]:
        """What was opened, each file once; call it when all has ended."""


def way(text: str) -> Way:
    """The way that a user named.

    Raises:
        RecordingError: there is no such way.
    """
    if text not in get_args(Way):
        raise RecordingError(
            f"--files {text}: expected one of {', '.join(get_args(Way))}"
        )
    return cast(Way, text)


def watch(folder: Path, choice: Way, program: Path) -> Watch:
    """The best way there is on this machine for a program.

    Args:
        folder: an empty folder for what the watch writes while it lasts.
        choice: this way and no other; ``auto`` takes the first that works.
        program: what will run.
    """
    set_id = bool(program.stat().st_mode & (stat.S_ISUID | stat.S_ISGID))
    if choice == "strace" or (
        choice == "auto" and strace_works() and not set_id
    ):
        return Strace(folder / "strace", set_id=set_id)
    unseen = unseen_by_preload(program)
    if choice == "proc" or (choice == "auto" and unseen):
        return Proc()
    library = _library(folder)
    if library is None:
        return Proc()
    return Preload(folder / "opened", library, unseen)


@lru_cache(maxsize=1)
def strace_works() -> bool:
    """Whether strace is here and may trace a program."""
    if shutil.which("strace") is None:
        return False
    done = subprocess.run(
        ["strace", "-f", "--seccomp-bpf", "-e", "trace=open", "true"],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


class Strace:
    """Sees every file of every process; slows down only what opens files."""

    def __init__(self, log: Path, *, set_id: bool) -> None:
        self._log = log
        self.note = "strace"
        if set_id:
            self.note += ": set-user-ID had no effect, as under any tracer"

    def command(self) -> list[str]:
        """The tracer, which ends as the program does."""
        calls = "trace=open,openat,openat2,creat"
        return [
            *("strace", "-f", "--seccomp-bpf", "-qq", "-y", "-s", "4096"),
            *("-e", calls, "-e", "signal=none", "-o", str(self._log), "--"),
        ]

    def environment(
        self,
        inherited: Mapping[str, str],  # noqa: ARG002 - as other watches
    ) -> dict[str, str]:
        """Nothing."""
        return {}

    def started(self, process: int) -> None:
        """Nothing to do: the tracer sees the program from its start."""

    def opened(self) -> list[Opened]:
        """Read the tracer's lines, those of two halves put together."""
        found: dict[Path, Opened] = {}
        begun: dict[str, str] = {}
        try:
            lines = self._log.read_text("utf-8", "surrogateescape")
        except OSError:
            return []
        for line in lines.splitlines():
            if line.endswith(_UNFINISHED):
                begun[line.partition(" ")[0]] = line[: -len(_UNFINISHED)]
                continue
            resumed = _RESUMED.match(line)
            if resumed:
                line = begun.pop(resumed[1], "") + resumed[2]
            call = _CALL.match(line)
            if call:
                path = Path(_unescaped(call[3]))
                writes = bool(_WRITES.search(call[2].rpartition('"')[2]))
                found.setdefault(path, Opened(path, writes))
        return list(found.values())


class Preload:
    """Sees what dynamically linked programs open through the C library."""

    def __init__(self, log: Path, library: Path, unseen: str) -> None:
        self._log = log
        self.note = "a preloaded library: " + (
            f"it sees nothing, since the program is {unseen}"
            if unseen
            else "dynamically linked programs only"
        )
        self._library = library
        log.touch()

    def command(self) -> list[str]:
        """Nothing."""
        return []

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """The library, before what is preloaded already."""
        others = inherited.get("LD_PRELOAD", "")
        return {
            "LD_PRELOAD": " ".join(filter(None, (str(self._library), others))),
            "TRACEKIT_OPENED": str(self._log),
        }

    def started(self, process: int) -> None:
        """Nothing to do."""

    def opened(self) -> list[Opened]:
        """Read the library's lines."""
        found: dict[Path, Opened] = {}
        for line in self._log.read_text("utf-8", "surrogateescape").split(
            "\n"
        ):
            if line:
                path = Path(line[2:])
                found.setdefault(path, Opened(path, line[0] == "W"))
        return list(found.values())


class Proc:
    """Looks every 5 ms; what is open for less may be missing."""

    note = "/proc every 5 ms: what was open for less is missing"

    def __init__(self) -> None:
        self._found: dict[Path, Opened] = {}
        self._process = 0
        self._thread = threading.Thread(target=self._look, daemon=True)

    def command(self) -> list[str]:
        """Nothing."""
        return []

    def environment(
        self,
        inherited: Mapping[str, str],  # noqa: ARG002 - as other watches
    ) -> dict[str, str]:
        """Nothing."""
        return {}

    def started(self, process: int) -> None:
        """Look from now on, until the process is gone."""
        self._process = process
        if sys.platform == "linux":
            self._thread.start()

    def opened(self) -> list[Opened]:
        """What was seen so far."""
        if self._thread.is_alive():
            self._thread.join()
        return list(self._found.values())

    def _look(self) -> None:
        while Path(f"/proc/{self._process}/fd").is_dir():
            for process in family(self._process):
                self._note(process)
            time.sleep(_EVERY)

    def _note(self, process: int) -> None:
        try:
            for link in Path(f"/proc/{process}/fd").iterdir():
                path = link.readlink()
                if path in self._found or not path.is_absolute():
                    continue
                info = Path(f"/proc/{process}/fdinfo/{link.name}").read_text()
                flags = int(info.partition("flags:")[2].split()[0], 8)
                self._found[path] = Opened(path, flags & 3 != 0)
        except OSError:
            return  # it is gone, or closed the file meanwhile


def family(process: int) -> list[int]:
    """A process and all processes below it, as far as they can be seen."""
    found, place = [process], 0
    while place < len(found):
        found += _children(found[place])
        place += 1
    return found


def _children(process: int) -> list[int]:
    """What a process started and has not waited for; [] if it is gone."""
    found: list[int] = []
    try:
        for thread in Path(f"/proc/{process}/task").iterdir():
            text = (thread / "children").read_text()
            found += map(int, text.split())
    except OSError:
        pass
    return found


def size_of(process: int) -> tuple[int, int]:
    """How many threads a process has, and its peak memory in bytes."""
    try:
        text = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0, 0
    said = dict(line.split(":", 1) for line in text.splitlines())
    threads = int(said.get("Threads", "0"))
    return threads, 1024 * int(said.get("VmHWM", "0").split()[0])


def _library(folder: Path) -> Path | None:
    """The preloaded library, where it can be compiled."""
    if sys.platform != "linux" or shutil.which("cc") is None:
        return None
    library = folder / "opened.so"
    done = subprocess.run(
        [
            *("cc", "-shared", "-fPIC", "-O2", "-o", str(library)),
            *(str(FOLDER / "opened.c"), "-ldl"),
        ],
        capture_output=True,
        check=False,
    )
    return library if done.returncode == 0 else None


def _unescaped(text: str) -> str:
    r"""A path as strace prints it: \" and octal escapes."""
    raw = text.encode("utf-8", "surrogateescape")
    if b"\\" not in raw:
        return text
    decoded, _ = codecs.escape_decode(raw)
    return bytes(decoded).decode("utf-8", "surrogateescape")
