"""A program to compile, and what its tests have in common."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch._dynamo.utils import counters

import tracekit as tk

# Inductor and export use parts of torch that warn.
WARNINGS = [
    pytest.mark.filterwarnings(f"ignore:{warning}")
    for warning in (
        ":DeprecationWarning",
        ":FutureWarning",
        "The .grad attribute:UserWarning",
        "Torchinductor does not support code gen:UserWarning",
        "While compiling, we found certain side effects:UserWarning",
    )
]
BACKENDS = ["eager", "aot_eager", "inductor"]
X = torch.linspace(-3, 3, 17, dtype=torch.float64)


@tk.traced
def squared(x: torch.Tensor) -> torch.Tensor:
    """A traced function inside the program."""
    return x.square()


def program(x: torch.Tensor, step: Any = 0) -> torch.Tensor:
    """Loops, scopes, masks, facts and a dead value around some physics."""
    total = torch.zeros_like(x)
    with tk.scope("step", step=step):
        for phi in range(2):
            with tk.scope("phi", phi=phi):
                angle = tk.tap(x * phi + 0.5, "angle", "n", unit="rad")
                tk.tap(angle * 3, "dead", "n", where=x > 0)
                wave = angle.sin()
                wave = squared(tk.tap(wave, "wave", "n"))
                total = total + wave
    tk.config("steps", 2)
    tk.tap(len(x), "count")
    return tk.tap(total, "total", "n")


def untapped(x: torch.Tensor, step: Any = 0) -> torch.Tensor:  # noqa: ARG001
    """The same physics without tracekit."""
    total = torch.zeros_like(x)
    for phi in range(2):
        angle = x * phi + 0.5
        wave = angle.sin()
        wave = wave.square()
        total = total + wave
    return total


def graphs() -> int:
    """How many graphs were compiled in this test."""
    return int(counters["stats"]["unique_graphs"])
