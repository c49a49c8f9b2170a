"""What taps at two pixels cost a simulation, eager and compiled.

Run it with ``python tests/benchmarks/compiled_taps.py [PIXELS]``: an image of
PIXELS x PIXELS (1024) is computed without and with a recorder of twelve taps
at two pixels, in turns; the ratio is that of the fastest rounds. The compiled
kernel computes the whole image as one block.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext

import torch

import tracekit as tk
from simulator import parse_options
from simulator.bragg import Carried
from simulator.diffract import diffract
from simulator.samples import Block
from simulator.scene import build_scene, placed

ROUNDS = 7
PROBLEM = (
    "-cell 70 80 90 75 85 95 -default_F 100 -distance 100 -pixel 0.1"
    " -lambda 1 -N 5"
)
COUNT = 12


def rounds(
    run: Callable[[], object], size: int, *, inside: bool
) -> tuple[float, float, int]:
    """Seconds without and with a recorder, and how many taps it kept."""
    pixels = [(0, 0), (size // 2, size // 3)]
    best = [float("inf")] * 2
    with tk.record(pixels=pixels) as every:
        run()
    taps = every.trace.taps[:COUNT]
    for number in range(ROUNDS + 1):
        for on in (False, True):
            recording = (
                tk.record(pixels=pixels, taps=taps, inside=inside)
                if on
                else None
            )
            with recording or nullcontext():
                began = time.perf_counter()
                run()
                seconds = time.perf_counter() - began
            if number:  # the first round compiles and warms up
                best[on] = min(best[on], seconds)
    return best[0], best[1], len(taps)


def main(size: int) -> None:
    """Print the ratios."""
    options = parse_options(
        f"{PROBLEM} -detpixels_x {size} -detpixels_y {size}".split()
    )
    scene = placed(build_scene(options), torch.device("cpu"), torch.float64)
    whole = Block(range(size), range(size)).grid(torch.device("cpu"))
    carried = Carried(swept=False, interpolating=scene.factors.interpolate)
    kernels = {
        "eager": diffract,
        "compiled": torch.compile(diffract, fullgraph=True, dynamic=False),
        "compiled, inside=True": torch.compile(
            diffract, fullgraph=True, dynamic=False
        ),
    }
    for name, kernel in kernels.items():
        with torch.no_grad():
            off, on, taps = rounds(
                lambda k=kernel: k(scene, whole, carried),  # type: ignore[misc]
                size,
                inside="inside" in name,
            )
        print(
            f"{name}, {size} x {size}, {taps} taps at 2 pixels: "
            f"{off:.3f} s untapped, {on:.3f} s recorded, ratio {on / off:.3f}"
        )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # no Fdump.bin of another run
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1024)
