"""What decides a run's result, besides its code: the run record."""

from __future__ import annotations

import hashlib
import os
import platform
import socket
import subprocess
import sys
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tracekit.errors import TapError
from tracekit.schema import FileUse, Role, Run

_EXACT = 2**53
_PACKAGES = ("tracekit", "numpy", "pyarrow", "duckdb")


def now() -> str:
    """The time, as it is stored."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def python_run(
    program: str, pixel_dims: tuple[str, str], taps: tuple[str, ...]
) -> Run:
    """The run record of this Python process."""
    return Run(
        program=program or Path(sys.argv[0]).name,
        family="python",
        started=now(),
        argv=tuple(sys.orig_argv),
        facts=_host() | _versions() | _torch() | git_state(Path.cwd()),
        pixel_dims=pixel_dims,
        selected_taps=taps,
    )


def program_run(program: str, argv: tuple[str, ...]) -> Run:
    """The run record of a program that tracekit runs."""
    return Run(
        program=program,
        family="program",
        started=now(),
        argv=argv,
        facts=_host() | git_state(Path.cwd()),
    )


def _host() -> dict[str, str]:
    return {
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "cpus": str(os.cpu_count()),
        "directory": str(Path.cwd()),
    }


@lru_cache(maxsize=1)
def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _torch() -> dict[str, str]:
    torch = sys.modules.get("torch")
    if torch is None:
        return {}
    return {
        "torch": str(torch.__version__),
        "threads": str(torch.get_num_threads()),
        "dtype": str(torch.get_default_dtype()).removeprefix("torch."),
        "device": str(torch.get_default_device()),
    }


def git_state(directory: Path) -> dict[str, str]:
    """Commit and whether files differ from it; nothing outside of git."""
    state = _git(directory, "status", "--porcelain=v2", "--branch")
    if state is None:
        return {}
    lines = state.splitlines()
    commits = [
        line.removeprefix("# branch.oid ")
        for line in lines
        if line.startswith("# branch.oid ")
    ]
    changed = any(not line.startswith("#") for line in lines)
    return {
        "git_commit": commits[0] if commits else "unknown",
        "git_state": "changed" if changed else "clean",
    }


def _git(directory: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


LARGEST_HASHED = 1 << 30
"""Bytes of a file that is hashed without being asked for."""


def found_file(path: Path, role: Role, origin: str = "") -> FileUse | None:
    """A file with its size, and its hash where it isn't too large.

    None if it is no regular file or can't be read any more.
    """
    try:
        if not path.is_file():
            return None
        size = path.stat().st_size
        if size > LARGEST_HASHED:
            return FileUse(path.name, role, None, size, origin)
        return file_use(path, role, origin)
    except OSError:
        return None


def file_use(path: Path, role: Role, origin: str = "") -> FileUse:
    """A file with its size and SHA-256, as it is now."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return FileUse(
        path.name, role, digest.hexdigest(), path.stat().st_size, origin
    )


def check_texts(key: Any, *others: Any) -> None:
    """Refuse what can't be stored as the texts of a fact.

    Args:
        key: the fact's name.
        others: its unit, its text; None where it has none.
    """
    for text in (key, *(text for text in others if text is not None)):
        try:
            str.encode(text)
        except (TypeError, UnicodeEncodeError) as error:
            raise TapError(
                f"config({key!r}): {text!r} is no text ({error}); a fact's "
                "name and unit are texts"
            ) from error


def number_or_text(key: str, value: Any) -> tuple[float | None, str | None]:
    """A fact's number and text; a large integer keeps its digits as text."""
    if isinstance(value, str):
        return None, value
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise TapError(
            f"config({key!r}): {value!r} is neither a number nor a text "
            f"({error}); give one of the two, str(...) of anything else"
        ) from error
    inexact = isinstance(value, int) and abs(value) > _EXACT
    return number, str(value) if inexact else None
