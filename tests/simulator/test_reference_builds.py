"""The fast build of the C program, with OpenMP, computes the same bits."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from simulator import reference
from tests.simulator.reference_runs import CUBIC, LOOPS, TILTED

PROBLEMS = {
    "nothing carries over": f"{TILTED} -oversample 2 -polar 0.7",
    "phi starts from the step before": f"{CUBIC} -phi 0 -osc 1 -phisteps 3",
    "every loop": f"{TILTED} -phi 0 {LOOPS}",
    "resolution limit": f"{TILTED} -dmin 5",
}


@pytest.fixture(scope="module")
def builds(kept: Path) -> dict[str, Path]:
    """Both programs."""
    return {
        "default": reference.build(kept),
        "fast": reference.build(kept, flags=reference.FAST_FLAGS),
    }


def _run(program: Path, options: str, cwd: Path) -> tuple[bytes, str]:
    """The image file's bytes and the log, on two threads."""
    done = subprocess.run(
        [program, *options.split(), "-image", "image.npy"],
        cwd=cwd,
        env={"OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=True,
    )
    return (cwd / "image.npy").read_bytes(), done.stdout


@pytest.mark.parametrize("problem", PROBLEMS)
def test_threads_change_no_bit(
    problem: str, builds: dict[str, Path], tmp_path: Path
) -> None:
    """The image of two threads is that of the plain program, bit for bit."""
    images = [
        _run(program, PROBLEMS[problem], tmp_path)[0]
        for program in builds.values()
    ]
    assert images[0] == images[1]


def test_threads_keep_the_order_of_lines(
    builds: dict[str, Path], tmp_path: Path
) -> None:
    """A traced run prints the same lines in the same order on two threads."""
    options = f"{TILTED} -oversample 2 -trace_pixel 60 3 -trace_pixel 2 9"
    logs = [_run(program, options, tmp_path)[1] for program in builds.values()]
    assert logs[0] == logs[1]
    assert "TRACEKIT tap intensity slow=60 fast=3" in logs[0]
