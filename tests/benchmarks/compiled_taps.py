"""What taps at two pixels cost a simulation, eager and compiled.

Run it with ``python tests/benchmarks/compiled_taps.py [PIXELS]``: an image of
PIXELS x PIXELS (1024) is computed without and with a recorder of twelve taps
at two pixels, in turns; the ratio is that of the fastest rounds. The kernel
alone computes the whole image as one block; ``simulate`` computes it in
blocks of rows, of which most hold neither pixel. One thread computes: two
wait for each other where a machine does other work, too.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from statistics import median

import torch

import tracekit as tk
from simulator import parse_options, simulate
from simulator.bragg import Carried
from simulator.diffract import diffract
from simulator.samples import Block
from simulator.scene import build_scene, placed

ROUNDS = 9
PROBLEM = (
    "-cell 70 80 90 75 85 95 -default_F 100 -distance 100 -pixel 0.1"
    " -lambda 1 -N 5"
)
COUNT = 12
TARGET = 1.03


def rounds(
    run: Callable[[], object], size: int
) -> tuple[list[float], list[float], int]:
    """Seconds without and with a recorder, and how many taps it kept."""
    pixels = [(0, 0), (size // 2, size // 3)]
    with tk.record(pixels=pixels) as every:
        run()
    taps = taps_of_pixels(every.trace)[:COUNT]
    found: tuple[list[float], list[float]] = [], []
    for _ in range(ROUNDS + 1):
        for on in (False, True):
            recording = tk.record(pixels=pixels, taps=taps) if on else None
            with recording or nullcontext():
                began = time.perf_counter()
                run()
                found[on].append(time.perf_counter() - began)
    # the first round compiles and warms up
    return found[False][1:], found[True][1:], len(taps)


def taps_of_pixels(trace: tk.Trace) -> list[str]:
    """The taps that have a value a pixel."""
    grid = trace.tables["grid"].to_pylist()
    numbers = {row["tap_id"] for row in grid if row["dim"] == "slow"}
    rows = trace.tables["tap"].to_pylist()
    return [row["name"] for row in rows if row["tap_id"] in numbers]


def main(size: int) -> None:
    """Print the ratios."""
    options = parse_options(
        f"{PROBLEM} -detpixels_x {size} -detpixels_y {size}".split()
    )
    scene = placed(build_scene(options), torch.device("cpu"), torch.float64)
    whole = Block(range(size), range(size)).grid(torch.device("cpu"))
    carried = Carried(swept=False, interpolating=scene.factors.interpolate)
    compiled = torch.compile(diffract, fullgraph=True, dynamic=False)
    runs: dict[str, Callable[[], object]] = {
        "simulate, eager": lambda: simulate(scene),
        "simulate, compiled": lambda: simulate(scene, compiled=True),
        "eager": lambda: diffract(scene, whole, carried),
        "compiled": lambda: compiled(scene, whole, carried),
    }
    for name, run in runs.items():
        with torch.no_grad():
            off, on, taps = rounds(run, size)
        ratio = min(on) / min(off)
        middle = median(b / a for a, b in zip(off, on, strict=True))
        print(
            f"{name}, {size} x {size}, {taps} taps at 2 pixels: "
            f"{min(off):.3f} s untapped, {min(on):.3f} s recorded, ratio "
            f"{ratio:.3f} (median of the rounds {middle:.3f}); target "
            f"{TARGET}: {'met' if ratio <= TARGET else 'MISSED'}",
            flush=True,
        )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # no Fdump.bin of another run
        torch.set_num_threads(1)
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1024)
