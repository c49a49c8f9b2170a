"""``tracekit demo``: the story of a stale file, told with our own programs.

A PyTorch port and its C original disagreed for 37 attempts. The C program had
silently read a structure-factor dump that an earlier job had left in its
working directory. Here it happens again, and two commands find it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tracekit.comparison.compare import Comparison, compare
from tracekit.errors import TracekitError

_PROBLEM = shlex.split(
    "-default_F 100 -cell 100 100 100 90 90 90 -lambda 0.5 -distance 500 "
    "-pixel 0.05 -detpixels 4096 -N 5 -mosflm -oversample 1"
)
_EDGE, _CENTRE = (0, 0), (2048, 2048)
_PIXELS = [
    word
    for slow, fast in (_EDGE, _CENTRE)
    for word in ("--trace-pixel", str(slow), str(fast))
]


def run_demo(directory: Path, out: Console) -> None:
    """Run both programs three times, compare twice, say what to do next.

    Args:
        directory: where runs and traces are put; what an earlier demo left
            there is replaced.
        out: where the story is printed.

    Raises:
        TracekitError: the simulator isn't there, a program fails, or a
            comparison doesn't find what the story promises.
    """
    root = _simulator_root()
    _fresh(directory)
    out.print("[bold]1. The C program and its PyTorch port, same problem[/]")
    torch = _simulate(root, directory, "torch", "clean", out)
    clean = _simulate(root, directory, "c", "clean", out)
    policy = root / "simulator" / "policy.toml"
    _tell(compare(torch, clean, policy=policy), "close", out)

    out.print("\n[bold]2. The same command where an older job has been[/]")
    _leave_dump(root, directory, out)
    stale = _simulate(root, directory, "c", "stale", out)
    _tell(compare(torch, stale, policy=policy), "diverged", out)
    _next_steps(torch, clean, stale, out)


def _simulator_root() -> Path:
    """The checkout; an installed wheel has no simulator."""
    root = Path(__file__).resolve().parents[1]
    if not (root / "simulator" / "__main__.py").is_file():
        raise TracekitError(
            "the demo runs the simulator pair, which is no part of the "
            "installed package; clone tracekit's repository and run "
            "'make demo' there"
        )
    return root


def _fresh(directory: Path) -> None:
    if directory.exists():
        others = {p.name for p in directory.iterdir()} - {"clean", "stale"}
        if others:
            raise TracekitError(
                f"{directory} holds {sorted(others)[0]!r}, which no demo put "
                "there; give another --directory"
            )
        shutil.rmtree(directory)
    for name in ("clean", "stale"):
        (directory / name).mkdir(parents=True)


def _simulate(
    root: Path, directory: Path, backend: str, place: str, out: Console
) -> Path:
    """Run one program in a working directory of its own; returns its trace."""
    trace = directory / place / f"{backend}.trace"
    arguments = [*_PROBLEM, *_PIXELS, "--backend", backend]
    out.print(
        f"$ cd {directory / place}; PYTHONPATH={_up(root, directory / place)} "
        f"python -m simulator --backend {backend} "
        f"--trace {trace.name} {' '.join(_PIXELS)} {' '.join(_PROBLEM)}",
        style="dim",
        markup=False,
    )
    with out.status(f"simulating with {backend}"):
        _run_simulator(
            root, directory / place, [*arguments, "--trace", trace.name]
        )
    return trace


def _up(root: Path, working: Path) -> str:
    """The checkout as seen from a working directory."""
    return os.path.relpath(root, working)


def _run_simulator(
    root: Path, working: Path, arguments: Sequence[str]
) -> None:
    paths = [str(root), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
    done = subprocess.run(
        [sys.executable, "-m", "simulator", *arguments],
        cwd=working,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise TracekitError(
            f"the simulator failed with status {done.returncode} in "
            f"{working}:\n{done.stderr[-2000:]}"
        )


def _leave_dump(root: Path, directory: Path, out: Console) -> None:
    """An older job with structure factors leaves its dump behind."""
    place = directory / "stale"
    reflections = place / "lysozyme.hkl"
    with reflections.open("w", encoding="ascii") as file:
        for h in range(-8, 9):
            for k in range(-8, 9):
                for l in range(-8, 9):  # noqa: E741 - the field's name
                    if (h, k, l) != (0, 0, 0):
                        amplitude = (
                            20 + (37 * h * h + 17 * k * k + 5 * l) % 211
                        )
                        file.write(f"{h} {k} {l} {amplitude}.25\n")
    job = shlex.split(
        "-cell 100 100 100 90 90 90 -lambda 1 -distance 100 -detpixels 8 "
        f"-N 5 -hkl {reflections.name}"
    )
    out.print(
        f"$ cd {place}; PYTHONPATH={_up(root, place)} "
        f"python -m simulator --backend c {' '.join(job)}   "
        "# last week",
        style="dim",
        markup=False,
    )
    _run_simulator(root, place, [*job, "--backend", "c"])


def _tell(comparison: Comparison, promised: str, out: Console) -> None:
    color = "green" if comparison.verdict == "close" else "red"
    head, _, rest = str(comparison).partition("\n")
    out.print(head, style=f"bold {color}", markup=False)
    out.print(rest, markup=False)
    if comparison.verdict != promised:
        raise TracekitError(
            f"the demo promises {promised!r} here and found "
            f"{comparison.verdict!r}; please report the lines above"
        )


def _next_steps(torch: Path, clean: Path, stale: Path, out: Console) -> None:
    out.print(
        "\n[bold]The runs didn't solve the same problem:[/] the C program "
        "picked up Fdump.bin by itself."
    )
    out.print(f"traces: {torch}  {clean}  {stale}")
    out.print(
        f"next:   tracekit query configuration_differences {torch} {stale}\n"
        f"        tracekit show {stale} --tap 'F_*' --pixel "
        f"{_CENTRE[0]} {_CENTRE[1]}",
        markup=False,
    )
