"""Recording dense taps and long runs, beside pyarrow writing the same bytes.

    python tests/benchmarks/recording_large.py [--quick] [--only rate|memory]

A dense 4096 x 4096 float64 tap, once the distances of a flat detector's pixels
and once noise, which nothing compresses: pyarrow writes its bytes as an IPC
stream, tracekit records it, in turns, on one disk; every writer's bytes are on
the disk (fsync) when its time ends. Closing is measured beside the same IPC
time, and beside pyarrow writing the same Parquet and nothing else, on one
core; the places of a first tap of its size are encoded, those of later ones
are known. While the disk takes the tap its hashes are taken, so both without a
pause between them are measured, too.
Then the peak of the memory above the program's own, of fresh processes: many
small events, many dense taps, many places.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

import tracekit as tk
from tracekit.storage import element_file
from tracekit.storage.element_file import storage, stored

ROUNDS = 9
MEGA = 1e6
Image = npt.NDArray[np.float64]


def synced(folder: Path) -> None:
    """Wait until the files of a folder are on the disk."""
    for file in folder.rglob("*"):
        if file.is_file():
            handle = os.open(file, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)


def size_of(folder: Path) -> float:
    """Bytes in the files of a folder."""
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())


def timed(work: Callable[[], object], folder: Path) -> float:
    """Seconds of some work, until its files are on the disk."""
    began = time.perf_counter()
    work()
    synced(folder)
    return time.perf_counter() - began


def ipc(image: Image, folder: Path) -> float:
    """Write the image's bytes as an IPC stream."""

    def work() -> None:
        column = pa.array(image.reshape(-1))
        batch = pa.record_batch([column], names=["value"])
        file = str(folder / "image.arrow")
        with pa.ipc.new_stream(file, batch.schema) as stream:
            stream.write_batch(batch)

    return timed(work, folder)


def parquet(image: Image, folder: Path) -> float:
    """Write what closing writes, nothing but the Parquet file."""
    count = np.arange(image.size)
    columns = {
        "ordinal": count,
        "event": np.zeros(image.size, np.int64),
        "float": image.reshape(-1),
    }
    schema = stored(pa.table(columns).schema)
    table = pa.table(columns, schema=schema)
    how = storage(table.schema)

    def work() -> None:
        pq.write_table(
            table, folder / "floor.parquet", row_group_size=1 << 20, **how
        )

    return timed(work, folder)


def record(image: Image, folder: Path) -> tuple[float, float, float]:
    """Seconds of the tap, of the close, and the stream's bytes."""
    root = folder / "a"
    with tk.record(root):
        tap = timed(lambda: tk.tap(image, "image", "slow fast"), root)
        stream = size_of(root)
        began = time.perf_counter()
    synced(root)
    return tap, time.perf_counter() - began, stream


def without_pause(image: Image, folder: Path) -> float:
    """Seconds of tap and close, the disk having taken nothing between."""
    root = folder / "a"

    def work() -> None:
        with tk.record(root):
            tk.tap(image, "image", "slow fast")

    return timed(work, root)


def distances(size: int) -> Image:
    """How far pixels of 0.1 mm are from a sample 100 mm before them, m."""
    along = (np.arange(size) - size / 2.1) * 1e-4
    return np.sqrt(along[:, None] ** 2 + along**2 + 0.1**2)


def noise(size: int) -> Image:
    """Numbers whose digits are random."""
    return np.random.default_rng(0).normal(size=(size, size))


def rate(image: Image) -> None:
    """Print how fast a dense tap is recorded and closed."""
    found: dict[str, list[float]] = {
        name: []
        for name in ("ipc", "tap", "close", "later", "both", "parquet")
    }
    kept, stream = 0.0, 0.0
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as place:
            folders = [Path(place) / name for name in "iprlb"]
            for folder in folders:
                folder.mkdir()
            found["ipc"].append(ipc(image, folders[0]))
            element_file.steps.cache_clear()
            element_file._from_zero.cache_clear()
            tap, close, stream = record(image, folders[2])
            found["tap"].append(tap)
            found["close"].append(close)
            found["later"].append(record(image, folders[3])[1])
            found["both"].append(without_pause(image, folders[4]))
            found["parquet"].append(parquet(image, folders[1]))
            kept = size_of(folders[2])
    for name, times in found.items():
        print(
            f"  {name:8} {min(times):.3f} s, median {median(times):.3f}: "
            f"{image.nbytes / min(times) / MEGA:,.0f} MB/s"
        )
    least = {name: min(times) for name, times in found.items()}
    tap = least["ipc"] / least["tap"]
    close = least["close"] / least["ipc"]
    floor = least["parquet"] / least["ipc"]
    both = least["both"] / least["ipc"]
    print(
        f"  recorded at {tap:.2f} of the IPC rate; {verdict(tap >= 0.7, 0.7)}"
    )
    print(
        f"  closed in {close:.2f} times the IPC time; "
        f"{verdict(close <= 2.0, 2.0)}; a later tap of its size in "
        f"{least['later'] / least['ipc']:.2f}; pyarrow alone takes "
        f"{floor:.2f}, closing {least['close'] / least['parquet']:.2f} of that"
    )
    print(f"  recorded and closed without a pause in {both:.2f}")
    print(
        f"  disk: {stream / image.nbytes:.2f} times the tap's bytes until it "
        f"is closed, {(stream + kept) / image.nbytes:.2f} at most, "
        f"{kept / image.nbytes:.2f} for good"
    )


def verdict(met: bool, target: float) -> str:
    """Whether a target is met."""
    return f"target {target}: {'met' if met else 'MISSED'}"


def small_events(path: Path, quick: bool) -> None:
    """Numbers at one place."""
    with tk.record(path):
        for number in range(1_000_000 if quick else 10_000_000):
            tk.tap(number, "n")


def many_places(path: Path, quick: bool) -> None:
    """Numbers of a thousand taps in a loop with indices."""
    with tk.record(path):
        for step in range(100 if quick else 1000):
            with tk.scope("step", step=step):
                for name in NAMES:
                    tk.tap(1.5, name)


def dense_taps(path: Path, quick: bool) -> None:
    """Forty images, each a tap of its own."""
    image = np.random.default_rng(0).normal(size=(2048, 2048))
    with tk.record(path):
        for number in range(10 if quick else 40):
            tk.tap(image, f"image{number}", "slow fast")


def dense_steps(path: Path, quick: bool) -> None:
    """One tap whose images fire step by step, forward and again."""
    image = np.random.default_rng(0).normal(size=(1024, 1024))
    with tk.record(path):
        for step in range(30 if quick else 120):
            with tk.scope("step", step=step):
                tk.tap(image, "step", "slow fast")
            tk.tap(image, "again", "slow fast")


def middling_taps(path: Path, quick: bool) -> None:
    """Vectors of many taps that fire in turns."""
    row = np.random.default_rng(0).normal(size=2000)
    with tk.record(path):
        for step in range(100 if quick else 400):
            with tk.scope("step", step=step):
                for name in NAMES[:100]:
                    tk.tap(row, name, "n")


NAMES = [f"tap{number}" for number in range(1000)]
RUNS = {
    run.__name__: run
    for run in (
        small_events,
        many_places,
        dense_taps,
        dense_steps,
        middling_taps,
    )
}
LIMIT = 256


def memory(name: str, quick: bool) -> None:
    """Print the peak of one run above the program's own, in the loop and all.

    The program's own peak is that of a short recording.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        np.random.default_rng(0).normal(size=(2048, 2048)).sum()
        with tk.record(folder / "short"):
            tk.tap(1.0, "t")
        before = peak()
        began = time.perf_counter()
        RUNS[name](folder / "long", quick)
        seconds = time.perf_counter() - began
        above = peak() - before
        kept = size_of(folder / "long") / MEGA
        print(
            f"  {name}: peak {above:.0f} MB above the program's "
            f"{before:.0f}; {verdict(above <= LIMIT, LIMIT)}; "
            f"{kept:.0f} MB kept, {seconds:.0f} s"
        )


def peak() -> float:
    """VmHWM of this process, MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return float(line.split()[1]) * 1024 / MEGA
    raise RuntimeError("/proc/self/status has no VmHWM")


def main(argv: list[str]) -> None:
    """Run all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of all")
    parser.add_argument("--only", choices=["rate", "memory"])
    parser.add_argument("--memory", choices=RUNS, help="this run alone")
    asked = parser.parse_args(argv)
    if asked.memory:
        memory(asked.memory, asked.quick)
        return
    if asked.only != "memory":
        size = 2048 if asked.quick else 4096
        for made in (distances, noise):
            print(f"{made.__name__}, {size} x {size} float64", flush=True)
            rate(made(size))
    if asked.only != "rate":
        print("memory", flush=True)
        for name in RUNS:
            line = [sys.executable, __file__, "--memory", name]
            subprocess.run(
                [*line, *(["--quick"] if asked.quick else [])], check=True
            )


if __name__ == "__main__":
    main(sys.argv[1:])
