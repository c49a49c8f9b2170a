"""What a tap costs: off, against a call that does nothing; on, by its size.

Run it with ``python tests/benchmarks/tap_cost.py``. Variants take turns and
the fastest round of each counts, so that a busy machine disturbs all alike.
"""

from __future__ import annotations

import time
import timeit
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import numpy as np

import tracekit as tk

T = TypeVar("T")

ROUNDS = 1000
CALLS = 1_000
TARGET = 1.2


def call(
    value: T,
    name: str,  # noqa: ARG001
    dims: str = "",  # noqa: ARG001
    *,
    unit: str | None = None,  # noqa: ARG001
    where: Any = None,  # noqa: ARG001
    grad: bool = False,  # noqa: ARG001
    axes: tuple[int, ...] | None = None,  # noqa: ARG001
) -> T:
    """Return the value: the plain call that a tap is measured against."""
    return value


def empty(_: Callable[..., Any]) -> None:
    """The loop alone, which belongs to neither."""
    for _number in range(CALLS):
        pass


def positional(function: Callable[..., Any]) -> None:
    """The shortest tap."""
    for _ in range(CALLS):
        function(1.0, "t")


def keywords(function: Callable[..., Any]) -> None:
    """A tap as programs write it."""
    for _ in range(CALLS):
        function(1.0, "t", "slow fast", unit="m")


def fastest(variants: Mapping[str, Callable[[], None]]) -> dict[str, float]:
    """Seconds of each variant's fastest round, rounds taken in turns."""
    found = dict.fromkeys(variants, float("inf"))
    for _ in range(ROUNDS):
        for name, variant in variants.items():
            seconds = timeit.timeit(variant, number=1)
            found[name] = min(found[name], seconds)
    return found


def off() -> None:
    """Print the cost of a tap while nothing records."""
    for loop in (positional, keywords):
        found = fastest(
            {
                "tap": partial(loop, tk.tap),
                "call": partial(loop, call),
                "loop": partial(empty, call),
            }
        )
        tap, plain = (
            (found[name] - found["loop"]) / CALLS * 1e9
            for name in ("tap", "call")
        )
        print(
            f"off, {loop.__name__}: {tap:.1f} ns, a plain call "
            f"{plain:.1f} ns, ratio {tap / plain:.2f}; target {TARGET}: "
            f"{'met' if tap / plain <= TARGET else 'MISSED'}"
        )


def on() -> None:
    """Print the cost of a recorded tap, whole and with two pixels taken."""
    for size, count in ((1, 5000), (100, 500), (1000, 10)):
        value = np.ones((size, size))
        for pixels in (None, [(0, 0), (size - 1, size - 1)]):
            with tk.record(pixels=pixels):
                began = time.perf_counter()
                for _ in range(count):
                    tk.tap(value, "t", "slow fast")
                seconds = time.perf_counter() - began
            kind = "all" if pixels is None else "2 pixels"
            each = seconds / count * 1e6
            print(f"on, {size} x {size}, {kind}: {each:.1f} us")


if __name__ == "__main__":
    off()
    on()
