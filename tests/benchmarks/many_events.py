"""What ``tracekit show`` takes of a trace of ten million events.

    python tests/benchmarks/many_events.py [EVENTS]

It records them first, which takes a minute or two, then prints the peak of
memory and the time of ``show``, beside those of a trace of a thousand events.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tracekit as tk

TAPS = ("a", "b", "c", "d")


def write(path: Path, events: int) -> None:
    """Record scalars of four taps in a loop."""
    with tk.record(path):
        for step in range(events // len(TAPS)):
            with tk.scope("step", step=step):
                for number, name in enumerate(TAPS):
                    tk.tap(0.5 * step + number, name)


def shown(path: Path) -> float:
    """Seconds of ``show``; the largest of all calls' memory is kept."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "tracekit", "show", str(path)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    """Few, then many: the second peak is the larger one."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory() as place:
        peaks, times = [], []
        for events in (1000, many):
            path = Path(place, f"{events}.trace")
            write(path, events)
            times.append(shown(path))
            usage = resource.getrusage(resource.RUSAGE_CHILDREN)
            peaks.append(usage.ru_maxrss >> 10)
    print(f"show of 1000 events: {peaks[0]} MB")
    print(f"show of {many} events: {peaks[1]} MB")
    print(f"time: {times[1] / times[0]:.2f} of that of 1000 events")


if __name__ == "__main__":
    main()
