"""What taps at two pixels cost a simulation, eager and compiled.

    python tests/benchmarks/compiled_taps.py [--pixels PIXELS]
        [--seconds SECONDS] [--only ROW]

An image of PIXELS x PIXELS (1024) is computed without and with a recorder of
twelve taps at two pixels, in turns, for SECONDS (45) a row; ROW is the name of
one that runs alone, as "simulate eager". A machine that does other work is
faster or slower from one image to the next, so the ratio is the median of
those of neighbours, with the interval that holds it in 19 of 20 cases, were
all rounds alike; that of the fastest rounds stands beside it. Where planes
come to lie in memory differs from process to process, so each row has rounds
of several. ``simulate`` computes an image in blocks of rows, of which most
hold neither pixel; the other rows compute it as one block. Each image follows
upon one that is not timed, whose taps are off, inside of the recording where
there is one: to begin a recording takes from the caches what the program had
there. How long the beginning and the end of one take is printed, and is no
part of the ratio; what taps show is put together at the end. One thread
computes: two wait for each other where a machine does other work, too.

The first problem is the lightest that there is: one source, one orientation.
The second one has ten mosaic domains; its taps show so many numbers more.

What is "by hand" needs no tracekit: the same compiled simulation without a
recorder returns the numbers of the same taps as one more tensor, at the place
of a pixel or at a block's first, and nothing else is done with them.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import (
    AbstractContextManager,
    ExitStack,
    contextmanager,
    nullcontext,
)
from multiprocessing import get_context
from statistics import median
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor

import tracekit as tk
from simulator import blocks, parse_options, simulate
from simulator.bragg import Carried
from simulator.diffract import diffract
from simulator.samples import Block, Grid
from simulator.scene import Scene, build_scene, placed
from tracekit import _state

PROCESSES = 3
ROUNDS = 4  # of each, at least
WARM = 2
PROBLEM = (
    "-cell 70 80 90 75 85 95 -default_F 100 -distance 100 -pixel 0.1"
    " -lambda 1 -N 5"
)
MOSAIC = "-mosaic_spread 0.5 -mosaic_domains 10"
COUNT = 12
TARGET = 1.03


def rounds(
    run: Callable[[], object], size: int, seconds: float, *, by_hand: bool
) -> tuple[dict[str, list[float]], int]:
    """Seconds of each way to run, and how many taps were recorded."""
    pixels = [(0, 0), (size // 2, size // 3)]
    with tk.record(pixels=pixels) as every:
        run()
    taps = taps_of_pixels(every.trace)[:COUNT]
    ways: dict[str, Callable[[], AbstractContextManager[object]]] = {
        "untapped": nullcontext,
        "recorded": lambda: tk.record(pixels=pixels, taps=taps),
    }
    if by_hand:
        ways["by hand"] = ByHand(taps, pixels).instead
    found: dict[str, list[float]] = {
        way: [] for way in [*ways, "beginning", "end"]
    }
    begin = time.perf_counter()
    turn = 0
    while turn < WARM + ROUNDS or time.perf_counter() - begin < seconds:
        # each is as often before the other as behind it
        for way in [*ways][:: 1 if turn % 2 else -1]:
            entered = time.perf_counter()
            with ways[way]():
                ready = time.perf_counter()
                with patch.object(_state, "recording", False):
                    run()
                began = time.perf_counter()
                run()
                ended = time.perf_counter()
                found[way].append(ended - began)
            if way == "recorded":
                found["beginning"].append(ready - entered)
                found["end"].append(time.perf_counter() - ended)
        turn += 1
        if turn == WARM:  # the first rounds compile and warm up
            begin = time.perf_counter()
    return {way: took[WARM:] for way, took in found.items()}, len(taps)


def middle(ratios: list[float]) -> tuple[float, float, float]:
    """The median, and the interval that holds the true one 19 times of 20."""
    ranked, count = sorted(ratios), len(ratios)
    aside = round(0.98 * count**0.5)
    low, high = max(0, count // 2 - aside), min(count - 1, count // 2 + aside)
    return median(ranked), ranked[low], ranked[high]


class ByHand:
    """Returns what taps show at one place as one more tensor."""

    def __init__(self, taps: list[str], pixels: list[tuple[int, int]]) -> None:
        self._taps, self._pixels = taps, pixels
        self._seen: tuple[tuple[Tensor, int, int], ...] = ()
        self._compiled = torch.compile(
            self._picked, fullgraph=True, dynamic=False
        )

    def _tap(self, value: Any, name: str, dims: str = "", **given: Any) -> Any:
        if name in self._taps:
            parts = value if isinstance(value, tuple) else (value,)
            names = dims.split()
            axes = given.get("axes") or range(len(names))
            slow, fast = (axes[names.index(dim)] for dim in ("slow", "fast"))
            seen = tuple((part, slow, fast) for part in parts)
            self._seen = (*self._seen, *seen)
        return value

    def _picked(
        self, scene: Scene, grid: Grid, carried: Carried, place: Tensor
    ) -> tuple[Tensor, Carried, Tensor]:
        self._seen = ()
        photons, left = diffract(scene, grid, carried)
        return photons, left, self._numbers(place)

    def _numbers(self, place: Tensor) -> Tensor:
        seen, self._seen = self._seen, ()
        return torch.cat(
            [
                x.index_select(slow, place[:1])
                .index_select(fast, place[1:])
                .flatten()
                for x, slow, fast in seen
            ]
        )

    def _kernel(
        self, scene: Scene, grid: Grid, carried: Carried
    ) -> tuple[Tensor, Carried]:
        first, rows = int(grid.slow[0]), len(grid.slow)
        inside = [(slow - first, fast) for slow, fast in self._pixels
                  if first <= slow < first + rows]  # fmt: skip
        place = torch.tensor((inside or [(0, 0)])[0])
        photons, left, _ = self._compiled(scene, grid, carried, place)
        return photons, left

    @contextmanager
    def instead(self) -> Iterator[None]:
        """Let ``simulate`` compute so."""
        with ExitStack() as stack:
            for name, module in sorted(sys.modules.items()):
                if name.startswith("simulator.") and hasattr(module, "tap"):
                    stack.enter_context(patch.object(module, "tap", self._tap))
            stack.enter_context(
                patch.object(blocks, "_compiled", lambda: self._kernel)
            )
            yield


def taps_of_pixels(trace: tk.Trace) -> list[str]:
    """The taps that have a value a pixel."""
    grid = trace.tables["grid"].to_pylist()
    numbers = {row["tap_id"] for row in grid if row["dim"] == "slow"}
    rows = trace.tables["tap"].to_pylist()
    return [row["name"] for row in rows if row["tap_id"] in numbers]


def runs(size: int) -> dict[str, Callable[[], object]]:
    """What is measured, by name."""
    device = torch.device("cpu")

    def scene(*more: str) -> Scene:
        words = f"{PROBLEM} -detpixels {size}".split()
        problem = build_scene(parse_options([*words, *more]))
        return placed(problem, device, torch.float64)

    light, mosaic = scene(), scene(*MOSAIC.split())
    whole = Block(range(size), range(size)).grid(device)
    carried = Carried(swept=False, interpolating=light.factors.interpolate)
    compiled = torch.compile(diffract, fullgraph=True, dynamic=False)
    return {
        "simulate eager": lambda: simulate(light),
        "simulate compiled": lambda: simulate(light, compiled=True),
        "one block eager": lambda: diffract(light, whole, carried),
        "one block compiled": lambda: compiled(light, whole, carried),
        "simulate mosaic eager": lambda: simulate(mosaic),
        "simulate mosaic compiled": lambda: simulate(mosaic, compiled=True),
    }


def measured(
    name: str, size: int, seconds: float
) -> tuple[dict[str, list[float]], int]:
    """``rounds`` of what has this name, in a process of its own."""
    torch.set_num_threads(1)
    with torch.no_grad():
        by_hand = name == "simulate compiled"
        return rounds(runs(size)[name], size, seconds, by_hand=by_hand)


def main(size: int, seconds: float, only: str | None) -> None:
    """Print the ratios."""
    for name in [only] if only else runs(size):
        found: dict[str, list[float]] = {}
        for _ in range(PROCESSES):
            with ProcessPoolExecutor(1, get_context("spawn")) as process:
                share = seconds / PROCESSES
                part, taps = process.submit(
                    measured, name, size, share
                ).result()
            for way, took in part.items():
                found.setdefault(way, []).extend(took)
        show(f"{name}, {size} x {size}, {taps} taps at 2 pixels", found)


def show(what: str, found: dict[str, list[float]]) -> None:
    """Print the row of one way to compute."""
    untapped = found.pop("untapped")
    beginning, end = found.pop("beginning"), found.pop("end")
    for way, took in found.items():
        pairs = zip(untapped, took, strict=True)
        ratio, low, high = middle([b / a for a, b in pairs])
        met = f"target {TARGET}: {'met' if ratio <= TARGET else 'MISSED'}"
        met += f"; its beginning {median(beginning) * 1e3:.1f} ms, "
        met += f"its end {median(end) * 1e3:.1f} ms"
        print(
            f"{what}, {len(took)} rounds: {median(untapped):.3f} s untapped, "
            f"{way} {ratio:.3f} of that ({low:.3f} to {high:.3f}; "
            f"fastest rounds {min(took) / min(untapped):.3f}); "
            f"{met if way == 'recorded' else 'for comparison'}",
            flush=True,
        )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # no Fdump.bin of another run
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("--pixels", type=int, default=1024)
        parser.add_argument("--seconds", type=float, default=45.0)
        parser.add_argument("--only", choices=runs(8))
        asked = parser.parse_args()
        main(asked.pixels, asked.seconds, asked.only)
