"""How many small events a second are recorded, beside a bare Arrow builder.

Run it with ``python tests/benchmarks/capture_speed.py``. Each number counts
until the trace could be read: the loop, and the loop with its close. Both ways
run in turns, and the fastest of each counts. Where a machine does other work
too, the processor's time says more than the clock: both are printed.
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
ROUNDS = 9
TARGET = 300_000


def bare(value: Any, path: Path) -> list[float]:
    """Append to a list, and write it as Arrow batches."""
    schema = pa.schema([("value", pa.float64())])
    began = clocks()
    with pa.ipc.new_stream(str(path), schema) as writer:
        waiting: list[float] = []
        for _ in range(EVENTS):
            waiting.append(float(value))
            if len(waiting) == BATCH:
                writer.write_batch(pa.record_batch([waiting], schema=schema))
                waiting = []
    return since(began) * 2


def taps(value: Any, path: Path) -> list[float]:
    """Record a tap in a loop."""
    began = clocks()
    with tk.record(path):
        entered = clocks()
        for _ in range(EVENTS):
            tk.tap(value, "t")
        looped = since(entered)
    return looped + since(began)


def clocks() -> tuple[float, float]:
    """Time on the clock, and time of all the process' threads."""
    return time.perf_counter(), time.process_time()


def since(began: tuple[float, float]) -> list[float]:
    """Seconds since then, by both clocks."""
    return [now - then for now, then in zip(clocks(), began, strict=True)]


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
    variants: list[Callable[[Any, Path], list[float]]] = [bare, taps]
    for name, value in kinds.items():
        found: dict[str, list[list[float]]] = {"bare": [], "taps": []}
        with tempfile.TemporaryDirectory() as folder:
            for turn in range(ROUNDS):
                for variant in variants:
                    way = variant.__name__
                    path = Path(folder) / f"{way}{turn}"
                    found[way].append(variant(value, path))
        base = min(bare[0] for bare in found["bare"])
        least = [min(times) for times in zip(*found["taps"], strict=True)]
        loop, loop_cpu, whole, whole_cpu = (EVENTS / t for t in least)
        print(
            f"{name + note}: {loop:,.0f} events/s in the loop, with the "
            f"close {whole:,.0f} ({verdict(whole)}), {least[0] / base:.1f} "
            f"times a bare builder; a second of processor {loop_cpu:,.0f}, "
            f"with the close {whole_cpu:,.0f} ({verdict(whole_cpu)})",
            flush=True,
        )


def verdict(rate: float) -> str:
    """Whether the target is met."""
    return f"target {TARGET:,}: {'met' if rate >= TARGET else 'MISSED'}"


if __name__ == "__main__":
    main()
