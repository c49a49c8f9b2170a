"""The same command line, run by the C program of this folder.

Its log becomes a trace as any program's does: through ``tracekit run``.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from simulator import reference
from simulator.quirks import Quirks


def run_c(
    argv: Sequence[str],
    *,
    trace: Path | None = None,
    pixels: Sequence[tuple[int, int]] = (),
    taps: Sequence[str] | None = None,
    image: Path | None = None,
    without: Sequence[str] = (),
) -> int:
    """Build the C program if need be, and run it here; the exit status.

    Args:
        argv: nanoBragg's options.
        trace: a directory for the trace; None lets the log go to stdout.
        pixels: (slow, fast) pairs to trace.
        taps: names or globs to trace; None: all.
        image: file for the float64 image, .npy.
        without: names of quirks to turn off.

    Raises:
        SimulatorError: there is no compiler, or no quirk of this name.
    """
    Quirks().without(without)
    line = reference.command(
        argv, image=image, pixels=pixels, taps=taps or (), without=without
    )
    if trace is None:
        return subprocess.run(line, check=False).returncode
    # Not needed, and slow to import, where PyTorch computes.
    from tracekit.programs import run

    _, status = run(
        line, trace=trace, dialect="tracekit", program="simulator (C)"
    )
    if status != 0:
        log = (trace / "output.log").read_text(errors="replace")
        sys.stderr.write(f"{log.strip()[-2000:]}\n")
    return status
