"""Compiles programs that include tracekit.h, and runs them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tracekit.native import FOLDER

STRICT = ("-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror")
C = ("cc", "-std=c99", *STRICT)
CXX = ("c++", "-std=c++11", *STRICT)


def compiled(
    folder: Path, source: str, compiler: tuple[str, ...] = C, *more: str
) -> Path:
    """The program of one source text, compiled without a warning."""
    suffix = ".cc" if compiler[0] == "c++" else ".c"
    file = folder / f"program{suffix}"
    file.write_text(source)
    program = folder / f"program-{len(list(folder.iterdir()))}"
    subprocess.run(
        [*compiler, f"-I{FOLDER}", *more, "-o", str(program), str(file)],
        check=True,
    )
    return program


def told(program: Path, **environment: str) -> tuple[str, str]:
    """What the program printed on both streams; the names get TRACEKIT_."""
    variables = {f"TRACEKIT_{name}": v for name, v in environment.items()}
    done = ran(program, variables)
    return done.stdout, done.stderr


def ran(
    program: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """The program, ended well, with nothing else of TRACEKIT_ set."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TRACEKIT_")
    }
    return subprocess.run(
        [str(program)],
        env={**kept, **environment},
        cwd=program.parent,
        capture_output=True,
        text=True,
        check=True,
    )


def has(compiler: str) -> bool:
    """Whether this compiler is on the PATH."""
    return shutil.which(compiler) is not None
