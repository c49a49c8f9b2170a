"""What ``tracekit compare`` takes on a small pair, start included.

Twelve taps at two pixels a side, once equal and once with an error in the
sixth tap that all later ones inherit. Beside them the floor: Python that
imports what reads Parquet and nothing else, and a bare DuckDB connection that
reads all numbers of both sides.

    python tests/benchmarks/compare_start.py [--times 7]

runs each so often, in turns, and prints the best and the middle wall time, and
the best as a ratio of the floor's.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import tracekit as tk

TAPS = 12
IMPORTS = "import duckdb, pyarrow.parquet"
READS = (
    IMPORTS + "; import sys; con = duckdb.connect(); "
    "[con.read_parquet(side + '/elements/*/0.parquet', union_by_name=True)"
    ".fetchall() for side in sys.argv[1:]]"
)


def record(path: Path, error: float) -> Path:
    """A trace of a chain of taps at two pixels of a dense image."""
    value = np.linspace(1.0, 2.0, 100).reshape(10, 10)
    with tk.record(path, pixels=[(0, 0), (5, 5)]):
        tk.config("distance", 0.1, "m")
        for number in range(TAPS):
            value = value * 1.1 + (error if number == TAPS // 2 else 0)
            tk.tap(value, f"tap{number}", "slow fast", unit="m")
    return path


def seconds(command: list[str]) -> float:
    """Wall time of a program from its start to its end."""
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode > 1:  # 1: diverged
        sys.exit(done.stderr.decode())
    return time.perf_counter() - start


def main() -> None:
    """Time all of them in turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=7)
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        sides = [str(record(root / side, 0)) for side in ("a", "e")]
        wrong = str(record(root / "wrong", 1e-3))
        compare = [sys.executable, "-m", "tracekit", "compare"]
        commands = {
            IMPORTS: [sys.executable, "-c", IMPORTS],
            "... and DuckDB reads both": [sys.executable, "-c", READS, *sides],
            "tracekit compare, equal": [*compare, *sides],
            "tracekit compare, diverged": [*compare, wrong, sides[1]],
        }
        took: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(times):
            for name, command in commands.items():
                took[name].append(seconds(command))
    floor = min(took[IMPORTS])
    print(f"{'':32}{'best s':>8}{'middle':>8}{'of floor':>10}")
    for name, each in took.items():
        best, middle = min(each), statistics.median(each)
        print(f"{name:32}{best:8.2f}{middle:8.2f}{best / floor:10.1f}")


if __name__ == "__main__":
    main()
