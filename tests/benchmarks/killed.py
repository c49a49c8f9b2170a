"""How much a killed recording loses, beside the half second that it may.

    python tests/benchmarks/killed.py [--kills KILLS]

Programs that tap without a pause are killed by SIGKILL at random moments, from
their beginning until their recording is closed. What is lost is the time from
the last event that can be read to the kill. A program says that its block has
been left, and that the trace is there; kills between the two hit the close.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

import tracekit as tk

LIMIT = 0.5
PROGRAM = """
import sys, time
import numpy as np
import tracekit as tk

kind, path = sys.argv[1:]
image = np.random.default_rng(0).normal(size=(512, 512))
with tk.record(path):
    print("begun", flush=True)
    until, step = time.monotonic() + 2, 0
    while time.monotonic() < until:
        with tk.scope("step", step=step):
            if kind == "numbers":
                tk.tap(float(step), "number")
            elif kind == "images":
                tk.tap(image, "image", "slow fast")
                time.sleep(0.01)
            else:  # a tap now and then
                tk.tap(float(step), "number")
                time.sleep(0.05)
        step += 1
    print("left", flush=True)
print("closed", flush=True)
"""


def killed(kind: str, path: Path, chance: float) -> tuple[str, float]:
    """Where a program was hit, and the seconds that it lost.

    Args:
        kind: of program.
        path: of its trace.
        chance: when, from its beginning (0) to its close (1), for which a
            third of all kills is kept.
    """
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, kind, str(path)],
        stdout=subprocess.PIPE,
    ) as process:
        if process.stdout is None:
            raise AssertionError
        process.stdout.readline()
        begun = time.time_ns()
        closes = chance > 2 / 3
        if closes:
            process.stdout.readline()
            time.sleep((chance - 2 / 3) * 0.1)
        else:
            time.sleep(chance * 3)
        now = time.time_ns()
        process.send_signal(signal.SIGKILL)
        closed = b"closed" in process.stdout.read()
    times = tk.read_trace(path).tables["event"]["time_ns"].to_pylist()
    where = "behind it" if closed else "in the close" if closes else "before"
    return where, (now - max(times, default=begun)) / 1e9


def main(kills: int) -> None:
    """Print one row a kind of program."""
    draw = np.random.default_rng(0)
    for kind in ("numbers", "images", "now and then"):
        most, hit = 0.0, Counter[str]()
        with tempfile.TemporaryDirectory() as folder:
            for number in range(kills):
                chance = (number + draw.random()) / kills
                path = Path(folder, str(number))
                where, lost = killed(kind, path, chance)
                hit[where] += 1
                if where != "behind it":
                    most = max(most, lost)
        met = "met" if most <= LIMIT else "MISSED"
        places = ", ".join(f"{n} {where}" for where, n in hit.items())
        print(
            f"{kind}: kills {places}, all readable; lost at most "
            f"{most / LIMIT:.2f} of {LIMIT} s: {met}",
            flush=True,
        )


if __name__ == "__main__":
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    main(parser.parse_args().kills)
