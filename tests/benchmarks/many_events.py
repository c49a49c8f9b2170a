"""What ``tracekit show`` takes of a trace of ten million events.

    python tests/benchmarks/many_events.py [EVENTS]

It records them first, which takes a minute or two, then prints the peak of
memory and the time of ``show``, beside those of a trace of a thousand events.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tracekit as tk

# ru_maxrss would have the memory of this process, too
SHOW = """
import sys
from tracekit.cli import main
sys.argv[1:] = ["show", sys.argv[1]]
try:
    main()
except SystemExit:
    lines = open("/proc/self/status").read().splitlines()
    print(*(s.split()[1] for s in lines if "VmHWM" in s), file=sys.stderr)
"""
TAPS = ("a", "b", "c", "d")


def write(path: Path, events: int) -> None:
    """Record scalars of four taps in a loop."""
    with tk.record(path):
        for step in range(events // len(TAPS)):
            with tk.scope("step", step=step):
                for number, name in enumerate(TAPS):
                    tk.tap(0.5 * step + number, name)


def shown(path: Path) -> tuple[float, int]:
    """Seconds of ``show``, and the peak of its memory in MB."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", SHOW, str(path)],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    return time.perf_counter() - began, int(done.stderr) >> 10


def main() -> None:
    """A trace of few events, then one of many."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    found = []
    with tempfile.TemporaryDirectory() as place:
        for events in (1000, many):
            path = Path(place, f"{events}.trace")
            write(path, events)
            found.append(shown(path))
            print(f"show of {events} events: {found[-1][1]} MB")
    print(f"time: {found[1][0] / found[0][0]:.2f} of that of 1000 events")


if __name__ == "__main__":
    main()
