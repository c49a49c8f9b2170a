"""What it takes to make a trace of a 1 GB array, beside reading it whole.

    python tests/benchmarks/large_arrays.py

Each way runs in a process of its own. It prints the peak of its memory above
that of the interpreter with tracekit loaded, and the ratio of both ways.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

SIDE = 11_585
PEAK = """
import sys, time
import numpy, tracekit, tracekit.storage.element_file
from tracekit.readers.arrays import read_arrays, store_arrays
def resident(name):
    lines = open("/proc/self/status").read().splitlines()
    return int(*(w.split()[1] for w in lines if w.startswith(name)))
before, begin = resident("VmRSS"), time.perf_counter()
if sys.argv[1] == "pieces":
    store_arrays("a.npy", "pieces")
else:
    read_arrays("a.npy").save("memory")
taken = time.perf_counter() - begin
print((resident("VmHWM") - before) / 1024, taken)
"""


def measured(way: str, folder: Path) -> tuple[float, float]:
    """Peak of memory in MB, and seconds."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, way],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    peak, taken = map(float, done.stdout.split())
    return peak, taken


def main() -> None:
    """Both ways on one file."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        np.save(
            folder / "a.npy", np.random.default_rng(0).random((SIDE, SIDE))
        )
        size = (folder / "a.npy").stat().st_size / 2**20
        pieces, whole = (measured(way, folder) for way in ("pieces", "memory"))
    print(f".npy of {size:.0f} MB, {SIDE} x {SIDE} float64")
    print(f"piece by piece: {pieces[0]:5.0f} MB above the interpreter")
    print(
        f"read whole:     {whole[0]:5.0f} MB, {whole[0] / pieces[0]:.1f} times"
    )
    print(f"time: {pieces[1] / whole[1]:.2f} of what reading it whole takes")


if __name__ == "__main__":
    main()
