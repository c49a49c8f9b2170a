"""The same command line, run by the C program of this folder.

Its log becomes a trace as any program's does: through ``tracekit run``.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from simulator.errors import SimulatorError


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
        trace: a directory for the trace.
        pixels: (slow, fast) pairs to trace.
        taps: names or globs to trace.
        image: file for the float64 image, .npy.
        without: names of quirks; the C program knows no such switch.

    Raises:
        SimulatorError: a quirk is to be left out.
    """
    from simulator import reference

    if without:
        raise SimulatorError(
            "--without: the C program has all quirks; use --backend torch"
        )
    command = [str(reference.build()), *argv]
    for slow, fast in pixels:
        command += ["-trace_pixel", str(slow), str(fast)]
    if taps is not None:
        command += ["-taps", ",".join(taps)]
    if image is not None:
        command += ["-image", str(image)]
    if trace is None:
        return subprocess.run(command, check=False).returncode
    from tracekit.programs import run

    _, status = run(
        command, trace=trace, dialect="tracekit", program="simulator (C)"
    )
    return status
