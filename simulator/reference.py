"""Builds and runs the C half of the simulator pair.

The sources lie in ``reference/`` beside this file and need nothing but the
system's C compiler and ``tracekit.h``. The program is kept in the user's
cache, under a key of everything that decides what it computes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from simulator.errors import SimulatorError
from tracekit.native import HEADER

SOURCES = Path(__file__).parent / "reference"
# Contraction to fused multiply-add moves pixels by up to 3e-10.
FLAGS = (
    "-O2", "-ffp-contract=off", "-std=c11", "-Wall", "-Wextra", "-Werror",
)  # fmt: skip
# For this machine only; the same bits. With OpenMP the rows are shared out
# where nothing carries over from pixel to pixel.
FAST_FLAGS = (*FLAGS, "-O3", "-march=native", "-fopenmp")


def build(
    directory: str | Path | None = None, *, flags: Sequence[str] = FLAGS
) -> Path:
    """Compile the program unless it is there already; returns its path.

    Two processes may build at once: each compiles in a place of its own and
    moves the finished program, so neither sees half of one.

    Args:
        directory: where programs are kept; by default tracekit's folder in
            the user's cache (``XDG_CACHE_HOME``, else ``~/.cache``).
        flags: the compiler's; each set makes a program of its own.

    Raises:
        SimulatorError: there is no compiler, it fails, or the directory
            can't be written.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        raise SimulatorError(
            "no C compiler: the C half of the simulator is built with 'cc',"
            " which is not on the PATH; install gcc or clang"
        )
    place = Path(directory) if directory is not None else _cache()
    program = place / _key(compiler, flags) / "nanobragg"
    if not program.is_file():
        try:
            _compile(compiler, flags, program)
        except OSError as error:
            raise SimulatorError(
                f"can't keep the C program in {place}: {error}; name another"
                " directory"
            ) from error
    return program


def command(
    argv: Sequence[str],
    *,
    image: str | Path | None = None,
    pixels: Iterable[tuple[int, int]] = (),
    taps: Iterable[str] = (),
    without: Iterable[str] = (),
    directory: str | Path | None = None,
) -> list[str]:
    """The command line that runs the program; it is built first.

    Args:
        argv: nanoBragg's options.
        image: where the float64 image goes, a .npy file.
        pixels: the pixels to trace, (slow, fast).
        taps: names of the taps to print, ``*`` for any characters; all of
            them by default.
        without: names of the quirks to turn off.
        directory: as for `build`.

    Raises:
        SimulatorError: as for `build`.
    """
    line = [str(build(directory))]
    for slow, fast in pixels:
        line += ["-trace_pixel", str(slow), str(fast)]
    if names := ",".join(taps):
        line += ["-taps", names]
    for name in without:
        line += ["-without", name]
    if image is not None:
        line += ["-image", str(image)]
    # Last: nanoBragg ignores -curved_det as the last word.
    return [*line, *argv]


def run(
    argv: Sequence[str],
    cwd: str | Path = ".",
    *,
    image: str | Path | None = None,
    pixels: Iterable[tuple[int, int]] = (),
    taps: Iterable[str] = (),
    without: Iterable[str] = (),
    directory: str | Path | None = None,
) -> str:
    """Run the program in a directory; returns its log.

    Args:
        argv: nanoBragg's options.
        cwd: where it runs: Fdump.bin is read and written there.
        image: as for `command`.
        pixels: as for `command`.
        taps: as for `command`.
        without: as for `command`.
        directory: as for `build`.

    Raises:
        SimulatorError: as for `build`, or the program refuses its options
            or files; the message is the program's.
    """
    line = command(
        argv,
        image=image,
        pixels=pixels,
        taps=taps,
        without=without,
        directory=directory,
    )
    done = subprocess.run(
        line, cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SimulatorError(
            done.stderr.strip()
            or f"the C program ended with status {done.returncode}"
        )
    return done.stdout


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "tracekit" / "reference"


def _sources() -> list[Path]:
    return sorted(SOURCES.glob("*.[ch]"))


def _key(compiler: str, flags: Sequence[str]) -> str:
    """Of the sources with their names, the flags and the compiler."""
    version = subprocess.run(
        [compiler, "--version"], capture_output=True, check=False
    )
    digest = hashlib.sha256()
    parts = [" ".join(flags).encode(), version.stdout]
    for path in (*_sources(), HEADER):
        parts += [path.name.encode(), path.read_bytes()]
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()[:32]


def _compile(compiler: str, flags: Sequence[str], program: Path) -> None:
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent) as workplace:
        finished = Path(workplace) / program.name
        sources = [str(p) for p in _sources() if p.suffix == ".c"]
        done = subprocess.run(
            [
                *(compiler, *flags, f"-I{HEADER.parent}"),
                *("-o", str(finished), *sources, "-lm"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SimulatorError(
                f"{compiler} could not build {SOURCES} (status"
                f" {done.returncode}); it said:\n{done.stderr.strip()}"
            )
        finished.replace(program)
