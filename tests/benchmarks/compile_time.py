"""What taps at two pixels add to the time in which a simulation compiles.

Run it with ``python tests/benchmarks/compile_time.py``: the kernel of a 1024 x
1024 image is compiled without and with a recorder, in turns, each with an
empty cache of the compiler; the ratio is that of the fastest of two rounds.
"""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import nullcontext

import torch
from torch._inductor.utils import fresh_cache

import tracekit as tk
from simulator import parse_options, simulate

ROUNDS = 2
PROBLEM = (
    "-cell 70 80 90 75 85 95 -default_F 100 -distance 100 -pixel 0.1"
    " -lambda 1 -N 5 -detpixels_x 1024 -detpixels_y 1024"
)


def seconds(*, record: bool) -> float:
    """The time of a first run, of which the image is a hundredth."""
    torch.compiler.reset()
    recording = tk.record(pixels=[(0, 0), (512, 341)]) if record else None
    with fresh_cache(), torch.no_grad(), recording or nullcontext():
        began = time.perf_counter()
        simulate(parse_options(PROBLEM.split()), compiled=True)
        return time.perf_counter() - began


def main() -> None:
    """Print the ratio."""
    seconds(record=False)  # loads the compiler
    turns = [
        (seconds(record=False), seconds(record=True)) for _ in range(ROUNDS)
    ]
    untapped, recorded = map(min, zip(*turns, strict=True))
    print(
        f"compiled without taps in {untapped:.1f} s, with a recorder at two "
        f"pixels in {recorded:.1f} s, ratio {recorded / untapped:.2f}"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # no Fdump.bin of another run
        main()
