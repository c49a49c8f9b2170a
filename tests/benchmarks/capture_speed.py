"""How many small events a second are recorded, beside a bare Arrow builder.

Run it with ``python tests/benchmarks/capture_speed.py``. Each number counts
until the trace could be read: the loop, and the loop with its close. Both ways
run in turns, and the fastest of each counts.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import tracekit as tk

EVENTS = 200_000
BATCH = 1 << 14
ROUNDS = 3


def bare(value: Any, path: Path) -> tuple[float, float]:
    """Append to a list, and write it as Arrow batches."""
    schema = pa.schema([("value", pa.float64())])
    began = time.perf_counter()
    with pa.ipc.new_stream(str(path), schema) as writer:
        waiting: list[float] = []
        for _ in range(EVENTS):
            waiting.append(float(value))
            if len(waiting) == BATCH:
                writer.write_batch(pa.record_batch([waiting], schema=schema))
                waiting = []
    seconds = time.perf_counter() - began
    return seconds, seconds


def taps(value: Any, path: Path) -> tuple[float, float]:
    """Record a tap in a loop."""
    began = time.perf_counter()
    with tk.record(path):
        entered = time.perf_counter()
        for _ in range(EVENTS):
            tk.tap(value, "t")
        looped = time.perf_counter() - entered
    return looped, time.perf_counter() - began


def main() -> None:
    """Print one row a kind of value."""
    kinds: dict[str, Any] = {
        "Python float": 1.5,
        "Python int": 3,
        "NumPy scalar": np.float64(1.5),
        "0-d NumPy array": np.array(1.5),
    }
    show("", kinds)
    import torch

    kinds["0-d torch tensor"] = torch.tensor(1.5)
    show(", torch loaded", kinds)


def show(note: str, kinds: dict[str, Any]) -> None:
    """Events a second, and times the bare builder's time."""
    variants: list[Callable[[Any, Path], tuple[float, float]]] = [bare, taps]
    for name, value in kinds.items():
        with tempfile.TemporaryDirectory() as folder:
            rounds = [
                [
                    variant(value, Path(folder) / f"{variant.__name__}{turn}")
                    for variant in variants
                ]
                for turn in range(ROUNDS)
            ]
        base = min(bare[0] for bare, _ in rounds)
        loop = min(tap[0] for _, tap in rounds)
        whole = min(tap[1] for _, tap in rounds)
        print(
            f"{name + note}: {EVENTS / loop:,.0f} events/s, {loop / base:.1f} "
            f"times a bare builder; with the close {EVENTS / whole:,.0f}/s"
        )


if __name__ == "__main__":
    main()
