"""The simulator in PyTorch, eager and compiled, beside the C program.

    python tests/benchmarks/simulator_speed.py [--quick] [--threads N]

All three take turns on the same cores; the fastest round of each counts, and
the median of the rounds' ratios shows how much a busy machine disturbed.
C's seconds are those of a whole run less those of a run over one pixel.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

os.environ["TORCHINDUCTOR_CACHE_DIR"] = tempfile.mkdtemp()  # compile anew
BEGAN = time.perf_counter()
import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch import Tensor  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

from simulator import (  # noqa: E402
    Scene,
    build_scene,
    numerics,
    parse_options,
    reference,
    simulate,
)
from simulator.blocks import BLOCK, blocks  # noqa: E402
from simulator.bragg import Carried  # noqa: E402
from simulator.diffract import diffract  # noqa: E402

IMPORTED = time.perf_counter() - BEGAN
WORDS = (
    "-default_F 100 -cell 100 100 100 90 90 90 -lambda 0.5 -distance 500"
    " -pixel 0.05 -N 5 -mosflm"
)
GIGA = 1e9
TARGETS = {"eager": 0.5, "compiled": 0.2}


def seconds(function: Callable[[], Any]) -> float:
    """Wall time of a call."""
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


class CProgram:
    """The C program's fast build for one problem."""

    def __init__(self, words: str) -> None:
        self.line = [
            str(reference.build(flags=reference.FAST_FLAGS)),
            *words.split(),
        ]
        self.place = tempfile.mkdtemp()

    def run(self, threads: int, more: tuple[str, ...] = ()) -> None:
        """One run that writes no file."""
        subprocess.run(
            [*self.line, *more],
            cwd=self.place,
            env={"OMP_NUM_THREADS": str(threads)},
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def seconds(self, threads: int) -> float:
        """The time of the pixels alone."""
        whole = seconds(lambda: self.run(threads))
        one = ("-roi", "0", "0", "0", "0")
        return whole - seconds(lambda: self.run(threads, one))


def compare(size: int, oversample: int, threads: int, rounds: int) -> None:
    """Print one problem's times and ratios."""
    words = f"{WORDS} -detpixels {size} -oversample {oversample}"
    scene, program = build_scene(parse_options(words.split())), CProgram(words)
    samples = (size * oversample) ** 2
    print(f"\n{size} x {size}, oversample {oversample}, {threads} threads")
    first = seconds(lambda: simulate(scene, compiled=True))
    eager = simulate(scene)
    apart = torch.dist(simulate(scene, compiled=True), eager, float("inf"))
    variants: dict[str, Callable[[], float]] = {
        "C": lambda: program.seconds(threads),
        "C, one core": lambda: program.seconds(1),
        "eager": lambda: seconds(lambda: simulate(scene)),
        "compiled": lambda: seconds(lambda: simulate(scene, compiled=True)),
    }
    found: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, variant in variants.items():
            found[name].append(variant())
    for name, times in found.items():
        least, middle = min(times), median(times)
        print(
            f"  {name:12} {least / samples * GIGA:6.1f} ns a sample, median "
            f"{middle / samples * GIGA:6.1f}, slowest "
            f"{max(times) / samples * GIGA:6.1f}"
        )
    core = min(found["C, one core"]) / samples * GIGA
    print(
        f"  C needs {core:.0f} ns a sample on one core; {verdict(core, 160)}"
    )
    for name, target in TARGETS.items():
        ratio = min(found[name]) / min(found["C"])
        pairs = zip(found[name], found["C"], strict=True)
        middle = median(own / c for own, c in pairs)
        print(
            f"  {name}/C {ratio:.3f}, median of the rounds {middle:.3f}; "
            f"{verdict(ratio, target)}"
        )
    print(
        f"  first compiled run {first:.1f} s; compiled differs from eager "
        f"by {float(apart) / float(eager.max()):.1e} of the maximum"
    )


def verdict(found: float, target: float) -> str:
    """Whether a target is met."""
    return f"target {target}: {'met' if found <= target else 'MISSED'}"


def memory(size: int, kind: str) -> None:
    """Print the peak of the resident memory above the image.

    Of a fresh process, so that nothing has been kept by an earlier run; what
    compiling needs is counted, what the import needs is not.
    """
    scene = build_scene(
        parse_options(f"{WORDS} -detpixels {size} -oversample 1".split())
    )
    before = resident("VmRSS")
    with torch.no_grad():
        image = simulate(scene, compiled=kind == "compiled")
    above = resident("VmHWM") - before - image.nbytes / GIGA
    print(
        f"  {kind}: {above:.2f} GB above the image of "
        f"{image.nbytes / GIGA:.2f} GB; {verdict(above, 1.0)}"
    )


def resident(key: str) -> float:
    """VmRSS or VmHWM of this process, GB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return float(line.split()[1]) * 1024 / GIGA
    raise RuntimeError(f"/proc/self/status has no {key}")


class Traffic(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the elements that operations compute and the bytes they move."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.elements: Counter[str] = Counter()
        self.bytes = 0

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run an operation; views move nothing."""
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and not func.is_view:
            inputs = [a for a in args if isinstance(a, Tensor)]
            self.elements[func.overloadpacket.__name__] += result.numel()
            self.bytes += sum(memory_of(t) for t in [*inputs, result])
        return result


def memory_of(tensor: Tensor) -> int:
    """Bytes that a tensor really has: broadcast axes count once."""
    extents = zip(tensor.shape, tensor.stride(), strict=True)
    count = 1
    for extent, stride in extents:
        count *= extent if stride else 1
    return count * tensor.element_size()


def each(function: Callable[[], Any], elements: int) -> float:
    """Nanoseconds an element of the fastest of many calls."""
    function()
    return min(seconds(function) for _ in range(60)) / elements * GIGA


def ten_sines(x: Tensor) -> Tensor:
    """Ten of them in one loop, so that starting it costs little."""
    for _ in range(10):
        x = numerics.sines_(x)
    return x


def roofline(scene: Scene) -> None:
    """Print what an eager block moves and computes, and what that costs."""
    torch.set_num_threads(1)
    part = next(iter(blocks(scene, BLOCK)))
    grid = part.grid(torch.device("cpu"))
    samples = grid.slow.numel() * grid.fast.numel() * scene.steps
    with Traffic() as traffic:
        diffract(scene, grid, Carried(swept=False, interpolating=False))
    plane = torch.rand(1 << 15, dtype=torch.float64) * 300.0
    large = torch.rand(1 << 24, dtype=torch.float64)
    out, wide = torch.empty_like(plane), torch.empty_like(large)
    ten = torch.compile(ten_sines, dynamic=False)
    n = plane.numel()
    cost = {
        "mul": each(lambda: torch.mul(plane, plane, out=out), n),
        "div": each(lambda: torch.div(plane, plane, out=out), n),
        "sin": each(lambda: torch.sin(plane, out=out), n),
        "sqrt": each(lambda: np.sqrt(plane.numpy(), out=out.numpy()), n),
        "compiled sine": each(lambda: ten(plane), n) / 10.0,
    }
    dram = 24.0 / each(
        lambda: torch.mul(large, large, out=wide), large.numel()
    )
    cache = 24.0 / cost["mul"]
    print("\nroofline, one core")
    print("  ns an element in cache:", shown(cost))
    print(f"  plane products: {cache:.0f} GB/s in cache, {dram:.1f} in DRAM")
    per = {k: v / samples for k, v in traffic.elements.items()}
    divs = per.get("div", 0.0) + per.get("div_", 0.0)
    sines = per.get("sin", 0.0) + per.get("sin_", 0.0)
    roots = 2.0 if scene.steps == 1 else 1.0 + 1.0 / scene.steps
    rest = sum(per.values()) - divs - sines
    moved = traffic.bytes / samples + 16 * roots
    print(
        f"  a sample needs {sines:.1f} sines, {divs:.1f} divisions, "
        f"{roots:.1f} roots and {rest:.1f} other operations"
    )
    heavy = divs * cost["div"] + roots * cost["sqrt"]
    light = rest * cost["mul"]
    floor = heavy + light + sines * cost["sin"]
    print(
        f"  eager moves {moved:.0f} bytes a sample: {moved / cache:.1f} ns "
        f"at the cache's rate, {moved / dram:.1f} ns at DRAM's; its floor, "
        f"each operation at its rate in cache, is {floor:.1f} ns"
    )
    print(
        f"  compiled moves 8 bytes a pixel; divisions and roots "
        f"{heavy:.1f} ns and sines {sines * cost['compiled sine']:.1f} ns "
        "limit it: operations, not memory"
    )


def overhead(scene: Scene) -> None:
    """Print the time of a block that is hardly anything but Python."""
    (part,) = blocks(scene, BLOCK)
    grid = part.grid(torch.device("cpu"))
    nothing = Carried(swept=False, interpolating=False)
    least = min(
        seconds(lambda: diffract(scene, grid, nothing)) for _ in range(200)
    )
    print(f"  a block of {samples_of(scene)} samples: {least * 1e3:.2f} ms")


def block_sizes(scene: Scene, *, compiled: bool = False) -> None:
    """Print the time by size of block."""
    samples = samples_of(scene) * scene.steps

    def timed(size: int) -> float:
        return seconds(lambda: simulate(scene, block=size, compiled=compiled))

    sizes = [n << 15 for n in (1, 2, 4, 6, 8, 16, 32)]
    for size in sizes:
        timed(size)  # compiles
    times: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(5):
        for size in sizes:
            times[size].append(timed(size))
    each_size = {
        f"{size >> 10} k": min(found) / samples * GIGA
        for size, found in times.items()
    }
    print(f"  {scene.steps} samples a pixel: {shown(each_size)}")


def samples_of(scene: Scene) -> int:
    """Pixels of a scene with one sample each."""
    return scene.detector.pixels_slow * scene.detector.pixels_fast


def shown(numbers: dict[str, float]) -> str:
    """Names with their numbers."""
    return ", ".join(f"{name} {x:.2f}" for name, x in numbers.items())


def main(argv: list[str]) -> None:
    """Run all comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small images")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", type=int, help="this image size alone")
    parser.add_argument("--memory", choices=TARGETS, help="this alone")
    asked = parser.parse_args(argv)
    torch.set_num_threads(asked.threads)
    small, large = (256, 512) if asked.quick else (1024, 4096)
    if asked.memory:
        memory(large, asked.memory)
        return
    print(f"import of torch and the simulator {IMPORTED:.1f} s")
    problems = [(small, 1), (small, 2), (large, 1)]
    with torch.no_grad():
        for size, oversample in problems:
            if asked.only in (None, size):
                compare(size, oversample, asked.threads, asked.rounds)
        if asked.only in (None, large):
            print(f"\npeak memory at {large} x {large}", flush=True)
            for kind in TARGETS:
                line = [sys.executable, __file__, "--memory", kind]
                more = ["--quick"] if asked.quick else []
                subprocess.run([*line, *more], check=True)
        scene, finer, tiny = (
            build_scene(
                parse_options(
                    f"{WORDS} -detpixels {n} -oversample {m}".split()
                )
            )
            for n, m in ((small, 1), (small, 2), (16, 1))
        )
        print("\neager by size of block, ns a sample")
        block_sizes(scene)
        block_sizes(finer)
        print("\ncompiled by size of block, ns a sample")
        block_sizes(scene, compiled=True)
        block_sizes(finer, compiled=True)
        overhead(tiny)
        roofline(scene)


if __name__ == "__main__":
    main(sys.argv[1:])
